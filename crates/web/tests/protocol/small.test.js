// Ids, permissions, quality: functions of their arguments alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalId, freshUuid, sameId, toUuid } from "../../client/protocol/ids.js";
import { allows, Permission } from "../../client/protocol/permissions.js";
import { grade, QualityMeter } from "../../client/protocol/quality.js";

test("both renderings of an id are the same id", () => {
  for (const id of [1n, 7001n, 65_535n, 382_749_182_374_912n, (1n << 63n) - 1n]) {
    const uuid = toUuid(id.toString());
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(canonicalId(uuid), id.toString());
    assert.ok(sameId(id.toString(), uuid.toUpperCase()));
    assert.equal(toUuid(uuid.toUpperCase()), uuid);
  }
});

test("a fresh UUID is random, of version 4, and nobody's id", () => {
  const made = Array.from({ length: 100 }, freshUuid);
  for (const uuid of made) assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(made).size, 100);
  assert.equal(canonicalId(made[0] ?? ""), made[0]);
});

test("somebody else's UUID stays what it is", () => {
  const foreign = "0190b5c2-1a2b-8c3d-9e4f-123456789abc";
  assert.equal(canonicalId(foreign), foreign);
  assert.equal(canonicalId("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  assert.ok(!sameId(null, null));
});

test("permissions are read from 64-bit masks", () => {
  assert.ok(allows(String(1n << 11n), Permission.MUTE_MEMBERS));
  assert.ok(!allows(String(1n << 11n), Permission.DEAFEN_MEMBERS));
  assert.ok(allows(String(1n << 62n), Permission.MUTE_MEMBERS), "an administrator may do everything");
  for (const mask of [null, undefined, "", "x", "-1"]) assert.ok(!allows(mask, Permission.SPEAK));
});

test("grades", () => {
  const good = { lossPercent: 0, rttMs: 20, jitterMs: 3 };
  assert.equal(grade(good), "good");
  assert.equal(grade({ ...good, lossPercent: 2 }), "fair");
  assert.equal(grade({ ...good, rttMs: 600 }), "poor");
  assert.equal(grade({ lossPercent: 0, rttMs: null, jitterMs: null }), "good");
});

test("loss is counted between two samples, by slot", () => {
  /** @param {number} packetsReceived @param {number} packetsLost */
  const sample = (packetsReceived, packetsLost) =>
    new Map(
      Object.entries({
        pair: { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.042 },
        a: { type: "inbound-rtp", mid: "3", packetsReceived, packetsLost, jitter: 0.004 },
        silent: { type: "inbound-rtp", mid: "4", packetsReceived: 0, packetsLost: 0 },
      }),
    );
  const meter = new QualityMeter();
  meter.measure(sample(1000, 100));
  const { self, slots } = meter.measure(sample(1090, 110));
  assert.deepEqual(self, { grade: "poor", lossPercent: 10, rttMs: 42, jitterMs: 4 });
  assert.deepEqual([...slots.keys()], ["3"]);
});
