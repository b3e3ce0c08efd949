// What one does in a meeting: the door from both sides, hands, and admins' deeds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createAnnouncer } from "../../client/app/announcer.js";
import { MeetingPlace } from "../../client/app/meeting.js";
import { meetingDoorInWords } from "../../client/app/words.js";
import { ApiError } from "../../client/protocol/api.js";
import { unknownMeeting } from "../../client/state/meeting.js";
import { initialState, reduce } from "../../client/state/state.js";
import { createStore } from "../../client/state/store.js";
import { fakeCapture, fakeEnv, refusal, settle } from "../fakes.js";
import { event, person } from "../people.js";

/** @import { Action } from "../../client/state/state.js" */

const inside = (/** @type {string} */ id, /** @type {object} */ more = {}) => person(id, `name ${id}`, { admin: false, hand: false, ...more });

/** An admin, "me", in a meeting with these people. @param {any[]} [others] */
function admin(others = []) {
  const time = fakeEnv();
  const devices = fakeCapture();
  /** @type {Action[]} */
  const start = [
    { type: "room/found", room: unknownMeeting("9") },
    { type: "call/joining", room: "9" },
    { type: "call/joined", session: "me", self: "me" },
    event("state", { participants: [inside("me", { admin: true }), ...others], slots: [] }),
  ];
  const store = createStore(reduce, start.reduce(reduce, initialState));
  /** @type {any[]} */
  const asked = [];
  /** @type {Map<string, any>} */
  const refuse = new Map();
  const note = (/** @type {string} */ name) => async (/** @type {any[]} */ ...args) => {
    asked.push([name, ...args]);
    if (refuse.has(name)) throw refuse.get(name);
  };
  const names = ["nudge", "setHand", "react", "decide", "muteMember", "remove", "prefer"];
  const call = /** @type {any} */ (Object.fromEntries(names.map((name) => [name, note(name)])));
  /** @type {number[]} */
  const levels = [];
  call.handleOwnLevel = (/** @type {number} */ level) => levels.push(level);
  /** @type {string[]} */
  const notices = [];
  const place = new MeetingPlace({ api: /** @type {any} */ ({}), store, capture: devices.capture, notice: (text) => notices.push(text), amplitude: () => 0.5 }, time.env);
  place.begin(call);
  const announce = createAnnouncer(store);
  /** @param {string} type @param {object} rest */
  const hear = (type, rest) => {
    const told = event(type, rest);
    const before = store.get();
    announce(told.event);
    store.dispatch(told);
    place.handleEvent(told.event, before);
  };
  return { place, store, asked, levels, refuse, notices, hear, devices, time, said: () => store.get().page.announcement };
}

test("a nudge at most every five seconds", async () => {
  const { place, store, asked, time, said } = admin();
  store.dispatch({ type: "meeting/door", back: false });
  place.nudge();
  place.nudge();
  assert.deepEqual([asked.length, said()], [1, "They have been reminded."]);
  await time.pass(5000);
  place.nudge();
  assert.equal(asked.length, 2);
});

test("one's own level is one's own to tell, unless one is muted, by whomever", async () => {
  const { hear, levels, time, place } = admin();
  await time.pass(500);
  assert.deepEqual(levels, [0.5, 0.5]);
  hear("member.updated", inside("me", { admin: true, mute: true }));
  await time.pass(500);
  hear("member.updated", inside("me", { admin: true, server_mute: true }));
  await time.pass(500);
  assert.equal(levels.length, 2);
  hear("member.updated", inside("me", { admin: true }));
  place.end();
  await time.pass(500);
  assert.equal(levels.length, 2);
});

test("the hand goes up and down", () => {
  const { place, hear, asked } = admin();
  place.hand();
  hear("member.updated", inside("me", { admin: true, hand: true }));
  place.hand();
  assert.deepEqual(asked, [["setHand", true], ["setHand", false]]);
});

test("admitting: one at a time for each, all at once, and no word when somebody else was faster", async () => {
  const { place, hear, asked, refuse, notices } = admin();
  for (const member of ["v", "w"]) hear("waiting.joined", { member, name: member });
  refuse.set("decide", refusal(409));
  await Promise.all([place.decide("v", false), place.decide("v", true)]);
  await place.admitAll();
  assert.deepEqual([asked, notices], [[["decide", "v", false], ["decide", "v", true], ["decide", "w", true]], []]);
  refuse.set("decide", refusal(403));
  await place.decide("w", true);
  assert.deepEqual(notices, ["You may not do that here."]);
});

test("who waits is said to admins only", () => {
  const { hear, said } = admin();
  hear("waiting.joined", { member: "v", name: "Vera" });
  assert.equal(said(), "Vera is waiting to be let in.");
  hear("member.updated", inside("me", { admin: false }));
  hear("waiting.joined", { member: "w", name: "Will" });
  assert.equal(said(), "Vera is waiting to be let in.");
});

test("mute all mutes who is heard, and only them", async () => {
  const { place, asked, refuse, notices } = admin([inside("a"), inside("b", { mute: true }), inside("c", { server_mute: true })]);
  refuse.set("muteMember", refusal(409));
  await place.muteAll();
  assert.deepEqual([asked, notices], [[["muteMember", "sa", "audio", true]], []]);
});

test("the menu's deeds name the call", async () => {
  const { place, asked } = admin();
  await place.mute(inside("a", { server_mute: true }));
  await place.stopVideo(inside("a"));
  await place.remove(inside("a"));
  assert.deepEqual(asked, [["muteMember", "sa", "audio", false], ["muteMember", "sa", "video", true], ["remove", "sa"]]);
});

test("whose camera is stopped by an admin has it off, and is told", () => {
  const { hear, devices, notices } = admin();
  devices.capture.tracks.set("camera", {});
  hear("member.updated", inside("a", { server_video_mute: true }));
  assert.deepEqual(devices.open(), ["camera"], "that was somebody else's");
  hear("member.updated", inside("me", { server_video_mute: true }));
  hear("member.updated", inside("me", { server_video_mute: false }));
  assert.deepEqual([devices.open(), notices], [[], ["An admin stopped your camera.", "You may switch your camera on again."]]);
});

test("a reaction is shown, said, and gone", async () => {
  const { hear, store, said, time } = admin([inside("a")]);
  hear("reaction", { user_id: "a", reaction: "thumbs_up" });
  assert.equal(said(), "name a: Thumbs up.");
  hear("reaction", { user_id: "a", reaction: "unheard of" });
  assert.equal(said(), "name a: a reaction.");
  assert.equal(store.get().meeting.reactions.length, 2);
  await time.pass(4000);
  assert.deepEqual(store.get().meeting.reactions, []);
});

test("who is large here is asked for before others", async () => {
  const { place, asked } = admin([inside("a"), inside("b")]);
  place.look("speaker");
  place.pin("b");
  place.pin(null);
  place.look("grid");
  await settle();
  assert.deepEqual(asked, [["prefer", "sa"], ["prefer", "sb"], ["prefer", "sa"], ["prefer", null]]);
});

test("after the end nothing is done any more", async () => {
  const { place, asked } = admin([inside("a")]);
  place.end();
  place.hand();
  place.react("heart");
  await place.muteAll();
  place.pin("a");
  assert.deepEqual(asked, []);
});

test("why the door stays shut, in words", () => {
  const words = (/** @type {number} */ status, code = "", message = "no", typed = "", guest = true) =>
    meetingDoorInWords(new ApiError(status, code, message), { guest, typed });
  assert.match(words(401, "", "You'll need the correct password to get in the room"), /has a password/);
  assert.match(words(401, "", "You'll need the correct password to get in the room", "wrong"), /not right/);
  assert.match(words(403, "REJECTED"), /not let in.*half a minute/);
  assert.match(words(403, "", "not allowed for this room, turned away"), /not let in/);
  assert.match(words(404), /no such meeting/);
  assert.match(words(403), /Sign in/);
  assert.match(words(403, "", "no", "", false), /may not come in/);
  assert.match(words(401, "", "Can't authenticate"), /signed out/);
  assert.match(words(0), /cannot be reached/);
});
