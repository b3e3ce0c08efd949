// The media of one call: what is sent and received, the peer connection of the moment, and its repair.
// Called by call.js and meeting.js, which know how offers reach the server and when a session ends.

import { Emitter } from "./emitter.js";
import { Peer } from "./peer.js";
import { QualityMeter } from "./quality.js";
import { Recovery } from "./recovery.js";
import { Signalling } from "./signalling.js";
import { Tracks } from "./tracks.js";

/** @import { Hooks, Wire } from "./signalling.js" */
/** @import { Env, IceServer, Source } from "./types.js" */

/**
 * @typedef {object} MediaEvents
 * @property {"connected" | "broken"} state
 * @property {Peer} peer there is a new peer connection; its `slots` are named with the first answer
 * @property {Peer} answered the server took an offer
 */

/** @typedef {{ iceServers: IceServer[], wire: Wire } & Omit<Hooks, "answered">} Session */

/** @extends {Emitter<MediaEvents>} */
export class Media extends Emitter {
  #env;
  #tracks;
  #recovery;
  #quality = new QualityMeter();
  /** @type {Peer | null} */
  #peer = null;
  /** @type {Signalling | null} */
  #signalling = null;
  /** @type {IceServer[]} */
  #iceServers = [];
  #connected = false;

  /**
   * @param {object} options
   * @param {boolean} options.mute
   * @param {boolean} options.open false: the microphone waits for its turn
   * @param {boolean} options.restarts whether the server takes an ICE restart; otherwise every repair is a new connection
   * @param {Env} options.env
   */
  constructor({ mute, open, restarts, env }) {
    super();
    this.#env = env;
    this.#tracks = new Tracks({ mute, open });
    const rebuild = () => void this.connect();
    const restart = restarts ? () => this.request(true) : rebuild;
    this.#recovery = new Recovery({ restart, rebuild }, env);
  }

  /** The peer connection of the moment. */
  get pc() {
    return this.#peer?.pc ?? null;
  }

  /** @returns {Peer["slots"]} */
  get slots() {
    return this.#peer?.slots ?? new Map();
  }

  /** Whether there is a track of this source. @param {Source} source */
  has(source) {
    return this.#tracks.sources().includes(source);
  }

  /**
   * A session began: its first peer connection, with the tracks there are.
   * @param {Session} session
   */
  begin({ iceServers, wire, failed, gaveUp }) {
    this.#iceServers = iceServers;
    const answered = (/** @type {Peer} */ peer) => {
      this.#recovery.handleAnswered();
      this.emit("answered", peer);
    };
    this.#signalling = new Signalling({ wire, hooks: { answered, failed, gaveUp }, env: this.#env });
    this.connect();
  }

  /** A new peer connection in the same session. */
  async connect() {
    this.#peer?.close();
    const peer = new Peer(this.#iceServers, this.#env);
    this.#peer = peer;
    this.#quality.reset();
    this.#recovery.reset();
    if (this.#connected) this.#handleState(peer, "disconnected", false);
    peer.on("state", (state) => this.#handleState(peer, state, true));
    for (const source of this.#tracks.sources()) await peer.setTrack(source, this.#tracks.sent(source)).catch(() => {});
    if (peer !== this.#peer) return;
    this.#signalling?.use(peer);
    this.emit("peer", peer);
    this.request(false);
  }

  /**
   * What a source sends; `null` sends nothing. Works before a session too.
   * @param {Source} source
   * @param {MediaStreamTrack | null} track
   */
  async setTrack(source, track) {
    this.#tracks.set(source, track);
    await this.#peer?.setTrack(source, this.#tracks.sent(source));
    if (source !== "microphone") this.request(false);
  }

  /** @param {boolean} mute */
  setMute(mute) {
    this.#tracks.setMute(mute);
  }

  /** Whether the microphone sends at all, muted or not. @param {boolean} talking */
  setTalking(talking) {
    this.#tracks.setOpen(talking);
    this.#peer?.setTrack("microphone", this.#tracks.sent("microphone")).catch(() => {});
  }

  /** Asks for an offer to be made. @param {boolean} restart with an ICE restart */
  request(restart) {
    this.#signalling?.request(restart);
  }

  /** Room for so many pictures at once. @param {number} count */
  growTo(count) {
    if (this.#peer?.growTo(count)) this.request(false);
  }

  /** @param {string} sdp the server offers */
  handleOffer(sdp) {
    this.#signalling?.handleOffer(sdp);
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  handleCandidate(candidate) {
    this.#peer?.handleCandidate(candidate).catch(() => {});
  }

  networkChanged() {
    this.#recovery.networkChanged();
  }

  /** How well it goes, from the peer connection's own counters. */
  async quality() {
    return this.#peer ? this.#quality.measure(await this.#peer.pc.getStats()) : null;
  }

  /** The session is over; the tracks stay for the next. */
  end() {
    this.#recovery.stop();
    this.#signalling?.stop();
    this.#peer?.close();
    this.#peer = this.#signalling = null;
    this.#connected = false;
  }

  /**
   * @param {Peer} peer
   * @param {RTCPeerConnectionState} state
   * @param {boolean} repair
   */
  #handleState(peer, state, repair) {
    if (peer !== this.#peer) return;
    if (state === "connected") {
      this.#connected = true;
      this.emit("state", "connected");
    } else if (state === "disconnected" || state === "failed") {
      this.#connected = false;
      this.emit("state", "broken");
    }
    if (repair) this.#recovery.handleState(state);
  }
}
