// A picture that comes to a page: in which size, how whole, and whether it ever stood still.

import { ui } from "./ui.js";
import { until } from "./wait.js";

/** @import { Account } from "./account.js" */
/** @import { Seat } from "./seat.js" */

/**
 * @typedef {object} Incoming what a page's peer connection has got of a picture so far
 * @property {number} width of the newest one
 * @property {number} frames that were decoded
 * @property {number} lost packets that never came
 * @property {number} resent packets that came again, because they were asked for
 * @property {number} nacks how often they were asked for
 * @property {number} plis how often the page gave up waiting, and asked for a picture that needs no other
 * @property {number} freezes
 */

/** Runs in the page. @param {string} mid @returns {Promise<Incoming>} */
async function readIncoming(mid) {
  const peers = /** @type {RTCPeerConnection[]} */ (/** @type {any} */ (window).testPeers);
  const entries = [...((await peers.at(-1)?.getStats())?.values() ?? [])];
  const said = entries.find((entry) => entry.type === "inbound-rtp" && entry.mid === mid) ?? {};
  return {
    width: said.frameWidth ?? 0,
    frames: said.framesDecoded ?? 0,
    lost: said.packetsLost ?? 0,
    resent: said.retransmittedPacketsReceived ?? 0,
    nacks: said.nackCount ?? 0,
    plis: said.pliCount ?? 0,
    freezes: said.freezeCount ?? 0,
  };
}

/** Runs in the page: notes the longest time between two pictures that are shown. @param {Element} element */
function timeFrames(element) {
  const video = /** @type {HTMLVideoElement} */ (element);
  const shown = { frames: 0, longestMs: 0, at: performance.now() };
  /** @type {any} */ (window).testFrames = shown;
  const note = () => {
    const now = performance.now();
    shown.longestMs = Math.max(shown.longestMs, now - shown.at);
    shown.at = now;
    shown.frames += 1;
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
}

/** Somebody's camera as a page shows it. */
export class Picture {
  /** @param {Seat} seat @param {string | undefined} user nobody: of whoever has a camera on */
  constructor(seat, user) {
    this.seat = seat;
    this.user = user;
  }

  /** Once it is there and moves. @param {Seat} seat @param {Account} [whom] without one: of whoever has a camera on */
  static async at(seat, whom) {
    const picture = new Picture(seat, whom?.uuid);
    await picture.comes("a picture that moves", ({ frames }) => frames > 10);
    return picture;
  }

  get #mid() {
    const fits = (/** @type {any} */ slot) => slot.user_id && slot.source === "camera" && (!this.user || slot.user_id === this.user);
    return this.seat.slots.find(fits)?.mid ?? "";
  }

  incoming() {
    return this.seat.page.evaluate(readIncoming, this.#mid);
  }

  /**
   * Waits until it comes like this.
   * @param {string} what
   * @param {(now: Incoming) => boolean} fits
   * @param {() => unknown} [more] to tell beside it when it never does
   */
  comes(what, fits, more = () => null) {
    return until(
      `${what} at ${this.seat.name}`,
      async () => fits(await this.incoming()),
      async () => ({ incoming: await this.incoming(), seat: await this.seat.picture(), more: await more() }),
    );
  }

  /** Waits until it has moved on by so many frames. @param {number} frames */
  async moves(frames) {
    const before = (await this.incoming()).frames;
    await this.comes("a picture that goes on", (now) => now.frames >= before + frames);
  }

  /** From now on the longest time that it stands still is noted. */
  async time() {
    await ui.video(this.seat.page, this.#mid).evaluate(timeFrames);
  }

  /** The longest that it stood still since then, in milliseconds, and how many frames were shown. */
  async timed() {
    return this.seat.page.evaluate(() => {
      const { frames, longestMs, at } = /** @type {any} */ (window).testFrames;
      return { frames, longestMs: Math.round(Math.max(longestMs, performance.now() - at)) };
    });
  }
}
