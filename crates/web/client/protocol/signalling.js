// Offers and answers of one session, one at a time: what is asked for while an exchange runs is
// folded into the next one, and an exchange that fails for a passing reason is done again.

import { ApiError } from "./api.js";
import { backoffMs } from "./backoff.js";

/** @import { Peer } from "./peer.js" */
/** @import { Env, SourceLabel } from "./types.js" */

/** An offer refused this often in a row will be refused again. */
const REFUSALS_MAX = 3;

/**
 * How offers and answers travel.
 * @typedef {object} Wire
 * @property {(sdp: string, sources: SourceLabel[], peer: Peer) => Promise<{ sdp: string }>} offer
 * @property {(sdp: string) => Promise<unknown>} [answer] to an offer of the server
 * @property {(candidate: RTCIceCandidateInit | null) => Promise<unknown>} [candidate] of ours, where it is of use
 */

/**
 * @typedef {object} Hooks
 * @property {(peer: Peer) => void} answered
 * @property {(error: unknown) => boolean} failed true: it has been dealt with, stop here
 * @property {(error: unknown) => void} gaveUp
 */

export class Signalling {
  #wire;
  #env;
  #hooks;
  /** @type {Peer | null} */
  #peer = null;
  /** @type {{ restart: boolean } | null} */
  #wanted = null;
  #running = false;
  #stopped = false;

  /**
   * @param {object} options
   * @param {Wire} options.wire
   * @param {Hooks} options.hooks
   * @param {Env} options.env
   */
  constructor({ wire, hooks, env }) {
    this.#wire = wire;
    this.#hooks = hooks;
    this.#env = env;
  }

  /** @param {Peer} peer from now on offers are made of this one */
  use(peer) {
    this.#peer = peer;
    peer.on("candidate", (candidate) => {
      if (peer !== this.#peer || this.#stopped) return;
      this.#wire.candidate?.(candidate?.toJSON() ?? null).catch(() => {});
    });
  }

  /** @param {boolean} restart with an ICE restart */
  request(restart) {
    this.#wanted = { restart: restart || (this.#wanted?.restart ?? false) };
    if (!this.#running) this.#run();
  }

  /** @param {string} sdp the server offers */
  async handleOffer(sdp) {
    const peer = this.#peer;
    // While an offer of ours is under way the server will answer that one.
    if (!peer || this.#running) return;
    try {
      await this.#wire.answer?.(await peer.handleOffer(sdp));
    } catch {
      this.request(false);
    }
  }

  stop() {
    this.#stopped = true;
    this.#peer = null;
  }

  async #run() {
    this.#running = true;
    let attempt = 0;
    let refusals = 0;
    while (this.#wanted && this.#peer && !this.#stopped) {
      const wish = this.#wanted;
      const peer = this.#peer;
      this.#wanted = null;
      try {
        await this.#exchange(peer, wish.restart);
        attempt = refusals = 0;
      } catch (error) {
        if (this.#stopped || peer !== this.#peer) continue;
        if (this.#hooks.failed(error)) break;
        const passing = error instanceof ApiError && error.passing;
        if (!passing && ++refusals >= REFUSALS_MAX) {
          this.#hooks.gaveUp(error);
          break;
        }
        this.#wanted = { restart: wish.restart || this.#isRestartWanted() };
        await this.#pause(attempt++, error);
      }
    }
    this.#running = false;
  }

  #isRestartWanted() {
    return this.#wanted?.restart ?? false;
  }

  /**
   * @param {Peer} peer
   * @param {boolean} restart
   */
  async #exchange(peer, restart) {
    const { sdp, sources } = await peer.offer(restart);
    const answer = await this.#wire.offer(sdp, sources, peer);
    if (peer !== this.#peer || this.#stopped) return;
    await peer.handleAnswer(answer.sdp);
    this.#hooks.answered(peer);
  }

  /**
   * @param {number} attempt
   * @param {unknown} error
   * @returns {Promise<void>}
   */
  #pause(attempt, error) {
    const asked = error instanceof ApiError ? error.retryAfterMs ?? 0 : 0;
    const wait = Math.max(asked, backoffMs(attempt, this.#env.random()));
    return new Promise((resolve) => this.#env.setTimeout(resolve, wait));
  }
}
