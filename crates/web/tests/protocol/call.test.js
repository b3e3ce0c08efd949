// A call through everything that may go wrong with it, in simulated time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Call } from "../../client/protocol/call.js";
import { FakePeerConnection, FakeSocket, fakeApi, fakeEnv, refusal, settle } from "../fakes.js";

/** @param {{ mute?: boolean, connect?: boolean, password?: string, pushToTalk?: boolean }} [options] */
async function inRoom({ mute = false, connect = true, ...more } = {}) {
  const clock = fakeEnv();
  const server = fakeApi();
  const call = new Call({ api: server.api, channel: "7", client: "tab", mute, ...more, env: clock.env });
  /** @type {any[]} */
  const ended = [];
  /** @type {any} */
  let link = null;
  call.on("ended", (end) => ended.push(end));
  call.on("link", (now) => (link = now));
  await call.start();
  await settle();
  if (connect) {
    socket().open();
    pc().become("connected");
  }
  return { call, clock, server, ended, link: () => link };
}

const socket = () => /** @type {FakeSocket} */ (FakeSocket.made.at(-1));
const pc = () => /** @type {FakePeerConnection} */ (FakePeerConnection.made.at(-1));

test("joining offers three sending sections and fourteen slots, and says which is which", async () => {
  const { server, call, link } = await inRoom();
  assert.deepEqual(server.all("join")[0]?.args, [{ channel_id: "7", client: "tab", mute: false, deaf: false }]);
  const directions = pc().transceivers.map(({ direction }) => direction);
  assert.deepEqual(directions, ["sendonly", "inactive", "inactive", ...Array(14).fill("recvonly")]);
  assert.deepEqual(server.all("offer")[0]?.args, [
    "session 1",
    "offer 1",
    [{ mid: "0", source: "microphone" }, { mid: "1", source: "camera" }, { mid: "2", source: "screen" }],
  ]);
  assert.deepEqual([...call.slots.keys()], Array.from({ length: 14 }, (_, at) => String(at + 3)));
  assert.deepEqual(link(), { media: "connected", events: "open", joining: false });
});

test("the first refusal to join is the caller's, and nothing is tried again", async () => {
  const clock = fakeEnv();
  const server = fakeApi();
  server.refuse.set("join", () => refusal(409));
  const call = new Call({ api: server.api, channel: "7", client: "tab", env: clock.env });
  await assert.rejects(call.start(), { status: 409 });
  await clock.pass(20_000);
  assert.equal(server.all("join").length, 1);
});

test("a camera is a track, a direction and a fresh offer", async () => {
  const { call, server } = await inRoom();
  await call.setTrack("camera", /** @type {any} */ ({ kind: "video" }));
  await settle();
  assert.deepEqual(pc().offers, [{ iceRestart: false, camera: "inactive" }, { iceRestart: false, camera: "sendonly" }]);
  await call.setTrack("camera", null);
  await settle();
  assert.equal(pc().offers[2]?.camera, "inactive");
  assert.equal(server.all("offer").length, 3);
});

test("muting stops the track at once and tells the server", async () => {
  const { call, server } = await inRoom();
  const track = /** @type {any} */ ({ enabled: true });
  await call.setTrack("microphone", track);
  call.setMute(true);
  assert.equal(track.enabled, false);
  await settle();
  assert.deepEqual(server.all("voiceState").at(-1)?.args, ["session 1", { mute: true, deaf: false }]);
});

test("push-to-talk: the microphone is not even attached until its turn, on a new connection neither", async () => {
  const { call, server, clock } = await inRoom({ pushToTalk: true });
  const track = /** @type {any} */ ({ enabled: true });
  const sent = () => pc().transceivers[0].sender.track;
  await call.setTrack("microphone", track);
  assert.deepEqual([track.enabled, sent()], [false, null]);
  call.setTalking(true);
  assert.deepEqual([track.enabled, sent()], [true, track]);
  call.setTalking(false);
  assert.deepEqual([track.enabled, sent()], [false, null]);
  socket().tell({ type: "reconnect", seq: 1 });
  await clock.pass(0);
  assert.equal(FakePeerConnection.made.length, 2);
  assert.equal(sent(), null);
  assert.equal(server.all("voiceState").length, 0, "the server is not bothered with it");
});

test("the password of a room is shown at each joining", async () => {
  const { server, clock } = await inRoom({ password: "sesame" });
  socket().tell({ type: "ended", seq: 1, reason: "timeout" });
  await clock.pass(5000);
  assert.deepEqual(server.all("join").map(({ args }) => args[0].password), ["sesame", "sesame"]);
});

test("moved to another room: the same session and connection, no offer; lost later, it comes back there", async () => {
  const { call, server, clock, ended } = await inRoom({ password: "sesame" });
  const [connection, offers] = [pc(), server.all("offer").length];
  socket().tell({ type: "moved", seq: 1, channel_id: "8" });
  socket().tell({ type: "state", seq: 2, participants: [], slots: [] });
  await clock.pass(60_000);
  assert.deepEqual([call.channel, call.sessionId, call.pc], ["8", "session 1", connection]);
  assert.deepEqual([server.all("offer").length, FakePeerConnection.made.length, ended], [offers, 1, []]);
  socket().tell({ type: "ended", seq: 3, reason: "timeout" });
  await clock.pass(5000);
  // The password was the other room's.
  assert.deepEqual(server.all("join").at(-1)?.args, [{ channel_id: "8", client: "tab", mute: false, deaf: false }]);
});

test("the server's clock is read from its events", async () => {
  const { call } = await inRoom();
  socket().tell({ type: "state", seq: 1, ts: "2026-01-29T12:00:00Z" });
  assert.equal(call.clock.untilMs(Date.parse("2026-01-29T12:00:20Z")), 20_000);
});

test("a lost event socket comes back after the last event it saw, with the views said again", async () => {
  const { call, clock, link } = await inRoom();
  call.setViews([{ mid: "11", width: 320, height: 180 }]);
  socket().tell({ type: "state", seq: 4, participants: [], slots: [] });
  socket().tell({ type: "speaking.started", seq: 5, user_id: "u" });
  socket().close();
  assert.equal(link().events, "lost");
  assert.equal(link().media, "connected");
  await clock.pass(300);
  assert.equal(socket().url, "session 1 after 5");
  socket().open();
  assert.deepEqual(JSON.parse(socket().sent[0] ?? ""), { type: "view", slots: [{ mid: "11", width: 320, height: 180 }] });
  assert.equal(link().events, "open");
});

test("ICE that stays broken is restarted, then the peer connection is made anew on the same session", async () => {
  const { clock, server } = await inRoom();
  const first = pc();
  first.become("disconnected");
  await clock.pass(2900);
  assert.equal(first.offers.length, 1);
  await clock.pass(200);
  assert.deepEqual(first.offers.at(-1), { iceRestart: true, camera: "inactive" });
  await clock.pass(5000);
  assert.notEqual(pc(), first);
  assert.equal(first.connectionState, "closed");
  assert.equal(server.all("join").length, 1);
  pc().become("connected");
  await clock.pass(20_000);
  assert.equal(FakePeerConnection.made.length, 2);
});

test("a short break mends itself without an offer", async () => {
  const { clock } = await inRoom();
  pc().become("disconnected");
  await clock.pass(2000);
  pc().become("connected");
  await clock.pass(20_000);
  assert.equal(pc().offers.length, 1);
});

test("the server's word to reconnect makes a new peer connection with the tracks there are", async () => {
  const { call, clock } = await inRoom();
  const microphone = /** @type {any} */ ({ enabled: true });
  await call.setTrack("microphone", microphone);
  socket().tell({ type: "reconnect", seq: 1 });
  await clock.pass(0);
  assert.equal(FakePeerConnection.made.length, 2);
  assert.equal(pc().transceivers[0].sender.track, microphone);
});

test("a session that is gone is joined again, as often as it takes, with mute as it is now", async () => {
  const { call, clock, server, ended, link } = await inRoom();
  let down = true;
  server.refuse.set("join", () => (down ? refusal(0) : null));
  server.refuse.set("voiceState", () => refusal(down ? 0 : 404));
  socket().close();
  await clock.pass(5000);
  // Refused at the door: the question behind it tells that the session is unknown.
  down = false;
  socket().close();
  call.setMute(true);
  await clock.pass(6000);
  assert.equal(link().joining, false);
  assert.deepEqual(server.all("join").at(-1)?.args, [{ channel_id: "7", client: "tab", mute: true, deaf: false }]);
  assert.equal(call.sessionId, "session 2");
  assert.equal(socket().url, "session 2 after null");
  assert.deepEqual(ended, []);
});

for (const reason of ["server_shutdown", "timeout", "server_restart"]) {
  test(`after ${reason} it joins again by itself`, async () => {
    const { clock, server, ended } = await inRoom();
    socket().tell({ type: "ended", seq: 1, reason });
    await clock.pass(5000);
    assert.equal(server.all("join").length, 2);
    assert.deepEqual(ended, []);
  });
}

for (const reason of ["kicked", "banned", "replaced", "channel_deleted", "left"]) {
  test(`after ${reason} it stays out`, async () => {
    const { clock, server, ended } = await inRoom();
    socket().tell({ type: "ended", seq: 1, reason });
    socket().close();
    await clock.pass(60_000);
    assert.deepEqual(ended, [{ reason, error: null }]);
    assert.equal(server.all("join").length, 1);
    assert.equal(pc().connectionState, "closed");
  });
}

for (const [how, lose] of /** @type {[string, () => void][]} */ ([
  ["and the socket closes", () => socket().close()],
  ["and nothing follows", () => {}],
])) {
  test(`kicked, ${how} without a word of the end: it stays out all the same`, async () => {
    const { clock, server, ended } = await inRoom();
    server.refuse.set("voiceState", () => refusal(404));
    socket().tell({ type: "kicked", seq: 1, by: "2" });
    lose();
    await clock.pass(60_000);
    assert.deepEqual(ended, [{ reason: "kicked", error: null }]);
    assert.equal(server.all("join").length, 1);
  });
}

test("being refused on the way back ends it with the reason", async () => {
  const { clock, server, ended } = await inRoom();
  server.refuse.set("join", () => refusal(403));
  socket().tell({ type: "ended", seq: 1, reason: "timeout" });
  await clock.pass(5000);
  assert.equal(ended.length, 1);
  assert.equal(ended[0].reason, "refused");
});

test("an offer that does not get through is made again", async () => {
  const { call, clock, server } = await inRoom();
  let down = true;
  server.refuse.set("offer", () => (down ? refusal(503) : null));
  await call.setTrack("camera", /** @type {any} */ ({}));
  await clock.pass(1000);
  down = false;
  await clock.pass(5000);
  assert.equal(pc().offers.at(-1)?.camera, "sendonly");
  const count = server.all("offer").length;
  await clock.pass(60_000);
  assert.equal(server.all("offer").length, count);
});

test("a mute that does not get through is said once the server can be reached", async () => {
  const { call, clock, server } = await inRoom();
  let down = true;
  server.refuse.set("voiceState", () => (down ? refusal(0) : null));
  call.setMute(true);
  await clock.pass(2000);
  down = false;
  await clock.pass(3000);
  const count = server.all("voiceState").length;
  assert.deepEqual(server.all("voiceState").at(-1)?.args[1], { mute: true, deaf: false });
  await clock.pass(60_000);
  assert.equal(server.all("voiceState").length, count);
});

test("a change of network looks for the way at once", async () => {
  const { call, clock } = await inRoom();
  const before = FakeSocket.made.length;
  call.networkChanged();
  await clock.pass(0);
  assert.equal(FakeSocket.made.length, before + 1);
  assert.equal(pc().offers.at(-1)?.iceRestart, true);
  await clock.pass(10_000);
  assert.equal(FakePeerConnection.made.length, 1, "it was connected all along");
});

test("leaving says so and comes back for nothing", async () => {
  const { call, clock, server } = await inRoom();
  await call.leave();
  assert.deepEqual(server.all("leave")[0]?.args, ["session 1"]);
  await clock.pass(60_000);
  assert.equal(server.all("join").length, 1);
});
