// Meetings with people who have accounts and guests who have none.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { Attendee } from "./harness/attendee.js";
import { comeInMuted, hosted, isInside } from "./harness/meeting.js";
import { A_WHILE, IN_FLIGHT } from "./harness/seat.js";
import { outputFolder } from "./harness/server.js";
import { ui } from "./harness/ui.js";
import { until } from "./harness/wait.js";

/** For whoever wants to look. @param {Attendee} attendee @param {string} what */
async function picture(attendee, what) {
  await mkdir(outputFolder, { recursive: true });
  await attendee.page.screenshot({ path: path.join(outputFolder, `meeting-${what}-${attendee.name}.png`) });
}

/** @param {Attendee} at @param {string[]} names */
const waits = (at, names) =>
  until(`${names} at the door of ${at.name}`, async () => String(await ui.whoWaits(at.page)) === String(names), () => ui.whoWaits(at.page));

/** @param {Attendee} at @param {string[]} names */
const handsAre = (at, names) =>
  until(`hands of ${names} at ${at.name}`, async () => String(await ui.handNames(at.page)) === String(names), () => ui.handNames(at.page));

test("a guest waits, is let in, heard and seen; an admin's mute holds; removed is out", async (context) => {
  const { ann, account, guest, room } = await hosted(context, "waiting");
  await comeInMuted(ann);
  await isInside(ann);

  // With an account one waits, too, unless one is an admin.
  const bea = await account("bea");
  await ui.visit(bea.page, room);
  await comeInMuted(bea);
  await ui.atTheDoor(bea.page);
  await waits(ann, ["bea"]);
  await ui.decide(ann.page, "bea", "admit");
  await isInside(bea);

  const gus = await guest("Gus");
  await picture(gus, "lobby");
  await ui.ask(gus.page, "Gus");
  await ui.atTheDoor(gus.page);
  await waits(ann, ["Gus"]);
  await picture(ann, "knock");
  await ui.press(gus.page, "nudge");
  await ui.showsDisabled(gus.page, "nudge", true);
  await waits(ann, ["Gus"]);
  await picture(gus, "door");
  assert.deepEqual(await ui.whoWaits(bea.page), [], "only admins are shown who waits");
  await ui.decide(ann.page, "Gus", "admit");
  await isInside(gus);

  // He is the only one who speaks, and then not.
  const [atAnn, atBea] = await Promise.all([ann.hears(), bea.hears()]);
  await ui.press(gus.page, "camera");
  await Promise.all([ann.sees(gus), bea.sees(gus)]);
  await ui.press(ann.page, "mic");
  const [annAtBea] = await Promise.all([bea.hears([atBea]), gus.hears()]);
  await ui.press(ann.page, "camera");
  await gus.sees(ann);
  await Promise.all([picture(ann, "grid"), picture(gus, "grid")]);

  await muteHolds({ ann, bea, gus, atBea, annAtBea });
  assert.ok(atAnn);
  await isRemoved({ ann, bea, gus });
});

/** @param {{ ann: Attendee, bea: Attendee, gus: Attendee, atBea: string, annAtBea: string }} meeting */
async function muteHolds({ ann, bea, gus, atBea, annAtBea }) {
  await ui.fromMenu(ann.page, "Gus", "mod-mute");
  await ui.showsMark(bea.page, "Gus", "server-muted", true);
  await ui.showsModerated(gus.page, /admin muted/i);
  await ui.showsDisabled(gus.page, "mic", true);
  await picture(gus, "muted");
  // Past the page, as any other client could.
  await gus.page.evaluate(() => {
    const { call } = /** @type {any} */ (window).parlor;
    call.setMute(true);
    call.setMute(false);
  });
  await bea.receives(annAtBea, IN_FLIGHT);
  const before = (await bea.inbound(atBea)).packets;
  await bea.receives(annAtBea, A_WHILE);
  assert.equal((await bea.inbound(atBea)).packets, before, "packets of Gus still come");
  await ui.showsMark(bea.page, "Gus", "server-muted", true);

  await ui.fromMenu(ann.page, "Gus", "mod-mute");
  await ui.showsDisabled(gus.page, "mic", false);
  await bea.hears([annAtBea]);

  await ui.fromMenu(ann.page, "Gus", "mod-stop");
  await ui.showsDisabled(gus.page, "camera", true);
  await until("his camera is gone", async () => !(await bea.midOf(gus, "camera")), () => bea.picture());
}

/** @param {{ ann: Attendee, bea: Attendee, gus: Attendee }} meeting */
async function isRemoved({ ann, bea, gus }) {
  await ui.fromMenu(ann.page, "Gus", "mod-kick");
  await ui.saysItEnded(gus.page, /removed/i);
  await picture(gus, "removed");
  await until("the end of his media", async () => (await gus.counters()).state === "none");
  await Promise.all([ann, bea].map((one) => until(`Gus has left ${one.name}`, async () => !(await one.idOf(gus)))));
}

test("hands in order, a reaction, a screen, and who speaks large", async (context) => {
  const { ann, account, guest, room } = await hosted(context, "open");
  await comeInMuted(ann);
  await isInside(ann);
  const bea = await account("bea");
  await ui.visit(bea.page, room);
  await comeInMuted(bea);
  const gus = await guest("Gus");
  await ui.ask(gus.page, "Gus");
  await Promise.all([bea, gus].map(isInside));
  await ann.hears();

  await ui.press(gus.page, "hand");
  await handsAre(ann, ["Gus"]);
  await ui.press(bea.page, "hand");
  await Promise.all([ann, bea, gus].map((one) => handsAre(one, ["Gus", "bea"])));
  await ui.showsHand(bea.page, 2);
  await picture(ann, "hands");
  await ui.press(gus.page, "hand");
  await Promise.all([ann, gus].map((one) => handsAre(one, ["bea"])));

  await Promise.all([ui.showsReaction(ann.page, "heart"), ui.showsReaction(bea.page, "heart"), ui.react(gus.page, "heart")]);

  await ui.press(bea.page, "screen");
  await Promise.all([ann.sees(bea, "screen"), gus.sees(bea, "screen")]);
  await picture(ann, "screen");
  await ui.press(bea.page, "screen");
  await until("the screen is gone", async () => !(await ann.midOf(bea, "screen")), () => ann.picture());

  /** @param {Attendee} at @param {Attendee} whom */
  const large = (at, whom) =>
    until(`${whom.name} is large at ${at.name}`, async () => {
      const shown = await at.page.locator('[data-testid="large"]').first().getAttribute("data-user-id");
      return shown !== null && shown === (await at.idOf(whom));
    });
  await ui.press(ann.page, "look");
  await large(ann, gus);
  await ui.fromMenu(ann.page, "bea", "pin");
  await large(ann, bea);
  await ui.fromMenu(ann.page, "bea", "pin");
  await large(ann, gus);
  await picture(ann, "speaker");

  await ui.press(ann.page, "mute-all");
  await ui.showsModerated(gus.page, /admin muted/i);
});

test("turned away, and let in all at once", async (context) => {
  const { ann, guest } = await hosted(context, "waiting");
  await comeInMuted(ann);
  await isInside(ann);
  const gus = await guest("Gus");
  await ui.ask(gus.page, "Gus");
  await waits(ann, ["Gus"]);
  await ui.decide(ann.page, "Gus", "reject");
  await ui.saysNo(gus.page, /not let in/i);
  await waits(ann, []);
  assert.deepEqual(await gus.page.locator('[data-testid="guest-name"]').inputValue(), "Gus", "what was typed stays");

  // Asking again at once is no use; a page that is opened anew is somebody else's.
  await gus.page.reload();
  await ui.ask(gus.page, "Gus");
  await waits(ann, ["Gus"]);
  const gil = await guest("Gil");
  await ui.ask(gil.page, "Gil");
  await waits(ann, ["Gus", "Gil"]);
  await ui.press(ann.page, "admit-all");
  await Promise.all([gus, gil].map(isInside));
});

test("a password, typed wrong and right; and a guest who leaves by themselves", async (context) => {
  const { ann, guest } = await hosted(context, "password", "open sesame");
  await comeInMuted(ann);
  await isInside(ann);
  const gus = await guest("Gus");
  await ui.ask(gus.page, "Gus");
  await ui.saysNo(gus.page, /has a password/i);
  await ui.typePassword(gus.page, "open the door");
  await ui.press(gus.page, "join");
  await ui.saysNo(gus.page, /not right/i);
  assert.equal(await ui.typedPassword(gus.page), "open the door", "what was typed stays");
  await ui.typePassword(gus.page, "open sesame");
  await ui.press(gus.page, "join");
  await isInside(gus);
  await until("Gus at ann", () => ann.idOf(gus));
  await ui.press(gus.page, "leave");
  await until("Gus has left", async () => !(await ann.idOf(gus)));
});

test("a page that is reloaded in a meeting is back in it", async (context) => {
  const { ann, guest } = await hosted(context, "open");
  await comeInMuted(ann);
  await isInside(ann);
  const gus = await guest("Gus");
  await ui.ask(gus.page, "Gus");
  await isInside(gus);
  const before = await until("Gus at ann", () => ann.idOf(gus));
  await gus.page.reload();
  await isInside(gus);
  await until("Gus again at ann", async () => ![undefined, before].includes(await ann.idOf(gus)));
  await ann.hears();
});

test("after a crash of the server an admin is back in, and a guest at the door again", async (context) => {
  const { table, ann, guest } = await hosted(context, "waiting");
  await comeInMuted(ann);
  await isInside(ann);
  const gus = await guest("Gus");
  await ui.ask(gus.page, "Gus");
  await waits(ann, ["Gus"]);
  await ui.decide(ann.page, "Gus", "admit");
  await isInside(gus);
  await ann.hears();

  await table.server.kill();
  await ui.saysConnectionLost(gus.page);
  await table.server.run();
  await ui.atTheDoor(gus.page);
  await isInside(ann);
  await waits(ann, ["Gus"]);
  await picture(gus, "back");
  await ui.decide(ann.page, "Gus", "admit");
  await isInside(gus);
  await ann.hears();
});

test("a phone shows the whole width of a meeting and of its door", async (context) => {
  const { table, ann, room } = await hosted(context, "waiting");
  await comeInMuted(ann);
  await isInside(ann);
  const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };
  const gus = await Attendee.guest(await table.browser(), table.server, "Gus", room, phone);
  const fits = async (/** @type {string} */ where) => {
    const widths = await gus.page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok((widths[0] ?? 0) <= (widths[1] ?? 0), `${where} is ${widths[0]} wide on a page of ${widths[1]}`);
  };
  await fits("the lobby");
  await ui.ask(gus.page, "Gus");
  await ui.atTheDoor(gus.page);
  await fits("the door");
  await waits(ann, ["Gus"]);
  await ui.decide(ann.page, "Gus", "admit");
  await isInside(gus);
  await until("ann at Gus", () => gus.idOf(ann));
  await fits("the meeting");
  await ui.press(gus.page, "people");
  await fits("the people");
  assert.deepEqual(gus.faults, []);
});

test("another way for the media: the same member, heard and seen again", async (context) => {
  const { ann, guest } = await hosted(context, "open");
  await comeInMuted(ann);
  await isInside(ann);
  await ui.press(ann.page, "camera");
  const gus = await guest("Gus");
  await ui.ask(gus.page, "Gus");
  await isInside(gus);
  await ui.press(gus.page, "camera");
  await Promise.all([ann.hears(), ann.sees(gus), gus.sees(ann)]);
  const before = await ann.idOf(gus);
  const { made } = await gus.counters();

  await gus.page.evaluate(() => /** @type {any} */ (window).parlor.call.networkChanged());
  await until("a new connection", async () => {
    const now = await gus.counters();
    return now.made > made && now.state === "connected";
  }, () => gus.picture());
  await Promise.all([ann.hears(), ann.sees(gus), gus.sees(ann)]);
  assert.equal(await ann.idOf(gus), before);
});
