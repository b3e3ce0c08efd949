// Ten in a meeting, two of them pages with cameras and eight of them the load client's, two of whom replay pictures
// in three layers: each picture comes as large as it is shown, and a layer that nobody shows is sent to nobody.

import { test } from "node:test";
import { Load } from "./harness/load.js";
import { comeInMuted, hosted, isInside } from "./harness/meeting.js";
import { ui } from "./harness/ui.js";
import { until } from "./harness/wait.js";

/** @import { Attendee } from "./harness/attendee.js" */

/** Of the recording, from the smallest. @type {[number, number][]} */
const SIZES = [[240, 135], [480, 270], [960, 540]];
/** A page on which one picture is shown as large as it is sent, and one on which none is. */
const LARGE = { width: 1900, height: 1000 };
const SMALL = { width: 360, height: 640 };

/** Runs in the page: what comes in a section. @param {string} mid @returns {Promise<number>} the width of the picture */
async function widthIn(mid) {
  const peers = /** @type {RTCPeerConnection[]} */ (/** @type {any} */ (window).testPeers);
  const entries = [...((await peers.at(-1)?.getStats())?.values() ?? [])];
  return entries.find((entry) => entry.type === "inbound-rtp" && entry.mid === mid)?.frameWidth ?? 0;
}

/** @param {Attendee} at @param {{ name: string }} whom @param {number} width */
const isShown = (at, whom, width) =>
  until(
    `${whom.name} ${width} wide at ${at.name}`,
    async () => {
      const mid = await at.midOf(whom, "camera");
      return mid !== undefined && (await at.page.evaluate(widthIn, mid)) === width;
    },
    () => at.picture(),
  );

test("of ten in a meeting each picture comes as large as it is shown, and what nobody shows comes to nobody", async (context) => {
  const { table, ann, guest, room } = await hosted(context, "open");
  await ann.page.setViewportSize(LARGE);
  await comeInMuted(ann);
  await isInside(ann);
  const gus = await guest("Gus");
  await ui.ask(gus.page, "Gus");
  await isInside(gus);
  await Promise.all([ui.press(ann.page, "camera"), ui.press(gus.page, "camera")]);
  await Promise.all([ann.sees(gus), gus.sees(ann)]);

  const crowd = [];
  for (const replay of ["simulcast-vp8.rtp", "simulcast-vp8.rtp"]) {
    const load = await Load.join(table.server, { room, replay, watchers: 3 });
    table.programs.push(load);
    crowd.push(load);
  }
  for (const load of crowd) for (const watcher of [0, 1, 2]) load.view(watcher, SIZES[0] ?? [0, 0]);
  const names = await until("ten members at ann, two of them with recorded pictures", async () => {
    const { people, slots } = /** @type {any} */ (await ann.picture());
    const shown = people.filter((/** @type {any} */ one) => slots.some((/** @type {any} */ slot) => slot.user_id === one.id && slot.source === "camera"));
    const recorded = shown.map((/** @type {any} */ one) => one.name).filter((/** @type {string} */ name) => name.startsWith("load_"));
    return people.length === 10 && recorded.length === 2 && recorded;
  }, () => ann.picture());
  const [one, other] = names.map((/** @type {string} */ name) => ({ name }));
  await Promise.all([one, other].flatMap((whom) => [ann.sees(whom), gus.sees(whom)]));

  // The one who is large comes as large as they are sent, the others as small as they are shown.
  await ui.press(ann.page, "look");
  for (const [large, small] of [[one, other], [other, one]]) {
    await ui.fromMenu(ann.page, large.name, "pin");
    await isShown(ann, large, SIZES[2]?.[0] ?? 0);
    await isShown(ann, small, SIZES[0]?.[0] ?? 0);
  }

  // In a grid on small pages nobody shows a large picture any more, neither a recorded one nor a camera.
  await ui.press(ann.page, "look");
  await Promise.all([ann, gus].map((at) => at.page.setViewportSize(SMALL)));
  await until("no layer that nobody shows", async () => !(await table.server.pictures())["2"], () => table.server.pictures());
  await ann.page.setViewportSize(LARGE);
  await ui.fromMenu(ann.page, other.name, "pin");
  await isShown(ann, other, SIZES[2]?.[0] ?? 0);
});
