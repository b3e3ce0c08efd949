// The vendored files are those of the packages that package-lock.json names, and nothing else.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const here = new URL("..", import.meta.url);
const read = (/** @type {string} */ path) => readFile(new URL(path, here), "utf8");

for (const [file, source] of [
  ["preact.js", "preact/dist/preact.mjs"],
  ["hooks.js", "preact/hooks/dist/hooks.mjs"],
  ["htm.js", "htm/dist/htm.module.js"],
]) {
  test(`vendor/${file}`, async () => {
    const packaged = await read(`node_modules/${source}`);
    const expected = packaged.replace(/\/\/# sourceMappingURL=.*\n?/, "").replace('from"preact"', 'from"./preact.js"');
    assert.equal((await read(`client/vendor/${file}`)).trim(), expected.trim());
  });
}
