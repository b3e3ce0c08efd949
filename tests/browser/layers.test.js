// A camera is sent in layers, and each page gets the one that its tile shows and its network bears.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Picture } from "./harness/picture.js";
import { Table } from "./harness/table.js";
import { ui } from "./harness/ui.js";
import { until } from "./harness/wait.js";

/** @import { Seat } from "./harness/seat.js" */

const LARGE = { width: 1900, height: 1000 };
const SMALL = { width: 420, height: 500 };

/** The web client's smallest layer is narrower than this, the others are not. */
const WIDE = 640;

/** Room for a voice and the smallest layer. Chromium's own test picture takes some 350 in the middle layer, and less at first. */
const NARROW_KBPS = 250;

/**
 * Longer than anything that the server waits for in a row, and more than once: a picture that stands still for this
 * long does not come back by itself.
 */
const FROZEN_MS = 10_000;

/** @param {Seat} sender how many layers it has sent pictures in */
function layersOf(sender) {
  return sender.page.evaluate(async () => {
    const peers = /** @type {RTCPeerConnection[]} */ (/** @type {any} */ (window).testPeers);
    const entries = [...((await peers.at(-1)?.getStats())?.values() ?? [])];
    return entries.filter((entry) => entry.type === "outbound-rtp" && entry.rid && entry.framesSent > 0).length;
  });
}

/**
 * The one receiver of the one camera is sent its smallest layer, or another one: by the page and by the server.
 * @param {Table} table
 * @param {Picture} picture
 * @param {"smallest" | "larger"} which
 */
async function layerIs(table, picture, which) {
  const small = which === "smallest";
  const more = async () => ({ pictures: await table.server.pictures(), networks: table.networks.map((one) => one.picture()) });
  await picture.comes(`the ${which} layer`, ({ width }) => width > 0 && width < WIDE === small, more);
  const counted = async () => {
    const { 0: smallest, 1: middle, 2: largest } = await table.server.pictures();
    return small ? smallest === 1 : smallest === 0 && middle + largest === 1;
  };
  await until(`the ${which} layer at the server`, counted, () => table.server.pictures());
}

test("a picture comes in the size of its tile", async (context) => {
  const table = await Table.set(context);
  const [ann, bea] = await table.seat("ann", "bea");
  await bea.page.setViewportSize(LARGE);
  await ui.press(ann.page, "camera");
  const picture = await Picture.at(bea, ann.account);
  await until("layers", async () => (await layersOf(ann)) >= 2);
  await layerIs(table, picture, "larger");
  await bea.page.setViewportSize(SMALL);
  await layerIs(table, picture, "smallest");
  await bea.page.setViewportSize(LARGE);
  await layerIs(table, picture, "larger");
});

test("a picture comes as the network bears it", async (context) => {
  const table = await Table.set(context);
  const [ann] = await table.seat("ann");
  const network = await table.network();
  network.becomes({ down: { delayMs: 20 }, up: { delayMs: 20 } });
  const bea = await table.far("bea", { port: network.port });
  await bea.page.setViewportSize(LARGE);
  await ui.press(ann.page, "camera");
  const picture = await Picture.at(bea, ann.account);
  await layerIs(table, picture, "larger");
  await picture.time();
  const narrow = Date.now();
  network.becomes({ down: { delayMs: 20, kbps: NARROW_KBPS }, up: { delayMs: 20 } });
  await layerIs(table, picture, "smallest");
  const smallest = Date.now();
  await picture.moves(40);
  await bea.hears(ann);
  const narrowed = { ...(await picture.timed()), followedMs: smallest - narrow };
  await picture.time();
  const wide = Date.now();
  network.becomes({ down: { delayMs: 20 }, up: { delayMs: 20 } });
  await layerIs(table, picture, "larger");
  const larger = Date.now();
  await picture.moves(40);
  const widened = { ...(await picture.timed()), followedMs: larger - wide };
  context.diagnostic(`${JSON.stringify({ narrowed, widened, down: network.down.counts })}`);
  assert.ok(narrowed.longestMs < FROZEN_MS && widened.longestMs < FROZEN_MS, JSON.stringify({ narrowed, widened }));
});

test("a picture is whole and a voice is heard though one datagram in twenty is lost", async (context) => {
  const table = await Table.set(context);
  const [ann] = await table.seat("ann");
  const network = await table.network();
  const lossy = { delayMs: 20, loss: 0.05 };
  network.becomes({ down: lossy, up: lossy });
  const bea = await table.far("bea", { port: network.port });
  await bea.page.setViewportSize(LARGE);
  await ui.press(ann.page, "camera");
  const picture = await Picture.at(bea, ann.account);
  const { plis } = await picture.incoming();
  await picture.time();
  await picture.comes("what was lost", ({ nacks, resent }) => nacks > 10 && resent > 10);
  await bea.hears(ann);
  await picture.moves(200);
  const { longestMs } = await picture.timed();
  const incoming = await picture.incoming();
  context.diagnostic(`stood still for ${longestMs} ms at most; ${JSON.stringify({ incoming, down: network.down.counts })}`);
  assert.ok(longestMs < FROZEN_MS);
  assert.equal(incoming.plis, plis, "what the page asked for again came in time");
});
