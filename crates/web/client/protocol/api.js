// The REST half: one method per call, one error type, no state but the token.

/** @import { Account, Joined, Participant, Room, SourceLabel } from "./types.js" */

/** A request that did not work. `status` 0: the server could not be reached. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code the server's own word where it has one, else ""
   * @param {string} message
   * @param {number | null} retryAfterMs
   * @param {string | null} missingPermission
   */
  constructor(status, code, message, retryAfterMs = null, missingPermission = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.missingPermission = missingPermission;
  }

  /** Whether the same request may well work a little later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Reads either error shape: {"error": {"code", "message", ...}} and {"error": "text"}.
 * @param {Response} response
 * @param {any} body
 */
function errorOf(response, body) {
  const error = body?.error;
  const header = Number(response.headers.get("retry-after"));
  const fromHeader = header > 0 ? header * 1000 : null;
  if (error && typeof error === "object") {
    const { code = "", message = "", retry_after_ms = null, missing_permission = null } = error;
    return new ApiError(response.status, code, message, retry_after_ms ?? fromHeader, missing_permission);
  }
  const text = typeof error === "string" ? error : response.statusText;
  return new ApiError(response.status, "", text, fromHeader);
}

/** A request is given up after this long: a proxy that hangs must not hang the page. */
const PATIENCE_MS = 10_000;

export class Api {
  /** @type {string | null} */
  token = null;
  #base;
  #fetch;

  /**
   * @param {object} [options]
   * @param {string} [options.base] "" for the page's own server, else "https://host:port"
   * @param {string | null} [options.token]
   * @param {typeof globalThis.fetch} [options.fetch]
   */
  constructor({ base = "", token = null, fetch } = {}) {
    this.#base = base;
    // Looked up at each call, so that a page may replace it.
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.token = token;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {number[]} [expected] further statuses that are answers
   * @returns {Promise<any>}
   */
  async #call(method, path, body, expected = []) {
    /** @type {Record<string, string>} */
    const headers = { accept: "application/json" };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    let response;
    try {
      response = await this.#fetch(this.#base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch {
      throw new ApiError(0, "UNREACHABLE", "The server cannot be reached.");
    }
    const text = await response.text().catch(() => "");
    let value = null;
    try {
      value = text ? JSON.parse(text) : null;
    } catch {
      if (response.ok) throw new ApiError(502, "NOT_JSON", "That was not the answer of a Parlor server.");
    }
    if (!response.ok && !expected.includes(response.status)) throw errorOf(response, value);
    return value;
  }

  /**
   * @param {{ username: string, password: string, display_name?: string, setup_code?: string }} account
   * @returns {Promise<{ user_id: string, token: string }>}
   */
  register(account) {
    return this.#call("POST", "/api/v1/auth/register", account);
  }

  /**
   * @param {{ username: string, password: string }} account
   * @returns {Promise<{ user_id: string, token: string, display_name: string }>}
   */
  login(account) {
    return this.#call("POST", "/api/v1/auth/login", account);
  }

  /** @returns {Promise<Account>} */
  me() {
    return this.#call("GET", "/api/v1/users/@me");
  }

  /** @returns {Promise<Room[]>} */
  rooms() {
    return this.#call("GET", "/api/v1/rooms?profile=all");
  }

  /**
   * @param {string} id
   * @returns {Promise<Room>}
   */
  room(id) {
    return this.#call("GET", `/api/v1/rooms/${encodeURIComponent(id)}`);
  }

  /**
   * @param {string} name
   * @returns {Promise<Room>}
   */
  createRoom(name) {
    return this.#call("POST", "/api/v1/rooms", { name, type: "voice" });
  }

  /**
   * How the server is. Not ready is an answer too, not an error.
   * @returns {Promise<{ ready: boolean, parts: { name: string, ready: boolean, detail?: string }[] }>}
   */
  ready() {
    return this.#call("GET", "/ready", undefined, [503]);
  }

  /** @param {string} id */
  deleteRoom(id) {
    return this.#call("DELETE", `/api/v1/rooms/${encodeURIComponent(id)}`);
  }

  /**
   * @param {string} room
   * @param {string} user
   */
  kick(room, user) {
    return this.#call("POST", `/api/v1/rooms/${encodeURIComponent(room)}/voice/kick`, { user_id: user });
  }

  /**
   * @param {string} room
   * @param {string} user
   * @param {boolean} muted
   */
  serverMute(room, user, muted) {
    const body = { user_id: user, muted };
    return this.#call("POST", `/api/v1/rooms/${encodeURIComponent(room)}/voice/mute`, body);
  }

  /**
   * @param {string} room
   * @param {string} user
   * @param {boolean} deafened
   */
  serverDeafen(room, user, deafened) {
    const body = { user_id: user, deafened };
    return this.#call("POST", `/api/v1/rooms/${encodeURIComponent(room)}/voice/deafen`, body);
  }

  /**
   * @param {string} channel
   * @returns {Promise<Participant[]>}
   */
  participants(channel) {
    return this.#call("GET", `/voice/channels/${encodeURIComponent(channel)}/participants`);
  }

  /**
   * @param {{ channel_id: string, mute: boolean, deaf: boolean, client: string }} request
   * @returns {Promise<Joined>}
   */
  join(request) {
    return this.#call("POST", "/voice/join", request);
  }

  /** @param {string} session */
  leave(session) {
    return this.#call("POST", "/voice/leave", { session_id: session });
  }

  /**
   * Without `mute` and `deaf` it changes nothing and only asks whether the session is still there.
   * @param {string} session
   * @param {{ mute?: boolean, deaf?: boolean }} state
   */
  voiceState(session, state) {
    return this.#call("PATCH", "/voice/state", { session_id: session, ...state });
  }

  /**
   * @param {string} session
   * @param {string} sdp
   * @param {SourceLabel[]} sources
   * @returns {Promise<{ sdp: string }>}
   */
  offer(session, sdp, sources) {
    return this.#call("POST", "/voice/signal", { session_id: session, type: "offer", sdp, sources });
  }

  /**
   * @param {string} session
   * @param {string} sdp
   */
  answer(session, sdp) {
    return this.#call("POST", "/voice/signal", { session_id: session, type: "answer", sdp });
  }

  /**
   * @param {string} session
   * @param {RTCIceCandidateInit | null} candidate
   */
  candidate(session, candidate) {
    return this.#call("POST", "/voice/signal", { session_id: session, type: "ice", candidate });
  }

  /**
   * Where the event socket of a session is.
   * @param {string} session
   * @param {number | null} after the last event already seen
   */
  eventsUrl(session, after) {
    const base = this.#base || globalThis.location?.origin || "";
    const url = new URL(`/voice/sessions/${encodeURIComponent(session)}/events`, base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("token", this.token ?? "");
    if (after !== null) url.searchParams.set("after", String(after));
    return url.href;
  }
}
