// Push-to-talk in simulated time: every way in which a turn begins and ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../../client/protocol/clock.js";
import { PushToTalk } from "../../client/protocol/floor.js";
import { fakeApi, fakeEnv, refusal, serverTime, settle } from "../fakes.js";

const ME = "7001";
const MAYA = "7002";

function button() {
  const time = fakeEnv();
  const server = fakeApi(time.env.now);
  const clock = new ServerClock(time.env);
  clock.handleStamp(serverTime(0));
  const talk = new PushToTalk({ api: server.api, room: "9", user: ME, clock, env: time.env });
  /** @type {string[]} */
  const told = [];
  talk.on("send", (on) => told.push(on ? "on" : "off"));
  talk.on("taken", () => told.push("taken"));
  talk.on("lost", (why) => told.push(`lost: ${why}`));
  talk.on("failed", () => told.push("failed"));
  talk.on("state", ({ phase, expiresAt }) => {
    assert.equal(phase === "talking", expiresAt !== null);
  });
  const asked = () => server.asked.map(({ name }) => name.replace("Floor", ""));
  /** What the event stream says. @param {string | null} user @param {number} [endsAt] */
  const hear = (user, endsAt = time.env.now() + 20_000) =>
    talk.handleFloor(user ? { user_id: user, expires_at: serverTime(endsAt) } : null);
  return { talk, time, server, told, asked, hear };
}

/** Holding the button, with the floor. */
async function talking() {
  const all = button();
  all.talk.press();
  await settle();
  all.hear(ME);
  return all;
}

test("pressing asks, then sends; letting go is silent first, then gives back", async () => {
  const { talk, server, told, asked } = button();
  const grant = server.hold("takeFloor");
  talk.press();
  assert.equal(talk.phase, "asking");
  assert.deepEqual(told, []);
  grant();
  await settle();
  assert.equal(talk.phase, "talking");
  const answer = server.hold("releaseFloor");
  talk.release();
  assert.deepEqual(told, ["on", "off"], "without waiting for the server");
  assert.equal(talk.phase, "returning");
  answer();
  await settle();
  assert.equal(talk.phase, "idle");
  assert.deepEqual(asked(), ["take", "release"]);
});

test("let go while the question is still under way: nothing is sent, and it is given back once it arrives", async () => {
  const { talk, server, told, asked } = button();
  const grant = server.hold("takeFloor");
  talk.press();
  talk.release();
  await settle();
  assert.deepEqual(asked(), ["take"]);
  grant();
  await settle();
  assert.deepEqual(asked(), ["take", "release"]);
  assert.deepEqual(told, []);
  assert.equal(talk.phase, "idle");
});

test("let go and pressed again while the question is under way: it is the same turn", async () => {
  const { talk, server, told, asked } = button();
  const grant = server.hold("takeFloor");
  talk.press();
  talk.release();
  talk.press();
  grant();
  await settle();
  assert.deepEqual(asked(), ["take"]);
  assert.deepEqual(told, ["on"]);
});

test("pressed again before the release has arrived: the next turn waits for it", async () => {
  const { talk, server, told, asked } = await talking();
  const answer = server.hold("releaseFloor");
  talk.release();
  talk.press();
  await settle();
  assert.deepEqual(asked(), ["take", "release"]);
  answer();
  await settle();
  assert.deepEqual(asked(), ["take", "release", "take"]);
  assert.deepEqual(told, ["on", "off", "on"]);
});

test("somebody else has it: said once, not asked again, and no error", async () => {
  const { talk, time, server, told, asked } = button();
  server.refuse.set("takeFloor", () => refusal(409));
  talk.press();
  await time.pass(30_000);
  assert.deepEqual(told, ["taken"]);
  assert.equal(talk.phase, "idle");
  server.refuse.clear();
  talk.release();
  talk.press();
  await settle();
  assert.deepEqual(asked(), ["take", "take"]);
  assert.deepEqual(told, ["taken", "on"]);
});

test("heartbeats keep it, each before a third of the turn is left", async () => {
  const { time, told, asked } = await talking();
  await time.pass(11_999);
  assert.deepEqual(asked(), ["take"]);
  await time.pass(1);
  assert.deepEqual(asked(), ["take", "keep"]);
  await time.pass(60_000);
  assert.equal(asked().length, 7);
  assert.deepEqual(told, ["on"]);
});

test("a long turn is kept every 15 s all the same", async () => {
  const { talk, time, server, asked } = button();
  const long = () => ({ expires_at: serverTime(time.env.now() + 300_000) });
  Object.assign(server.api, { takeFloor: async () => long() });
  talk.press();
  await time.pass(14_999);
  assert.deepEqual(asked(), []);
  await time.pass(1);
  assert.deepEqual(asked(), ["keep"]);
});

test("a heartbeat that does not get through is sent again; the turn goes on if one does", async () => {
  const { time, server, told, asked } = await talking();
  let down = true;
  server.refuse.set("keepFloor", () => (down ? refusal(0) : null));
  await time.pass(15_500);
  assert.equal(asked().filter((name) => name === "keep").length, 4);
  down = false;
  await time.pass(15_000);
  assert.deepEqual(told, ["on"]);
});

test("no heartbeat gets through: silent when the turn is over, and it says why", async () => {
  const { talk, time, server, told, asked } = await talking();
  server.refuse.set("keepFloor", () => refusal(0));
  await time.pass(19_999);
  assert.deepEqual(told, ["on"]);
  await time.pass(1);
  assert.deepEqual(told, ["on", "off", "lost: unreachable"]);
  assert.equal(talk.phase, "idle");
  const count = asked().length;
  await time.pass(60_000);
  assert.equal(asked().length, count, "nothing is asked for a button that is only still held");
});

test("a heartbeat that is refused ends the turn", async () => {
  const { time, server, told } = await talking();
  server.refuse.set("keepFloor", () => refusal(403));
  await time.pass(12_000);
  assert.deepEqual(told, ["on", "off", "lost: ended"]);
});

test("the events say that it has ended, or that somebody else has it", async () => {
  for (const [user, why] of /** @type {const} */ ([[null, "ended"], [MAYA, "taken"]])) {
    const { told, hear } = await talking();
    hear(user);
    assert.deepEqual(told, ["on", "off", `lost: ${why}`]);
  }
});

test("events that are quicker than the answer count as well", async () => {
  const { talk, time, server, told, asked, hear } = button();
  const grant = server.hold("takeFloor");
  talk.press();
  hear(ME, time.env.now() + 20_000);
  grant();
  await settle();
  hear(MAYA);
  assert.deepEqual(told, ["on", "off", "lost: taken"]);
  assert.deepEqual(asked(), ["take"]);
});

test("what the events tell of the time before the turn is asked about, not believed", async () => {
  const { talk, server, told, asked, hear } = button();
  talk.press();
  await settle();
  hear(MAYA, 5000);
  hear(null);
  await settle();
  assert.deepEqual(told, ["on"]);
  assert.deepEqual(asked(), ["take", "keep", "keep"]);
  server.refuse.set("keepFloor", () => refusal(403));
  hear(null);
  await settle();
  assert.deepEqual(told, ["on", "off", "lost: ended"]);
});

test("an old turn of one's own, told late, is no echo of this one", async () => {
  const { talk, time, told, hear } = button();
  await time.pass(30_000);
  talk.press();
  await settle();
  hear(ME, 25_000);
  hear(null);
  await settle();
  assert.deepEqual(told, ["on"]);
});

test("another window of the same person keeps it: this one holds on as long", async () => {
  const { time, server, told, hear } = await talking();
  server.refuse.set("keepFloor", () => refusal(0));
  await time.pass(10_000);
  hear(ME);
  await time.pass(19_000);
  assert.deepEqual(told, ["on"]);
  await time.pass(1000);
  assert.deepEqual(told, ["on", "off", "lost: unreachable"]);
});

test("the session breaks off: silent at once", async () => {
  const { talk, time, told, asked } = await talking();
  talk.handleDisconnected();
  assert.deepEqual(told, ["on", "off", "lost: unreachable"]);
  await time.pass(60_000);
  assert.deepEqual(asked(), ["take"]);
});

test("leaving is silent, asks nothing more and says nothing", async () => {
  const { talk, time, told, asked } = await talking();
  talk.stop();
  await time.pass(60_000);
  assert.deepEqual(told, ["on", "off"]);
  assert.deepEqual(asked(), ["take"]);
});

test("leaving while the question is under way: the answer changes nothing", async () => {
  const { talk, server, told } = button();
  const grant = server.hold("takeFloor");
  talk.press();
  talk.stop();
  grant();
  await settle();
  assert.deepEqual(told, []);
  assert.equal(talk.phase, "idle");
});

test("an answer that got lost may have been a yes: it is taken back", async () => {
  const { talk, server, told, asked } = button();
  server.refuse.set("takeFloor", () => refusal(0));
  talk.press();
  await settle();
  assert.deepEqual(asked(), ["take", "release"]);
  assert.deepEqual(told, ["failed"]);
});

test("a refusal for another reason is told, unless nobody waits for it any more", async () => {
  for (const [held, expected] of /** @type {[boolean, string[]][]} */ ([[true, ["failed"]], [false, []]])) {
    const { talk, server, told } = button();
    server.refuse.set("takeFloor", () => refusal(403));
    const answer = server.hold("takeFloor");
    talk.press();
    if (!held) talk.release();
    answer();
    await settle();
    assert.deepEqual(told, expected);
  }
});

test("a release that does not get through is said three times, then left to the end of the turn", async () => {
  const { talk, time, server, asked } = await talking();
  server.refuse.set("releaseFloor", () => refusal(503));
  talk.release();
  await time.pass(60_000);
  assert.deepEqual(asked(), ["take", "release", "release", "release"]);
  assert.equal(talk.phase, "idle");
});

test("without any word of the server's clock the turn is kept soon", async () => {
  const time = fakeEnv();
  const server = fakeApi(time.env.now);
  const talk = new PushToTalk({ api: server.api, room: "9", user: ME, clock: new ServerClock(time.env), env: time.env });
  // The server's clock is long ago by ours: the turn looks over before it began.
  talk.press();
  await time.pass(700);
  assert.deepEqual(server.asked.map(({ name }) => name), ["takeFloor", "keepFloor"]);
  assert.equal(talk.phase, "talking");
});
