// How long to wait before trying again.

/** The first wait, and the longest. Shorter would press a server that is just starting again. */
const FIRST_MS = 300;
const LONGEST_MS = 5000;

/**
 * Doubles from 0.3 s to 5 s; the upper half of each wait is random, so that many clients of one
 * server do not come back in the same instant.
 * @param {number} attempt 0 for the first
 * @param {number} random 0 to 1
 */
export function backoffMs(attempt, random) {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.max(FIRST_MS, Math.round(ceiling / 2 + (random * ceiling) / 2));
}
