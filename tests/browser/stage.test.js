// A stage with three pages and a program in its audience: whoever is on stage is heard, and nobody else.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { nothingMoreOf } from "./harness/seat.js";
import { outputFolder } from "./harness/server.js";
import { Table } from "./harness/table.js";
import { ui } from "./harness/ui.js";
import { until } from "./harness/wait.js";

/** @import { Program } from "./harness/program.js" */
/** @import { Seat } from "./harness/seat.js" */

/** For whoever wants to look. @param {Seat} seat @param {string} what */
async function picture(seat, what) {
  await mkdir(outputFolder, { recursive: true });
  await seat.page.screenshot({ path: path.join(outputFolder, `stage-${what}-${seat.name}.png`) });
}

/** The sections in which audio came, but for one. @param {Seat} seat @param {string} [mid] */
async function heardElsewhere(seat, mid) {
  const { inbound } = await seat.counters();
  return inbound.filter((one) => one.kind === "audio" && one.packets > 0 && one.mid !== mid);
}

/**
 * What happens by a request of the page: done when its reply is there.
 * @param {Seat} seat
 * @param {string} end of the path
 * @param {() => Promise<unknown>} press
 */
async function replied(seat, end, press) {
  const [reply] = await Promise.all([seat.page.waitForResponse((one) => new URL(one.url()).pathname.endsWith(end)), press()]);
  assert.ok(reply.ok(), `${end}: ${reply.status()}`);
}

/** A moderator gets on stage and speaks. @param {Seat} ann @param {Seat[]} audience @param {Program} dora */
async function oneSpeaks(ann, audience, dora) {
  await ui.press(ann.page, "stage-take");
  await ui.showsPlace(ann.page, "speaker");
  // Nobody is put on the air by a place on the stage.
  await ui.showsMic(ann.page, false);
  await ui.press(ann.page, "mic");
  await Promise.all([dora.hears(ann), ...audience.map((seat) => seat.hears(ann))]);
  await Promise.all(audience.map((seat) => ui.showsRole(seat.page, "ann", "speaker")));
}

/** Everybody but the one speaker is silent, and one of them tries. @param {Seat} ann @param {Seat[]} audience @param {Program} dora */
async function theOthersAreSilent(ann, audience, dora) {
  await dora.goesOn();
  await Promise.all(audience.map((seat) => seat.hears(ann)));
  await ann.drained();
  assert.deepEqual(await heardElsewhere(ann), []);
  for (const seat of audience) {
    assert.deepEqual(await heardElsewhere(seat, seat.midOf(ann)), [], `heard by ${seat.name}`);
    assert.equal(seat.midOf(dora), undefined);
  }
}

/** From the audience to the stage by a raised hand. @param {Seat} ann @param {Seat} bea @param {Seat[]} listeners */
async function raisesAHand(ann, bea, listeners) {
  await ui.press(bea.page, "hand");
  await ui.showsHand(bea.page, 1);
  await until("her hand at the moderator", async () => (await ui.hands(ann.page))[0] === bea.account.uuid, () => ui.hands(ann.page));
  await picture(ann, "hand");
  await ui.inviteHand(ann.page, bea.account.uuid);
  await picture(bea, "invited");
  await ui.press(bea.page, "invite-accept");
  await ui.showsPlace(bea.page, "speaker");
  await ui.press(bea.page, "mic");
  await Promise.all(listeners.map((seat) => seat.hears(bea)));
}

test("a stage: hands, invitations, a topic, and nobody is heard who is not on it", async (context) => {
  const table = await Table.set(context);
  const [ann, bea, carl] = await table.open("ann", "bea", "carl");
  await ui.makeStage(ann.page, "The stage");
  const [{ room_id: room }] = await table.owner.must("GET", "/api/v1/rooms?profile=stage");
  await ui.enterStage(ann.page);
  for (const seat of [bea, carl]) {
    await ui.choose(seat.page, room);
    await ui.enterStage(seat.page);
  }
  await Promise.all([ann, bea, carl].map((seat) => seat.connected()));
  const dora = await table.program("dora", room);
  await dora.goesOn();
  await Promise.all([ann, bea, carl].map((seat) => ui.showsInAudience(seat.page, "dora")));
  for (const seat of [ann, bea, carl]) assert.deepEqual(await heardElsewhere(seat), [], `heard by ${seat.name}`);

  await oneSpeaks(ann, [bea, carl], dora);
  await theOthersAreSilent(ann, [bea, carl], dora);
  await raisesAHand(ann, bea, [ann, carl]);
  await Promise.all([picture(ann, "two"), picture(carl, "two")]);

  await ui.setTopic(ann.page, "Questions and answers");
  await Promise.all([ann, bea, carl].map((seat) => ui.showsTopic(seat.page, "Questions and answers")));

  await dora.request();
  await until("the program's hand", async () => (await ui.hands(ann.page)).includes(dora.account.uuid));
  await ui.inviteHand(ann.page, dora.account.uuid);
  await dora.accept();
  await Promise.all([ann, bea, carl].map((seat) => seat.hears(dora)));

  const mids = [bea, carl].map((seat) => seat.midOf(dora));
  await replied(ann, "/stage/revoke", () => ui.fromMenu(ann.page, "dora", "mod-revoke"));
  await Promise.all([dora.goesOn(), nothingMoreOf([bea, carl], dora, mids, ann)]);
  await Promise.all([ann, bea, carl].map((seat) => ui.showsRole(seat.page, "dora", "listener")));

  // Down by oneself.
  const mid = carl.midOf(bea);
  await replied(bea, "/stage/request", () => ui.press(bea.page, "stage-leave"));
  await ui.showsPlace(bea.page, "listener");
  await nothingMoreOf([carl], bea, [mid], ann);
  await bea.hears(ann);
});

test("who reloads the page of a stage is back where they were", async (context) => {
  const table = await Table.set(context);
  const [ann, bea] = await table.open("ann", "bea");
  await ui.makeStage(ann.page, "The stage");
  const [{ room_id: room }] = await table.owner.must("GET", "/api/v1/rooms?profile=stage");
  await ui.enterStage(ann.page);
  await ui.choose(bea.page, room);
  await ui.enterStage(bea.page);
  const dora = await table.program("dora", room);
  await oneSpeaks(ann, [bea], dora);

  const before = bea.session;
  await bea.page.reload();
  await until("a new session", () => bea.session !== before);
  await bea.connected();
  await ui.showsPlace(bea.page, "listener");
  await bea.hears(ann);

  const speaking = ann.session;
  await ann.page.reload();
  await until("a new session", () => ann.session !== speaking);
  await ann.connected();
  await ui.showsPlace(ann.page, "speaker");
  await bea.hears(ann);
  assert.deepEqual(bea.events.filter((event) => event.type === "member.left"), []);
});
