// What breaks comes back by itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { allHearEachOther } from "./harness/seat.js";
import { Table } from "./harness/table.js";
import { until } from "./harness/wait.js";

test("after a crash of the server all pages come back and hear each other", async (context) => {
  const table = await Table.set(context);
  const seats = await table.seat("ann", "bea", "carl");
  await allHearEachOther(seats);
  const before = seats.map((seat) => seat.session);

  await table.server.kill();
  await table.server.run();
  await Promise.all(
    seats.map((seat, index) => until(`a new session of ${seat.name}`, () => seat.session !== before[index] && seat.slots.length > 0)),
  );
  await Promise.all(seats.map((seat) => seat.connected()));
  await allHearEachOther(seats);
  const there = await table.owner.participants(table.room);
  assert.deepEqual(there.map((one) => one.username).sort(), ["ann", "bea", "carl"]);
});

test("a page that is reloaded is back in its room", async (context) => {
  const table = await Table.set(context);
  const seats = await table.seat("ann", "bea");
  const [ann, bea] = seats;
  await allHearEachOther(seats);
  const before = ann.session;
  await ann.page.reload();
  await until("a new session", () => ann.session !== before);
  await ann.connected();
  await allHearEachOther(seats);
  assert.deepEqual(bea.events.filter((event) => event.type === "member.left"), []);
});
