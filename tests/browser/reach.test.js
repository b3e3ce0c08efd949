// Pages that do not reach the server's media the short way, and pages whose network changes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { allHearEachOther } from "./harness/seat.js";
import { relaying } from "./harness/server.js";
import { Table } from "./harness/table.js";
import { until } from "./harness/wait.js";

for (const [transport, relay] of Object.entries({ udp: "^turn:.*=udp$", tcp: "^turn:.*=tcp$", tls: "^turns:.*=tcp$" })) {
  test(`a page that may only use the relay over ${transport} hears the room`, async (context) => {
    const table = await Table.set(context, { ...(await relaying()), TLS: "self" });
    const [near] = await table.seat("ann");
    const far = await table.far("far", { relay });
    await far.hears(near);
    await near.hears(far);
    assert.deepEqual(await far.path(), { kind: "relay", protocol: "udp", relay: transport });
  });
}

test("a page without UDP hears the room", async (context) => {
  const table = await Table.set(context);
  const [near] = await table.seat("ann");
  const far = await table.far("far", { tcp: true });
  await far.hears(near);
  await near.hears(far);
  assert.equal((await far.path()).protocol, "tcp");
});

test("a page whose network changes goes on with the same session", async (context) => {
  const table = await Table.set(context);
  const seats = await table.seat("ann", "bea");
  const [ann, bea] = seats;
  await allHearEachOther(seats);
  const { session } = ann;
  const before = await ann.iceName();
  const told = bea.events.length;
  // What the browser says when the machine has changed from one network to another.
  await ann.page.evaluate(() => window.dispatchEvent(new Event("online")));
  const after = await until("another name", async () => {
    const now = await ann.iceName();
    return now.name === before.name ? null : now;
  });
  assert.equal(after.made, before.made, "it is the same connection");
  await ann.connected();
  await allHearEachOther(seats);
  assert.equal(ann.session, session);
  const noticed = bea.events.slice(told).filter((event) => /^member\.(left|joined)$/.test(event.type));
  assert.deepEqual(noticed, []);
});
