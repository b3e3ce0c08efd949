// The server's time as it is here: people's clocks are wrong by seconds, and a countdown would show it.

/** @import { Env } from "./types.js" */

/**
 * How many stamps are remembered. More would hold on longer to a clock that has since been slept
 * through; fewer would follow every packet that was late.
 */
const STAMPS_MAX = 16;

export class ServerClock {
  #env;
  /** Server time less our own, at most recent stamps. @type {number[]} */
  #offsets = [];

  /** @param {Pick<Env, "now">} env */
  constructor(env) {
    this.#env = env;
  }

  /**
   * An event said when it happened. Every stamp is old by its way here, and one that is told again
   * much older: the youngest of the recent ones is the best.
   * @param {string | undefined} stamp RFC 3339
   */
  handleStamp(stamp) {
    const at = Date.parse(stamp ?? "");
    if (Number.isNaN(at)) return;
    this.#offsets = [...this.#offsets, at - this.#env.now()].slice(-STAMPS_MAX);
  }

  /** Unix milliseconds at the server. Before the first stamp, this machine's word for it. */
  now() {
    return this.#offsets.length ? this.#env.now() + Math.max(...this.#offsets) : Date.now();
  }

  /** @param {number} at unix milliseconds at the server @returns {number} from now, never less than 0 */
  untilMs(at) {
    return Math.max(0, at - this.now());
  }
}
