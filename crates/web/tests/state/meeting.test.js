// A meeting as the state knows it: doors, hands in order, who is large.

import assert from "node:assert/strict";
import { test } from "node:test";
import { initialState, reduce } from "../../client/state/state.js";
import { focused, handPosition, inMeeting, isAdmin, raisedHands, unknownMeeting, unmutedOthers } from "../../client/state/meeting.js";
import { moderation, myself, people, pictures, sending } from "../../client/state/select.js";
import { event, person } from "../people.js";

/** @import { Action, State } from "../../client/state/state.js" */

const inside = (/** @type {string} */ id, /** @type {object} */ more = {}) => person(id, `name ${id}`, { admin: false, hand: false, ...more });

/** A guest, "me", is in a meeting with these people. @param {object[]} others @param {object} [mine] @returns {State} */
function meeting(others, mine = {}) {
  /** @type {Action[]} */
  const start = [
    { type: "account/out" },
    { type: "room/found", room: unknownMeeting("9") },
    { type: "call/joining", room: "9" },
    { type: "call/joined", session: "me", self: "me" },
    event("state", { participants: [inside("me", mine), ...others], slots: [] }),
  ];
  return start.reduce(reduce, initialState);
}

/** @param {State} state @param {Action[]} actions */
const after = (state, ...actions) => actions.reduce(reduce, state);

test("without an account one is who the call says", () => {
  const state = meeting([inside("a")]);
  assert.equal(myself(state)?.user_id, "me");
  assert.deepEqual(people(state).map(({ person, isMe }) => [person.user_id, isMe]), [["me", true], ["a", false]]);
  assert.equal(inMeeting(state), true);
  const own = after(state, { type: "call/own", change: { camera: true } });
  assert.deepEqual(pictures(own).map(({ userId, mid }) => [userId, mid]), [["me", null]]);
});

test("what an admin may is the meeting's word, whatever one's account may elsewhere", () => {
  const nothing = { mute: false, stop: false, deafen: false, kick: false, move: false, stage: false };
  assert.deepEqual([isAdmin(meeting([])), moderation(meeting([]))], [false, nothing]);
  const admin = meeting([], { admin: true });
  assert.deepEqual([isAdmin(admin), moderation(admin)], [true, { ...nothing, mute: true, stop: true, kick: true }]);
  const room = { ...unknownMeeting("9"), permissions: "0" };
  assert.deepEqual(sending(after(admin, { type: "room/found", room })), { microphone: true, camera: true, screen: true });
});

test("at the door: held, reminded, and in", () => {
  const asking = after(initialState, { type: "call/joining", room: "9" }, { type: "meeting/door", back: false });
  assert.deepEqual(asking.meeting.door, { back: false, nudged: false });
  const nudged = after(asking, { type: "meeting/nudged", nudged: true });
  assert.equal(nudged.meeting.door?.nudged, true);
  assert.equal(after(nudged, { type: "call/joined", session: "me", self: "me" }).meeting.door, null);
  assert.equal(after(nudged, { type: "call/refused", error: "no" }).meeting.door, null);
  assert.equal(after(nudged, { type: "call/left" }, { type: "meeting/nudged", nudged: false }).meeting.door, null);
});

test("a name and a wanted password outlast a refusal; the password not another room", () => {
  const refused = after(
    initialState,
    { type: "meeting/guest", name: "Gus" },
    { type: "call/joining", room: "9" },
    { type: "meeting/password", wanted: true },
    { type: "call/refused", error: "no" },
  );
  assert.deepEqual([refused.meeting.guest, refused.meeting.wantsPassword], ["Gus", true]);
  const other = after(refused, { type: "room/found", room: unknownMeeting("10") });
  assert.deepEqual([other.meeting.guest, other.meeting.wantsPassword], ["Gus", false]);
});

test("hands are in the order in which they went up", () => {
  const up = (/** @type {string} */ minute) => ({ hand: true, requested_at: `2026-01-29T12:${minute}:00Z` });
  const state = meeting([inside("a", up("05")), inside("b", up("01")), inside("c", { hand: true }), inside("d")]);
  assert.deepEqual(raisedHands(state).map(({ user_id }) => user_id), ["b", "a", "c"]);
  const more = after(state, event("member.updated", inside("d", { hand: true })), event("member.updated", inside("b")));
  assert.deepEqual(more.meeting.hands, ["a", "c", "d"]);
  assert.deepEqual([handPosition(more, "d"), handPosition(more, "b")], [3, null]);
  const muted = after(more, event("member.updated", inside("a", { hand: true, mute: true })));
  assert.deepEqual(muted.meeting.hands, ["a", "c", "d"], "another change is no second hand");
  assert.deepEqual(after(more, event("member.left", { user_id: "a" })).meeting.hands, ["c", "d"]);
});

test("who waits, in order, each once", () => {
  const state = after(
    meeting([]),
    event("waiting", { people: [{ member: "w", name: "Will" }] }),
    event("waiting.joined", { member: "v", name: "Vera" }),
    event("waiting.joined", { member: "w", name: "Will" }),
  );
  assert.deepEqual(state.meeting.waiting.map(({ name }) => name), ["Will", "Vera"]);
  assert.deepEqual(after(state, event("waiting.left", { member: "w" })).meeting.waiting.map(({ name }) => name), ["Vera"]);
  assert.deepEqual(after(state, { type: "call/over", reason: "removed", text: "", again: true }).meeting.waiting, []);
});

test("who is large: nobody in the grid, who speaks or is pinned otherwise, and screens before speakers", () => {
  const state = meeting([inside("a"), inside("b")]);
  const speaks = event("speaker", { user_id: "b" });
  assert.equal(focused(after(state, speaks)), null);
  const look = after(state, { type: "meeting/look", look: "speaker" });
  assert.equal(focused(look), "a");
  assert.equal(focused(after(look, speaks)), "b");
  assert.equal(focused(after(look, speaks, event("speaker", { user_id: null }))), "b", "in a pause the picture stays");
  assert.equal(focused(after(look, event("speaker", { user_id: "me" }))), "a", "nobody looks at themselves");
  assert.equal(focused(after(look, speaks, event("member.updated", inside("a", { screen: true })))), null);
  const pinned = after(look, speaks, { type: "meeting/pinned", userId: "a" });
  assert.equal(focused(pinned), "a");
  assert.equal(focused(after(pinned, event("member.left", { user_id: "a" }))), "b");
  assert.equal(focused(after(pinned, { type: "meeting/look", look: "grid" })), null);
  assert.equal(focused(after(meeting([]), { type: "meeting/look", look: "speaker" })), null);
});

test("whom mute all is about", () => {
  const state = meeting([inside("a"), inside("b", { mute: true }), inside("c", { server_mute: true })]);
  assert.deepEqual(unmutedOthers(state).map(({ user_id }) => user_id), ["a"]);
});

test("reactions come and go, and are never too many", () => {
  const burst = (/** @type {number} */ id) => /** @type {Action} */ ({ type: "meeting/reacted", reaction: { id, userId: "a", reaction: "heart" } });
  const state = after(meeting([inside("a")]), ...Array.from({ length: 40 }, (_, id) => burst(id)));
  assert.equal(state.meeting.reactions.length, 24);
  assert.equal(after(state, { type: "meeting/faded", id: 39 }).meeting.reactions.length, 23);
});
