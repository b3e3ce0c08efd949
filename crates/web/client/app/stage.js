// One's own place in a stage, and what the microphone does there: while one listens nothing of this machine
// is captured, let alone sent; on stage the microphone is as one last chose it there, muted at first.

import { ApiError } from "../protocol/api.js";
import { canonicalId, sameId } from "../protocol/ids.js";
import { moderation, myself } from "../state/select.js";
import { inStage, isListening, isStage, myPosition, myRole } from "../state/stage.js";
import { inWords, ordinal } from "./words.js";

/** @import { Api } from "../protocol/api.js" */
/** @import { Call } from "../protocol/call.js" */
/** @import { Room, ServerEvent } from "../protocol/types.js" */
/** @import { State } from "../state/state.js" */
/** @import { Capture } from "./capture.js" */
/** @import { AppStore } from "./context.js" */

/**
 * @typedef {object} Needs
 * @property {Api} api
 * @property {AppStore} store
 * @property {Pick<Capture, "open" | "close" | "closeAll">} capture
 * @property {(text: string) => void} notice
 * @property {(mute: boolean) => void} mute says it to the store and the server; moves no device
 */

export class StagePlace {
  #needs;
  /** @type {Call | null} */
  #call = null;
  /** What was made of the role that was last told; null: none was told yet. @type {boolean | null} */
  #speaks = null;
  #camera = false;

  /** @param {Needs} needs */
  constructor(needs) {
    this.#needs = needs;
  }

  /**
   * One is in a room from now on, a stage or another.
   * @param {Call} call
   * @param {Pick<Room, "type">} room
   * @param {{ camera?: boolean }} [before] how it was before the page was reloaded
   */
  begin(call, room, { camera = false } = {}) {
    this.end();
    this.#call = call;
    this.#camera = camera;
    if (isStage(room)) this.#settle(null);
  }

  end() {
    this.#call = this.#speaks = null;
    this.#camera = false;
  }

  /** @param {ServerEvent} event after it is in the store @param {State} before it was */
  handleEvent(event, before) {
    const { store } = this.#needs;
    const state = store.get();
    if (!inStage(state)) return;
    if (event.type === "moved") this.#speaks = null;
    this.#settle(event);
    if (event.type === "stage.invite_ended") this.#tellEnd(event);
    if (event.type === "stage.invited") {
      store.dispatch({ type: "page/announce", text: `${this.#nameOf(event.by) ?? "A moderator"} invites you to speak.` });
    }
    const position = myPosition(state);
    if (position && position !== myPosition(before)) {
      store.dispatch({ type: "page/announce", text: `Your hand is up. You are ${ordinal(position)} in line.` });
    }
  }

  /** Raises the hand, or lowers it; who moderates the stage goes on it. */
  async hand() {
    const state = this.#needs.store.get();
    if (!isListening(state)) return;
    if (moderation(state).stage) return this.take();
    const raised = Boolean(myself(state)?.requested_at);
    await this.#ask((api, room) => (raised ? api.withdrawRequest(room) : api.requestToSpeak(room)));
  }

  async take() {
    const mine = this.#needs.store.get().account.me?.user_id ?? "";
    await this.#ask((api, room) => api.inviteToSpeak(room, mine));
  }

  async stepDown() {
    await this.#ask((api, room) => api.withdrawRequest(room));
  }

  /** @param {boolean} accepted */
  async respond(accepted) {
    const { store } = this.#needs;
    if (store.get().stage.busy) return;
    const error = await this.#ask((api, room) => api.respondToInvite(room, accepted));
    // Taken or refused, there is nothing left to answer; unless the server never heard of it.
    if (error instanceof ApiError && error.passing) return;
    store.dispatch({ type: "stage/answered", user: store.get().account.me?.user_id ?? "" });
  }

  /** @param {number} expiresAt @returns {number} whole seconds, as people count them down */
  secondsLeft(expiresAt) {
    return Math.ceil((this.#call?.clock.untilMs(expiresAt) ?? 0) / 1000);
  }

  /** @param {(api: Api, room: string) => Promise<unknown>} act @returns {Promise<unknown>} the error, if there was one */
  async #ask(act) {
    const { api, store, notice } = this.#needs;
    const { call, stage } = store.get();
    if (!call.room || stage.busy) return null;
    store.dispatch({ type: "stage/busy", busy: true });
    try {
      await act(api, call.room);
      return null;
    } catch (error) {
      notice(inWords(error));
      return error;
    } finally {
      store.dispatch({ type: "stage/busy", busy: false });
    }
  }

  /** Follows the role that the room gives. @param {ServerEvent | null} event that told it */
  #settle(event) {
    const state = this.#needs.store.get();
    const role = myRole(state);
    if (!this.#call || role === null) return;
    const before = this.#speaks;
    this.#speaks = role === "speaker";
    if (this.#speaks === before) return;
    if (this.#speaks) this.#goOn(this.#call, before === null);
    else this.#goOff(this.#call, before === null ? null : event);
  }

  /** @param {Call} call @param {boolean} asBefore nothing has changed for the person: it is their page that is new */
  async #goOn(call, asBefore) {
    const { store, capture, notice, mute } = this.#needs;
    call.setTalking(true);
    const wanted = !store.get().call.mute;
    const open = wanted && (await capture.open("microphone")) !== null;
    if (this.#call !== call) return;
    // Moved back while the browser was asking.
    if (!this.#speaks) return capture.closeAll();
    if (wanted && !open) mute(true);
    if (asBefore && this.#camera) capture.open("camera");
    if (asBefore) return;
    // To be seen it stands in one's own place.
    const words = open ? "You are on stage, and your microphone is on." : "You are on stage. Your microphone is muted until you unmute it.";
    store.dispatch({ type: "page/announce", text: words });
    if (wanted && !open) notice("Your microphone could not be switched on, so you are on stage muted.");
  }

  /** @param {Call} call @param {ServerEvent | null} event null: one has only just come in */
  #goOff(call, event) {
    const { store, capture, notice } = this.#needs;
    call.setTalking(false);
    capture.closeAll();
    if (!event) return;
    const own = !event.by || sameId(event.by, store.get().account.me?.user_id);
    if (own) store.dispatch({ type: "page/announce", text: "You are in the audience now. Nobody hears you." });
    else notice(`${this.#nameOf(event.by) ?? "A moderator"} moved you to the audience.`);
  }

  /** @param {ServerEvent} event */
  #tellEnd({ why, user_id }) {
    const { notice } = this.#needs;
    if (why === "declined") notice(`${this.#nameOf(user_id) ?? "Somebody"} declined the invitation to speak.`);
    else if (why === "expired") notice("The invitation to speak has run out.");
    else notice("The invitation to speak was taken back.");
  }

  /** @param {string | null | undefined} id */
  #nameOf(id) {
    return id ? this.#needs.store.get().call.people[canonicalId(id)]?.username ?? null : null;
  }
}
