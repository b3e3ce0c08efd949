// The room one is in. `state` events are the truth: everything about the others is rebuilt from them.

import { canonicalId } from "../protocol/ids.js";

/** @import { Participant, ServerEvent, Slot } from "../protocol/types.js" */
/** @import { Measure } from "../protocol/quality.js" */
/** @import { Action } from "./state.js" */

/**
 * @typedef {object} Link
 * @property {"connecting" | "connected" | "broken"} media
 * @property {"connecting" | "open" | "lost"} events
 * @property {boolean} joining
 */

/**
 * @typedef {object} CallState
 * @property {"idle" | "joining" | "in" | "over"} phase
 * @property {string | null} room the room_id
 * @property {string | null} session
 * @property {string | null} self who one is among the people; null: one's account
 * @property {Link} link
 * @property {boolean} settled has been connected once
 * @property {Record<string, Participant>} people by canonical user id
 * @property {Slot[]} slots
 * @property {boolean} mute by oneself
 * @property {boolean} deaf by oneself
 * @property {boolean} camera
 * @property {boolean} screen
 * @property {number} peers how many peer connections there have been: streams change with each
 * @property {Measure | null} quality
 * @property {Record<string, Measure>} slotQuality by mid
 * @property {{ reason: string, text: string, again: boolean } | null} over why it ended, in plain words
 * @property {string | null} error why joining did not work
 */

/**
 * @typedef {{ type: "call/joining", room: string } | { type: "call/refused", error: string }
 *   | { type: "call/joined", session: string, self?: string } | { type: "call/link", link: Link }
 *   | { type: "call/event", event: ServerEvent } | { type: "call/peer" } | { type: "call/left" }
 *   | { type: "call/own", change: Partial<Pick<CallState, "mute" | "deaf" | "camera" | "screen">> }
 *   | { type: "call/quality", self: Measure, slots: Record<string, Measure> }
 *   | { type: "call/over", reason: string, text: string, again: boolean } | { type: "call/forget" }} CallAction
 */

/** @type {CallState} */
export const callInitial = {
  phase: "idle",
  room: null,
  session: null,
  self: null,
  link: { media: "connecting", events: "connecting", joining: true },
  settled: false,
  people: {},
  slots: [],
  mute: false,
  deaf: false,
  camera: false,
  screen: false,
  peers: 0,
  quality: null,
  slotQuality: {},
  over: null,
  error: null,
};

/** What one chose for oneself survives an end: joining again keeps it. @param {CallState} state */
const own = ({ mute, deaf, camera, screen }) => ({ mute, deaf, camera, screen });

/**
 * @param {CallState} state
 * @param {Action} action
 * @returns {CallState}
 */
export function reduceCall(state, action) {
  switch (action.type) {
    case "call/joining":
      return { ...callInitial, ...own(state), phase: "joining", room: action.room };
    case "call/refused":
      return { ...callInitial, ...own(state), error: action.error };
    case "call/joined":
      return { ...state, phase: "in", session: action.session, self: action.self ?? null };
    case "call/link": {
      const settled = state.settled || (action.link.media === "connected" && action.link.events === "open");
      return { ...state, link: action.link, settled };
    }
    case "call/event":
      return reduceEvent(state, action.event);
    case "call/peer":
      return { ...state, peers: state.peers + 1, slotQuality: {} };
    case "stage/answered":
      return updated(state, action.user, (before) => ({ ...before, invited: undefined }));
    case "call/own":
      return { ...state, ...action.change };
    case "call/quality":
      return { ...state, quality: action.self, slotQuality: action.slots };
    case "call/over": {
      const { reason, text, again } = action;
      return { ...callInitial, ...own(state), room: state.room, phase: "over", over: { reason, text, again } };
    }
    case "call/left":
    case "call/forget":
      return callInitial;
    default:
      return state;
  }
}

/**
 * @param {CallState} state
 * @param {ServerEvent} event
 * @returns {CallState}
 */
function reduceEvent(state, event) {
  switch (event.type) {
    case "state": {
      /** @type {Participant[]} */
      const participants = event.participants ?? [];
      const people = Object.fromEntries(participants.map((one) => [canonicalId(one.user_id), one]));
      return { ...state, people, slots: event.slots ?? [] };
    }
    case "member.joined":
      return { ...state, people: { ...state.people, [canonicalId(event.user_id)]: participantOf(event) } };
    case "member.updated":
      return updated(state, event.user_id, (before) => ({ ...before, ...NOTHING_ASKED, ...participantOf(event) }));
    case "member.left": {
      const { [canonicalId(event.user_id)]: _gone, ...people } = state.people;
      return { ...state, people };
    }
    case "speaking.started":
      return updated(state, event.user_id, (before) => ({ ...before, speaking: true }));
    case "speaking.stopped":
      return updated(state, event.user_id, (before) => ({ ...before, speaking: false }));
    case "moved":
      // What is there comes with the `state` that follows; nothing of the old room is here any more.
      return { ...state, room: canonicalId(event.channel_id), people: {}, slots: [], slotQuality: {} };
    case "stage.invite_ended":
      return updated(state, event.user_id, (before) => ({ ...before, invited: undefined }));
    case "slots":
      return { ...state, slots: merged(state.slots, event.slots ?? []) };
    default:
      return state;
  }
}

/**
 * @param {CallState} state
 * @param {string} id
 * @param {(before: Participant) => Participant} change
 */
function updated(state, id, change) {
  const key = canonicalId(id);
  const before = state.people[key];
  return before ? { ...state, people: { ...state.people, [key]: change(before) } } : state;
}

/** What an event leaves out where it is not so. */
const NOTHING_ASKED = { requested_at: undefined, invited: undefined };

/** @param {ServerEvent} event @returns {Participant} */
function participantOf(event) {
  const { type: _type, seq: _seq, ts: _ts, by: _by, ...rest } = event;
  return /** @type {any} */ (rest);
}

/**
 * A `slots` event names the slots that changed, or all of them; both read the same.
 * @param {Slot[]} before
 * @param {Slot[]} changed
 */
function merged(before, changed) {
  const byMid = new Map(before.map((slot) => [slot.mid, slot]));
  for (const slot of changed) byMid.set(slot.mid, slot);
  return [...byMid.values()];
}
