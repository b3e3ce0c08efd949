// A meeting: the door one waits at, who waits there, hands in order, reactions, and how one looks at it. Who is
// in it, muted and seen is with the people of every room (call.js).

import { canonicalId, sameId } from "../protocol/ids.js";
import { myself, selfId } from "./select.js";

/** @import { Participant, Room, ServerEvent, Waiting } from "../protocol/types.js" */
/** @import { Action, State } from "./state.js" */

/** @typedef {{ id: number, userId: string, reaction: string }} Reaction */
/** @typedef {"grid" | "speaker"} Look */

/**
 * @typedef {object} MeetingState
 * @property {string} guest the name one goes by without an account
 * @property {boolean} wantsPassword the door asked for one
 * @property {{ back: boolean, nudged: boolean } | null} door somebody inside has to let one in; back: one was inside
 *   before; nudged: they have just been reminded
 * @property {Waiting[]} waiting who wants to come in, the first who came first
 * @property {Record<string, true>} deciding calls about which one's own word is on its way
 * @property {string[]} hands of whom, by canonical user id, the first that went up first
 * @property {Reaction[]} reactions of the last moments
 * @property {string | null} speaker who speaks, by user id
 * @property {Look} look
 * @property {string | null} pinned user id
 */

/**
 * @typedef {{ type: "meeting/guest", name: string } | { type: "meeting/password", wanted: boolean }
 *   | { type: "meeting/door", back: boolean } | { type: "meeting/nudged", nudged: boolean }
 *   | { type: "meeting/deciding", call: string, deciding: boolean } | { type: "meeting/look", look: Look }
 *   | { type: "meeting/pinned", userId: string | null } | { type: "meeting/reacted", reaction: Reaction }
 *   | { type: "meeting/faded", id: number }} MeetingAction
 */

/** More bursts than this at once are confetti. */
const REACTIONS_MAX = 24;
/** More people than this nobody lets in by looking at them. The rest is asked for when these are gone. */
const WAITING_MAX = 200;

/** @type {MeetingState} */
export const meetingInitial = {
  guest: "",
  wantsPassword: false,
  door: null,
  waiting: [],
  deciding: {},
  hands: [],
  reactions: [],
  speaker: null,
  look: "grid",
  pinned: null,
};

/** What one chose outlives a meeting. @param {MeetingState} state */
const chosen = ({ guest, look, wantsPassword }) => ({ guest, look, wantsPassword });

/**
 * @param {MeetingState} state
 * @param {Action} action
 * @returns {MeetingState}
 */
export function reduceMeeting(state, action) {
  switch (action.type) {
    case "meeting/guest":
      return { ...state, guest: action.name };
    case "meeting/password":
      return { ...state, wantsPassword: action.wanted };
    case "meeting/door":
      return { ...state, door: { back: action.back, nudged: false } };
    case "meeting/nudged":
      return state.door ? { ...state, door: { ...state.door, nudged: action.nudged } } : state;
    case "meeting/deciding": {
      const { [action.call]: _done, ...deciding } = state.deciding;
      return { ...state, deciding: action.deciding ? { ...deciding, [action.call]: true } : deciding };
    }
    case "meeting/look":
      return { ...state, look: action.look, pinned: null };
    case "meeting/pinned":
      return { ...state, pinned: action.userId };
    case "meeting/reacted":
      return { ...state, reactions: [...state.reactions, action.reaction].slice(-REACTIONS_MAX) };
    case "meeting/faded":
      return { ...state, reactions: state.reactions.filter(({ id }) => id !== action.id) };
    case "call/joined":
      return { ...state, door: null, wantsPassword: false };
    case "call/event":
      return reduceEvent(state, action.event);
    case "room/looking":
    case "room/found":
      return state.wantsPassword ? { ...state, wantsPassword: false } : state;
    case "call/joining":
    case "call/refused":
    case "call/left":
    case "call/over":
    case "call/forget":
      return { ...meetingInitial, ...chosen(state) };
    default:
      return state;
  }
}

/**
 * @param {MeetingState} state
 * @param {ServerEvent} event
 * @returns {MeetingState}
 */
function reduceEvent(state, event) {
  switch (event.type) {
    case "state":
      return { ...state, hands: handsOf(event.participants ?? []), waiting: [], deciding: {} };
    case "member.joined":
    case "member.updated":
      return handed(state, canonicalId(event.user_id), event.hand === true);
    case "member.left": {
      const gone = canonicalId(event.user_id);
      const { pinned, speaker } = state;
      const left = { pinned: sameId(pinned, gone) ? null : pinned, speaker: sameId(speaker, gone) ? null : speaker };
      return { ...handed(state, gone, false), ...left };
    }
    case "speaker":
      // In a pause the picture stays with who spoke last.
      return event.user_id ? { ...state, speaker: event.user_id } : state;
    case "waiting":
      return { ...state, waiting: (event.people ?? []).slice(0, WAITING_MAX) };
    case "waiting.joined": {
      const { member, name } = event;
      if (state.waiting.length >= WAITING_MAX || state.waiting.some((one) => one.member === member)) return state;
      return { ...state, waiting: [...state.waiting, { member, name }] };
    }
    case "waiting.left":
      return { ...state, waiting: state.waiting.filter(({ member }) => member !== event.member) };
    default:
      return state;
  }
}

/** @param {Participant[]} people */
function handsOf(people) {
  const since = (/** @type {Participant} */ { requested_at }) => Date.parse(requested_at ?? "") || Infinity;
  const up = people.filter(({ hand }) => hand);
  // Two of whom it is not known since when stay in their order.
  return up.sort((a, b) => (since(a) < since(b) ? -1 : Number(since(a) > since(b)))).map(({ user_id }) => canonicalId(user_id));
}

/** @param {MeetingState} state @param {string} id @param {boolean} up */
function handed(state, id, up) {
  if (state.hands.includes(id) === up) return state;
  return { ...state, hands: up ? [...state.hands, id] : state.hands.filter((other) => other !== id) };
}

/** @param {Pick<Room, "type"> | null | undefined} room */
export const isMeeting = (room) => room?.type === "conference";

/** @param {State} state whether the room that is open is a meeting */
export const inMeeting = (state) => isMeeting(state.rooms.open.room);

/** @param {State} state whether one may let people in, mute and remove them */
export const isAdmin = (state) => inMeeting(state) && myself(state)?.admin === true;

/** @param {State} state @param {string} userId @returns {number | null} their place in the line of hands, from 1 */
export function handPosition({ meeting }, userId) {
  const at = meeting.hands.indexOf(canonicalId(userId));
  return at < 0 ? null : at + 1;
}

/**
 * Whose hands are up, the first first.
 * @param {State} state
 * @returns {Participant[]}
 */
export function raisedHands({ meeting, call }) {
  return meeting.hands.flatMap((id) => call.people[id] ?? []);
}

/**
 * Who is shown large. Null: nobody in particular, or a screen that somebody shares.
 * @param {State} state
 * @returns {string | null} user id
 */
export function focused(state) {
  const { meeting, call } = state;
  if (!inMeeting(state)) return null;
  const { pinned, speaker, look } = meeting;
  if (pinned && call.people[canonicalId(pinned)]) return pinned;
  const mine = selfId(state);
  const others = Object.values(call.people).filter(({ user_id }) => !sameId(user_id, mine));
  if (look === "grid" || others.some(({ screen }) => screen)) return null;
  const speaks = others.find(({ user_id }) => sameId(user_id, speaker));
  return (speaks ?? others[0])?.user_id ?? null;
}

/** @param {State} state @param {string} userId */
export const reactionsOf = ({ meeting }, userId) => meeting.reactions.filter((one) => sameId(one.userId, userId));

/** @param {State} state whom an admin may mute at once */
export function unmutedOthers(state) {
  const mine = selfId(state);
  return Object.values(state.call.people).filter((one) => !sameId(one.user_id, mine) && !one.server_mute && !one.mute);
}

/**
 * What a stranger may know of a meeting before they are in it: that they were sent its address.
 * @param {string} key
 * @returns {Room}
 */
export function unknownMeeting(key) {
  return {
    room_id: canonicalId(key), name: "Meeting", slug: "", type: "conference", topic: null, limit: 0, created_by: null,
    created_at: 0, member_count: 0, permissions: null, has_password: false, captions: false,
  };
}
