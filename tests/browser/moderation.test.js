// What a moderator does holds in the packet path, from the reply on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { A_WHILE, IN_FLIGHT, allHearEachOther, nothingMoreOf } from "./harness/seat.js";
import { Table } from "./harness/table.js";
import { ui } from "./harness/ui.js";
import { until } from "./harness/wait.js";

/** @import { Seat } from "./harness/seat.js" */

/** Past the page, as any other client could. @param {Seat} seat @param {boolean} mute */
const setOwnMute = (seat, mute) => seat.account.must("PATCH", "/voice/state", { session_id: seat.session, mute });

test("a server mute silences at once and ends at once", async (context) => {
  const table = await Table.set(context);
  const seats = await table.seat("ann", "bea", "carl");
  const [ann, bea, carl] = seats;
  await allHearEachOther(seats);
  const mids = [bea.midOf(ann), carl.midOf(ann)];

  await table.owner.moderate(table.room, "mute", ann.account, { muted: true });
  await Promise.all([
    nothingMoreOf([bea], ann, mids.slice(0, 1), carl),
    nothingMoreOf([carl], ann, mids.slice(1), bea),
  ]);
  await ui.showsMark(bea.page, "ann", "server-muted", true);
  await ui.showsMark(ann.page, "ann", "server-muted", true);

  // Her own switch is locked, and what it would ask for does not help her.
  await ui.showsDisabled(ann.page, "mic", true);
  await setOwnMute(ann, true);
  await bea.told("member.updated", (event) => event.username === "ann" && event.mute);
  await setOwnMute(ann, false);
  await bea.told("member.updated", (event) => event.username === "ann" && !event.mute && event.server_mute);
  await nothingMoreOf([bea], ann, mids.slice(0, 1), carl);

  await table.owner.moderate(table.room, "mute", ann.account, { muted: false });
  await allHearEachOther(seats);
});

test("one's own mute is shown to the others", async (context) => {
  const table = await Table.set(context);
  const seats = await table.seat("ann", "bea");
  const [ann, bea] = seats;
  await allHearEachOther(seats);
  await ui.press(ann.page, "mic");
  await ui.showsMark(bea.page, "ann", "muted", true);
  await ui.showsMark(ann.page, "ann", "muted", true);
  await ui.press(ann.page, "mic");
  await ui.showsMark(bea.page, "ann", "muted", false);
  await allHearEachOther(seats);
});

test("who is deafened receives nothing", async (context) => {
  const table = await Table.set(context);
  const seats = await table.seat("ann", "bea", "carl");
  const [ann, bea, carl] = seats;
  await allHearEachOther(seats);

  await table.owner.moderate(table.room, "deafen", ann.account, { deafened: true });
  // What was under way to her is there once what came after it has come to another.
  await bea.receives(carl, IN_FLIGHT);
  const total = async () => (await ann.counters()).inbound.reduce((sum, one) => sum + one.packets, 0);
  const before = await total();
  await Promise.all([bea.receives(carl, A_WHILE), carl.receives(bea, A_WHILE)]);
  assert.equal(await total(), before, "packets still come to a deafened member");
  await ui.showsMark(carl.page, "ann", "server-deafened", true);

  await table.owner.moderate(table.room, "deafen", ann.account, { deafened: false });
  await allHearEachOther(seats);
});

test("who is kicked is out, is told so, and stays out", async (context) => {
  const table = await Table.set(context);
  const seats = await table.seat("ann", "bea", "carl");
  const [ann, bea, carl] = seats;
  await allHearEachOther(seats);
  const mid = bea.midOf(ann);
  const session = ann.session;

  await table.owner.moderate(table.room, "kick", ann.account);
  await ann.told("kicked");
  const joins = () => ann.requests.filter((request) => request === "POST /voice/join").length;
  const joined = joins();
  await ui.saysItEnded(ann.page, /removed you/i);
  await until("the end of her media", async () => (await ann.counters()).state === "none");

  await nothingMoreOf([bea], ann, [mid], carl);
  assert.equal(joins(), joined, "the page came back by itself");
  const there = await table.owner.participants(table.room);
  assert.deepEqual(there.map((one) => one.username).sort(), ["bea", "carl"]);

  for (const [method, path, body] of /** @type {const} */ ([
    ["POST", "/voice/signal", { session_id: session, type: "ice", candidate: null }],
    ["PATCH", "/voice/state", { session_id: session, mute: false }],
    ["POST", "/voice/leave", { session_id: session }],
  ])) {
    const answer = await ann.account.call(method, path, body);
    assert.ok([401, 404].includes(answer.status), `${method} ${path}: ${answer.status}`);
  }
  const events = await fetch(`${table.server.url}/voice/sessions/${session}/events?token=${ann.account.token}`, {
    headers: { accept: "text/event-stream" },
  });
  assert.ok([401, 404].includes(events.status), `events: ${events.status}`);
});

test("what a moderator does by the menu is shown to whom it is done", async (context) => {
  const table = await Table.set(context);
  const [ann, bea] = await table.open("ann", "bea");
  const { room_id: room } = await ann.account.makeRoom("Hers");
  await Promise.all([ann.enter(room), bea.enter(room)]);
  await allHearEachOther([ann, bea]);

  await ui.fromMenu(ann.page, "bea", "mod-mute");
  await ui.showsModerated(bea.page, /muted/i);
  await ui.showsDisabled(bea.page, "mic", true);
  for (const seat of [ann, bea]) await ui.showsMark(seat.page, "bea", "server-muted", true);
  await ui.fromMenu(ann.page, "bea", "mod-mute");
  await ui.showsMark(bea.page, "bea", "server-muted", false);
  await ui.showsDisabled(bea.page, "mic", false);

  await ui.fromMenu(ann.page, "bea", "mod-deafen");
  await ui.showsModerated(bea.page, /deafened/i);
  await ui.showsDisabled(bea.page, "deafen", true);
  for (const seat of [ann, bea]) await ui.showsMark(seat.page, "bea", "server-deafened", true);
  await ui.fromMenu(ann.page, "bea", "mod-deafen");
  await ui.showsMark(bea.page, "bea", "server-deafened", false);
  await allHearEachOther([ann, bea]);
});
