// The server's time, from stamps that are late by different amounts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../../client/protocol/clock.js";

const NOON = Date.UTC(2026, 0, 29, 12);

function clock() {
  let now = 5000;
  const server = new ServerClock({ now: () => now });
  return {
    server,
    /** @param {number} ms */
    pass: (ms) => (now += ms),
    /** An event stamped at noon and so many milliseconds. @param {number} ms */
    hear: (ms) => server.handleStamp(new Date(NOON + ms).toISOString()),
  };
}

test("a clock of ours that is hours off counts the server's seconds", () => {
  const { server, pass, hear } = clock();
  hear(0);
  assert.equal(server.untilMs(NOON + 20_000), 20_000);
  pass(7500);
  assert.equal(server.untilMs(NOON + 20_000), 12_500);
  pass(60_000);
  assert.equal(server.untilMs(NOON + 20_000), 0, "never less than nothing");
});

test("late stamps and those told again do not set it back", () => {
  const { server, pass, hear } = clock();
  hear(0);
  pass(1000);
  hear(200);
  hear(-3_600_000);
  assert.equal(server.now(), NOON + 1000);
});

test("a stamp that was quicker is nearer to the truth", () => {
  const { server, pass, hear } = clock();
  hear(0);
  pass(1000);
  hear(1180);
  assert.equal(server.now(), NOON + 1180);
});

test("a clock that was stopped in sleep is put right by the next stamp, one that runs fast in time", () => {
  const { server, pass, hear } = clock();
  hear(0);
  hear(3_600_000);
  assert.equal(server.now(), NOON + 3_600_000);
  for (let i = 0; i < 16; i++) {
    pass(1000);
    hear(3_600_000 + i * 900);
  }
  assert.ok(server.now() < NOON + 3_600_000 + 16_000);
});

test("what is no time is not listened to", () => {
  const { server } = clock();
  server.handleStamp(undefined);
  server.handleStamp("soon");
  assert.ok(Math.abs(server.now() - Date.now()) < 1000);
});
