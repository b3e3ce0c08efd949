// Push-to-talk in a room where one speaks at a time: asks for the floor while the button is held, keeps
// it by heartbeats, gives it back, and notices when it is gone. It moves no microphone and draws no
// button: whoever uses it does what `send` says. One question to the server at a time, so that a
// release never overtakes the request it takes back.

import { ApiError } from "./api.js";
import { Emitter } from "./emitter.js";
import { sameId } from "./ids.js";

/** @import { Api } from "./api.js" */
/** @import { ServerClock } from "./clock.js" */
/** @import { Env } from "./types.js" */

/** A heartbeat comes after this long at the latest; what clients of this dialect have always done. */
const HEARTBEAT_MAX_MS = 15_000;
/** And after this part of what is left of the turn: before a third of it remains. */
const HEARTBEAT_PART = 0.6;
/** A heartbeat that did not get through is sent again this soon, until the turn is over. */
const RETRY_MS = 1000;
/** A turn that seems over as it begins: the clocks are not known yet. Ask again soon. */
const UNKNOWN_MS = 1000;
/** A release that does not get through this often is left to the end of the turn. */
const RELEASES_MAX = 3;

/** @typedef {"idle" | "asking" | "talking" | "returning"} Phase */

/**
 * @typedef {object} FloorEvents
 * @property {{ phase: Phase, expiresAt: number | null }} state `expiresAt`: unix milliseconds at the server, while talking
 * @property {boolean} send whether the microphone sends from now on
 * @property {null} taken somebody else has the floor
 * @property {"ended" | "taken" | "unreachable"} lost it went away while the button was held
 * @property {unknown} failed it could not be asked for
 */

/** @typedef {{ user_id: string | null, expires_at: string | null }} FloorWord what the event stream says of it */

/** @extends {Emitter<FloorEvents>} */
export class PushToTalk extends Emitter {
  #api;
  #room;
  #user;
  #clock;
  #env;
  #wanted = false;
  /**
   * Our turn. `since`: its end as it was first granted; `echoed`: the event stream has told of it.
   * @type {{ since: number, expiresAt: number, echoed: boolean } | null}
   */
  #turn = null;
  /** @type {Phase} */
  #phase = "idle";
  /** The end of a turn of ours that the event stream told last; it may be quicker than the answer. */
  #heard = -Infinity;
  #running = false;
  #stopped = false;
  #sending = false;
  /** The last heartbeat did not get through. */
  #unheard = false;
  /** @type {any} */
  #beat = null;
  /** @type {any} */
  #end = null;

  /**
   * @param {object} options
   * @param {Api} options.api
   * @param {string} options.room
   * @param {string} options.user one's own id
   * @param {ServerClock} options.clock
   * @param {Env} options.env
   */
  constructor({ api, room, user, clock, env }) {
    super();
    this.#api = api;
    this.#room = room;
    this.#user = user;
    this.#clock = clock;
    this.#env = env;
  }

  get phase() {
    return this.#phase;
  }

  /** The button goes down. */
  press() {
    this.#wanted = true;
    this.#run();
  }

  /** The button comes up: silent from this instant, whatever the server says. */
  release() {
    this.#wanted = false;
    this.#hush();
    this.#run();
  }

  /** Out of the room: leaving gives the floor back by itself. */
  stop() {
    this.#stopped = true;
    this.#wanted = false;
    this.#forget();
    this.#to("idle");
  }

  /** The session is gone, and the turn with it. */
  handleDisconnected() {
    if (this.#turn) this.#lose("unreachable");
    this.#wanted = false;
  }

  /**
   * What the event stream says of the floor, with a `state` or a `floor` event; null is free.
   * @param {FloorWord | null} floor
   */
  handleFloor(floor) {
    const userId = floor?.user_id ?? null;
    const mine = userId !== null && sameId(userId, this.#user);
    const until = mine ? Date.parse(floor?.expires_at ?? "") : -Infinity;
    this.#heard = until;
    const turn = this.#turn;
    if (!turn || this.#phase !== "talking") return;
    if (mine) {
      if (!(until >= turn.since)) return;
      turn.echoed = true;
      // Another window of ours may have kept it.
      if (until > turn.expiresAt) this.#renew(turn, until);
      return;
    }
    // Events take another way than answers: before the stream has told of our turn, this may be what
    // was before it. Ask.
    if (turn.echoed) this.#lose(userId === null ? "ended" : "taken");
    else this.#keep(turn);
  }

  /** Does one thing after the other until what is wanted is so. */
  async #run() {
    if (this.#running) return;
    this.#running = true;
    while (!this.#stopped && this.#wanted !== (this.#turn !== null)) {
      if (this.#wanted) await this.#take();
      else await this.#giveBack();
    }
    this.#running = false;
  }

  async #take() {
    this.#to("asking");
    try {
      const until = Date.parse((await this.#api.takeFloor(this.#room)).expires_at);
      if (this.#stopped) return;
      const turn = { since: until, expiresAt: until, echoed: this.#heard >= until };
      this.#turn = turn;
      if (!this.#wanted) return;
      this.#phase = "talking";
      this.#renew(turn, until);
      this.#sending = true;
      this.emit("send", true);
    } catch (error) {
      if (this.#stopped) return;
      const held = this.#wanted;
      this.#wanted = false;
      if (error instanceof ApiError && error.status === 409) {
        this.#to("idle");
        if (held) this.emit("taken", null);
        return;
      }
      // Perhaps it was granted and the answer lost: nobody else should have to wait for its end.
      if (error instanceof ApiError && error.passing) await this.#sayRelease();
      this.#to("idle");
      if (held) this.emit("failed", error);
    }
  }

  async #giveBack() {
    this.#forget();
    this.#to("returning");
    for (let tries = 1; !(await this.#sayRelease()) && tries < RELEASES_MAX; tries++) {
      await new Promise((resolve) => this.#env.setTimeout(() => resolve(null), RETRY_MS));
      if (this.#wanted || this.#stopped) break;
    }
    this.#to("idle");
  }

  /** @returns {Promise<boolean>} whether the server knows */
  async #sayRelease() {
    try {
      await this.#api.releaseFloor(this.#room);
      return true;
    } catch (error) {
      return !(error instanceof ApiError && error.passing);
    }
  }

  /** @param {{ expiresAt: number }} turn */
  async #keep(turn) {
    try {
      const { expires_at } = await this.#api.keepFloor(this.#room);
      if (this.#turn === turn) this.#renew(turn, Date.parse(expires_at));
    } catch (error) {
      if (this.#turn !== turn) return;
      if (!(error instanceof ApiError && error.passing)) {
        this.#lose("ended");
        return;
      }
      this.#unheard = true;
      this.#env.clearTimeout(this.#beat);
      this.#beat = this.#env.setTimeout(() => this.#keep(turn), RETRY_MS);
    }
  }

  /** @param {{ expiresAt: number }} turn @param {number} until */
  #renew(turn, until) {
    turn.expiresAt = Math.max(turn.expiresAt, until);
    this.#unheard = false;
    const left = this.#clock.untilMs(turn.expiresAt) || UNKNOWN_MS;
    this.#env.clearTimeout(this.#beat);
    this.#env.clearTimeout(this.#end);
    this.#beat = this.#env.setTimeout(() => this.#keep(turn), Math.min(HEARTBEAT_MAX_MS, left * HEARTBEAT_PART));
    this.#end = this.#env.setTimeout(() => this.#lose(this.#unheard ? "unreachable" : "ended"), left);
    this.emit("state", { phase: this.#phase, expiresAt: turn.expiresAt });
  }

  /** @param {FloorEvents["lost"]} why */
  #lose(why) {
    this.#wanted = false;
    this.#forget();
    this.#to("idle");
    this.emit("lost", why);
  }

  #forget() {
    this.#hush();
    this.#turn = null;
    this.#env.clearTimeout(this.#beat);
    this.#env.clearTimeout(this.#end);
  }

  #hush() {
    if (!this.#sending) return;
    this.#sending = false;
    this.emit("send", false);
  }

  /** @param {Phase} phase */
  #to(phase) {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.emit("state", { phase, expiresAt: this.#turn?.expiresAt ?? null });
  }
}
