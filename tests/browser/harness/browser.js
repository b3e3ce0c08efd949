// Chromium with a fake microphone and camera.
//
// The recording that a fake microphone plays belongs to the browser process, so everyone who
// speaks with a voice of their own is a process of their own.

import { existsSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { speechFolder } from "./server.js";

/** The recordings that `cargo xtask setup` makes. */
export const VOICES = ["0870", "0920", "0890"];

/** A name that leads to this machine and that browsers do not take for it: no secure context. */
export const PLAIN_NAME = "parlor.test";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  // Without it a machine that has only its loopback interface gathers no candidate.
  "--allow-loopback-in-peer-connection",
  // Pages in the background must not sleep: all of them but one are.
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
  // The certificate that a server makes for itself.
  "--ignore-certificate-errors",
  `--host-resolver-rules=MAP ${PLAIN_NAME} 127.0.0.1`,
];

/** @param {string} voice one of `VOICES`, or the path of a recording */
export function launch(voice) {
  const recording = path.isAbsolute(voice) ? voice : path.resolve(speechFolder, `${voice}.wav`);
  if (!existsSync(recording)) throw new Error(`${recording} is missing: run cargo xtask setup`);
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [...FLAGS, `--use-file-for-fake-audio-capture=${recording}`],
  });
}
