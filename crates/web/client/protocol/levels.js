// Who speaks in a meeting, from the levels that the server tells now and then: whoever is not heard of any more
// has stopped. Called by meeting.js.

/** @import { Env } from "./types.js" */

/** Linear. Below it is a quiet room. */
const SPEAKING = 0.01;
/** Levels come up to four times a second; the pause between two words is no end. */
const QUIET_MS = 800;

export class Levels {
  #env;
  #changed;
  /** @type {Map<string, { level: number, timer: any }>} by call, of those who speak */
  #speaking = new Map();

  /**
   * @param {Env} env
   * @param {(call: string, speaking: boolean) => void} changed
   */
  constructor(env, changed) {
    this.#env = env;
    this.#changed = changed;
  }

  /** @param {string} call @param {number} level linear, 0 to 1 */
  handle(call, level) {
    const before = this.#speaking.get(call);
    if (!(level >= SPEAKING)) {
      // The ring shrinks at once, and goes when the silence lasts.
      if (before) before.level = 0;
      return;
    }
    this.#env.clearTimeout(before?.timer);
    this.#speaking.set(call, { level, timer: this.#env.setTimeout(() => this.#end(call), QUIET_MS) });
    if (!before) this.#changed(call, true);
  }

  /** @param {string} call @returns {number} linear, 0 to 1 */
  of(call) {
    return this.#speaking.get(call)?.level ?? 0;
  }

  stop() {
    for (const { timer } of this.#speaking.values()) this.#env.clearTimeout(timer);
    this.#speaking.clear();
  }

  /** @param {string} call */
  #end(call) {
    this.#speaking.delete(call);
    this.#changed(call, false);
  }
}
