// Requests and both error shapes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, ApiError } from "../../client/protocol/api.js";
import { toUuid } from "../../client/protocol/ids.js";

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

test("a talk room is made in the other dialect, and told in this library's words", async () => {
  const body = { id: toUuid("7001"), title: "Night", has_password: true, capacity: 2, created_by: toUuid("5"), created_at: "2026-01-29T00:00:00Z" };
  const { api, asked } = answering(201, body);
  const { room_id, name, type, limit, created_by, has_password } = await api.createTalkRoom("Night", "sesame");
  assert.deepEqual([room_id, name, type, limit, created_by, has_password], ["7001", "Night", "talk", 2, "5", true]);
  assert.equal(asked[0][3], '{"title":"Night","password":"sesame"}');
  await api.createTalkRoom("Open");
  assert.equal(asked[1][3], '{"title":"Open"}');
});

test("the form of the id picks the dialect, whichever one has", async () => {
  for (const id of ["7001", toUuid("7001")]) {
    const { api, asked } = answering(200, { room_id: "7001" });
    await api.takeFloor(id);
    await api.releaseFloor(id);
    await api.messages(id, { limit: 500, offset: 1000 });
    await api.room(id);
    await api.switchCaptions(id, true);
    const paths = asked.map(([method, url]) => `${method} ${url.replace("http://parlor/api/v1/rooms/", "")}`);
    const uuid = toUuid("7001");
    assert.deepEqual(paths, [
      `POST ${uuid}/speaker/acquire`, `POST ${uuid}/speaker/release`, `GET ${uuid}/messages?limit=500&offset=1000`, "GET 7001", "PATCH 7001",
    ]);
    assert.equal(asked[0][3], undefined, "no body");
    assert.equal(asked[4][3], '{"captions":true}');
  }
});

test("a stage is made, run and spoken on", async () => {
  const { api, asked } = answering(200, {});
  const [room, user] = [toUuid("7001"), toUuid("5")];
  await api.createRoom("Hall", "stage");
  await api.requestToSpeak(room);
  await api.withdrawRequest(room);
  await api.inviteToSpeak(room, user);
  await api.respondToInvite(room, true);
  await api.revokeSpeaker(room, user);
  await api.setTopic(room, "");
  await api.move(room, user, toUuid("7002"));
  const at = "http://parlor/api/v1/rooms/7001";
  assert.deepEqual(asked.map(([method, url, , body]) => `${method} ${url.replace(at, "")} ${body ?? ""}`), [
    'POST http://parlor/api/v1/rooms {"name":"Hall","type":"stage"}',
    "POST /stage/request ",
    "DELETE /stage/request ",
    'POST /stage/invite {"user_id":"5"}',
    'POST /stage/invite/respond {"accepted":true}',
    'POST /stage/revoke {"user_id":"5"}',
    'PATCH /stage/topic {"topic":""}',
    'POST /voice/move {"user_id":"5","to_room_id":"7002"}',
  ]);
});

test("a transcript is a file, with the token; a refusal of one is an error as any other", async () => {
  const { api, asked } = answering(200, ["x"]);
  assert.equal(await (await api.transcript("7001", "srt")).text(), '["x"]');
  assert.deepEqual(asked[0].slice(0, 3), ["GET", `http://parlor/api/v1/rooms/${toUuid("7001")}/transcript?format=srt`, "Bearer secret"]);
  const error = await errorOf(answering(403, { detail: "x", message: "Not in it", code: "NOT_A_PARTICIPANT" }).api.transcript("7001", "srt"));
  assert.deepEqual([error.status, error.code, error.message], [403, "NOT_A_PARTICIPANT", "Not in it"]);
});

test("errors of the STT Room shape", async () => {
  const { status, code, message } = await errorOf(answering(409, { detail: "SPEAKER_TAKEN", message: "SPEAKER_TAKEN", code: "SPEAKER_TAKEN" }).api.takeFloor("1"));
  assert.deepEqual([status, code, message], [409, "SPEAKER_TAKEN", "SPEAKER_TAKEN"]);
  assert.equal((await errorOf(answering(404, { detail: "Room not found" }).api.takeFloor("1"))).message, "Room not found");
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
