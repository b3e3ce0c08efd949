// JSON-RPC over one WebSocket, as Aura speaks it: requests that are answered in time or fail, and
// notifications both ways. One socket is one call; it does not come back by itself, meeting.js does that.

import { ApiError } from "./api.js";
import { Emitter } from "./emitter.js";

/** @import { Env } from "./types.js" */

/** The name under which the server's socket speaks this. */
const SUBPROTOCOL = "api";
/** A socket that has not opened by then will not, and a request that is not answered by then is lost. */
const OPEN_MS = 8000;
const ANSWER_MS = 10_000;
/** Nobody presses that many buttons within the time of an answer; more is a page gone wild. */
const WAITING_MAX = 200;

/**
 * @typedef {object} AuraEvents
 * @property {{ method: string, params: Record<string, any> }} notification
 * @property {null} closed for good, by whichever side
 */

/** @typedef {{ take: (value: any) => void, fail: (error: ApiError) => void, timer: any }} Answer */

const lost = () => new ApiError(0, "UNREACHABLE", "The server cannot be reached.");

/** @extends {Emitter<AuraEvents>} */
export class Aura extends Emitter {
  #env;
  #url;
  /** @type {WebSocket | null} */
  #socket = null;
  /** By id. @type {Map<number, Answer>} */
  #answers = new Map();
  #requests = 0;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {Env} options.env
   */
  constructor({ url, env }) {
    super();
    this.#url = url;
    this.#env = env;
  }

  /** @returns {Promise<void>} an ApiError of status 0: it did not open */
  open() {
    const socket = new this.#env.WebSocket(this.#url, SUBPROTOCOL);
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      const timer = this.#env.setTimeout(() => socket.close(), OPEN_MS);
      socket.onopen = () => {
        this.#env.clearTimeout(timer);
        resolve();
      };
      socket.onmessage = ({ data }) => {
        if (socket === this.#socket) this.#handleText(data);
      };
      socket.onclose = () => {
        this.#env.clearTimeout(timer);
        reject(lost());
        if (socket === this.#socket) this.#handleClosed();
      };
    });
  }

  /**
   * @param {string} method
   * @param {Record<string, unknown>} [params]
   * @returns {Promise<any>} its result. An ApiError has the code of the refusal as its status, or 0 when no answer came
   */
  request(method, params = {}) {
    if (this.#socket?.readyState !== 1 || this.#answers.size >= WAITING_MAX) return Promise.reject(lost());
    const id = ++this.#requests;
    return new Promise((take, fail) => {
      const timer = this.#env.setTimeout(() => this.#answered(id)?.fail(lost()), ANSWER_MS);
      this.#answers.set(id, { take, fail, timer });
      this.#send({ jsonrpc: "2.0", id, method, params });
    });
  }

  /**
   * Without an answer. On a socket that is gone it is nothing: who comes back says anew how they are.
   * @param {string} method
   * @param {Record<string, unknown>} [params]
   */
  notify(method, params = {}) {
    if (this.#socket?.readyState === 1) this.#send({ jsonrpc: "2.0", method, params });
  }

  close() {
    const socket = this.#socket;
    if (!socket) return;
    this.#handleClosed();
    socket.close();
  }

  /** @param {unknown} message */
  #send(message) {
    this.#socket?.send(JSON.stringify(message));
  }

  #handleClosed() {
    this.#socket = null;
    this.#failAll();
    this.emit("closed", null);
  }

  #failAll() {
    for (const id of [...this.#answers.keys()]) this.#answered(id)?.fail(lost());
  }

  /** @param {number} id */
  #answered(id) {
    const answer = this.#answers.get(id);
    this.#answers.delete(id);
    this.#env.clearTimeout(answer?.timer);
    return answer;
  }

  /** @param {unknown} text */
  #handleText(text) {
    let message;
    try {
      message = JSON.parse(String(text));
    } catch {
      return;
    }
    if (typeof message?.method === "string") {
      this.emit("notification", { method: message.method, params: message.params ?? {} });
      return;
    }
    const answer = this.#answered(message?.id);
    if (message?.error) answer?.fail(refusalOf(message.error));
    else answer?.take(message?.result ?? null);
  }
}

/** @param {any} error */
function refusalOf({ code, message }) {
  // Below zero are JSON-RPC's own: what was asked is not known here.
  const status = Number(code) > 0 ? Number(code) : 400;
  return new ApiError(status, "", String(message ?? ""));
}
