// The rooms there are, who is in them, and the one whose address is open.

import { canonicalId } from "../protocol/ids.js";

/** @import { Participant, Room, ServerEvent } from "../protocol/types.js" */
/** @import { Action } from "./state.js" */

/**
 * @typedef {object} RoomsState
 * @property {"loading" | "ready" | "failed"} status
 * @property {Room[]} list
 * @property {Record<string, Participant[]>} people by room_id
 * @property {string | null} error
 * @property {boolean} creating
 * @property {{ status: "looking" | "ready" | "missing" | "failed", room: Room | null, error: string | null }} open
 */

/**
 * @typedef {{ type: "rooms/loaded", list: Room[] } | { type: "rooms/failed", error: string }
 *   | { type: "rooms/people", room: string, people: Participant[] } | { type: "rooms/creating" }
 *   | { type: "rooms/created", room: Room } | { type: "rooms/deleted", room: string }
 *   | { type: "rooms/refused", error: string | null } | { type: "room/looking" }
 *   | { type: "room/found", room: Room } | { type: "room/missing" } | { type: "room/failed", error: string }} RoomsAction
 */

/** @type {RoomsState} */
export const roomsInitial = {
  status: "loading",
  list: [],
  people: {},
  error: null,
  creating: false,
  open: { status: "looking", room: null, error: null },
};

/** @param {Room[]} list */
function sorted(list) {
  return [...list].sort((a, b) => a.name.localeCompare(b.name) || (a.room_id < b.room_id ? -1 : 1));
}

/**
 * @param {RoomsState} state
 * @param {Action} action
 * @returns {RoomsState}
 */
export function reduceRooms(state, action) {
  switch (action.type) {
    case "rooms/loaded": {
      const kept = action.list.flatMap(({ room_id }) => {
        const people = state.people[room_id];
        return people ? [[room_id, people]] : [];
      });
      return { ...state, status: "ready", list: sorted(action.list), people: Object.fromEntries(kept), error: null };
    }
    case "rooms/failed":
      return { ...state, status: state.status === "ready" ? "ready" : "failed", error: action.error };
    case "rooms/people":
      return { ...state, people: { ...state.people, [action.room]: action.people } };
    case "rooms/creating":
      return { ...state, creating: true, error: null };
    case "rooms/created":
      return { ...state, creating: false, error: null, list: sorted([...state.list, action.room]) };
    case "rooms/deleted":
      return { ...state, error: null, list: state.list.filter((room) => room.room_id !== action.room) };
    case "rooms/refused":
      return { ...state, creating: false, error: action.error };
    case "room/looking":
      return { ...state, open: { status: "looking", room: null, error: null } };
    case "room/found":
      return { ...state, open: { status: "ready", room: action.room, error: null } };
    case "room/missing":
      return { ...state, open: { status: "missing", room: null, error: null } };
    case "call/event": {
      const room = state.open.room && told(state.open.room, action.event);
      return room === state.open.room ? state : { ...state, open: { ...state.open, room } };
    }
    case "room/failed":
      return { ...state, open: { status: "failed", room: null, error: action.error } };
    default:
      return state;
  }
}

/**
 * What the room one is in says of itself. After a move it is all that is known, until the room is asked for.
 * @param {Room} room
 * @param {ServerEvent} event
 * @returns {Room}
 */
function told(room, event) {
  const { captions = room.captions, topic = room.topic, name = room.name } = event;
  switch (event.type) {
    case "moved":
      return { ...room, ...UNKNOWN, room_id: canonicalId(event.channel_id) };
    case "room.updated":
      return { ...room, captions, topic, name };
    case "state":
      return { ...room, captions, topic, name, type: kindOf(room.type, event.participants ?? []) };
    default:
      return room;
  }
}

/** What another room says only when it is asked. */
const UNKNOWN = { slug: "", created_by: null, permissions: null, has_password: false };

/**
 * Every member of a stage has a role there, and nobody has one elsewhere.
 * @param {string} type as it was known
 * @param {Participant[]} people
 */
function kindOf(type, people) {
  const stage = people.some(({ stage_role }) => stage_role);
  if (stage) return "stage";
  return type === "stage" && people.length > 0 ? "voice" : type;
}
