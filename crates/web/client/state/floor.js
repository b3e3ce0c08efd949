// Who may speak in a talk room, and how far one's own asking has come.

import { canonicalId, sameId } from "../protocol/ids.js";

/** @import { Phase } from "../protocol/floor.js" */
/** @import { ServerEvent } from "../protocol/types.js" */
/** @import { Action, State } from "./state.js" */

/**
 * @typedef {object} FloorState
 * @property {{ userId: string, expiresAt: number } | null} holder by the event stream; `expiresAt` in unix
 *   milliseconds at the server
 * @property {Phase} phase of one's own button
 * @property {number | null} expiresAt of one's own turn, while talking
 * @property {boolean} refused somebody else has it, but the events have not told who
 */

/**
 * @typedef {{ type: "floor/own", phase: Phase, expiresAt: number | null, user: string }
 *   | { type: "floor/refused", refused: boolean }} FloorAction
 */

/** @type {FloorState} */
export const floorInitial = { holder: null, phase: "idle", expiresAt: null, refused: false };

/**
 * @param {FloorState} state
 * @param {Action} action
 * @returns {FloorState}
 */
export function reduceFloor(state, action) {
  switch (action.type) {
    case "floor/own": {
      const { phase, expiresAt, user } = action;
      // Given back: the event that says so is on its way, and the button need not wait for it.
      const mine = state.holder !== null && sameId(state.holder.userId, user);
      const returned = state.phase === "returning" && phase === "idle" && mine;
      return { ...state, holder: returned ? null : state.holder, phase, expiresAt };
    }
    case "floor/refused":
      return { ...state, refused: action.refused };
    case "call/event":
      return reduceEvent(state, action.event);
    case "call/joining":
    case "call/refused":
    case "call/left":
    case "call/over":
    case "call/forget":
      return floorInitial;
    default:
      return state;
  }
}

/**
 * @param {FloorState} state
 * @param {ServerEvent} event
 * @returns {FloorState}
 */
function reduceEvent(state, event) {
  if (event.type === "floor") return { ...state, holder: holderOf(event), refused: false };
  if (event.type === "state") return { ...state, holder: holderOf(event.floor), refused: false };
  if (event.type === "moved") return { ...state, holder: null, refused: false };
  return state;
}

/** @param {any} floor */
function holderOf(floor) {
  if (!floor?.user_id) return null;
  return { userId: String(floor.user_id), expiresAt: Date.parse(floor.expires_at) };
}

/**
 * What the button and the light show.
 * @typedef {object} FloorView
 * @property {"free" | "asking" | "mine" | "taken"} kind
 * @property {string | null} userId who has the floor, if it is known
 * @property {string | null} name
 * @property {number | null} expiresAt
 * @property {boolean} elsewhere it is one's own, but in another window
 */

/** @param {State} state @returns {FloorView} */
export function floorView({ floor, account, call }) {
  const { holder, phase, expiresAt, refused } = floor;
  const me = account.me;
  const elsewhere = false;
  if (phase === "talking") return { kind: "mine", userId: me?.user_id ?? null, name: me?.username ?? null, expiresAt, elsewhere };
  const name = holder ? call.people[canonicalId(holder.userId)]?.username ?? null : null;
  const mine = sameId(holder?.userId, me?.user_id);
  const held = holder && !mine ? { userId: holder.userId, name, expiresAt: holder.expiresAt } : null;
  const nobody = { userId: null, name: null, expiresAt: null };
  if (phase === "asking") return { kind: "asking", ...(held ?? nobody), elsewhere };
  if (held) return { kind: "taken", ...held, elsewhere };
  if (refused) return { kind: "taken", ...nobody, elsewhere };
  if (holder && phase === "idle") return { kind: "free", userId: holder.userId, name, expiresAt: holder.expiresAt, elsewhere: true };
  return { kind: "free", ...nobody, elsewhere };
}

/** @param {State} state @param {string} userId whether it is somebody's turn */
export function hasFloor({ floor, account }, userId) {
  if (floor.phase === "talking") return sameId(userId, account.me?.user_id);
  return sameId(floor.holder?.userId, userId);
}
