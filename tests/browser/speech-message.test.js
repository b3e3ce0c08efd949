// A recording that a browser makes, sent as STT Room's client sends it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { microphone } from "./harness/microphone.js";
import { LISTENING, WORDS, spoken, wordErrorRate } from "./harness/speech.js";
import { Table } from "./harness/table.js";

/** Enough to see where the recording begins and ends. */
const PAUSE_SECONDS = 5;
const WRONG_MAX = 0.25;

test("what a page records becomes a message", async (context) => {
  const table = await Table.set(context, { ...LISTENING, SPEAKER_TTL_SECONDS: "60" });
  await table.server.listens();
  const ann = await table.newcomer("ann", await spoken("jfk", PAUSE_SECONDS));
  const room = await ann.account.must("POST", "/api/v1/rooms", { title: "Letters" });
  const path = `/api/v1/rooms/${room.id}`;
  await ann.account.must("POST", `${path}/join`, {});
  await ann.account.must("POST", `${path}/speaker/acquire`);
  await ann.page.evaluate(startRecording);
  await microphone.pauses(ann.page);
  await microphone.speaks(ann.page, 1000);
  await microphone.pauses(ann.page);
  const answer = await ann.page.evaluate(stopAndSend, { path: `${path}/stt`, token: ann.account.token });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const wrong = wordErrorRate(answer.body.text, WORDS.jfk);
  context.diagnostic(`${answer.size} bytes of ${answer.type}: ${Math.round(wrong * 100)} % of the words are wrong, ${answer.body.processing_time_ms} ms`);
  assert.ok(wrong <= WRONG_MAX, answer.body.text);
  const [message] = await ann.account.messages(room.id);
  assert.deepEqual([message.id, message.content_text], [answer.body.message_id, answer.body.text]);
});

/** Runs in the page. */
async function startRecording() {
  const recorder = new MediaRecorder(await navigator.mediaDevices.getUserMedia({ audio: true }), { mimeType: "audio/webm;codecs=opus" });
  const parts = /** @type {Blob[]} */ ([]);
  recorder.ondataavailable = ({ data }) => parts.push(data);
  Object.assign(window, { testRecorder: recorder, testParts: parts });
  // In parts, as pages do that upload while they record: such a file has no length in its header.
  recorder.start(250);
}

/**
 * Runs in the page.
 * @param {{ path: string, token: string }} where
 * @returns {Promise<{ status: number, body: any, size: number, type: string }>}
 */
async function stopAndSend({ path, token }) {
  const { testRecorder, testParts } = /** @type {any} */ (window);
  await new Promise((resolve) => {
    testRecorder.onstop = resolve;
    testRecorder.stop();
  });
  const file = new Blob(testParts, { type: testRecorder.mimeType });
  const form = new FormData();
  form.append("file", file, "audio.webm");
  const answer = await fetch(path, { method: "POST", headers: { authorization: `Bearer ${token}` }, body: form });
  return { status: answer.status, body: await answer.json(), size: file.size, type: file.type };
}
