// The button of a talk room, whatever holds it down, with the microphone and the words that go with it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Talk } from "../../client/app/talk.js";
import { listenForTalkKeys } from "../../client/app/talk-keys.js";
import { doorInWords, inWords } from "../../client/app/words.js";
import { ApiError } from "../../client/protocol/api.js";
import { ServerClock } from "../../client/protocol/clock.js";
import { initialState, reduce } from "../../client/state/state.js";
import { createStore } from "../../client/state/store.js";
import { fakeApi, fakeEnv, refusal, serverTime, settle } from "../fakes.js";

const me = { user_id: "1", username: "tom", display_name: "tom", permissions: "0" };
const people = [{ user_id: "1", username: "tom" }, { user_id: "2", username: "maya" }];

function inTalkRoom({ type = "talk", microphone = true, serverMute = false } = {}) {
  const time = fakeEnv();
  const server = fakeApi(time.env.now);
  const store = createStore(reduce, initialState);
  /** @type {(string | boolean)[]} */
  const told = [];
  const clock = new ServerClock(time.env);
  clock.handleStamp(serverTime(0));
  const call = /** @type {any} */ ({ clock, setTalking: (/** @type {boolean} */ on) => told.push(on) });
  const tracks = new Map(microphone ? [["microphone", { readyState: "live" }]] : []);
  const capture = /** @type {any} */ ({ tracks, open: async () => null });
  const talk = new Talk({ api: server.api, store, capture, notice: (text) => told.push(text) }, time.env);
  store.dispatch({ type: "account/in", me });
  store.dispatch({ type: "call/joining", room: "9" });
  talk.begin(call, { room_id: "9", type });
  /** @param {string} name @param {object} rest */
  const hear = (name, rest) => {
    const event = { type: name, seq: 1, ts: serverTime(time.env.now()), ...rest };
    store.dispatch({ type: "call/event", event });
    talk.handleEvent(event);
  };
  hear("state", { participants: people.map((one) => ({ ...one, server_mute: serverMute })), slots: [], floor: null });
  const asked = () => server.asked.map(({ name }) => name.replace("Floor", ""));
  return { talk, time, server, store, told, asked, hear };
}

test("in a talk room the microphone is shut until its turn, elsewhere it is open", () => {
  assert.deepEqual(inTalkRoom().told, [false]);
  const { talk, told, asked } = inTalkRoom({ type: "voice" });
  talk.hold("space");
  assert.deepEqual(told, [true]);
  assert.deepEqual(asked(), []);
});

test("held by two, it is let go with the last of them; what lets go of all does", async () => {
  const { talk, told, asked } = inTalkRoom();
  talk.hold("space");
  talk.hold("pointer");
  await settle();
  talk.drop("space");
  talk.drop("enter");
  assert.deepEqual(told, [false, true]);
  talk.drop("pointer");
  await settle();
  assert.deepEqual(told, [false, true, false]);
  talk.hold("pointer");
  await settle();
  talk.dropAll();
  await settle();
  assert.deepEqual(asked(), ["take", "release", "take", "release"]);
});

test("a device that can only press switches it", async () => {
  const { talk, asked } = inTalkRoom();
  talk.toggle();
  await settle();
  talk.toggle();
  await settle();
  assert.deepEqual(asked(), ["take", "release"]);
});

test("somebody else is speaking: a red light and a word for those who listen, no notice", async () => {
  const { talk, time, server, store, told, hear } = inTalkRoom();
  server.refuse.set("takeFloor", () => refusal(409));
  talk.hold("space");
  await settle();
  assert.equal(store.get().floor.refused, true);
  assert.equal(store.get().page.announcement, "Somebody else is speaking.");
  hear("floor", { user_id: "2", expires_at: serverTime(20_000) });
  assert.equal(store.get().floor.refused, false);
  talk.drop("space");
  talk.hold("space");
  await time.pass(2000);
  assert.equal(store.get().page.announcement, "maya is speaking.");
  assert.deepEqual(told, [false]);
  assert.equal(talk.isHeld, false, "the next press is a new one");
});

test("a turn that is lost says so, once", async () => {
  const { talk, time, server, told, hear } = inTalkRoom();
  talk.hold("space");
  await settle();
  hear("floor", { user_id: "1", expires_at: serverTime(20_000) });
  hear("floor", { user_id: "2", expires_at: serverTime(20_000) });
  assert.deepEqual(told, [false, true, false, "Your turn has ended: maya is speaking now."]);
  talk.drop("space");
  hear("floor", { user_id: null, expires_at: null });
  talk.hold("space");
  await settle();
  server.refuse.set("keepFloor", () => refusal(0));
  await time.pass(20_000);
  assert.match(String(told.at(-1)), /^Connection lost/);
});

test("muted by a moderator it is let go, and does not go down again", async () => {
  const { talk, told, asked, hear } = inTalkRoom();
  talk.hold("space");
  await settle();
  hear("member.updated", { ...people[0], server_mute: true });
  await settle();
  assert.deepEqual(told, [false, true, false]);
  talk.hold("space");
  assert.deepEqual([told.at(-1), talk.isHeld], ["A moderator muted you.", false]);
  assert.deepEqual(asked(), ["take", "release"]);
});

test("without a microphone nobody else is kept waiting for it", async () => {
  const { talk, told, asked } = inTalkRoom({ microphone: false });
  talk.hold("space");
  await settle();
  assert.deepEqual(asked(), []);
  assert.equal(told.at(-1), "There is no microphone to speak into.");
});

test("the seconds are the server's", async () => {
  const { talk, time } = inTalkRoom();
  const end = Date.parse(serverTime(20_000));
  assert.equal(talk.secondsLeft(end), 20);
  await time.pass(12_400);
  assert.equal(talk.secondsLeft(end), 8);
});

/** As much of a page as the keys need. */
class FakeElement {
  isContentEditable = false;
  /** @param {string} tagName @param {string} testid */
  constructor(tagName, testid = "") {
    this.tagName = tagName;
    this.dataset = { testid };
  }

  matches() {
    return this.tagName === "BUTTON";
  }
}

function keyboard() {
  /** @type {Map<string, (event: any) => void>} */
  const listeners = new Map();
  const listen = (/** @type {string} */ name, /** @type {(event: any) => void} */ act) => {
    const before = listeners.get(name);
    listeners.set(name, (event) => (before?.(event), act(event)));
  };
  const page = { visibilityState: "visible", addEventListener: listen };
  Object.assign(globalThis, { addEventListener: listen, document: page, HTMLElement: FakeElement });
  /** @type {string[]} */
  const told = [];
  const talk = /** @type {any} */ ({
    isHeld: false,
    hold: (/** @type {string} */ by) => told.push(`hold ${by}`),
    drop: (/** @type {string} */ by) => told.push(`drop ${by}`),
    dropAll: () => told.push("drop all"),
  });
  let active = true;
  listenForTalkKeys(talk, () => active);
  /** @param {string} name @param {object} [event] */
  const happen = (name, event = {}) => {
    let prevented = false;
    listeners.get(name)?.({ ...event, preventDefault: () => (prevented = true) });
    return prevented;
  };
  /** @param {string} key @param {FakeElement} [target] @param {object} [more] */
  const press = (key, target = new FakeElement("BODY"), more = {}) => happen("keydown", { key, target, ...more });
  return { told, happen, press, page, set: (/** @type {boolean} */ on) => (active = on) };
}

test("the space bar holds, its repeats do not, and it scrolls nothing", () => {
  const { told, press, happen } = keyboard();
  assert.equal(press(" "), true);
  assert.equal(press(" ", undefined, { repeat: true }), true);
  happen("keyup", { key: " ", target: new FakeElement("BODY") });
  assert.deepEqual(told, ["hold space", "drop space"]);
});

test("not while typing, not with a modifier, not outside of a talk room", () => {
  const { told, press, set } = keyboard();
  for (const tag of ["INPUT", "TEXTAREA", "SELECT"]) assert.equal(press(" ", new FakeElement(tag)), false);
  press(" ", undefined, { ctrlKey: true });
  set(false);
  assert.equal(press(" "), false);
  assert.deepEqual(told, []);
});

test("on a control one has walked to with Tab the space bar presses that; on one merely clicked it talks", () => {
  const { told, press, happen } = keyboard();
  const control = new FakeElement("BUTTON", "camera");
  press("Tab");
  assert.equal(press(" ", control), false);
  happen("pointerdown");
  assert.equal(press(" ", control), true);
  assert.deepEqual(told, ["hold space"]);
});

test("on the button itself both keys hold", () => {
  const { told, press } = keyboard();
  const button = new FakeElement("BUTTON", "ptt");
  press("Tab");
  press(" ", button);
  press("Enter", button);
  press("Enter", new FakeElement("BUTTON", "camera"));
  assert.deepEqual(told, ["hold space", "hold enter"]);
});

test("a window that loses sight of the key lets go", () => {
  const { told, happen, page } = keyboard();
  happen("blur");
  happen("pagehide");
  happen("visibilitychange");
  assert.equal(told.length, 2, "it was still visible");
  page.visibilityState = "hidden";
  happen("visibilitychange");
  assert.equal(told.length, 3);
});

test("at the door, in plain words", () => {
  const full = new ApiError(409, "", "Channel is full (2 of 2)");
  const wrong = new ApiError(403, "", "Invalid password");
  assert.equal(inWords(full), "This room is full (2 of 2).");
  assert.equal(doorInWords(full, { hasPassword: true, typed: "x" }), "This room is full (2 of 2).");
  assert.equal(doorInWords(wrong, { hasPassword: true, typed: "x" }), "That password is not right.");
  assert.match(doorInWords(wrong, { hasPassword: true, typed: "" }), /has a password/);
});
