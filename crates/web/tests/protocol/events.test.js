// The event socket alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventSocket } from "../../client/protocol/events.js";
import { FakeSocket, fakeEnv, settle } from "../fakes.js";

/** @param {"ok" | "gone" | "denied" | "unreachable"} verdict */
function open(verdict = "ok") {
  const clock = fakeEnv();
  const events = new EventSocket({ url: (after) => `after ${after}`, probe: async () => verdict, env: clock.env });
  /** @type {string[]} */
  const seen = [];
  /** @type {string[]} */
  const refused = [];
  events.on("message", ({ type, seq }) => seen.push(`${seq} ${type}`));
  events.on("refused", (why) => refused.push(why));
  events.open();
  return { clock, events, seen, refused };
}

const socket = () => /** @type {FakeSocket} */ (FakeSocket.made.at(-1));

test("a repeat is dropped, a state never, and nonsense breaks nothing", () => {
  const { seen } = open();
  socket().open();
  socket().tell({ type: "state", seq: 7 });
  socket().tell({ type: "slots", seq: 8 });
  socket().tell({ type: "slots", seq: 8 });
  socket().tell({ type: "something.new", seq: 9 });
  socket().onmessage?.({ data: "{" });
  socket().tell({ type: "state", seq: 1 });
  socket().tell({ type: "slots", seq: 2 });
  assert.deepEqual(seen, ["7 state", "8 slots", "9 something.new", "1 state", "2 slots"]);
});

test("waits grow from 0.3 to 5 seconds while the server cannot be reached", async () => {
  const { clock } = open("unreachable");
  for (const wait of [300, 600, 1200, 2400, 4800, 5000, 5000]) {
    const count = FakeSocket.made.length;
    socket().close();
    await clock.pass(wait - 1);
    assert.equal(FakeSocket.made.length, count, `before ${wait} ms`);
    await clock.pass(1);
    assert.equal(FakeSocket.made.length, count + 1, `after ${wait} ms`);
  }
});

for (const verdict of /** @type {const} */ (["gone", "denied"])) {
  test(`a refused socket whose session is ${verdict} is given up`, async () => {
    const { clock, refused } = open(verdict);
    socket().close();
    await settle();
    await clock.pass(60_000);
    assert.deepEqual(refused, [verdict]);
    assert.equal(FakeSocket.made.length, 1);
  });
}

test("a socket that neither opens nor closes is tried anew", async () => {
  const { clock } = open("unreachable");
  await clock.pass(8000 + 300);
  assert.equal(FakeSocket.made.length, 2);
});

test("what an old socket still says is not heard", async () => {
  const { events, seen } = open();
  const old = socket();
  old.open();
  events.reopen();
  old.tell({ type: "slots", seq: 1 });
  socket().open();
  socket().tell({ type: "slots", seq: 2 });
  assert.deepEqual(seen, ["2 slots"]);
});
