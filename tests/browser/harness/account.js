// Accounts and rooms through REST, as any other client would make them; and event streams.

import assert from "node:assert/strict";
import { until } from "./wait.js";

/** @import { Server } from "./server.js" */

export const PASSWORD = "a long enough password";

/** Someone with an account. */
export class Account {
  /**
   * @param {Server} server
   * @param {string} name
   * @param {string} id decimal
   * @param {string} token
   */
  constructor(server, name, id, token) {
    this.server = server;
    this.name = name;
    this.id = id;
    this.token = token;
  }

  /**
   * The first account of a server is its administrator.
   * @param {Server} server
   * @param {string} name
   */
  static async register(server, name) {
    const stranger = new Account(server, name, "", "");
    const { status, body } = await stranger.call("POST", "/api/v1/auth/register", { username: name, password: PASSWORD });
    assert.equal(status, 201, JSON.stringify(body));
    return new Account(server, name, body.user_id, body.token);
  }

  /**
   * Somebody who has an account already.
   * @param {Server} server
   * @param {string} name
   */
  static async logIn(server, name) {
    const stranger = new Account(server, name, "", "");
    const made = await stranger.must("POST", "/api/v1/auth/login", { username: name, password: PASSWORD });
    return new Account(server, name, made.user_id, made.token);
  }

  /** The id as the Voice Service shows it. */
  get uuid() {
    return uuidOf(this.id);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<{ status: number, body: any }>}
   */
  async call(method, path, body) {
    /** @type {Record<string, string>} */
    const headers = this.token ? { authorization: `Bearer ${this.token}` } : {};
    if (body !== undefined) headers["content-type"] = "application/json";
    const answer = await fetch(this.server.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  }

  /**
   * A call that must work.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async must(method, path, body) {
    const answer = await this.call(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** @param {string} name @param {"voice" | "stage"} [type] */
  makeRoom(name, type = "voice") {
    return this.must("POST", "/api/v1/rooms", { name, type });
  }

  /**
   * Who is in a room, by the Voice Service.
   * @param {string} room
   * @returns {Promise<any[]>}
   */
  participants(room) {
    return this.must("GET", `/voice/channels/${room}/participants`);
  }

  /**
   * What was said in a room, by STT Room.
   * @param {string} room its UUID
   * @returns {Promise<any[]>}
   */
  messages(room) {
    return this.must("GET", `/api/v1/rooms/${room}/messages`);
  }

  /**
   * Moderation of somebody else: `mute`, `deafen` or `kick`.
   * @param {string} room
   * @param {string} what
   * @param {Account} whom
   * @param {object} [more]
   */
  moderate(room, what, whom, more = {}) {
    return this.must("POST", `/api/v1/rooms/${room}/voice/${what}`, { user_id: whom.id, ...more });
  }
}

/** The event stream of one session, read as server-sent events. */
export class EventStream {
  /** @type {any[]} */
  events = [];
  closed = false;
  #controller = new AbortController();

  /**
   * @param {Account} account
   * @param {string} session
   */
  static async open(account, session) {
    const stream = new EventStream();
    const url = `${account.server.url}/voice/sessions/${session}/events?token=${account.token}`;
    const answer = await fetch(url, { headers: { accept: "text/event-stream" }, signal: stream.#controller.signal });
    assert.equal(answer.status, 200, `the event stream of ${session}`);
    assert.ok(answer.body);
    stream.#read(answer.body).catch(() => (stream.closed = true));
    await stream.see("state");
    return stream;
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #read(body) {
    let text = "";
    const decoder = new TextDecoder();
    for await (const bytes of /** @type {any} */ (body)) {
      text += decoder.decode(bytes, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
    }
    this.closed = true;
  }

  /** @param {string} block */
  #take(block) {
    const lines = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
    if (lines.length) this.events.push(JSON.parse(lines.map((line) => line.slice(5).trimStart()).join("\n")));
  }

  /** @param {string} type */
  all(type) {
    return this.events.filter((event) => event.type === type);
  }

  /**
   * @param {string} type
   * @param {(event: any) => boolean} [fits]
   */
  see(type, fits = () => true) {
    return until(`the event ${type}`, () => this.all(type).find(fits), () => this.events);
  }

  close() {
    this.#controller.abort();
  }
}

/** The bits that an id of ours leaves free in a UUID; part of the wire format. */
const TAG = 0x02f_70a4_1072_c0den;

/**
 * A decimal id as the Voice Service shows it: 48 bits, 12 after the version, 4 after the variant.
 * @param {string} decimal
 */
export function uuidOf(decimal) {
  const id = BigInt(decimal);
  const high = ((id >> 16n) << 16n) | 0x8000n | ((id >> 4n) & 0x0fffn);
  const low = (0b10n << 62n) | ((id & 0xfn) << 58n) | TAG;
  const hex = high.toString(16).padStart(16, "0") + low.toString(16).padStart(16, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
