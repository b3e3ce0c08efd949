// What the button and the light of a talk room show.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toUuid } from "../../client/protocol/ids.js";
import { floorView, hasFloor } from "../../client/state/floor.js";
import { mayManage } from "../../client/state/select.js";
import { initialState, reduce } from "../../client/state/state.js";

/** @import { Action, State } from "../../client/state/state.js" */

const me = { user_id: "1", username: "tom", display_name: "tom", permissions: "0" };
const ENDS = "2026-01-29T12:00:20Z";

/** @param {string} type @param {object} rest @returns {Action} */
const event = (type, rest) => ({ type: "call/event", event: { type, seq: 1, ts: "2026-01-29T12:00:00Z", ...rest } });
/** @param {string | null} user */
const floor = (user) => event("floor", { user_id: user && toUuid(user), expires_at: user && ENDS });
/** @param {"idle" | "asking" | "talking" | "returning"} phase @returns {Action} */
const own = (phase) => ({ type: "floor/own", phase, expiresAt: phase === "talking" ? Date.parse(ENDS) : null, user: "1" });

/** @param {Action[]} actions */
function after(...actions) {
  const participants = [{ user_id: toUuid("1"), username: "tom" }, { user_id: toUuid("2"), username: "maya" }];
  /** @type {Action[]} */
  const start = [
    { type: "account/in", me },
    { type: "call/joining", room: "9" },
    event("state", { participants, slots: [], floor: { user_id: toUuid("2"), expires_at: ENDS }, captions: true }),
  ];
  return [...start, ...actions].reduce(reduce, initialState);
}

/** @param {State} state */
const view = (state) => {
  const { kind, name, elsewhere } = floorView(state);
  return [kind, name, elsewhere];
};

test("whoever comes in sees who is speaking, and until when", () => {
  assert.deepEqual(floorView(after()), { kind: "taken", userId: toUuid("2"), name: "maya", expiresAt: Date.parse(ENDS), elsewhere: false });
  assert.ok(hasFloor(after(), "2"));
  assert.deepEqual(view(after(floor(null))), ["free", null, false]);
});

test("asking, speaking and giving back", () => {
  const free = after(floor(null));
  assert.deepEqual(view(reduce(free, own("asking"))), ["asking", null, false]);
  const mine = [own("talking"), floor("1")].reduce(reduce, free);
  assert.deepEqual(view(mine), ["mine", "tom", false]);
  assert.ok(hasFloor(mine, "1"));
  const back = reduce(mine, own("returning"));
  assert.deepEqual(view(back), ["free", null, false]);
  assert.deepEqual(view(reduce(back, own("idle"))), ["free", null, false], "before the event that says so");
});

test("one's own turn in another window is not this one's", () => {
  assert.deepEqual(view(after(floor("1"))), ["free", "tom", true]);
});

test("refused before the events say who: taken by somebody, until they do", () => {
  const state = after(floor(null), { type: "floor/refused", refused: true });
  assert.deepEqual(view(state), ["taken", null, false]);
  assert.deepEqual(view(reduce(state, floor("2"))), ["taken", "maya", false]);
  assert.deepEqual(view(reduce(state, { type: "floor/refused", refused: false })), ["free", null, false]);
});

test("leaving forgets it", () => {
  assert.deepEqual(reduce(after(), { type: "call/left" }).floor, initialState.floor);
});

test("a room is managed by its maker, by who may, and by administrators", () => {
  /** @param {string | null} createdBy @param {bigint} mask */
  const may = (createdBy, mask) =>
    mayManage(after({ type: "room/found", room: /** @type {any} */ ({ room_id: "9", created_by: createdBy, permissions: String(mask) }) }));
  assert.equal(may("1", 0n), true);
  assert.equal(may("2", 0n), false);
  assert.equal(may(null, 1n << 24n), true);
  assert.equal(may("2", 1n << 62n), true);
});
