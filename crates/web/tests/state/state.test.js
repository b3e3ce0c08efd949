// Reducers and selectors, as scripts of actions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initialState, reduce } from "../../client/state/state.js";
import { createStore } from "../../client/state/store.js";
import { moderation, myself, people, pictures, trouble, voiceSlot } from "../../client/state/select.js";

/** @import { Action } from "../../client/state/state.js" */

/** @param {string} id @param {string} username @param {object} [more] */
function person(id, username, more = {}) {
  const base = { user_id: id, username, session_id: `s${id}`, mute: false, deaf: false, server_mute: false };
  return { ...base, server_deaf: false, speaking: false, video: false, screen: false, via: "voice_service", ...more };
}

/** @param {string} mid @param {"audio" | "video"} kind @param {string | null} user @param {string | null} source */
const slot = (mid, kind, user, source) => ({ mid, kind, user_id: user, session_id: user && `s${user}`, source });

/** @param {string} type @param {object} rest @returns {Action} */
const event = (type, rest) => ({ type: "call/event", event: { type, seq: 1, ts: "", ...rest } });

const me = { user_id: "1", username: "maya", display_name: "maya", permissions: "0" };
const connected = /** @type {const} */ ({ media: "connected", events: "open", joining: false });

/** @param {Action[]} actions */
function after(...actions) {
  /** @type {Action[]} */
  const start = [
    { type: "account/in", me },
    { type: "call/joining", room: "9" },
    { type: "call/joined", session: "mine" },
    { type: "call/link", link: connected },
    event("state", { participants: [person("1", "maya"), person("3", "zoe"), person("2", "ann")], slots: [] }),
  ];
  return [...start, ...actions].reduce(reduce, initialState);
}

const names = (/** @type {import("../../client/state/state.js").State} */ state) => people(state).map((one) => one.person.username);

test("oneself first, then by name", () => {
  assert.deepEqual(names(after()), ["maya", "ann", "zoe"]);
  assert.equal(myself(after())?.session_id, "s1");
});

test("people come, change and go", () => {
  const came = after(event("member.joined", person("4", "bob")));
  assert.deepEqual(names(came), ["maya", "ann", "bob", "zoe"]);
  const muted = reduce(came, event("member.updated", person("4", "bob", { server_mute: true })));
  assert.equal(muted.call.people["4"]?.server_mute, true);
  assert.deepEqual(names(reduce(muted, event("member.left", { user_id: "4", reason: "left" }))), names(after()));
});

test("a state is the whole truth", () => {
  const state = after(event("state", { participants: [person("2", "ann")], slots: [slot("3", "audio", "2", "microphone")] }));
  assert.deepEqual(names(state), ["ann"]);
  assert.equal(voiceSlot(state, "2"), "3");
});

test("speaking of somebody unknown, and events of tomorrow, change nothing", () => {
  const state = after();
  assert.equal(reduce(state, event("speaking.started", { user_id: "99" })), state);
  assert.equal(reduce(state, event("hand.raised", { user_id: "2" })), state);
  assert.equal(after(event("speaking.started", { user_id: "2" })).call.people["2"]?.speaking, true);
});

test("pictures: the others' screens first, an empty slot is none", () => {
  const state = after(
    event("slots", { slots: [slot("11", "video", "2", "camera"), slot("12", "video", "3", "screen"), slot("13", "video", null, null)] }),
    { type: "call/own", change: { camera: true } },
  );
  assert.deepEqual(pictures(state).map(({ key }) => key), ["s3/screen", "s2/camera", "me/camera"]);
  const freed = reduce(state, event("slots", { slots: [slot("12", "video", null, null)] }));
  assert.deepEqual(pictures(freed).map(({ key }) => key), ["s2/camera", "me/camera"]);
});

test("the banner says what still works, and nothing while all is well", () => {
  /** @param {object} link */
  const said = (link) => trouble(after({ type: "call/link", link: { ...connected, ...link } }));
  assert.equal(said({}), null);
  assert.match(said({ events: "lost" })?.detail ?? "", /Sound may still/);
  assert.match(said({ media: "broken" })?.detail ?? "", /still see/);
  assert.match(said({ joining: true, media: "broken", events: "lost" })?.title ?? "", /Trying again/);
});

test("the end keeps why, and what one chose for oneself", () => {
  const state = after(
    { type: "call/own", change: { mute: true } },
    { type: "call/over", reason: "kicked", text: "Ann removed you from this room.", again: true },
  );
  assert.equal(state.call.phase, "over");
  assert.equal(state.call.mute, true);
  assert.deepEqual(people(state), []);
  assert.equal(reduce(state, { type: "call/left" }).call.mute, false);
});

test("who may moderate is the room's word", () => {
  const room = /** @type {any} */ ({ room_id: "9", name: "x", permissions: String((1n << 11n) | (1n << 13n)) });
  const nothing = { mute: false, stop: false, deafen: false, kick: false, move: false, stage: false };
  assert.deepEqual(moderation(after({ type: "room/found", room })), { ...nothing, mute: true, kick: true, move: true });
  const stage = /** @type {any} */ ({ room_id: "9", name: "x", type: "stage", permissions: String(1n << 16n) });
  assert.deepEqual(moderation(after({ type: "room/found", room: stage })), { ...nothing, stage: true });
  assert.deepEqual(moderation(after({ type: "room/found", room: { ...stage, type: "voice" } })), nothing);
  assert.deepEqual(moderation(after()), nothing);
});

test("rooms are sorted, and forget people of rooms that are gone", () => {
  const room = (/** @type {string} */ room_id, /** @type {string} */ name) => /** @type {any} */ ({ room_id, name });
  const state = after(
    { type: "rooms/loaded", list: [room("2", "b"), room("1", "a")] },
    { type: "rooms/people", room: "2", people: [person("2", "ann")] },
    { type: "rooms/loaded", list: [room("1", "a")] },
  );
  assert.deepEqual(state.rooms.list.map(({ name }) => name), ["a"]);
  assert.deepEqual(state.rooms.people, {});
});

test("the store tells of changes only", () => {
  const store = createStore(reduce, initialState);
  let told = 0;
  const stop = store.subscribe(() => told++);
  store.dispatch({ type: "devices/hearing", blocked: false });
  assert.equal(told, 0);
  store.dispatch({ type: "devices/hearing", blocked: true });
  stop();
  store.dispatch({ type: "devices/hearing", blocked: false });
  assert.equal(told, 1);
});
