// Reading what was said, page by page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readMessages } from "../../client/protocol/messages.js";
import { refusal } from "../fakes.js";

/** A room in which so many lines were said. @param {number} count */
function room(count) {
  const all = Array.from({ length: count }, (_, at) => ({ id: String(at) }));
  /** @type {[string, number, number][]} */
  const asked = [];
  /** @type {any} */
  const api = {
    async messages(/** @type {string} */ id, /** @type {{ limit: number, offset: number }} */ { limit, offset }) {
      asked.push([id, limit, offset]);
      return all.slice(offset, offset + limit);
    },
  };
  return { api, asked };
}

/** @param {number} count @param {{ page?: number, max?: number }} [limits] */
async function read(count, limits) {
  const { api, asked } = room(count);
  /** @type {string[]} */
  const got = [];
  const complete = await readMessages(api, "9", (page) => got.push(...page.map(({ id }) => id)) >= 0, limits);
  return { asked, got, complete };
}

test("all pages, in order, until one is not full", async () => {
  const { asked, got, complete } = await read(7, { page: 3 });
  assert.deepEqual(asked, [["9", 3, 0], ["9", 3, 3], ["9", 3, 6]]);
  assert.deepEqual(got, ["0", "1", "2", "3", "4", "5", "6"]);
  assert.equal(complete, true);
});

test("an empty room is one question; a full last page needs one more to know", async () => {
  assert.deepEqual((await read(0)).asked, [["9", 500, 0]]);
  assert.equal((await read(6, { page: 3 })).asked.length, 3);
});

test("it stops at the limit and says that there was more", async () => {
  const { asked, got, complete } = await read(50, { page: 4, max: 10 });
  assert.deepEqual(asked, [["9", 4, 0], ["9", 4, 4], ["9", 2, 8]]);
  assert.equal(got.length, 10);
  assert.equal(complete, false);
});

test("it stops when nobody wants more, and a refusal is the caller's", async () => {
  const { api, asked } = room(50);
  assert.equal(await readMessages(api, "9", () => false, { page: 5 }), false);
  assert.equal(asked.length, 1);
  api.messages = async () => Promise.reject(refusal(403));
  await assert.rejects(readMessages(api, "9", () => true), { status: 403 });
});
