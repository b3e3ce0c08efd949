// What one does in a meeting and at its door: hands, reactions, letting people in, muting and removing them.

import { ApiError } from "../protocol/api.js";
import { freshUuid, toUuid } from "../protocol/ids.js";
import { Meeting } from "../protocol/meeting.js";
import { browserEnv } from "../protocol/types.js";
import { focused, inMeeting, unmutedOthers } from "../state/meeting.js";
import { myself } from "../state/select.js";
import { reactionWords } from "./reactions.js";
import { inWords } from "./words.js";

/** @import { Api } from "../protocol/api.js" */
/** @import { Env, Participant, Room, ServerEvent } from "../protocol/types.js" */
/** @import { State } from "../state/state.js" */
/** @import { Capture } from "./capture.js" */
/** @import { AppStore } from "./context.js" */

/** Names this visit of the page: whoever was turned away just now is known by it when they ask again. */
const VISIT = freshUuid();
/** As long as a burst is in the air, in the style sheet. */
const REACTION_MS = 4000;
/** As often as the server tells the level of others. */
const LEVEL_MS = 250;
/** As often as the server passes it on. */
const NUDGE_MS = 5000;

/**
 * @typedef {object} Needs
 * @property {Api} api
 * @property {AppStore} store
 * @property {Pick<Capture, "close">} capture
 * @property {(text: string, about?: string) => void} notice
 * @property {() => number} amplitude of one's own microphone now, linear
 */

/**
 * A call that will ask to come in: with one's account, or as a guest by name.
 * @param {Pick<Needs, "api" | "store">} needs
 * @param {Room} room
 * @param {string} password
 */
export function callTo({ api, store }, room, password) {
  const { account, meeting, call } = store.get();
  const credentials = api.token ? { token: api.token } : { display_name: meeting.guest };
  const name = account.me?.display_name || account.me?.username;
  return new Meeting({ url: api.meetingsUrl(), room: toUuid(room.room_id), call: VISIT, credentials, name, password, mute: call.mute });
}

export class MeetingPlace {
  #needs;
  #env;
  /** @type {Meeting | null} */
  #call = null;
  #reactions = 0;
  /** @type {any} */
  #levelTimer = null;
  /** @type {() => void} */
  #unfollow = () => {};

  /** @param {Needs} needs @param {Pick<Env, "setTimeout" | "clearTimeout">} [env] */
  constructor(needs, env = browserEnv()) {
    this.#needs = needs;
    this.#env = env;
  }

  /** @param {Meeting} call */
  begin(call) {
    this.end();
    this.#call = call;
    const { store } = this.#needs;
    /** @type {string | null} */
    let seen = null;
    this.#unfollow = store.subscribe(() => {
      const large = focused(store.get());
      if (large === seen) return;
      seen = large;
      call.prefer(large ? store.get().call.people[large]?.session_id ?? null : null);
    });
    this.#hearOwn(call);
  }

  /** The server tells everybody's level but one's own. @param {Meeting} call */
  #hearOwn(call) {
    const { store, amplitude } = this.#needs;
    this.#levelTimer = this.#env.setTimeout(() => {
      const me = myself(store.get());
      if (me && !me.mute && !me.server_mute) call.handleOwnLevel(amplitude());
      this.#hearOwn(call);
    }, LEVEL_MS);
  }

  end() {
    this.#env.clearTimeout(this.#levelTimer);
    this.#unfollow();
    this.#unfollow = () => {};
    this.#call = null;
  }

  /** Somebody inside has to let one in. @param {boolean} back */
  handleHeld(back) {
    const { store } = this.#needs;
    store.dispatch({ type: "meeting/door", back });
    store.dispatch({ type: "page/announce", text: "Someone in the room will let you in." });
  }

  /** @param {ServerEvent} event after it is in the store @param {State} before it was */
  handleEvent(event, before) {
    const { store, capture, notice } = this.#needs;
    const state = store.get();
    if (!this.#call || !inMeeting(state)) return;
    if (event.type === "reaction") this.#show(event);
    const [then, now] = [myself(before), myself(state)];
    if (!then || !now) return;
    if (now.server_video_mute && !then.server_video_mute) {
      // Nobody else may switch it on again: then it had better be off.
      capture.close("camera");
      notice("An admin stopped your camera.");
    }
    if (!now.server_video_mute && then.server_video_mute) notice("You may switch your camera on again.");
  }

  /** While one waits: reminds those inside. */
  nudge() {
    const { store } = this.#needs;
    const { door } = store.get().meeting;
    if (!this.#call || !door || door.nudged) return;
    this.#call.nudge();
    store.dispatch({ type: "meeting/nudged", nudged: true });
    store.dispatch({ type: "page/announce", text: "They have been reminded." });
    this.#env.setTimeout(() => store.dispatch({ type: "meeting/nudged", nudged: false }), NUDGE_MS);
  }

  /** Raises the hand, or lowers it. */
  hand() {
    const up = myself(this.#needs.store.get())?.hand === true;
    this.#call?.setHand(!up);
    if (this.#call) this.#needs.store.dispatch({ type: "page/announce", text: up ? "Your hand is down." : "Your hand is up." });
  }

  /** @param {string} reaction */
  react(reaction) {
    this.#call?.react(reaction);
  }

  /** @param {string} call who waits @param {boolean} allowed */
  async decide(call, allowed) {
    const { store } = this.#needs;
    if (store.get().meeting.deciding[call]) return;
    store.dispatch({ type: "meeting/deciding", call, deciding: true });
    // Somebody else may have decided already.
    await this.#attempt((meeting) => meeting.decide(call, allowed), [404, 409]);
    store.dispatch({ type: "meeting/deciding", call, deciding: false });
  }

  async admitAll() {
    await Promise.all(this.#needs.store.get().meeting.waiting.map(({ member }) => this.decide(member, true)));
  }

  /** @param {Participant} person */
  mute({ session_id, server_mute }) {
    return this.#attempt((meeting) => meeting.muteMember(session_id, "audio", !server_mute), [409]);
  }

  async muteAll() {
    const { store } = this.#needs;
    const loud = unmutedOthers(store.get());
    await Promise.all(loud.map((person) => this.mute(person)));
    store.dispatch({ type: "page/announce", text: "Everybody else is muted." });
  }

  /** @param {Participant} person */
  stopVideo({ session_id, server_video_mute }) {
    return this.#attempt((meeting) => meeting.muteMember(session_id, "video", !server_video_mute), [409]);
  }

  /** @param {Participant} person */
  remove({ session_id }) {
    return this.#attempt((meeting) => meeting.remove(session_id), [404]);
  }

  /** Large here, whoever speaks. Nobody else sees it. @param {string | null} userId */
  pin(userId) {
    this.#needs.store.dispatch({ type: "meeting/pinned", userId });
  }

  /** @param {import("../state/meeting.js").Look} look */
  look(look) {
    this.#needs.store.dispatch({ type: "meeting/look", look });
  }

  /** @param {ServerEvent} event */
  #show({ user_id: userId, reaction }) {
    const { store } = this.#needs;
    const id = ++this.#reactions;
    const name = store.get().call.people[userId]?.username;
    if (!name) return;
    store.dispatch({ type: "meeting/reacted", reaction: { id, userId, reaction } });
    store.dispatch({ type: "page/announce", text: `${name}: ${reactionWords(reaction)}.` });
    this.#env.setTimeout(() => store.dispatch({ type: "meeting/faded", id }), REACTION_MS);
  }

  /**
   * @param {(meeting: Meeting) => Promise<unknown>} act
   * @param {number[]} fine refusals that mean it is so already
   */
  async #attempt(act, fine) {
    if (!this.#call) return;
    try {
      await act(this.#call);
    } catch (error) {
      if (!(error instanceof ApiError && fine.includes(error.status))) this.#needs.notice(inWords(error));
    }
  }
}
