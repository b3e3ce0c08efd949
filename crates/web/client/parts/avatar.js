// Initials on a colour made of the id, with the ring that follows the voice.

import { useApp } from "../app/context.js";
import { canonicalId } from "../protocol/ids.js";
import { useEffect, useRef } from "../vendor/hooks.js";
import { html } from "./html.js";

/** Smooth to the eye, and nothing to the processor. */
const LEVEL_EVERY_MS = 80;

/** @param {string} name */
function initials(name) {
  const words = name.trim().split(/[\s_.-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters.map((word) => Array.from(word ?? "?")[0]).join("").toUpperCase();
}

/** @param {string} id a hue that stays the same everywhere */
export function hue(id) {
  let hash = 2166136261;
  for (const char of canonicalId(id)) hash = Math.imul(hash ^ char.charCodeAt(0), 16777619);
  // Ids that follow each other should not look alike.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return ((hash ^ (hash >>> 16)) >>> 0) % 360;
}

/**
 * Writes a level, many times a second, into a custom property of an element.
 * @param {{ current: HTMLElement | null }} element
 * @param {boolean} active
 * @param {() => number} read
 */
export function useLevel(element, active, read) {
  const latest = useRef(read);
  latest.current = read;
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => {
      element.current?.style.setProperty("--level", latest.current().toFixed(2));
    }, LEVEL_EVERY_MS);
    return () => {
      clearInterval(timer);
      element.current?.style.removeProperty("--level");
    };
  }, [active]);
}

/** @param {{ id: string, name: string, size?: "small" | "medium" | "large", speaking?: boolean }} props */
export function Avatar({ id, name, size = "medium", speaking = false }) {
  const { session } = useApp();
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useLevel(element, speaking, () => session.level(id));
  return html`<span
    ref=${element}
    class=${`avatar avatar-${size}${speaking ? " is-speaking" : ""}`}
    style=${{ "--hue": String(hue(id)) }}
    aria-hidden="true"
    >${initials(name)}</span
  >`;
}
