// Three people at three pages, each with a voice of their own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { allHearEachOther } from "./harness/seat.js";
import { Table } from "./harness/table.js";
import { ui } from "./harness/ui.js";

test("three people hear each other, and see the one with a camera", async (context) => {
  const table = await Table.set(context);
  const seats = await table.seat("ann", "bea", "carl");
  const [ann, bea, carl] = seats;
  await allHearEachOther(seats);
  await ui.showsSpeaking(bea.page, "ann");

  await ui.press(ann.page, "camera");
  await Promise.all([bea.sees(ann), carl.sees(ann)]);
  await Promise.all([ui.showsPicture(bea.page, ann.account.uuid), ui.showsPicture(carl.page, ann.account.uuid)]);

  await ui.press(ann.page, "camera");
  await Promise.all([bea, carl].map((seat) => seat.told("member.updated", (event) => event.username === "ann" && !event.video)));
  assert.equal(bea.midOf(carl, "camera"), undefined);
  await allHearEachOther(seats);
});
