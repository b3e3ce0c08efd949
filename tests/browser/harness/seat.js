// One person at one page of the real web client.
//
// What the page does is seen from outside of its code: its peer connections are noted as they are
// made, its event socket is read by the browser's debugger, its requests likewise.

import assert from "node:assert/strict";
import { Account, PASSWORD } from "./account.js";
import { leaveEcho, noteMicrophone } from "./microphone.js";
import { ui } from "./ui.js";
import { until } from "./wait.js";

/** @import { BrowserContextOptions, Browser, Page } from "playwright-core" */
/** @import { Server } from "./server.js" */

/**
 * @typedef {object} Inbound what one receiving section has got so far
 * @property {string} mid
 * @property {"audio" | "video"} kind
 * @property {number} packets
 * @property {number} energy
 * @property {number} frames
 */

/**
 * @typedef {object} Person somebody who can be heard, at a page or not
 * @property {string} name
 * @property {Account} account
 * @property {() => Promise<unknown>} picture
 */

/** Runs in the page before its own code. */
function notePeers() {
  const Real = window.RTCPeerConnection;
  const peers = /** @type {RTCPeerConnection[]} */ ([]);
  /** @type {any} */ (window).testPeers = peers;
  window.RTCPeerConnection = class extends Real {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration) {
      super(configuration);
      peers.push(this);
    }
  };
}

/**
 * Which ways a page has to the server.
 * @typedef {object} Ways
 * @property {string} [relay] only through a TURN server with such an address, a regular expression
 * @property {boolean} [tcp] only over TCP: no candidate of the server over UDP is known
 * @property {number} [port] only over UDP by this port of the machine, a network's, in place of the server's
 */

/**
 * Runs in the page before its own code.
 * @param {Ways} ways
 */
function limitWays(ways) {
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration = {}) {
      const { relay } = ways;
      super(relay === undefined ? configuration : relayed(configuration, relay));
    }
    /** @param {RTCSessionDescriptionInit} description */
    async setRemoteDescription(description) {
      const lines = description.sdp?.split("\r\n") ?? [];
      await super.setRemoteDescription({ ...description, sdp: lines.flatMap(led).join("\r\n") });
    }
  };
  /** What is left of a line of the server's description. @param {string} line */
  function led(line) {
    const [, head, udp, type] = /^(a=candidate:\d+ 1 (udp )?.*?)\S+ \d+( typ .*)$/.exec(line) ?? [];
    if (head === undefined || !(ways.tcp || ways.port)) return [line];
    if (ways.tcp) return udp ? [] : [line];
    return udp ? [`${head}127.0.0.1 ${ways.port}${type}`] : [];
  }
  /** @param {RTCConfiguration} configuration @param {string} address */
  function relayed(configuration, address) {
    const iceServers = (configuration.iceServers ?? []).map((server) => {
      return { ...server, urls: [server.urls].flat().filter((url) => new RegExp(address).test(url)) };
    });
    return { ...configuration, iceServers, iceTransportPolicy: /** @type {const} */ ("relay") };
  }
}

/** Runs in the page: the pair of candidates in use. */
async function readPath() {
  const peers = /** @type {RTCPeerConnection[]} */ (/** @type {any} */ (window).testPeers);
  const stats = await peers.at(-1)?.getStats();
  const entries = [...(stats?.values() ?? [])];
  const transport = entries.find((one) => one.type === "transport");
  const pair = entries.find((one) => one.id === transport?.selectedCandidatePairId);
  const local = entries.find((one) => one.id === pair?.localCandidateId);
  return { kind: local?.candidateType, protocol: local?.protocol, relay: local?.relayProtocol };
}

/** Runs in the page: the name that its ICE agent goes by, and how many connections there were. */
function readIceName() {
  const peers = /** @type {RTCPeerConnection[]} */ (/** @type {any} */ (window).testPeers);
  const name = /a=ice-ufrag:(\S+)/.exec(peers.at(-1)?.currentLocalDescription?.sdp ?? "")?.[1];
  return { name, made: peers.length };
}

/** Runs in the page: what the client has of its microphone, and how much of it went out. */
async function readSending() {
  const { store, call } = /** @type {any} */ (window).parlor;
  const { devices, call: own } = store.get();
  const sent = [];
  for (const entry of (await call?.pc?.getStats())?.values() ?? []) {
    if (entry.type === "outbound-rtp") sent.push([entry.mid, entry.packetsSent]);
  }
  return { microphone: devices.microphone, phase: own.phase, mute: own.mute, sent };
}

/** Runs in the page: the counters of the peer connection of the moment. */
export async function readCounters() {
  const peers = /** @type {RTCPeerConnection[]} */ (/** @type {any} */ (window).testPeers);
  const peer = peers.filter((one) => one.connectionState !== "closed").at(-1);
  /** @type {Inbound[]} */
  const inbound = [];
  let answers = 0;
  if (!peer) return { state: "none", made: peers.length, inbound, answers };
  for (const entry of (await peer.getStats()).values()) {
    if (entry.type === "candidate-pair" && entry.nominated) answers += entry.responsesReceived;
    if (entry.type !== "inbound-rtp") continue;
    const { mid, kind, packetsReceived, totalAudioEnergy = 0, framesDecoded = 0 } = entry;
    inbound.push({ mid, kind, packets: packetsReceived, energy: totalAudioEnergy, frames: framesDecoded });
  }
  return { state: peer.connectionState, made: peers.length, inbound, answers };
}

/**
 * @param {Browser} browser
 * @param {Server} server
 * @param {BrowserContextOptions} [options]
 * @param {Ways} [ways]
 */
export async function newPage(browser, server, options = {}, ways) {
  const context = await browser.newContext({ baseURL: server.url, ...options });
  const page = await context.newPage();
  await page.addInitScript(notePeers);
  await page.addInitScript(leaveEcho);
  if (ways) await page.addInitScript(limitWays, ways);
  return page;
}

/** So many packets of somebody else are a second of speech or more: time enough to leak. */
export const A_WHILE = 60;

/** Packets that were already forwarded when a moderator's reply came: the next ones follow them. */
export const IN_FLIGHT = 5;

export class Seat {
  /** Every event of the server, of all sessions this page had. @type {any[]} */
  events = [];
  /** Who the receiving sections carry, as the server said it last. @type {any[]} */
  slots = [];
  /** The session of the newest event socket. @type {string | null} */
  session = null;
  /** Requests by method and path. @type {string[]} */
  requests = [];
  /** Errors that the page's code did not catch. @type {string[]} */
  faults = [];

  /**
   * @param {Page} page
   * @param {Account} account
   */
  constructor(page, account) {
    this.page = page;
    this.account = account;
    this.name = account.name;
    this.#watch();
  }

  /**
   * Opens a page that is signed in but in no room yet.
   * @param {Browser} browser
   * @param {Account} account
   * @param {BrowserContextOptions} [options]
   * @param {Ways} [ways]
   */
  static async open(browser, account, options = {}, ways = undefined) {
    const page = await newPage(browser, account.server, options, ways);
    const seat = new Seat(page, account);
    await ui.signIn(page, account);
    return seat;
  }

  /**
   * Opens a page where somebody new makes an account. What their microphone hears is noted.
   * @param {Browser} browser
   * @param {Server} server
   * @param {string} name
   */
  static async signUp(browser, server, name) {
    const page = await newPage(browser, server);
    await page.addInitScript(noteMicrophone);
    await page.goto("/");
    await ui.signUp(page, name, PASSWORD);
    return new Seat(page, await Account.logIn(server, name));
  }

  /** Goes into the room, and waits until the media path is there. @param {string} room */
  async enter(room) {
    await ui.join(this.page, room);
    await this.connected();
  }

  #watch() {
    this.page.on("pageerror", (error) => this.faults.push(String(error)));
    this.page.on("request", (request) => {
      this.requests.push(`${request.method()} ${new URL(request.url()).pathname}`);
    });
    this.page.on("websocket", (socket) => {
      const session = /\/voice\/sessions\/([^/]+)\/events/.exec(socket.url())?.[1];
      if (!session) return;
      this.session = session;
      socket.on("framereceived", ({ payload }) => this.#take(JSON.parse(String(payload))));
    });
  }

  /** @param {any} event */
  #take(event) {
    this.events.push(event);
    if (event.type === "state" || event.type === "slots") this.slots = event.slots;
  }

  connected() {
    return until(
      `${this.name}'s media path`,
      async () => (await this.counters()).state === "connected",
      async () => ({ counters: await this.counters(), faults: this.faults, events: this.events }),
    );
  }

  /** How its media travels. */
  path() {
    return this.page.evaluate(readPath);
  }

  iceName() {
    return this.page.evaluate(readIceName);
  }

  counters() {
    return this.page.evaluate(readCounters);
  }

  /**
   * The section that carries somebody's microphone or camera here.
   * @param {{ account: Account }} whom
   * @param {"microphone" | "camera" | "screen"} source
   * @returns {string | undefined}
   */
  midOf(whom, source = "microphone") {
    const user = whom.account.uuid;
    return this.slots.find((slot) => slot.user_id === user && slot.source === source)?.mid;
  }

  /**
   * What arrived in one section.
   * @param {string | undefined} mid
   * @returns {Promise<Inbound>}
   */
  async inbound(mid) {
    const { inbound } = await this.counters();
    const none = { mid: mid ?? "", kind: /** @type {const} */ ("audio"), packets: 0, energy: 0, frames: 0 };
    return inbound.find((one) => one.mid === mid) ?? none;
  }

  /**
   * Waits until `packets` more of somebody's audio have come here, from now on.
   * @param {Person} whom
   * @param {number} packets
   */
  async receives(whom, packets) {
    const start = this.midOf(whom) ? await this.inbound(this.midOf(whom)) : null;
    await until(
      `${packets} packets of ${whom.name} at ${this.name}`,
      async () => {
        const now = await this.inbound(this.midOf(whom));
        const before = start?.mid === now.mid && start.packets <= now.packets ? start.packets : 0;
        return now.packets >= before + packets;
      },
      () => this.picture(),
    );
  }

  /**
   * Hears somebody: packets come, and there is speech in them.
   * @param {Person} whom
   */
  async hears(whom) {
    const shown = async () => [await this.picture(), await whom.picture()];
    await until(`${whom.name}'s slot at ${this.name}`, () => this.midOf(whom), shown);
    const start = await this.inbound(this.midOf(whom));
    await until(
      `${whom.name}'s voice at ${this.name}`,
      async () => {
        const now = await this.inbound(this.midOf(whom));
        const same = start.mid === now.mid && now.packets >= start.packets;
        const before = same ? start : { packets: 0, energy: 0 };
        return now.packets > before.packets + 50 && now.energy > before.energy + 0.001;
      },
      shown,
    );
  }

  /**
   * Sees somebody's camera move.
   * @param {Seat} whom
   */
  async sees(whom) {
    await until(`${whom.name}'s camera slot at ${this.name}`, () => this.midOf(whom, "camera"), () => this.picture());
    const start = await this.inbound(this.midOf(whom, "camera"));
    await until(
      `${whom.name}'s picture at ${this.name}`,
      async () => (await this.inbound(this.midOf(whom, "camera"))).frames > start.frames + 10,
      () => this.picture(),
    );
  }

  /**
   * Waits until what the server sent to this page before now has arrived. Its answer to a STUN
   * request takes the same way as all media, and browsers ask every few seconds.
   */
  async drained() {
    const { answers } = await this.counters();
    // An answer that was on its way already may be the first of the two.
    await until(`STUN answers at ${this.name}`, async () => (await this.counters()).answers >= answers + 2, () => this.picture());
  }

  /**
   * @param {string} type
   * @param {(event: any) => boolean} [fits]
   */
  told(type, fits = () => true) {
    return until(`${type} at ${this.name}`, () => this.events.find((one) => one.type === type && fits(one)), () => this.events.slice(-20));
  }

  /** For messages of tests that fail. */
  async picture() {
    const slots = this.slots.filter((slot) => slot.user_id);
    const sending = await this.page.evaluate(readSending);
    return { name: this.name, slots, counters: await this.counters(), sending, faults: this.faults };
  }
}

/**
 * Everybody hears everybody else.
 * @param {Seat[]} seats
 */
export async function allHearEachOther(seats) {
  const pairs = seats.flatMap((one) => seats.filter((other) => other !== one).map((other) => one.hears(other)));
  await Promise.all(pairs);
}

/**
 * Nothing more of `quiet` comes to `listeners`, while they receive `other` all along.
 * @param {Seat[]} listeners
 * @param {Person} quiet
 * @param {(string | undefined)[]} mids where each listener received `quiet` until now
 * @param {Person} other
 */
export async function nothingMoreOf(listeners, quiet, mids, other) {
  // Media of one listener comes in order: what was under way is there once later packets are.
  await Promise.all(listeners.map((one) => one.receives(other, IN_FLIGHT)));
  const counts = () => Promise.all(listeners.map(async (one, index) => (await one.inbound(mids[index])).packets));
  const before = await counts();
  await Promise.all(listeners.map((one) => one.receives(other, A_WHILE)));
  assert.deepEqual(await counts(), before, `packets of ${quiet.name} still come`);
}
