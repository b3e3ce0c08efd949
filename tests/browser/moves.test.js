// Moved to another room at the page of a moderator: the same connection goes on, in the other room.

import assert from "node:assert/strict";
import { test } from "node:test";
import { allHearEachOther, nothingMoreOf } from "./harness/seat.js";
import { Table } from "./harness/table.js";
import { ui } from "./harness/ui.js";
import { until } from "./harness/wait.js";

/** @import { Seat } from "./harness/seat.js" */

/**
 * Done when the reply to a move is there.
 * @param {Seat} seat of the moderator
 * @param {() => Promise<unknown>} press
 */
async function moves(seat, press) {
  const isMove = (/** @type {any} */ one) => one.url().endsWith("/voice/move");
  const [reply] = await Promise.all([seat.page.waitForResponse(isMove), press()]);
  assert.equal(reply.status(), 204);
}

/**
 * The connections that somebody's page has made, how many times it has asked the server about one, and
 * their session: a move changes none of it.
 * @param {Seat} seat
 */
async function connection(seat) {
  const { made, state } = await seat.counters();
  const signals = seat.requests.filter((request) => request === "POST /voice/signal").length;
  return { made, state, signals, session: seat.session };
}

/** One of the rooms with who is in it. @param {Table} table @param {string} room @param {string[]} names */
async function areIn(table, room, names) {
  const there = await table.owner.participants(room);
  assert.deepEqual(there.map((one) => one.username).sort(), names);
}

/**
 * The one who was moved and those of the room that it is now hear each other.
 * @param {Seat} moved
 * @param {Seat[]} others
 */
async function atHome(moved, others) {
  await Promise.all(others.flatMap((other) => [other.hears(moved), moved.hears(other)]));
}

test("moved by the menu and by dragging, a page goes on with the connection that it has", async (context) => {
  const table = await Table.set(context, { MEDIA_WORKERS: "2" });
  const [ann, bea, carl] = await table.open("ann", "bea", "carl");
  const { room_id: first } = await ann.account.makeRoom("The first");
  const { room_id: second } = await ann.account.makeRoom("The second");
  await Promise.all([ann.enter(first), bea.enter(first), carl.enter(second)]);
  // Heard by who stays behind: shows that the way there is open.
  const dora = await table.program("dora", first);
  await Promise.all([allHearEachOther([ann, bea]), ann.hears(dora), bea.hears(dora)]);
  const seats = [ann, bea, carl];
  const before = await Promise.all(seats.map(connection));
  assert.deepEqual(before.map(({ made, state }) => [made, state]), seats.map(() => [1, "connected"]));
  const goOn = async () => assert.deepEqual(await Promise.all(seats.map(connection)), before);

  const mid = ann.midOf(bea);
  await moves(ann, () => ui.fromMenu(ann.page, "bea", "mod-move", second));
  await nothingMoreOf([ann], bea, [mid], dora);
  await atHome(bea, [carl]);
  assert.deepEqual(bea.slots.filter((slot) => slot.user_id).map((slot) => slot.user_id), [carl.account.uuid]);
  await ui.showsMark(bea.page, "carl", "muted", false);
  await areIn(table, second, ["bea", "carl"]);
  await goOn();

  // Back by somebody else's request, and away again by dragging.
  const back = { user_id: bea.account.id, to_room_id: first };
  const left = carl.midOf(bea);
  await table.owner.must("POST", `/api/v1/rooms/${second}/voice/move`, back);
  await atHome(bea, [ann]);
  await bea.hears(dora);
  assert.equal(carl.midOf(bea), undefined, `still in ${left}`);
  await moves(ann, () => ui.drag(ann.page, "bea", second));
  await atHome(bea, [carl]);
  await goOn();

  // A program's turn.
  await moves(ann, () => ui.drag(ann.page, "dora", second));
  await Promise.all([bea.hears(dora), carl.hears(dora), dora.hears(carl)]);
  await areIn(table, first, ["ann"]);
  await areIn(table, second, ["bea", "carl", "dora"]);

  await goOn();

  // The page knows where it is.
  await bea.page.reload();
  await until("a new session", () => bea.session !== before[1]?.session);
  await bea.connected();
  await areIn(table, second, ["bea", "carl", "dora"]);
  await Promise.all([bea.hears(carl), carl.hears(bea)]);
});
