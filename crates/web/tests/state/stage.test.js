// Who sits where in a stage, who is next in line, and the invitation to speak.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toUuid } from "../../client/protocol/ids.js";
import { otherRooms, sending } from "../../client/state/select.js";
import { invitation, isListening, myPosition, myRole, seating } from "../../client/state/stage.js";
import { reduce } from "../../client/state/state.js";
import { asking, event, inHall, listening, person, speaking } from "../people.js";

/** @import { Action, State } from "../../client/state/state.js" */
/** @import { Seated } from "../../client/state/stage.js" */

const maya = (/** @type {object} */ more = {}) => person("1", "maya", { ...listening, ...more });
const ann = (/** @type {object} */ more = {}) => person("2", "ann", { ...listening, ...more });
const zoe = (/** @type {object} */ more = {}) => person("3", "zoe", { ...speaking, ...more });

const names = (/** @type {Seated[]} */ seats) => seats.map(({ person, position }) => person.username + (position ?? ""));
/** @param {State} state @param {Action[]} actions */
const then = (state, ...actions) => actions.reduce(reduce, state);

test("speakers, and the audience with the hands first in the order they went up", () => {
  const state = inHall([zoe(), maya(asking("07")), ann(), person("4", "bob", asking("03")), person("5", "cid", listening)]);
  const { speakers, audience, hands } = seating(state);
  assert.deepEqual([names(speakers), names(hands), names(audience)], [["zoe"], ["bob1", "maya2"], ["bob1", "maya2", "ann", "cid"]]);
  assert.equal(myPosition(state), 2);
  const moved = then(state, event("member.updated", person("4", "bob", speaking)));
  assert.deepEqual([names(seating(moved).speakers), myPosition(moved)], [["bob", "zoe"], 1]);
});

test("two hands in one instant have one order everywhere", () => {
  const orders = [[ann(asking("01")), person("4", "bob", asking("01"))], [person("4", "bob", asking("01")), ann(asking("01"))]];
  for (const people of orders) assert.deepEqual(names(seating(inHall([maya(), ...people])).hands), ["ann1", "bob2"]);
});

test("a hand that is taken down is not left standing", () => {
  const up = inHall([maya(asking("01"))]);
  assert.equal(myPosition(up), 1);
  assert.equal(myPosition(then(up, event("member.updated", maya()))), null);
});

test("my place is what the room says, and nothing before it has spoken", () => {
  assert.deepEqual([myRole(inHall([])), isListening(inHall([]))], [null, true]);
  const state = inHall([maya()]);
  assert.deepEqual([myRole(state), isListening(state)], ["listener", true]);
  const up = then(state, event("member.updated", person("1", "maya", { ...speaking, by: "3" })));
  assert.deepEqual([myRole(up), isListening(up)], ["speaker", false]);
  assert.equal("by" in (up.call.people["1"] ?? {}), false);
});

test("on a stage one may speak whatever the room's mask says, but not show a picture", () => {
  assert.deepEqual(sending(inHall([maya()])), { microphone: true, camera: false, screen: false });
  assert.deepEqual(sending(inHall([maya()], { type: "voice" })), { microphone: true, camera: false, screen: false }, "the roles say it is a stage");
  const voice = inHall([person("1", "maya")], { type: "voice" });
  assert.equal(sending(voice).microphone, false);
  assert.equal(isListening(voice), false);
});

const invited = event("stage.invited", { by: toUuid("3"), expires_at: "2026-01-29T12:05:00Z" });

test("an invitation says who and until when, and ends as it is answered or told", () => {
  const state = then(inHall([maya(), zoe()]), invited);
  assert.deepEqual(invitation(state), { by: toUuid("3"), name: "zoe", expiresAt: Date.parse("2026-01-29T12:05:00Z") });
  /** @type {Action[]} */
  const ends = [
    { type: "stage/answered", user: "1" },
    event("stage.invite_ended", { user_id: toUuid("1"), why: "expired" }),
    event("stage.invite_ended", { user_id: toUuid("1"), why: "revoked" }),
    event("member.updated", person("1", "maya", speaking)),
    event("moved", { channel_id: toUuid("7") }),
    { type: "call/left" },
  ];
  for (const end of ends) assert.equal(invitation(then(state, end)), null, JSON.stringify(end));
});

test("an invitation does not come back with the next role", () => {
  const state = then(inHall([maya()]), invited, event("member.updated", person("1", "maya", speaking)), event("member.updated", maya()));
  assert.equal(invitation(state), null);
});

test("somebody else's answer leaves mine standing", () => {
  const state = then(inHall([maya(), ann()]), invited, event("stage.invite_ended", { user_id: toUuid("2"), why: "declined" }));
  assert.notEqual(invitation(state), null);
});

test("after a reload there is an invitation without its end; declined, it stays away", () => {
  const state = inHall([maya({ invited: true })]);
  assert.deepEqual(invitation(state), { by: null, name: null, expiresAt: null });
  assert.equal(invitation(then(state, { type: "stage/answered", user: "1" })), null);
});

test("an invitation that ended while nobody could tell is not shown on", () => {
  const state = then(inHall([maya()]), invited, event("state", { participants: [maya()], slots: [] }));
  assert.equal(invitation(state), null);
  const still = then(inHall([maya()]), invited, event("state", { participants: [maya({ invited: true })], slots: [] }));
  assert.notEqual(invitation(still)?.expiresAt, null);
});

test("whom one has invited is marked until they answer, leave, or time is up", () => {
  const state = then(inHall([maya(), ann()]), { type: "stage/asked", user: toUuid("2") });
  const mark = (/** @type {State} */ now) => seating(now).audience.some((one) => one.person.username === "ann" && one.invited);
  assert.equal(mark(state), true);
  assert.equal(mark(then(state, event("member.updated", ann(asking("01"))))), true, "raising a hand is no answer");
  /** @type {Action[]} */
  const ends = [
    event("stage.invite_ended", { user_id: "2", why: "declined" }),
    { type: "stage/lapsed", user: "2" },
  ];
  for (const end of ends) assert.equal(mark(then(state, end)), false, JSON.stringify(end));
  const went = then(state, event("member.left", { user_id: "2", reason: "left" }), event("member.joined", ann()));
  assert.equal(mark(went), false);
  const spoke = then(state, event("member.updated", ann(speaking)), event("member.updated", ann()));
  assert.equal(mark(spoke), false);
});

test("topic and name are the room's word", () => {
  const state = then(inHall([maya()]), event("room.updated", { captions: true, topic: "Bees", name: "Big hall" }));
  const { topic, name, captions } = state.rooms.open.room ?? {};
  assert.deepEqual([topic, name, captions], ["Bees", "Big hall", true]);
  const none = then(state, event("room.updated", { captions: true, topic: null, name: "Big hall" }));
  assert.equal(none.rooms.open.room?.topic, null);
  const older = then(state, event("room.updated", { captions: false }));
  assert.equal(older.rooms.open.room?.topic, "Bees", "a server that does not tell it changes nothing");
});

test("moved: nothing of the old room is left, and the new one says what it is", () => {
  const hall = inHall([maya(asking("01")), zoe()], { topic: "Bees", permissions: String(1n << 16n), has_password: true });
  const on = then(hall, { type: "floor/refused", refused: true }, { type: "captions/on", on: true }, event("moved", { channel_id: toUuid("7") }));
  assert.deepEqual([on.call.room, on.call.people, on.call.slots, on.floor.holder], ["7", {}, [], null]);
  assert.deepEqual([on.rooms.open.room?.room_id, on.rooms.open.room?.permissions, on.rooms.open.room?.has_password], ["7", null, false]);
  assert.equal(on.call.session, "s1");
  const told = then(on, event("state", { name: "Kitchen", topic: null, captions: false, participants: [person("1", "maya")], slots: [] }));
  const { name, type, topic } = told.rooms.open.room ?? {};
  assert.deepEqual([name, type, topic, isListening(told)], ["Kitchen", "voice", null, false]);
  const back = then(told, event("moved", { channel_id: "9" }), event("state", { name: "Hall", participants: [maya()], slots: [] }));
  assert.deepEqual([back.rooms.open.room?.type, isListening(back)], ["stage", true]);
});

test("a talk room does not become another for having no roles", () => {
  assert.equal(inHall([person("1", "maya")], { type: "talk" }).rooms.open.room?.type, "talk");
});

test("people are moved to other rooms only, where one may", () => {
  const room = (/** @type {string} */ room_id, /** @type {bigint} */ mask) => /** @type {any} */ ({ room_id, name: room_id, permissions: String(mask) });
  const move = 1n << 13n;
  const state = then(inHall([maya()]), { type: "rooms/loaded", list: [room("9", move), room("7", move), room("8", 1n)] });
  assert.deepEqual(otherRooms(state).map(({ room_id }) => room_id), ["7"]);
});
