// A push-to-talk room of two, from making an account to saving what was said: real speech, the real
// model, everything through the page.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { uuidOf } from "./harness/account.js";
import { microphone } from "./harness/microphone.js";
import { outputFolder } from "./harness/server.js";
import { LISTENING, WORDS, spoken, wordErrorRate, wordsOf } from "./harness/speech.js";
import { Table } from "./harness/table.js";
import { ui } from "./harness/ui.js";
import { until } from "./harness/wait.js";

/** @import { Seat } from "./harness/seat.js" */

/** A turn is over after this long without a heartbeat: speech takes longer. */
const TTL_SECONDS = 6;
const SECRET = "open sesame";
/** Between two times of a recording: time to press the button in. */
const PAUSE_SECONDS = 6;
const ANNS = WORDS.jfk;
const BEAS = WORDS["sense_and_sensibility_01_austen_64kb-0920"];
const WRONG_MAX = 0.25;

/** For whoever wants to look. @param {Seat} seat @param {string} what */
async function picture(seat, what) {
  await mkdir(outputFolder, { recursive: true });
  await seat.page.screenshot({ path: path.join(outputFolder, `talk-${what}-${seat.name}.png`) });
}

/** In from the green room. @param {Seat} seat */
async function enter(seat) {
  await ui.enter(seat.page);
  await ui.inRoom(seat.page);
  await seat.connected();
}

/** The button is down from now on, and it is one's turn. @param {Seat} seat @param {Seat} other */
async function hold(seat, other) {
  await seat.page.keyboard.down("Space");
  await ui.showsTurn(seat.page, "mine");
  await ui.showsTurn(other.page, "taken");
}

/** The button is up. @param {Seat} seat @param {Seat} other */
async function letGo(seat, other) {
  await seat.page.keyboard.up("Space");
  await Promise.all([ui.showsTurn(seat.page, "free"), ui.showsTurn(other.page, "free")]);
}

/** The red light with a name and with seconds that run down. @param {Seat} seat @param {Seat} speaker */
async function seesWhoSpeaks(seat, speaker) {
  const first = await until("a red light", async () => {
    const turn = await ui.turn(seat.page);
    const [red = 0, green = 0, blue = 0] = turn.colour;
    return red > 1.5 * green && red > 1.5 * blue ? turn : null;
  }, () => ui.turn(seat.page));
  assert.match(first.words, new RegExp(`^${speaker.name} is speaking`));
  assert.ok(first.seconds > 0 && first.seconds <= TTL_SECONDS, `${first.seconds} s left`);
  assert.ok(first.words.includes(`${first.seconds} s left`), first.words);
  await until("another second", async () => (await ui.turn(seat.page)).seconds !== first.seconds);
}

/**
 * Nothing more of somebody comes, while they go on speaking into their microphone.
 * @param {Seat} listener
 * @param {Seat} quiet
 * @param {string | undefined} mid where they were heard until now
 */
async function hearsNothingOf(listener, quiet, mid) {
  await listener.drained();
  const before = await listener.inbound(mid);
  await microphone.speaks(quiet.page, 2000);
  await listener.drained();
  const after = await listener.inbound(mid);
  assert.equal(after.packets, before.packets, `packets of ${quiet.name} still come`);
  assert.ok(after.energy - before.energy < 0.001, `${quiet.name} is still heard: ${after.energy - before.energy}`);
}

/**
 * What somebody said, by the open transcript, from some line on.
 * @param {Seat} seat
 * @param {Seat} speaker
 * @param {number} [from]
 */
async function written(seat, speaker, from = 0) {
  const lines = (await ui.transcript(seat.page)).slice(from);
  return lines.filter(({ name }) => name === speaker.name).map(({ text }) => text).join(" ");
}

/**
 * Waits until all that somebody said is written: few words are wrong, and the last one is there.
 * @param {Seat} seat
 * @param {Seat} speaker
 * @param {string} words
 * @param {number} [from]
 */
async function reads(seat, speaker, words, from) {
  const isWhole = async () => {
    const text = await written(seat, speaker, from);
    return wordErrorRate(text, words) <= WRONG_MAX && wordsOf(text).at(-1) === wordsOf(words).at(-1);
  };
  await until(`the words of ${speaker.name} at ${seat.name}`, isWhole, () => written(seat, speaker, from));
  return wordErrorRate(await written(seat, speaker, from), words);
}

/** The room's history. @param {Seat} seat @param {string} room */
async function history(seat, room) {
  const messages = await seat.account.messages(uuidOf(room));
  assert.ok(messages.every(({ status }) => status === "final"));
  return messages.map(({ id, sender_email, content_text }) => ({ id, name: sender_email, text: content_text }));
}

/** Every kind of file has all the lines. @param {Seat} seat @param {string[]} lines */
async function saves(seat, lines) {
  const looks = {
    vtt: /^WEBVTT\r?\n[^]*\d\d:\d\d\.\d{3} --> \d\d:\d\d/,
    srt: /^1\r?\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\r?\n/,
    txt: /ann/,
    json: /^\{/,
  };
  for (const format of /** @type {(keyof typeof looks)[]} */ (Object.keys(looks))) {
    const { name, text } = await ui.save(seat.page, format);
    assert.match(name, new RegExp(`\\.${format}$`));
    assert.match(text, looks[format]);
    const words = format === "json" ? textOf(JSON.parse(text)) : text;
    for (const line of lines) assert.ok(flat(words).includes(flat(line)), `${line} is not in\n${words}`);
  }
}

/** @param {{ segments: { start_ms: number, end_ms: number, text: string }[] }} transcript */
function textOf({ segments }) {
  assert.ok(segments.every(({ start_ms, end_ms }) => end_ms > start_ms));
  return segments.map(({ text }) => text).join("\n");
}

/** Lines may be wrapped. @param {string} text */
const flat = (text) => text.replace(/\s+/g, " ").trim();

/** @param {Seat} ann @param {Seat} bea @param {string} room */
async function comeIn(ann, bea, room) {
  await enter(ann);
  await ui.choose(bea.page, room);
  await ui.typePassword(bea.page, "sesame");
  await ui.enter(bea.page);
  await ui.saysNo(bea.page, /password is not right/i);
  assert.equal(await ui.typedPassword(bea.page), "sesame", "what was typed is gone");
  await picture(bea, "wrong-password");
  await ui.typePassword(bea.page, SECRET);
  await enter(bea);
}

/** @param {Table} table @param {string} room */
async function aThirdIsRefused(table, room) {
  const carl = await table.newcomer("carl");
  await ui.choose(carl.page, room);
  await ui.typePassword(carl.page, SECRET);
  await ui.enter(carl.page);
  await ui.saysNo(carl.page, /full \(2 of 2\)/i);
  await picture(carl, "full");
  await table.browsers.at(-1)?.close();
}

/** Ann says all of her recording, and both can read it. @param {Seat} ann @param {Seat} bea */
async function oneSpeaks(ann, bea) {
  await Promise.all([ui.openTranscript(ann.page), ui.openTranscript(bea.page)]);
  await microphone.pauses(ann.page);
  await hold(ann, bea);
  const partials = Promise.all([ann, bea].map((seat) => ui.caption(seat.page, ann.account.uuid, "partial")));
  await seesWhoSpeaks(bea, ann);
  await bea.hears(ann);
  for (const text of await partials) assert.match(text, /^ann\s+\S/);
  await Promise.all([picture(ann, "held"), picture(bea, "held")]);
  const finals = Promise.all([ann, bea].map((seat) => ui.caption(seat.page, ann.account.uuid, "final")));
  const mid = bea.midOf(ann);
  await microphone.pauses(ann.page);
  await letGo(ann, bea);
  await hearsNothingOf(bea, ann, mid);
  for (const text of await finals) assert.match(text, /^ann\s+\S/);
  const [wrong] = await Promise.all([reads(bea, ann, ANNS), reads(ann, ann, ANNS)]);
  assert.equal(await written(ann, bea), "");
  return wrong;
}

/** Bea says all of hers, and Ann cannot cut in. @param {Seat} ann @param {Seat} bea */
async function theOtherSpeaks(ann, bea) {
  const from = (await ui.transcript(ann.page)).length;
  await microphone.pauses(bea.page);
  await hold(bea, ann);
  await seesWhoSpeaks(ann, bea);
  await ann.hears(bea);
  const before = asked(ann);
  await ann.page.keyboard.press("Space");
  await until("her question", () => asked(ann) > before);
  await Promise.all([ui.showsTurn(ann.page, "taken"), ui.showsTurn(bea.page, "mine")]);
  await microphone.pauses(bea.page);
  await reads(ann, bea, BEAS, from);
  await letGo(bea, ann);
}

/** How often somebody asked for the turn. @param {Seat} seat */
const asked = (seat) => seat.requests.filter((request) => request.endsWith("/speaker/acquire")).length;

/**
 * The server ends and starts again: both come back, and what was said is there.
 * @param {Table} table
 * @param {[Seat, Seat]} seats
 * @param {string} room
 * @param {"stop" | "kill"} end
 */
async function survives(table, [ann, bea], room, end) {
  const before = await history(ann, room);
  const sessions = [ann.session, bea.session];
  await table.server[end]();
  await table.server.run();
  const back = () => ann.session !== sessions[0] && bea.session !== sessions[1];
  await until("both come back", back, () => Promise.all([ann, bea].map((seat) => seat.page.innerText("body"))));
  await Promise.all([ann.connected(), bea.connected()]);
  assert.deepEqual(await history(bea, room), before);
  // Nothing of this page's own memory.
  await bea.page.reload();
  await ui.inRoom(bea.page);
  await bea.connected();
  await ui.openTranscript(bea.page);
  const read = () => ui.transcript(bea.page);
  await until("the transcript", async () => (await read()).length >= before.length, read);
  assert.deepEqual(await read(), before.map(({ name, text }) => ({ name, text })));
}

test("two in a talk room: a password, turns, captions, and all of it after restarts", async (context) => {
  const table = await Table.set(context, { ...LISTENING, SPEAKER_TTL_SECONDS: String(TTL_SECONDS) });
  await table.server.listens();
  const ann = await table.newcomer("ann", await spoken("jfk", PAUSE_SECONDS));
  const bea = await table.newcomer("bea", await spoken("sense_and_sensibility_01_austen_64kb-0920", PAUSE_SECONDS));
  await ui.makeTalkRoom(ann.page, "Two of us", SECRET);
  const [{ room_id: room }] = await table.owner.must("GET", "/api/v1/rooms?profile=talk");
  await comeIn(ann, bea, room);
  await aThirdIsRefused(table, room);
  const wrong = await oneSpeaks(ann, bea);
  context.diagnostic(`live captions: ${Math.round(wrong * 100)} % of the words are wrong`);
  await theOtherSpeaks(ann, bea);
  await Promise.all([picture(ann, "written"), picture(bea, "written")]);
  await survives(table, [ann, bea], room, "stop");
  await table.server.listens();
  await theOtherSpeaks(ann, bea);
  await survives(table, [ann, bea], room, "kill");
  await hold(bea, ann);
  await ann.hears(bea);
  await letGo(bea, ann);
  await saves(ann, (await history(ann, room)).map(({ text }) => text));
});
