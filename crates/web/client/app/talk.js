// The push-to-talk button of a talk room, whatever holds it down: a finger, the space bar, a switch of
// an assistive device. Ties the asking for the floor to the microphone, the store and plain words.

import { PushToTalk } from "../protocol/floor.js";
import { browserEnv } from "../protocol/types.js";
import { canonicalId } from "../protocol/ids.js";
import { myself, sending } from "../state/select.js";
import { isStage } from "../state/stage.js";
import { inWords } from "./words.js";

/** @import { Api } from "../protocol/api.js" */
/** @import { Call } from "../protocol/call.js" */
/** @import { FloorEvents } from "../protocol/floor.js" */
/** @import { Room, ServerEvent } from "../protocol/types.js" */
/** @import { Capture } from "./capture.js" */
/** @import { AppStore } from "./context.js" */

/** What holds the button down. Two at once are one press, and the last of them to go lets go. */
/** @typedef {"space" | "enter" | "pointer" | "switch"} Hold */

/** How long "somebody else is speaking" stands when the events do not say who. */
const REFUSED_MS = 1500;

/**
 * @typedef {object} Needs
 * @property {Api} api
 * @property {AppStore} store
 * @property {Pick<Capture, "open" | "tracks">} capture
 * @property {(text: string) => void} notice
 */

export class Talk {
  #needs;
  #env;
  /** @type {Call | null} */
  #call = null;
  /** @type {PushToTalk | null} */
  #button = null;
  /** @type {Set<Hold>} */
  #holds = new Set();
  /** @type {any} */
  #refusedTimer = null;

  /** @param {Needs} needs @param {import("../protocol/types.js").Env} [env] */
  constructor(needs, env = browserEnv()) {
    this.#needs = needs;
    this.#env = env;
  }

  /** One is in a room from now on, a talk room or another. @param {Call} call @param {Pick<Room, "room_id" | "type">} room */
  begin(call, room) {
    this.end();
    this.#call = call;
    const talks = room.type === "talk";
    // On a stage it opens with the role, which stage.js follows.
    call.setTalking(!talks && !isStage(room));
    if (!talks) return;
    const { api, store } = this.#needs;
    const user = store.get().account.me?.user_id ?? "";
    const button = new PushToTalk({ api, room: room.room_id, user, clock: call.clock, env: this.#env });
    this.#button = button;
    button.on("state", (state) => store.dispatch({ type: "floor/own", ...state, user }));
    button.on("send", (on) => {
      call.setTalking(on);
      if (on) store.dispatch({ type: "page/announce", text: "You are speaking." });
    });
    button.on("taken", () => this.#handleTaken());
    button.on("lost", (why) => this.#handleLost(why));
    button.on("failed", (error) => this.#refuse(inWords(error)));
  }

  end() {
    this.#holds.clear();
    this.#button?.stop();
    this.#button = this.#call = null;
    this.#env.clearTimeout(this.#refusedTimer);
  }

  /** @param {Hold} by */
  hold(by) {
    if (!this.#button || this.#holds.has(by)) return;
    this.#holds.add(by);
    if (this.#holds.size === 1) this.#press();
  }

  /** @param {Hold} by */
  drop(by) {
    if (this.#holds.delete(by) && this.#holds.size === 0) this.#button?.release();
  }

  dropAll() {
    const held = this.#holds.size > 0;
    this.#holds.clear();
    if (held) this.#button?.release();
  }

  get isHeld() {
    return this.#holds.size > 0;
  }

  /** For what can press but not hold: once to begin, once to end. */
  toggle() {
    if (this.#holds.size) this.dropAll();
    else this.hold("switch");
  }

  /** @param {ServerEvent} event after it is in the store */
  handleEvent(event) {
    if (event.type === "state") this.#button?.handleFloor(event.floor ?? null);
    else if (event.type === "floor") this.#button?.handleFloor(/** @type {any} */ (event));
    if (myself(this.#needs.store.get())?.server_mute) this.dropAll();
  }

  /** The session broke off; the next one begins without the floor. */
  handleDisconnected() {
    this.#holds.clear();
    this.#button?.handleDisconnected();
  }

  /** @param {number} expiresAt @returns {number} whole seconds, as people count them down */
  secondsLeft(expiresAt) {
    return Math.ceil((this.#call?.clock.untilMs(expiresAt) ?? 0) / 1000);
  }

  async #press() {
    const { store, capture } = this.#needs;
    const state = store.get();
    if (!sending(state).microphone) return this.#refuse("You may listen in this room, but not speak.");
    if (myself(state)?.server_mute) return this.#refuse("A moderator muted you.");
    if (capture.tracks.get("microphone")?.readyState !== "live" && !(await capture.open("microphone"))) {
      const blocked = store.get().devices.microphone === "blocked";
      return this.#refuse(blocked ? "Your microphone is blocked: see Devices." : "There is no microphone to speak into.");
    }
    if (this.#holds.size) this.#button?.press();
  }

  /** @param {string} text */
  #refuse(text) {
    this.#holds.clear();
    this.#needs.notice(text);
  }

  #handleTaken() {
    const { store } = this.#needs;
    this.#holds.clear();
    // Not an error: the red light says it. Only a light that is still green has to be told.
    store.dispatch({ type: "floor/refused", refused: true });
    store.dispatch({ type: "page/announce", text: `${this.#holder() ?? "Somebody else"} is speaking.` });
    this.#env.clearTimeout(this.#refusedTimer);
    this.#refusedTimer = this.#env.setTimeout(() => store.dispatch({ type: "floor/refused", refused: false }), REFUSED_MS);
  }

  /** @param {FloorEvents["lost"]} why */
  #handleLost(why) {
    if (why === "unreachable") this.#refuse("Connection lost. Your turn has ended, and nobody hears you.");
    else if (why === "taken") this.#refuse(`Your turn has ended: ${this.#holder() ?? "somebody else"} is speaking now.`);
    else this.#refuse("Your turn has ended, and nobody hears you now. Press again to go on.");
  }

  #holder() {
    const { floor, call } = this.#needs.store.get();
    return floor.holder ? call.people[canonicalId(floor.holder.userId)]?.username : undefined;
  }
}
