// Recordings with known words for fake microphones, and counting the words that came out wrong.
//
// The recordings and the model are those of crates/transcribe/tests/speech/clips.rs.

import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { outputFolder, root } from "./server.js";

const folder = process.env.PARLOR_TEST_SPEECH ?? path.join(root, "target", "test-speech");

/** What a server needs to write down what is said. */
export const LISTENING = {
  STT_ENGINE: "moonshine",
  STT_MODEL: path.join(folder, "model", "moonshine-tiny-en-0.1.0"),
};

/** Recordings by their files' names, and what is said in them. */
export const WORDS = {
  jfk: "and so my fellow americans ask not what your country can do for you ask what you can do for your country",
  "sense_and_sensibility_01_austen_64kb-0920":
    "had he married a more amiable woman he might have been made still more respectable than he was",
};

const HEADER = 44;
const RATE = 48_000;

/**
 * A recording of 16 kHz as Chromium's fake microphone plays it well, with silence before it: Chromium
 * plays it again and again. Returns the file's path.
 * @param {keyof typeof WORDS} name
 * @param {number} pause seconds
 */
export async function spoken(name, pause) {
  const source = path.join(folder, `${name}.wav`);
  if (!existsSync(source)) throw new Error(`${source} is missing: run cargo xtask setup`);
  const bytes = await readFile(source);
  const told = [bytes.readUInt16LE(20), bytes.readUInt16LE(22), bytes.readUInt32LE(24), bytes.readUInt16LE(34)];
  const data = bytes.indexOf("data", 36, "latin1");
  if (String(told) !== "1,1,16000,16" || data < 0) throw new Error(`${source}: ${told}`);
  const within = bytes.subarray(data + 8, data + 8 + bytes.readUInt32LE(data + 4));
  const samples = new Int16Array(new Uint8Array(within).buffer);
  const target = path.join(outputFolder, `${name}-${pause}.wav`);
  await mkdir(outputFolder, { recursive: true });
  await writeFile(target, wav(pause * RATE, samples));
  return target;
}

/**
 * Silence, then the samples at three times their rate: straight lines between them are good enough.
 * @param {number} silent
 * @param {Int16Array} samples
 */
function wav(silent, samples) {
  const file = Buffer.alloc(HEADER + 2 * (silent + 3 * samples.length));
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(RATE, 24);
  file.writeUInt32LE(2 * RATE, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(file.length - HEADER, 40);
  let at = HEADER + 2 * silent;
  for (const [index, sample] of samples.entries()) {
    const next = samples[index + 1] ?? sample;
    for (let third = 0; third < 3; third++) {
      at = file.writeInt16LE(Math.round(sample + ((next - sample) * third) / 3), at);
    }
  }
  return file;
}

/** The words of a text as they sound. @param {string} text */
export const wordsOf = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}']+/gu, " ").trim().split(" ");

/**
 * Words missing, too many or others, as a part of those that were said.
 * @param {string} text
 * @param {string} said
 */
export function wordErrorRate(text, said) {
  const words = wordsOf(said);
  let row = words.map((_, index) => index + 1);
  for (const [count, word] of wordsOf(text).entries()) {
    let corner = count;
    let left = count + 1;
    row = row.map((above, at) => {
      left = Math.min(above + 1, left + 1, corner + (word === words[at] ? 0 : 1));
      corner = above;
      return left;
    });
  }
  return (row.at(-1) ?? 0) / words.length;
}
