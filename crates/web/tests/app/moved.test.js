// Moving others, and being moved: the call goes on, the address and the words follow, and nobody is heard
// who did not want to be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { followMove } from "../../client/app/moved.js";
import { createPeople } from "../../client/app/people.js";
import { toUuid } from "../../client/protocol/ids.js";
import { seating } from "../../client/state/stage.js";
import { reduce } from "../../client/state/state.js";
import { createStore } from "../../client/state/store.js";
import { fakeApi, fakeCapture, fakeEnv, refusal } from "../fakes.js";
import { event, inHall, listening, person, speaking, stageRoom } from "../people.js";

// As much of a page as a session asks for when it is made.
Object.assign(globalThis, { addEventListener: () => {}, document: { addEventListener: () => {}, visibilityState: "visible" } });
const { Session } = await import("../../client/app/session.js");

const kitchen = stageRoom({ room_id: "7", name: "Kitchen", slug: "kitchen", type: "voice", permissions: String((1n << 9n) | (1n << 8n)) });

/**
 * Maya is moved from the hall to a room.
 * @param {any} room as it is when it is asked for; null: she may not look
 * @param {{ from?: string, mute?: boolean, microphone?: boolean, who?: string | null, more?: object }} [options]
 */
async function moved(room, { from = "voice", mute = false, microphone = true, who = "zoe", more = {} } = {}) {
  const store = createStore(reduce, inHall([person("1", "maya")], { type: from }));
  store.dispatch({ type: "call/own", change: { mute } });
  const devices = fakeCapture({ microphone });
  /** @type {[string, string][]} */
  const notices = [];
  const notice = (/** @type {string} */ text, /** @type {string} */ about = "") => void notices.push([text, about]);
  /** @type {string[]} */
  const paths = [];
  /** @type {[string, boolean][]} */
  const told = [];
  const { api } = fakeApi();
  const find = async () => room ?? Promise.reject(refusal(404));
  const nothing = /** @type {any} */ ({});
  const session = new Session({
    api, store, capture: devices.capture, captions: nothing, transcript: nothing, client: Promise.resolve("tab"), notice,
    announce: () => {}, moved: () => {}, signedOut: () => {},
  });
  session.call = /** @type {any} */ ({
    setMute: (/** @type {boolean} */ on) => told.push(["mute", on]),
    setTalking: (/** @type {boolean} */ on) => told.push(["send", on]),
    setViews: () => {},
  });
  const type = room?.type ?? "voice";
  const here = person("1", "maya", { ...(type === "stage" ? listening : {}), ...more });
  store.dispatch(event("moved", { channel_id: toUuid("7") }));
  store.dispatch(event("state", { name: "Kitchen", topic: null, captions: false, participants: [here], slots: [] }));
  const router = { rename: (/** @type {string} */ path) => void paths.push(path) };
  await followMove({ api: /** @type {any} */ ({ room: find }), store, router, notice }, session, toUuid("7"), who, from);
  session.sizes.changed();
  return { store, devices, notices, paths, told, said: notices.at(-1)?.[0] };
}

test("the address, the title's name and the words follow", async () => {
  const { store, paths, notices } = await moved(kitchen);
  assert.deepEqual(paths, ["/r/kitchen"]);
  assert.deepEqual(store.get().page.route, { name: "room", key: "kitchen" });
  assert.deepEqual(store.get().rooms.open.room, kitchen);
  assert.deepEqual(notices, [["zoe moved you to Kitchen. Your microphone is on.", "moved"]]);
});

test("who did it is not always known, nor may one always look at the room", async () => {
  const { said, paths, store } = await moved(null, { who: null });
  assert.equal(said, "You have been moved to Kitchen. Your microphone is on.");
  assert.deepEqual([paths, store.get().rooms.open.status], [["/r/7"], "ready"]);
});

test("a microphone that is on stays on, without a gap; one that is muted stays so", async () => {
  const on = await moved(kitchen);
  assert.deepEqual([on.told, on.devices.open()], [[["send", true]], ["microphone"]]);
  const muted = await moved(kitchen, { mute: true });
  assert.deepEqual([muted.told, muted.devices.open()], [[["send", true]], []]);
  assert.match(muted.said ?? "", /Your microphone is muted/);
});

test("from a talk room one comes muted: there the button alone kept it shut", async () => {
  const { told, store, devices, said } = await moved(kitchen, { from: "talk" });
  assert.deepEqual(told, [["mute", true], ["send", true]]);
  assert.deepEqual([store.get().call.mute, devices.open()], [true, []]);
  assert.match(said ?? "", /muted/);
});

test("into a talk room: shut until the button is held", async () => {
  const { told, said } = await moved({ ...kitchen, type: "talk", captions: true }, { mute: true });
  assert.deepEqual(told, [["send", false], ["mute", false]]);
  assert.equal(said, "zoe moved you to Kitchen. Here you hold the button to speak. What is said here is written down.");
});

test("into a stage one comes as a listener", async () => {
  const { told, devices, said } = await moved({ ...kitchen, type: "stage" });
  assert.deepEqual([told.every(([what, on]) => what === "send" && !on), devices.open()], [true, []]);
  assert.equal(said, "zoe moved you to Kitchen. You are listening here.");
});

test("from the audience back to a room: as one had chosen, and muted without a microphone", async () => {
  const back = await moved(kitchen, { from: "stage" });
  assert.deepEqual([back.devices.open(), back.store.get().call.mute], [["microphone"], false]);
  const without = await moved(kitchen, { from: "stage", microphone: false });
  assert.deepEqual(without.told.at(-1), ["mute", true]);
  assert.match(without.said ?? "", /Your microphone is muted/);
});

test("muted by a moderator there too", async () => {
  assert.match((await moved(kitchen, { more: { server_mute: true } })).said ?? "", /Your microphone is muted/);
});

test("moved on before the first room was known: the last one counts", async () => {
  const store = createStore(reduce, inHall([person("1", "maya")], { type: "voice" }));
  /** @type {(room: any) => void} */
  let answer = () => {};
  const api = /** @type {any} */ ({ room: () => new Promise((resolve) => (answer = resolve)) });
  /** @type {string[]} */
  const said = [];
  const router = { rename: (/** @type {string} */ path) => void said.push(path) };
  store.dispatch(event("moved", { channel_id: "7" }));
  const following = followMove({ api, store, router, notice: (text) => said.push(text) }, /** @type {any} */ ({}), "7", null, "voice");
  store.dispatch(event("moved", { channel_id: "8" }));
  answer(kitchen);
  await following;
  assert.deepEqual([said, store.get().rooms.open.room?.room_id], [[], "8"]);
});

function moderating() {
  const server = fakeApi();
  const store = createStore(reduce, inHall([person("1", "maya", speaking), person("2", "ann", listening)]));
  /** @type {string[]} */
  const notices = [];
  let changes = 0;
  const time = fakeEnv();
  const people = createPeople({ api: server.api, store, notice: (text) => notices.push(text), changed: () => changes++ }, time.env);
  return { server, time, store, notices, people, changes: () => changes };
}
const ann = { user_id: toUuid("2"), username: "ann" };

test("moving somebody is said, and to the room they are in it is nothing", async () => {
  const { server, people, notices, changes } = moderating();
  await people.move(ann, kitchen);
  await people.move(ann, stageRoom());
  assert.deepEqual(server.all("move").map(({ args }) => args), [["9", ann.user_id, "7"]]);
  assert.deepEqual([notices, changes()], [["ann is in Kitchen now."], 1]);
});

test("a full room is named", async () => {
  const { server, people, notices, changes } = moderating();
  server.refuse.set("move", () => refusal(409, "ROOM_FULL"));
  await people.move(ann, kitchen);
  server.refuse.set("move", () => refusal(409, "NOT_IN_VOICE"));
  await people.move(ann, kitchen);
  assert.deepEqual([notices, changes()], [["Kitchen is full.", "They are not in the room any more."], 0]);
});

test("whoever is invited is marked, once it is done and for as long as it stands", async () => {
  const { server, store, people, notices, time } = moderating();
  const mark = () => seating(store.get()).audience.map(({ invited }) => invited);
  server.refuse.set("inviteToSpeak", () => refusal(409, "NOT_IN_VOICE"));
  await people.invite(ann);
  assert.deepEqual([mark(), notices.length], [[false], 1]);
  server.refuse.clear();
  await people.invite(ann);
  assert.deepEqual([mark(), store.get().page.announcement], [[true], "ann is invited to speak."]);
  await time.pass(299_000);
  assert.deepEqual(mark(), [true]);
  await time.pass(1000);
  assert.deepEqual(mark(), [false]);
});
