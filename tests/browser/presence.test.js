// One account with several sessions is one member.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Account, EventStream } from "./harness/account.js";
import { Table } from "./harness/table.js";
import { ui } from "./harness/ui.js";
import { until } from "./harness/wait.js";

test("a tab and a program of one account are one member", async (context) => {
  const table = await Table.set(context);
  const watcher = await Account.register(table.server, "watcher");
  const { session_id: seat } = await watcher.must("POST", "/voice/join", { channel_id: table.room });
  const events = await EventStream.open(watcher, seat);
  context.after(() => events.close());

  const [ann] = await table.seat("ann");
  const request = { channel_id: table.room, client: "a program" };
  const { session_id: program } = await ann.account.must("POST", "/voice/join", request);
  const atProgram = await EventStream.open(ann.account, program);
  assert.notEqual(program, ann.session);
  const names = async () => (await table.owner.participants(table.room)).map((one) => one.username).sort();
  assert.deepEqual(await names(), ["ann", "watcher"]);
  // The tab is as good as before.
  await ann.account.must("PATCH", "/voice/state", { session_id: ann.session, mute: false });

  await ui.press(ann.page, "leave");
  await until("the end of the tab's media", async () => (await ann.counters()).state === "none");
  assert.deepEqual(await names(), ["ann", "watcher"]);
  assert.deepEqual(events.all("member.left"), []);

  await ann.account.must("POST", "/voice/leave", { session_id: program });
  await events.see("member.left", (event) => event.user_id === ann.account.uuid);
  atProgram.close();

  // What comes after it shows that nothing was said twice.
  const bob = await Account.register(table.server, "bob");
  await bob.must("POST", "/voice/join", { channel_id: table.room });
  await events.see("member.joined", (event) => event.username === "bob");
  const ofAnn = (/** @type {string} */ type) => events.all(type).filter((event) => event.user_id === ann.account.uuid);
  assert.equal(ofAnn("member.joined").length, 1);
  assert.equal(ofAnn("member.left").length, 1);
});
