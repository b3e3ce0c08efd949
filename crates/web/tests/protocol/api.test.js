// Requests and both error shapes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, ApiError } from "../../client/protocol/api.js";

/** @param {number} status @param {unknown} body @param {Record<string, string>} [headers] */
function answering(status, body, headers = {}) {
  /** @type {any[]} */
  const asked = [];
  const fetch = /** @type {any} */ (async (/** @type {string} */ url, /** @type {any} */ init) => {
    asked.push([init.method, url, init.headers.authorization, init.body]);
    return new Response(status === 204 ? null : JSON.stringify(body), { status, headers });
  });
  return { api: new Api({ base: "http://parlor", token: "secret", fetch }), asked };
}

/** @param {Promise<unknown>} promise @returns {Promise<ApiError>} */
const errorOf = (promise) => promise.then(() => assert.fail("no error"), (error) => error);

test("a request carries the token and its body", async () => {
  const { api, asked } = answering(201, { room_id: "9" });
  assert.deepEqual(await api.createRoom("Kitchen"), { room_id: "9" });
  assert.deepEqual(asked, [["POST", "http://parlor/api/v1/rooms", "Bearer secret", '{"name":"Kitchen","type":"voice"}']]);
});

test("204 is no body", async () => {
  assert.equal(await answering(204, null).api.leave("s"), null);
});

test("errors of the Vox shape", async () => {
  const error = { code: "ROOM_FULL", message: "full", retry_after_ms: 1500, missing_permission: "CONNECT" };
  const { status, code, message, retryAfterMs, missingPermission, passing } = await errorOf(answering(409, { error }).api.me());
  assert.deepEqual([status, code, message, retryAfterMs, missingPermission, passing], [409, "ROOM_FULL", "full", 1500, "CONNECT", false]);
});

test("errors of the Voice Service shape, with Retry-After", async () => {
  const { api } = answering(429, { error: "slow down" }, { "retry-after": "2" });
  const { status, code, message, retryAfterMs, passing } = await errorOf(api.leave("s"));
  assert.deepEqual([status, code, message, retryAfterMs, passing], [429, "", "slow down", 2000, true]);
});

test("a server that is not there, and an answer that is no JSON", async () => {
  const gone = /** @type {any} */ (async () => Promise.reject(new TypeError("failed")));
  const error = await errorOf(new Api({ fetch: gone }).me());
  assert.deepEqual([error.status, error.passing], [0, true]);
  const page = /** @type {any} */ (async () => new Response("<html>", { status: 200 }));
  assert.equal((await errorOf(new Api({ fetch: page }).me())).status, 502);
});

test("the event socket's address", () => {
  const api = new Api({ base: "https://parlor.example", token: "a b" });
  assert.equal(api.eventsUrl("s/1", null), "wss://parlor.example/voice/sessions/s%2F1/events?token=a+b");
  assert.equal(api.eventsUrl("s", 12), "wss://parlor.example/voice/sessions/s/events?token=a+b&after=12");
});
