// The page itself: on a phone, without a secure context, for somebody new.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Account, PASSWORD } from "./harness/account.js";
import { PLAIN_NAME } from "./harness/browser.js";
import { Seat } from "./harness/seat.js";
import { Table } from "./harness/table.js";
import { ui } from "./harness/ui.js";

/** @import { Page } from "playwright-core" */

/** @param {Page} page @param {string} where */
async function fits(page, where) {
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok((widths[0] ?? 0) <= (widths[1] ?? 0), `${where} is ${widths[0]} wide on a page of ${widths[1]}`);
}

test("somebody new signs up at the page, makes a room and is in it", async (context) => {
  const table = await Table.set(context);
  const page = await (await table.browser()).newPage({ baseURL: table.server.url });
  await page.goto("/");
  await ui.signUp(page, "newcomer", PASSWORD);
  await ui.makeRoom(page, "A quiet corner");
  await ui.enter(page);
  await ui.inRoom(page);
  const rooms = await table.owner.must("GET", "/api/v1/rooms?profile=all");
  assert.deepEqual(rooms.map((/** @type {any} */ room) => room.name).sort(), ["A quiet corner", "Round table"]);
});

test("a phone shows the whole width of every view", async (context) => {
  const table = await Table.set(context);
  const account = await Account.register(table.server, "ann");
  const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };
  const seat = await Seat.open(await table.browser(), account, phone);
  table.seats.push(seat);
  await fits(seat.page, "the list of rooms");
  await ui.visit(seat.page, table.room);
  await fits(seat.page, "the green room");
  await ui.enter(seat.page);
  await seat.connected();
  await fits(seat.page, "the room");
  await ui.press(seat.page, "people");
  await fits(seat.page, "the list of people");
});

test("a page without a secure context says that it has no microphone", async (context) => {
  const table = await Table.set(context);
  const account = await Account.register(table.server, "ann");
  const baseURL = `http://${PLAIN_NAME}:${table.server.port}`;
  const seat = await Seat.open(await table.browser(), account, { baseURL });
  table.seats.push(seat);
  await ui.visit(seat.page, table.room);
  assert.equal(await seat.page.evaluate(() => window.isSecureContext), false);
  await ui.saysOfMicrophone(seat.page, /https/);
});
