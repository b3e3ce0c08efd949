// One's own place in a stage: what is captured, what is sent, and what is said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { StagePlace } from "../../client/app/stage.js";
import { ordinal } from "../../client/app/words.js";
import { ServerClock } from "../../client/protocol/clock.js";
import { toUuid } from "../../client/protocol/ids.js";
import { reduce } from "../../client/state/state.js";
import { createStore } from "../../client/state/store.js";
import { fakeApi, fakeCapture, fakeEnv, refusal, serverTime, settle } from "../fakes.js";
import { asking, inHall, listening, person, speaking, stageRoom } from "../people.js";

const zoe = person("3", "zoe", speaking);

/**
 * Maya has come in, with her microphone as she chose it before.
 * @param {{ mute?: boolean, role?: object, permissions?: bigint, microphone?: boolean, camera?: boolean }} [options]
 */
function seated({ mute = true, role = listening, permissions = 0n, microphone = true, camera = false } = {}) {
  const time = fakeEnv();
  const server = fakeApi(time.env.now);
  const devices = fakeCapture({ microphone });
  const store = createStore(reduce, inHall([person("1", "maya", role), zoe], { permissions: String(permissions) }));
  store.dispatch({ type: "call/own", change: { mute } });
  /** @type {string[]} */
  const notices = [];
  /** @type {boolean[]} */
  const gate = [];
  const clock = new ServerClock(time.env);
  clock.handleStamp(serverTime(0));
  const call = /** @type {any} */ ({ clock, setTalking: (/** @type {boolean} */ on) => gate.push(on) });
  const place = new StagePlace({
    api: server.api,
    store,
    capture: devices.capture,
    notice: (text) => notices.push(text),
    mute: (now) => store.dispatch({ type: "call/own", change: { mute: now } }),
  });
  place.begin(call, stageRoom(), { camera });
  /** @param {string} type @param {object} rest */
  const hear = (type, rest) => {
    const event = { type, seq: 1, ts: "", ...rest };
    const before = store.get();
    store.dispatch({ type: "call/event", event });
    place.handleEvent(event, before);
    return settle();
  };
  /** @param {object} now @param {object} [more] */
  const become = (now, more = {}) => hear("member.updated", { ...person("1", "maya", now), ...more });
  const asked = () => server.asked.map(({ name, args }) => [name, ...args]);
  return { place, store, server, devices, notices, gate, hear, become, asked, call, said: () => store.get().page.announcement };
}

test("whoever listens captures and sends nothing, whatever they had chosen", async () => {
  const { gate, devices, notices } = seated({ mute: false });
  await settle();
  assert.deepEqual([gate, devices.open(), notices], [[false], [], []]);
});

test("on stage for the first time: muted, nothing opened, and told so", async () => {
  const { become, gate, devices, store, said } = seated();
  await become(speaking);
  assert.deepEqual([gate, devices.open(), store.get().call.mute], [[false, true], [], true]);
  assert.match(said(), /on stage.*muted/);
});

test("on stage again: the microphone as one had chosen", async () => {
  const { become, gate, devices, said } = seated({ mute: false });
  await become(speaking);
  assert.deepEqual([gate, devices.open()], [[false, true], ["microphone"]]);
  assert.match(said(), /microphone is on/);
});

test("moved to the audience: shut and closed at once, said with the name; the choice stays", async () => {
  const { become, gate, devices, notices, store } = seated({ mute: false });
  await become(speaking);
  devices.capture.tracks.set("camera", {});
  await become(listening, { by: toUuid("3") });
  assert.deepEqual([gate, devices.open(), store.get().call.mute], [[false, true, false], [], false]);
  assert.deepEqual(notices, ["zoe moved you to the audience."]);
  await become(speaking);
  await become(listening, { by: toUuid("77") });
  assert.equal(notices.at(-1), "A moderator moved you to the audience.");
});

test("stepping down is one's own doing", async () => {
  const { become, notices, said, place, asked } = seated();
  await become(speaking);
  await place.stepDown();
  await become(listening);
  assert.deepEqual([asked(), notices], [[["withdrawRequest", "9"]], []]);
  assert.match(said(), /in the audience now/);
  await become(speaking);
  await become(listening, { by: toUuid("1") });
  assert.deepEqual(notices, [], "a moderator who moves themselves knows");
});

test("moved to the audience while the browser was still asking: the microphone does not stay open", async () => {
  const { become, devices, gate } = seated({ mute: false });
  const answer = devices.ask();
  await become(speaking);
  await become(listening, { by: toUuid("3") });
  answer();
  await settle();
  assert.deepEqual([devices.open(), gate.at(-1)], [[], false]);
});

test("a microphone that cannot be had is told, and counts as muted", async () => {
  const { become, store, notices } = seated({ mute: false, microphone: false });
  await become(speaking);
  assert.equal(store.get().call.mute, true);
  assert.match(notices[0] ?? "", /could not be switched on/);
});

test("a speaker's reload goes on as it was, without a word", async () => {
  const { gate, devices, notices, said } = seated({ mute: false, role: speaking, camera: true });
  await settle();
  assert.deepEqual([gate, devices.open(), notices, said()], [[true], ["camera", "microphone"], [], ""]);
});

test("what is told of others moves nothing of one's own", async () => {
  const { hear, gate, devices } = seated({ mute: false });
  await hear("member.updated", person("3", "zoe", listening));
  await hear("member.updated", person("3", "zoe", speaking));
  assert.deepEqual([gate, devices.open()], [[false], []]);
});

test("the hand goes up and down, with its place in the line said", async () => {
  const { place, become, hear, asked, said } = seated();
  await place.hand();
  await hear("member.joined", person("4", "bob", asking("01")));
  await become(asking("02"));
  assert.equal(said(), "Your hand is up. You are 2nd in line.");
  await hear("member.left", { user_id: "4", reason: "left" });
  assert.equal(said(), "Your hand is up. You are 1st in line.");
  await place.hand();
  assert.deepEqual(asked(), [["requestToSpeak", "9"], ["withdrawRequest", "9"]]);
});

test("who moderates goes on stage instead; a speaker's hand does nothing", async () => {
  const moderator = seated({ permissions: 1n << 16n });
  await moderator.place.hand();
  assert.deepEqual(moderator.asked(), [["inviteToSpeak", "9", "1"]]);
  const speaker = seated({ role: speaking });
  await speaker.place.hand();
  assert.deepEqual(speaker.asked(), []);
});

test("one wish at a time, and a refusal in words", async () => {
  const { place, server, notices, asked, store } = seated();
  const answer = server.hold("requestToSpeak");
  const first = place.hand();
  await place.hand();
  assert.equal(asked().length, 1);
  answer();
  await first;
  server.refuse.set("requestToSpeak", () => refusal(403));
  await place.hand();
  assert.deepEqual([notices, store.get().stage.busy], [["You may not do that here."], false]);
});

test("an invitation is said, counted down by the server's clock, and answered", async () => {
  const { hear, place, store, said, asked } = seated();
  await hear("stage.invited", { by: toUuid("3"), expires_at: serverTime(300_000) });
  assert.equal(said(), "zoe invites you to speak.");
  assert.equal(place.secondsLeft(store.get().stage.invite?.expiresAt ?? 0), 300);
  await place.respond(false);
  assert.deepEqual([asked(), store.get().stage.invite], [[["respondToInvite", "9", false]], null]);
});

test("an answer that comes too late is told, and nothing is left to answer", async () => {
  const { hear, place, server, store, notices } = seated();
  await hear("stage.invited", { by: toUuid("3"), expires_at: serverTime(300_000) });
  server.refuse.set("respondToInvite", () => refusal(400, "NO_PENDING_INVITE"));
  await place.respond(true);
  assert.deepEqual([notices, store.get().stage.invite], [["That invitation is over."], null]);
});

test("an answer that did not get through can be given again", async () => {
  const { hear, place, server, store } = seated();
  await hear("stage.invited", { by: toUuid("3"), expires_at: serverTime(300_000) });
  server.refuse.set("respondToInvite", () => refusal(0));
  await place.respond(true);
  assert.notEqual(store.get().stage.invite, null);
});

test("how an invitation ended, in words", async () => {
  const { hear, notices } = seated();
  await hear("stage.invite_ended", { user_id: "1", why: "expired" });
  await hear("stage.invite_ended", { user_id: "1", why: "revoked" });
  await hear("stage.invite_ended", { user_id: "3", why: "declined" });
  assert.deepEqual(notices, [
    "The invitation to speak has run out.",
    "The invitation to speak was taken back.",
    "zoe declined the invitation to speak.",
  ]);
});

test("in another kind of room it touches nothing", async () => {
  const { place, call, gate, devices, hear } = seated();
  devices.capture.tracks.set("microphone", {});
  place.begin(call, { type: "voice" });
  gate.length = 0;
  await hear("moved", { channel_id: "7" });
  await hear("state", { name: "Kitchen", participants: [person("1", "maya")], slots: [] });
  assert.deepEqual([gate, devices.open()], [[], ["microphone"]]);
});

test("moved into a stage with an open microphone: it is closed as soon as the room is known", async () => {
  const { place, call, gate, devices, hear, notices } = seated();
  await hear("moved", { channel_id: "7" });
  await hear("state", { name: "Kitchen", participants: [person("1", "maya")], slots: [] });
  place.begin(call, { type: "voice" });
  devices.capture.tracks.set("microphone", {});
  gate.length = 0;
  await hear("moved", { channel_id: "9" });
  await hear("state", { name: "Hall", participants: [person("1", "maya", listening)], slots: [] });
  assert.deepEqual([gate, devices.open(), notices], [[false], [], []]);
});

test("places in a line", () => {
  const words = [1, 2, 3, 4, 10, 11, 12, 13, 21, 22, 101, 111, 112].map(ordinal);
  assert.deepEqual(words, ["1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th", "112th"]);
});
