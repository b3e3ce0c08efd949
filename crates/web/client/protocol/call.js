// A call: being in one room, with its event socket and its media, and coming back by itself when
// any of it breaks. Brings no microphone and shows nothing: tracks are handed in, events handed out.

import { ApiError } from "./api.js";
import { backoffMs } from "./backoff.js";
import { ServerClock } from "./clock.js";
import { Emitter } from "./emitter.js";
import { EventSocket } from "./events.js";
import { Media } from "./media.js";
import { browserEnv } from "./types.js";

/** @import { Api } from "./api.js" */
/** @import { Peer } from "./peer.js" */
/** @import { Env, Joined, ServerEvent, Source, View } from "./types.js" */

/** Reasons after which the client joins again unasked: nobody meant it to leave. */
const COMES_BACK_AFTER = new Set(["server_shutdown", "server_restart", "timeout"]);

/** How long the word of the end may take after a kick. */
const FAREWELL_MS = 1000;

/**
 * @typedef {object} CallEvents
 * @property {{ media: "connecting" | "connected" | "broken", events: "connecting" | "open" | "lost", joining: boolean }} link
 * @property {{ session_id: string, self?: string }} joined a session began (again); self: who one is in a meeting
 * @property {{ back: boolean }} waiting at the door of a meeting: somebody inside has to let one in; back: one was inside
 * @property {ServerEvent} message every event of the server, in order
 * @property {Peer} peer there is a new peer connection; its `slots` are named with the first answer
 * @property {Peer} answered the server took an offer
 * @property {{ reason: string, error: unknown }} ended for good; a new Call is needed to come back
 */

/** @extends {Emitter<CallEvents>} */
export class Call extends Emitter {
  #api;
  #env;
  #client;
  #password;
  #mute;
  #deaf;
  /** @type {Joined | null} */
  #session = null;
  /** @type {EventSocket | null} */
  #events = null;
  #media;
  /** @type {View[]} */
  #views = [];
  /** @type {CallEvents["link"]} */
  #link = { media: "connecting", events: "connecting", joining: true };
  #over = false;
  #expelled = false;
  #stateUnsent = false;
  #stateSending = false;

  /**
   * @param {object} options
   * @param {Api} options.api with a token
   * @param {string} options.channel the room's id, decimal or UUID
   * @param {string} options.client names this tab or device: joining again under it takes over its session
   * @param {boolean} [options.mute]
   * @param {boolean} [options.deaf]
   * @param {string} [options.password] of the room, if it has one
   * @param {boolean} [options.pushToTalk] the microphone sends nothing until `setTalking(true)`: for talk
   *   rooms, and for the listeners of a stage
   * @param {Env} [options.env]
   */
  constructor({ api, channel, client, mute = false, deaf = false, password = "", pushToTalk = false, env = browserEnv() }) {
    super();
    this.#api = api;
    this.channel = channel;
    this.#client = client;
    this.#password = password;
    this.#mute = mute;
    this.#deaf = deaf;
    this.#env = env;
    this.clock = new ServerClock(env);
    this.#media = new Media({ mute, open: !pushToTalk, restarts: true, env });
    this.#media.on("state", (media) => this.#setLink({ media }));
    this.#media.on("peer", (peer) => this.emit("peer", peer));
    this.#media.on("answered", (peer) => this.emit("answered", peer));
  }

  /** The peer connection of the moment. */
  get pc() {
    return this.#media.pc;
  }

  get sessionId() {
    return this.#session?.session_id ?? null;
  }

  get slots() {
    return this.#media.slots;
  }

  /** Joins; an error here is the server's first answer, and nothing is tried again. */
  async start() {
    this.#begin(await this.#join());
  }

  /**
   * What a source sends; `null` sends nothing. Works before start too.
   * @param {Source} source
   * @param {MediaStreamTrack | null} track
   */
  setTrack(source, track) {
    return this.#media.setTrack(source, track);
  }

  /** @param {boolean} mute */
  setMute(mute) {
    this.#mute = mute;
    this.#media.setMute(mute);
    this.#sendState();
  }

  /**
   * Whether the microphone sends, in a room where one speaks at a time or on a stage. Without a word to
   * the server: whose turn it is, `floor.js` asks; who is on stage, the events tell.
   * @param {boolean} talking
   */
  setTalking(talking) {
    this.#media.setTalking(talking);
  }

  /** @param {boolean} deaf */
  setDeaf(deaf) {
    this.#deaf = deaf;
    this.#sendState();
  }

  /** @param {View[]} views the real size of every video slot; replaces what was said before */
  setViews(views) {
    this.#views = views;
    this.#events?.send({ type: "view", slots: views });
  }

  /** The network changed (the browser's `online` event): look for the way again at once. */
  networkChanged() {
    if (this.#over || !this.#session) return;
    this.#events?.reopen();
    this.#media.networkChanged();
  }

  /** How well it goes, from the peer connection's own counters. */
  quality() {
    return this.#media.quality();
  }

  async leave() {
    const session = this.sessionId;
    this.#stop();
    if (session) await this.#api.leave(session).catch(() => {});
  }

  #join() {
    const request = { channel_id: this.channel, client: this.#client, mute: this.#mute, deaf: this.#deaf };
    return this.#api.join({ ...request, ...(this.#password ? { password: this.#password } : {}) });
  }

  /** @param {Joined} session */
  #begin(session) {
    if (this.#over) {
      this.#api.leave(session.session_id).catch(() => {});
      return;
    }
    this.#session = session;
    this.emit("joined", session);
    this.#setLink({ joining: false, media: "connecting", events: "connecting" });
    this.#openEvents(session.session_id);
    this.#beginMedia(session);
  }

  /** @param {string} session */
  #openEvents(session) {
    const events = new EventSocket({
      url: (after) => this.#api.eventsUrl(session, after),
      probe: () => this.#probe(session),
      env: this.#env,
    });
    this.#events = events;
    events.on("message", (event) => this.#handleEvent(event));
    events.on("refused", (why) => (why === "gone" ? this.#rejoin() : this.#end("signed_out", null)));
    events.on("state", (state) => {
      this.#setLink({ events: state });
      if (state !== "open") return;
      if (this.#views.length) events.send({ type: "view", slots: this.#views });
      if (this.#stateUnsent) this.#sendState();
    });
    events.open();
  }

  /** @param {Joined} session */
  #beginMedia({ session_id: session, ice_servers: iceServers }) {
    const api = this.#api;
    /** @type {import("./signalling.js").Wire} */
    const wire = {
      offer: (sdp, sources) => api.offer(session, sdp, sources),
      answer: (sdp) => api.answer(session, sdp),
      candidate: (candidate) => api.candidate(session, candidate),
    };
    const failed = (/** @type {unknown} */ error) => this.#handleFatal(error);
    const gaveUp = (/** @type {unknown} */ error) => this.#end("media_refused", error);
    this.#media.begin({ iceServers, wire, failed, gaveUp });
  }

  /** @param {ServerEvent} event */
  #handleEvent(event) {
    this.clock.handleStamp(event.ts);
    this.emit("message", event);
    switch (event.type) {
      case "offer":
        this.#media.handleOffer(event.sdp);
        break;
      case "ice":
        this.#media.handleCandidate(event.candidate);
        break;
      case "moved":
        // The same session and the same connection; only coming back needs to know where.
        this.channel = event.channel_id;
        this.#password = "";
        break;
      case "kicked":
        // The end follows; should it get lost on the way, this was it.
        this.#expelled = true;
        this.#env.setTimeout(() => this.#expelled && this.#end("kicked", null), FAREWELL_MS);
        break;
      case "reconnect":
        this.#media.connect();
        break;
      case "ended":
        if (COMES_BACK_AFTER.has(event.reason)) this.#rejoin();
        else this.#end(event.reason, null);
        break;
    }
  }

  /** The session is gone and nobody meant it: join from scratch, until the server answers. */
  async #rejoin() {
    if (this.#over || this.#link.joining) return;
    if (this.#expelled) {
      this.#end("kicked", null);
      return;
    }
    this.#drop();
    this.#setLink({ joining: true, media: "broken", events: "lost" });
    for (let attempt = 0; !this.#over; attempt++) {
      try {
        await this.#pause(backoffMs(attempt, this.#env.random()));
        if (this.#over) return;
        this.#begin(await this.#join());
        return;
      } catch (error) {
        if (this.#over) return;
        if (!(error instanceof ApiError && error.passing)) {
          this.#end(error instanceof ApiError && error.status === 401 ? "signed_out" : "refused", error);
          return;
        }
        if (error.retryAfterMs) await this.#pause(error.retryAfterMs);
      }
    }
  }

  /** @param {unknown} error @returns {boolean} whether it ends or replaces this session */
  #handleFatal(error) {
    if (!(error instanceof ApiError)) return false;
    if (error.status === 404) this.#rejoin();
    else if (error.status === 401) this.#end("signed_out", error);
    else return false;
    return true;
  }

  /** @param {string} session @returns {Promise<"ok" | "gone" | "denied" | "unreachable">} */
  async #probe(session) {
    try {
      await this.#api.voiceState(session, { mute: this.#mute, deaf: this.#deaf });
      return "ok";
    } catch (error) {
      if (!(error instanceof ApiError) || error.passing) return "unreachable";
      return error.status === 401 ? "denied" : "gone";
    }
  }

  /** Says mute and deafen as they are now; once more when that cannot be said now. */
  async #sendState() {
    this.#stateUnsent = true;
    while (this.#stateUnsent && !this.#stateSending && this.#session) {
      this.#stateUnsent = false;
      this.#stateSending = true;
      const { session_id } = this.#session;
      try {
        await this.#api.voiceState(session_id, { mute: this.#mute, deaf: this.#deaf });
      } catch (error) {
        if (session_id !== this.sessionId || this.#handleFatal(error)) return;
        if (!(error instanceof ApiError && error.passing)) return;
        this.#stateUnsent = true;
        await this.#pause(Math.max(error.retryAfterMs ?? 0, backoffMs(2, this.#env.random())));
      } finally {
        this.#stateSending = false;
      }
    }
  }

  /** @param {Partial<CallEvents["link"]>} change */
  #setLink(change) {
    this.#link = { ...this.#link, ...change };
    if (!this.#over) this.emit("link", this.#link);
  }

  /**
   * @param {string} reason
   * @param {unknown} error
   */
  #end(reason, error) {
    if (this.#over) return;
    this.#stop();
    this.emit("ended", { reason, error });
  }

  #stop() {
    this.#over = true;
    this.#drop();
  }

  #drop() {
    this.#media.end();
    this.#events?.close();
    this.#events = this.#session = null;
  }

  /** @param {number} ms @returns {Promise<void>} */
  #pause(ms) {
    return new Promise((resolve) => this.#env.setTimeout(resolve, ms));
  }
}
