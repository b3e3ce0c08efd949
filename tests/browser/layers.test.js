// A camera is sent in layers, and each page gets the one that its tile shows.

import { test } from "node:test";
import { Table } from "./harness/table.js";
import { ui } from "./harness/ui.js";
import { until } from "./harness/wait.js";

/** @import { Seat } from "./harness/seat.js" */

/** Runs in the page: the width of the pictures that come into a section. @param {string} mid */
async function readWidth(mid) {
  const peers = /** @type {RTCPeerConnection[]} */ (/** @type {any} */ (window).testPeers);
  for (const entry of (await peers.at(-1)?.getStats())?.values() ?? []) {
    if (entry.type === "inbound-rtp" && entry.mid === mid) return entry.frameWidth ?? 0;
  }
  return 0;
}

/** Waits until a picture comes in this width. @param {Seat} seat @param {Seat} whom @param {(width: number) => boolean} fits */
function comes(seat, whom, fits) {
  return until(
    `${whom.name}'s picture in another size at ${seat.name}`,
    async () => {
      const width = await seat.page.evaluate(readWidth, seat.midOf(whom, "camera") ?? "");
      return width > 0 && fits(width) ? width : 0;
    },
    () => seat.picture(),
  );
}

test("a picture comes in the size of its tile", async (context) => {
  const table = await Table.set(context);
  const [ann, bea] = await table.seat("ann", "bea");
  await bea.page.setViewportSize({ width: 1900, height: 1000 });
  await ui.press(ann.page, "camera");
  await bea.sees(ann);
  await comes(bea, ann, (width) => width >= 640);
  await bea.page.setViewportSize({ width: 420, height: 500 });
  await comes(bea, ann, (width) => width < 640);
  await bea.page.setViewportSize({ width: 1900, height: 1000 });
  await comes(bea, ann, (width) => width >= 640);
});
