// A stage: who speaks, who listens, whose hand is up, and the invitation one may answer. Who is what comes
// with the participants; kept here is only what the stream tells once.

import { canonicalId, sameId } from "../protocol/ids.js";
import { myself } from "./select.js";

/** @import { Participant, Room, ServerEvent, StageRole } from "../protocol/types.js" */
/** @import { Action, State } from "./state.js" */

/**
 * @typedef {object} StageState
 * @property {{ by: string | null, expiresAt: number | null } | null} invite one's own; `expiresAt` in unix
 *   milliseconds at the server
 * @property {Record<string, true>} invited whom this page has invited and not heard of since, by canonical user id
 * @property {boolean} busy one's own wish is on its way
 */

/**
 * @typedef {{ type: "stage/busy", busy: boolean } | { type: "stage/asked", user: string }
 *   | { type: "stage/lapsed", user: string } | { type: "stage/answered", user: string }} StageAction
 */

/** @type {StageState} */
export const stageInitial = { invite: null, invited: {}, busy: false };

/**
 * @param {StageState} state
 * @param {Action} action
 * @param {string | undefined} me one's own user id
 * @returns {StageState}
 */
export function reduceStage(state, action, me) {
  switch (action.type) {
    case "stage/busy":
      return state.busy === action.busy ? state : { ...state, busy: action.busy };
    case "stage/asked":
      return { ...state, invited: { ...state.invited, [canonicalId(action.user)]: true } };
    case "stage/lapsed":
      return forgotten(state, action.user);
    case "stage/answered":
      return { ...state, invite: null };
    case "call/event":
      return reduceEvent(state, action.event, me);
    case "call/joining":
    case "call/left":
    case "call/over":
    case "call/forget":
      return stageInitial;
    default:
      return state;
  }
}

/**
 * @param {StageState} state
 * @param {ServerEvent} event
 * @param {string | undefined} me
 * @returns {StageState}
 */
function reduceEvent(state, event, me) {
  switch (event.type) {
    case "stage.invited":
      return { ...state, invite: { by: event.by ?? null, expiresAt: Date.parse(event.expires_at) || null } };
    case "stage.invite_ended":
      // To the invited it comes when time or a moderator ended it, to moderators when it was declined.
      return event.why === "declined" ? forgotten(state, event.user_id) : { ...state, invite: null };
    case "member.updated":
      if (event.stage_role !== "speaker") return state;
      return sameId(event.user_id, me) ? { ...state, invite: null } : forgotten(state, event.user_id);
    case "member.left":
      return forgotten(state, event.user_id);
    case "state":
      // Perhaps it ended while nothing could be heard; the participant says whether it did.
      return { ...state, invite: isInvited(event.participants ?? [], me) ? state.invite : null };
    case "moved":
      return stageInitial;
    default:
      return state;
  }
}

/** @param {Participant[]} people @param {string | undefined} me */
const isInvited = (people, me) => people.some(({ user_id, invited }) => invited && sameId(user_id, me));

/** @param {StageState} state @param {string} user @returns {StageState} */
function forgotten(state, user) {
  const { [canonicalId(user)]: gone, ...invited } = state.invited;
  return gone ? { ...state, invited } : state;
}

/** @param {Pick<Room, "type"> | null | undefined} room */
export const isStage = (room) => room?.type === "stage";

/** @param {State} state whether the room that is open is a stage */
export const inStage = (state) => isStage(state.rooms.open.room);

/** @param {State} state @returns {StageRole | null} one's own; null elsewhere, and until the room has told */
export function myRole(state) {
  return inStage(state) ? myself(state)?.stage_role ?? null : null;
}

/** @param {State} state whether nothing of one's own may go out, because one is not on the stage of this room */
export function isListening(state) {
  return inStage(state) && myRole(state) !== "speaker";
}

/** @typedef {{ person: Participant, isMe: boolean, position: number | null, invited: boolean }} Seated */

/** @typedef {{ speakers: Seated[], audience: Seated[], hands: Seated[] }} Seating */

/** The last answer: asked by several parts at every change of anything. @type {{ of: unknown[], seating: Seating } | null} */
let last = null;

/**
 * Everybody in the room: those on stage, and the audience with the raised hands first, in the order in which
 * they went up. `position` is the place in that line.
 * @param {State} state
 * @returns {Seating}
 */
export function seating({ account, call, stage }) {
  const of = [account.me, call.people, stage.invited];
  if (!last || of.some((one, at) => one !== last?.of[at])) last = { of, seating: seat(call.people, stage.invited, account.me?.user_id) };
  return last.seating;
}

/**
 * @param {Record<string, Participant>} people
 * @param {StageState["invited"]} asked
 * @param {string | undefined} me
 * @returns {Seating}
 */
function seat(people, asked, me) {
  const all = Object.values(people)
    .map((person) => {
      const invited = Boolean(person.invited || asked[canonicalId(person.user_id)]);
      return { person, isMe: sameId(person.user_id, me), position: /** @type {number | null} */ (null), invited };
    })
    .sort(meThenNames);
  const speakers = all.filter(({ person }) => person.stage_role === "speaker");
  const listeners = all.filter(({ person }) => person.stage_role !== "speaker");
  const hands = listeners
    .filter(({ person }) => person.requested_at)
    .sort((a, b) => since(a) - since(b) || a.person.username.localeCompare(b.person.username))
    .map((one, at) => ({ ...one, position: at + 1 }));
  return { speakers, hands, audience: [...hands, ...listeners.filter(({ person }) => !person.requested_at)] };
}

/** @param {Seated} one */
const since = ({ person }) => Date.parse(person.requested_at ?? "") || 0;

/** @param {Seated} a @param {Seated} b */
function meThenNames(a, b) {
  return Number(b.isMe) - Number(a.isMe) || a.person.username.localeCompare(b.person.username);
}

/** @param {State} state @returns {number | null} one's own place in the line, from 1 */
export function myPosition(state) {
  return seating(state).hands.find(({ isMe }) => isMe)?.position ?? null;
}

/**
 * The invitation to be answered. After a reload only that there is one is known.
 * @param {State} state
 * @returns {{ by: string | null, name: string | null, expiresAt: number | null } | null}
 */
export function invitation(state) {
  if (!isListening(state)) return null;
  const { invite } = state.stage;
  if (!invite && !myself(state)?.invited) return null;
  const { by, expiresAt } = invite ?? { by: null, expiresAt: null };
  return { by, expiresAt, name: by ? state.call.people[canonicalId(by)]?.username ?? null : null };
}
