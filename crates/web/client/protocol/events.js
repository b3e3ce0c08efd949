// The event socket of one session. It comes back by itself, from where it was (`after`), and says
// so when there is nothing to come back to. Event order is the server's; a repeat is dropped.

import { backoffMs } from "./backoff.js";
import { Emitter } from "./emitter.js";

/** @import { Env, ServerEvent } from "./types.js" */

/** A socket that has not opened by then is tried anew. */
const OPEN_MS = 8000;

/**
 * @typedef {object} EventSocketEvents
 * @property {ServerEvent} message
 * @property {"open" | "lost"} state
 * @property {"gone" | "denied"} refused the session, or the token, is not known any more
 */

/** @extends {Emitter<EventSocketEvents>} */
export class EventSocket extends Emitter {
  /** The number of the last event seen. @type {number | null} */
  seq = null;
  #env;
  #url;
  #probe;
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  #closed = false;
  /** @type {any} */
  #timer = null;

  /**
   * @param {object} options
   * @param {(after: number | null) => string} options.url
   * @param {() => Promise<"ok" | "gone" | "denied" | "unreachable">} options.probe asked when the
   *   server refuses the socket, because a browser does not tell with which status it did
   * @param {Env} options.env
   */
  constructor({ url, probe, env }) {
    super();
    this.#url = url;
    this.#probe = probe;
    this.#env = env;
  }

  get isOpen() {
    return this.#socket?.readyState === 1;
  }

  open() {
    if (this.#closed) return;
    this.#env.clearTimeout(this.#timer);
    this.#drop();
    const socket = new this.#env.WebSocket(this.#url(this.seq));
    this.#socket = socket;
    let opened = false;
    this.#timer = this.#env.setTimeout(() => socket.close(), OPEN_MS);
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      opened = true;
      this.#env.clearTimeout(this.#timer);
      this.#attempt = 0;
      this.emit("state", "open");
    };
    socket.onmessage = (message) => {
      if (socket === this.#socket) this.#handleText(message.data);
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#env.clearTimeout(this.#timer);
      this.#handleClose(opened);
    };
  }

  /**
   * Sends if it can; what is said here is said again by the caller after the next opening.
   * @param {unknown} message
   */
  send(message) {
    if (this.isOpen) this.#socket?.send(JSON.stringify(message));
  }

  /** The network changed: the present socket may be dead without knowing it. */
  reopen() {
    if (this.#closed) return;
    this.#attempt = 0;
    this.emit("state", "lost");
    this.open();
  }

  close() {
    this.#closed = true;
    this.#env.clearTimeout(this.#timer);
    this.#drop();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** @param {unknown} text */
  #handleText(text) {
    /** @type {ServerEvent} */
    let event;
    try {
      event = JSON.parse(String(text));
    } catch {
      return;
    }
    if (!event || typeof event.type !== "string") return;
    if (typeof event.seq === "number") {
      // A whole state stands for itself: it may come from a server that counts anew.
      const seen = this.seq !== null && event.seq <= this.seq;
      if (seen && event.type !== "state") return;
      this.seq = event.seq;
    }
    this.emit("message", event);
  }

  /** @param {boolean} opened */
  async #handleClose(opened) {
    if (this.#closed) return;
    this.emit("state", "lost");
    if (!opened) {
      const verdict = await this.#probe();
      if (this.#closed || this.#socket) return;
      if (verdict === "gone" || verdict === "denied") {
        this.close();
        this.emit("refused", verdict);
        return;
      }
    }
    const wait = backoffMs(this.#attempt++, this.#env.random());
    this.#timer = this.#env.setTimeout(() => this.open(), wait);
  }
}
