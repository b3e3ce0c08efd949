// Waiting for what must happen. There is one limit for the whole suite, long enough for a busy
// machine; a test that reaches it hangs, it is not slow.

export const HANG_MS = 60_000;

const POLL_MS = 50;

/**
 * Asks until the answer is truthy, and returns it. A probe that throws is asked again.
 * @template T
 * @param {string} what for the message when it never happens
 * @param {() => T | Promise<T>} probe
 * @param {() => unknown} [shown] what to tell beside it, seen at the end
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, probe, shown = () => "") {
  const end = Date.now() + HANG_MS;
  /** @type {unknown} */
  let last;
  while (Date.now() < end) {
    try {
      const answer = await probe();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const seen = shown();
  throw new Error(`${what}: not within ${HANG_MS / 1000} s (last: ${last}) ${seen ? JSON.stringify(await seen) : ""}`);
}

/**
 * The answer of a promise that must settle.
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 * @param {number} [within] milliseconds
 * @returns {Promise<T>}
 */
export async function soon(what, promise, within = HANG_MS) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const hang = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${within / 1000} s`)), within);
  });
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (hang)]);
  } finally {
    clearTimeout(timer);
  }
}
