// What one watches in a meeting: gives the pictures there are a section each, and knows what to ask the server for.
// Called by meeting.js.

import { Emitter } from "./emitter.js";
import { nameOf, Pictures, PICTURES_MAX, wanted } from "./pictures.js";
import { keyOf } from "./roster.js";

/** @import { Media } from "./media.js" */
/** @import { Wanted } from "./pictures.js" */
/** @import { Env, RoomMember, Slot, View } from "./types.js" */

/** A tile appears together with others; one request for all of them. */
const SETTLE_MS = 150;

/**
 * @typedef {object} WatchingEvents
 * @property {Slot[]} slots those that changed
 * @property {null} changed something else is to be asked for
 */

/** @typedef {{ id: string, video_mid: string, width: number, height: number }} Asked */

/** @extends {Emitter<WatchingEvents>} */
export class Watching extends Emitter {
  #media;
  #env;
  #pictures = new Pictures();
  /** @type {Map<string, View>} by mid */
  #views = new Map();
  /** Whom to see before others, by call: who was chosen, and who speaks. @type {[string | null, string | null]} */
  #preferred = [null, null];
  #asked = "[]";
  /** @type {any} */
  #timer = null;

  /** @param {Media} media @param {Env} env */
  constructor(media, env) {
    super();
    this.#media = media;
    this.#env = env;
  }

  /** @param {View[]} views the real size of every picture; replaces what was said before */
  setViews(views) {
    this.#views = new Map(views.map((view) => [view.mid, view]));
    this.#settle();
  }

  /** @param {string | null} call */
  choose(call) {
    this.#preferred[0] = call;
  }

  /** @param {string} call who speaks; in a pause it stays who spoke last */
  handleSpeaker(call) {
    this.#preferred[1] = call;
  }

  /**
   * Gives every picture that matters a section.
   * @param {RoomMember[]} members
   * @param {string} self one's own call
   */
  place(members, self) {
    const wishes = wanted(members, self, this.#preferred, (picture) => this.#pictures.has(picture));
    this.#media.growTo(Math.min(wishes.length, PICTURES_MAX));
    const mids = [...this.#media.slots].flatMap(([mid, { kind }]) => (kind === "video" ? [mid] : []));
    this.#tell(this.#pictures.place(wishes, mids));
    this.#settle();
  }

  /** What is seen, and how large: to be asked for now. @returns {Asked[]} */
  ask() {
    const asked = this.#seen();
    this.#asked = JSON.stringify(asked);
    return asked;
  }

  /** Another connection: nothing is anywhere, and nothing was asked for. */
  reset() {
    this.#env.clearTimeout(this.#timer);
    this.#tell(this.#pictures.place([], []));
    this.#views.clear();
    this.#asked = "[]";
  }

  #seen() {
    return [...this.#media.slots].flatMap(([mid, { kind }]) => {
      const picture = kind === "video" ? this.#pictures.at(mid) : null;
      const { width = 0, height = 0 } = this.#views.get(mid) ?? {};
      return picture && width * height > 0 ? [{ id: nameOf(picture), video_mid: mid, width, height }] : [];
    });
  }

  #settle() {
    this.#env.clearTimeout(this.#timer);
    this.#timer = this.#env.setTimeout(() => {
      if (JSON.stringify(this.#seen()) !== this.#asked) this.emit("changed", null);
    }, SETTLE_MS);
  }

  /** @param {{ mid: string, picture: Wanted | null }[]} changed */
  #tell(changed) {
    const slots = changed.map(({ mid, picture }) => ({
      mid,
      kind: /** @type {const} */ ("video"),
      user_id: picture && keyOf(picture.call),
      session_id: picture?.call ?? null,
      source: picture?.source ?? null,
    }));
    if (slots.length) this.emit("slots", slots);
  }
}
