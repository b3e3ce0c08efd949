// Noise on the media port disturbs nobody.

import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import dgram from "node:dgram";
import { test } from "node:test";
import { allHearEachOther } from "./harness/seat.js";
import { Table } from "./harness/table.js";

const DATAGRAMS = 20_000;

/** How many are sent before the next one waits: a burst, not more than a socket's buffer. */
const AT_ONCE = 50;

/** First bytes that lead into each of the parsers: STUN, DTLS, RTP or RTCP; else nobody's. */
const FIRST_BYTES = [0, 1, 20, 22, 63, 64, 128, 144, 200, 255];

function noise() {
  const bytes = randomBytes(randomInt(0, 1200));
  if (bytes.length > 0) bytes[0] = FIRST_BYTES[randomInt(FIRST_BYTES.length)] ?? 0;
  return bytes;
}

/** @param {number} port */
async function flood(port) {
  const socket = dgram.createSocket("udp4");
  const send = () => new Promise((resolve) => socket.send(noise(), port, "127.0.0.1", resolve));
  for (let sent = 0; sent < DATAGRAMS; sent += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, send));
  }
  socket.close();
}

test("a flood of noise on the media port does not disturb a talk", async (context) => {
  const table = await Table.set(context);
  const seats = await table.seat("ann", "bea");
  await allHearEachOther(seats);
  const made = await Promise.all(seats.map(async (seat) => (await seat.counters()).made));
  await flood(table.server.mediaPort);
  await allHearEachOther(seats);
  for (const [index, seat] of seats.entries()) {
    const now = await seat.counters();
    assert.equal(now.state, "connected");
    assert.equal(now.made, made[index], `${seat.name} had to connect again`);
  }
  await table.server.check();
});
