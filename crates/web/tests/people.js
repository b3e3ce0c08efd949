// People of a room, and what the stream says of them: what the tests of the state and of the app begin with.

import { initialState, reduce } from "../client/state/state.js";

/** @import { Action, State } from "../client/state/state.js" */

/** @param {string} id @param {string} username @param {object} [more] */
export function person(id, username, more = {}) {
  const base = { user_id: id, username, session_id: `s${id}`, mute: false, deaf: false, server_mute: false };
  return { ...base, server_deaf: false, speaking: false, video: false, screen: false, via: "voice_service", ...more };
}

/** @param {string} type @param {object} rest @returns {Action & { type: "call/event" }} */
export const event = (type, rest) => ({ type: "call/event", event: { type, seq: 1, ts: "", ...rest } });

/** @param {string} minute @returns {object} a listener whose hand went up then */
export const asking = (minute) => ({ stage_role: "listener", requested_at: `2026-01-29T12:${minute}:00.000Z` });
export const listening = { stage_role: "listener" };
export const speaking = { stage_role: "speaker" };

/** @param {object} [more] */
export const stageRoom = (more = {}) =>
  /** @type {any} */ ({ room_id: "9", name: "Hall", slug: "hall", type: "stage", topic: null, permissions: "0", captions: false, ...more });

/**
 * Maya (1) is in the stage "Hall", with these people.
 * @param {object[]} people
 * @param {object} [room]
 * @returns {State}
 */
export function inHall(people, room = {}) {
  /** @type {Action[]} */
  const start = [
    { type: "account/in", me: { user_id: "1", username: "maya", display_name: "maya", permissions: "0" } },
    { type: "room/found", room: stageRoom(room) },
    { type: "call/joining", room: "9" },
    { type: "call/joined", session: "s1" },
    event("state", { channel_id: "9", name: "Hall", topic: null, captions: false, participants: people, slots: [] }),
  ];
  return start.reduce(reduce, initialState);
}

/** A call in a meeting, as Aura tells it. @param {string} id @param {string} name @param {object} [more] */
export function roomMember(id, name, more = {}) {
  const muted = { audio_muted: true, video_muted: true, audio_muted_by_admin: false, video_muted_by_admin: false };
  return { id, user: null, name, is_admin: false, hand_raised: false, screen_share: false, ...muted, is_sip: false, ...more };
}
