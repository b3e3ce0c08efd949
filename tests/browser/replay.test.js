// Recorded pictures of other senders, in simulcast and in layers of one stream: a page and a watcher that decodes
// nothing are each sent the layer that they want and that the watcher's network bears.

import { test } from "node:test";
import { Picture } from "./harness/picture.js";
import { Table } from "./harness/table.js";
import { until } from "./harness/wait.js";

/** @import { Seen } from "./harness/load.js" */

/** Of both recordings, from the smallest. @type {[number, number][]} */
const SIZES = [[240, 135], [480, 270], [960, 540]];

const LARGE = { width: 1900, height: 1000 };

/** How a watcher tells layers: by the size of keyframes, or by the numbers of spatial layers. @typedef {(seen: Seen) => number} Tell */

/** @type {Record<string, { replay: string, narrowKbps: number, layerOf: Tell }>} */
const CODECS = {
  // 50, 158 and 360 kbit/s.
  VP8: { replay: "simulcast-vp8.rtp", narrowKbps: 250, layerOf: ({ width }) => SIZES.findIndex(([own]) => own === width) },
  // 87, 312 and 828 kbit/s, each with those below it.
  VP9: { replay: "svc-vp9.rtp", narrowKbps: 450, layerOf: ({ layer }) => layer ?? -1 },
};

for (const [codec, { replay, narrowKbps, layerOf }] of Object.entries(CODECS)) {
  test(`recorded layers of ${codec} go where they are wanted and fit`, async (context) => {
    const table = await Table.set(context);
    const [ann] = await table.seat("ann");
    await ann.page.setViewportSize(LARGE);
    const network = await table.network();
    const load = await table.load({ replay, watchers: 1, port: network.port });
    const picture = await Picture.at(ann);

    /** @param {number} layer */
    const is = async (layer) => {
      await load.sees(0, `layer ${layer}`, (seen) => layerOf(seen) === layer);
      // The page has the largest.
      const fits = (/** @type {Record<string, number>} */ counts) => SIZES.every((_, at) => counts[at] === Number(at === layer) + Number(at === 2));
      await until(`layer ${layer} at the server`, async () => fits(await table.server.pictures()), () => table.server.pictures());
    };
    await picture.comes("the largest", ({ width }) => width === SIZES[2]?.[0]);
    for (const layer of [2, 0, 1, 2]) {
      load.view(0, SIZES[layer] ?? [0, 0]);
      await is(layer);
    }
    const narrow = Date.now();
    network.becomes({ down: { kbps: narrowKbps } });
    await is(1);
    const wide = Date.now();
    network.becomes({});
    await is(2);
    context.diagnostic(`followed after ${wide - narrow} ms when it became narrow, ${Date.now() - wide} ms when it became wide`);
    await picture.moves(20);
  });
}
