// One request to a Parlor server: the token, the patience, and one error type for the three shapes in
// which its dialects say no. Called by api.js, which knows the paths.

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
 * Reads every error shape: {"error": {"code", "message", ...}}, {"error": "text"} and
 * {"detail", "message", "code"}.
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
  if (typeof error === "string") return new ApiError(response.status, "", error, fromHeader);
  const { code = "", message, detail } = body ?? {};
  return new ApiError(response.status, String(code), String(message ?? detail ?? response.statusText), fromHeader);
}

/** A request is given up after this long: a proxy that hangs must not hang the page. */
const PATIENCE_MS = 10_000;
/** A file may be large and its line slow. */
const FILE_PATIENCE_MS = 60_000;

export class Http {
  /** @type {string | null} */
  token = null;
  /** @type {string} */
  base;
  #fetch;

  /**
   * @param {object} [options]
   * @param {string} [options.base] "" for the page's own server, else "https://host:port"
   * @param {string | null} [options.token]
   * @param {typeof globalThis.fetch} [options.fetch]
   */
  constructor({ base = "", token = null, fetch } = {}) {
    this.base = base;
    // Looked up at each call, so that a page may replace it.
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.token = token;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {{ expected?: number[], keepalive?: boolean }} [options] `expected`: further statuses that are answers;
   *   `keepalive`: it is sent even when the page goes away meanwhile
   * @returns {Promise<any>}
   */
  async call(method, path, body, { expected = [], keepalive = false } = {}) {
    const response = await this.#send(method, path, body, PATIENCE_MS, keepalive);
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
   * A file, whatever it holds.
   * @param {string} path
   * @returns {Promise<Blob>}
   */
  async file(path) {
    const response = await this.#send("GET", path, undefined, FILE_PATIENCE_MS, false);
    if (!response.ok) throw errorOf(response, await response.json().catch(() => null));
    try {
      return await response.blob();
    } catch {
      throw unreachable();
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} body
   * @param {number} patienceMs
   * @param {boolean} keepalive
   */
  async #send(method, path, body, patienceMs, keepalive) {
    /** @type {Record<string, string>} */
    const headers = { accept: "application/json" };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    try {
      return await this.#fetch(this.base + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(patienceMs),
        ...(keepalive ? { keepalive } : {}),
      });
    } catch {
      throw unreachable();
    }
  }
}

function unreachable() {
  return new ApiError(0, "UNREACHABLE", "The server cannot be reached.");
}
