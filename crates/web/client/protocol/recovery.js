// When to repair the media path, and how hard: first restart ICE, then make a new connection. Pure
// but for its two timers; it does nothing itself.

/** @import { Env } from "./types.js" */

/** A shorter break than this usually mends itself (a lost check, a phone changing cells). */
const PATIENCE_MS = 3000;
/** How long a repair may take before the next, stronger one. */
const REPAIR_MS = 5000;

/**
 * @typedef {object} Actions
 * @property {() => void} restart offer again with an ICE restart
 * @property {() => void} rebuild make a new peer connection and offer afresh
 */

export class Recovery {
  #env;
  #actions;
  /** @type {any} */
  #timer = null;
  /** @type {"well" | "waiting" | "repairing"} */
  #phase = "well";
  #restarted = false;
  #connected = false;

  /**
   * @param {Actions} actions
   * @param {Env} env
   */
  constructor(actions, env) {
    this.#actions = actions;
    this.#env = env;
  }

  /** @param {RTCPeerConnectionState} state */
  handleState(state) {
    this.#connected = state === "connected";
    if (this.#connected) {
      this.#to("well");
      this.#restarted = false;
    } else if (state === "failed") {
      if (this.#phase !== "repairing") this.#repair();
    } else if (state === "disconnected" && this.#phase === "well") {
      this.#to("waiting");
      this.#after(PATIENCE_MS, () => this.#repair());
    }
  }

  /** The server took an offer: from now on the connection should come up. */
  handleAnswered() {
    if (this.#connected && this.#phase !== "repairing") return;
    this.#to("repairing");
    this.#after(REPAIR_MS, () => {
      if (this.#connected) this.#to("well");
      else this.#repair();
    });
  }

  /** The network changed under us: a restart costs little and finds the new path. */
  networkChanged() {
    this.#restarted = false;
    this.#repair();
  }

  /** Another connection is being made; what was known of the old one is void. */
  reset() {
    this.#connected = false;
    this.#to("repairing");
  }

  stop() {
    this.#to("well");
  }

  #repair() {
    this.#to("repairing");
    if (this.#restarted) {
      this.#actions.rebuild();
      return;
    }
    this.#restarted = true;
    this.#actions.restart();
  }

  /** @param {"well" | "waiting" | "repairing"} phase */
  #to(phase) {
    this.#phase = phase;
    this.#env.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /**
   * @param {number} ms
   * @param {() => void} action
   */
  #after(ms, action) {
    this.#timer = this.#env.setTimeout(action, ms);
  }
}
