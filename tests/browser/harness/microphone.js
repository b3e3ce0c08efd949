// What a page's own microphone hears, whether the page sends it or not: when it is quiet, when it
// speaks. Chromium's fake microphone plays its recording from the moment a page opens it.

import { until } from "./wait.js";

/** @import { Page } from "playwright-core" */

/** Longer than any pause in a recording. */
const PAUSE_MS = 2000;

/**
 * Runs in the page before its own code. All pages of a browser have the same recording as their microphone: an
 * echo canceller takes what one of them says for the echo of what it hears of another, and silences it.
 */
export function leaveEcho() {
  const media = navigator.mediaDevices;
  // Only a secure context has one.
  if (!media) return;
  const real = media.getUserMedia.bind(media);
  media.getUserMedia = (wish) => {
    const audio = wish?.audio;
    if (!audio) return real(wish);
    const asked = typeof audio === "object" ? audio : {};
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    return real({ ...wish, audio: { ...asked, ...plain } });
  };
}

/** Runs in the page before its own code. */
export function noteMicrophone() {
  const EVERY_MS = 20;
  const LOUD = 0.01;
  const media = navigator.mediaDevices;
  // Only a secure context has one.
  if (!media) return;
  const heard = { loudMs: 0, quietMs: 0 };
  /** @type {any} */ (window).testMicrophone = heard;
  const real = media.getUserMedia.bind(media);
  media.getUserMedia = async (wish) => {
    const stream = await real(wish);
    const track = stream.getAudioTracks()[0];
    if (track) listen(track.clone());
    return stream;
  };
  /** @param {MediaStreamTrack} track */
  function listen(track) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let last = performance.now();
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const rms = Math.hypot(...samples) / Math.sqrt(samples.length);
      const passed = performance.now() - last;
      last += passed;
      if (rms > LOUD) heard.loudMs += passed;
      heard.quietMs = rms > LOUD ? 0 : heard.quietMs + passed;
    }, EVERY_MS);
  }
}

/** @param {Page} page @returns {Promise<{ loudMs: number, quietMs: number }>} */
const heard = (page) => page.evaluate(() => ({ .../** @type {any} */ (window).testMicrophone }));

export const microphone = {
  /** Waits for the pause after the recording, or for its end. @param {Page} page */
  pauses: (page) => until("a pause", async () => (await heard(page)).quietMs > PAUSE_MS, () => heard(page)),

  /** Waits until it has spoken so much more. @param {Page} page @param {number} ms */
  async speaks(page, ms) {
    const before = (await heard(page)).loudMs;
    await until("speech", async () => (await heard(page)).loudMs > before + ms, () => heard(page));
  },
};
