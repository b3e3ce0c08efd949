// One person in a meeting, at a page of the real web client, with an account or as a guest. Aura does not tell in which
// section a voice comes: who is heard is known by who else is muted.

import { newPage, readCounters } from "./seat.js";
import { ui } from "./ui.js";
import { until } from "./wait.js";

/** @import { Browser, BrowserContextOptions, Page } from "playwright-core" */
/** @import { Account } from "./account.js" */
/** @import { Server } from "./server.js" */
/** @import { Inbound } from "./seat.js" */

/** Packets with speech in them, and how much speech: as for other rooms. */
const PACKETS = 50;
const ENERGY = 0.001;
const FRAMES = 10;

/** Runs in the page before its own code: a screen to share, which changes all the time. */
function paintScreen() {
  const media = navigator.mediaDevices;
  if (!media) return;
  media.getDisplayMedia = async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [960, 540];
    const paper = canvas.getContext("2d");
    let count = 0;
    setInterval(() => {
      if (!paper) return;
      paper.fillStyle = `hsl(${(count += 20) % 360} 60% 60%)`;
      paper.fillRect(0, 0, canvas.width, canvas.height);
    }, 100);
    return canvas.captureStream(10);
  };
}

/** Runs in the page: who is in the meeting and which picture comes in which section. */
function readMeeting() {
  const { call, meeting } = /** @type {any} */ (window).parlor.store.get();
  const people = Object.values(call.people).map(({ user_id, username }) => ({ id: user_id, name: username }));
  return { people, slots: call.slots, phase: call.phase, meeting };
}

export class Attendee {
  /** Errors that the page's code did not catch. @type {string[]} */
  faults = [];

  /** @param {Page} page @param {string} name */
  constructor(page, name) {
    this.page = page;
    this.name = name;
    page.on("pageerror", (error) => this.faults.push(String(error)));
  }

  /** Somebody with an account, signed in. @param {Browser} browser @param {Account} account @param {BrowserContextOptions} [options] */
  static async signedIn(browser, account, options) {
    const attendee = await Attendee.#open(browser, account.server, account.name, options);
    await ui.signIn(attendee.page, account);
    return attendee;
  }

  /** A stranger at a meeting's address. @param {Browser} browser @param {Server} server @param {string} name @param {string} room @param {BrowserContextOptions} [options] */
  static async guest(browser, server, name, room, options) {
    const attendee = await Attendee.#open(browser, server, name, options);
    await attendee.page.goto(`/r/${room}`);
    return attendee;
  }

  /** @param {Browser} browser @param {Server} server @param {string} name @param {BrowserContextOptions} [options] */
  static async #open(browser, server, name, options) {
    const page = await newPage(browser, server, options);
    await page.addInitScript(paintScreen);
    return new Attendee(page, name);
  }

  counters() {
    return this.page.evaluate(readCounters);
  }

  connected() {
    return until(`${this.name}'s media path`, async () => (await this.counters()).state === "connected", () => this.picture());
  }

  /** Somebody's id here; it is another at every visit. @param {{ name: string }} whom */
  async idOf(whom) {
    const { people } = await this.page.evaluate(readMeeting);
    return people.find(({ name }) => name === whom.name)?.id;
  }

  /** The section with somebody's picture. @param {{ name: string }} whom @param {"camera" | "screen"} source */
  async midOf(whom, source) {
    const { slots } = await this.page.evaluate(readMeeting);
    const id = await this.idOf(whom);
    return slots.find((/** @type {any} */ slot) => id && slot.user_id === id && slot.source === source)?.mid;
  }

  /** @param {string | undefined} mid @returns {Promise<Inbound>} */
  async inbound(mid) {
    const { inbound } = await this.counters();
    return inbound.find((one) => one.mid === mid) ?? { mid: mid ?? "", kind: "audio", packets: 0, energy: 0, frames: 0 };
  }

  /** Sees somebody's picture move. @param {{ name: string }} whom @param {"camera" | "screen"} [source] */
  async sees(whom, source = "camera") {
    const shown = () => this.picture();
    const what = `${whom.name}'s ${source} at ${this.name}`;
    const mid = await until(`${what}: its section`, () => this.midOf(whom, source), shown);
    const start = await this.inbound(mid);
    await until(what, async () => (await this.inbound(mid)).frames > start.frames + FRAMES, shown);
  }

  /**
   * Hears a voice that is in none of these sections, from now on.
   * @param {string[]} [known]
   * @returns {Promise<string>} the section it comes in
   */
  async hears(known = []) {
    const before = new Map((await this.counters()).inbound.map((one) => [one.mid, one]));
    return until(
      `a voice at ${this.name}`,
      async () => {
        const voices = (await this.counters()).inbound.filter(({ kind, mid }) => kind === "audio" && !known.includes(mid));
        return voices.find(({ mid, packets, energy }) => {
          const then = before.get(mid) ?? { packets: 0, energy: 0 };
          return packets > then.packets + PACKETS && energy > then.energy + ENERGY;
        })?.mid;
      },
      () => this.picture(),
    );
  }

  /** Waits until so many more packets have come in a section. @param {string} mid @param {number} packets */
  async receives(mid, packets) {
    const start = (await this.inbound(mid)).packets;
    await until(`${packets} packets in ${mid} at ${this.name}`, async () => (await this.inbound(mid)).packets >= start + packets, () => this.picture());
  }

  /** For messages of tests that fail. */
  async picture() {
    return { name: this.name, faults: this.faults, counters: await this.counters(), ...(await this.page.evaluate(readMeeting)) };
  }
}
