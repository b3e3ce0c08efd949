// Questions that the views ask of the state.

import { canonicalId, sameId } from "../protocol/ids.js";
import { allows, Permission } from "../protocol/permissions.js";

/** @import { Participant, Room } from "../protocol/types.js" */
/** @import { State } from "./state.js" */

/**
 * A picture to be shown. `mid` is null for one's own.
 * @typedef {{ key: string, userId: string, name: string, source: "camera" | "screen", mid: string | null }} Picture
 */

/** @param {State} state who one is among the people of the room, as far as that is known */
export const selfId = ({ call, account }) => call.self ?? account.me?.user_id;

/** @param {State} state */
export function myself(state) {
  const id = selfId(state);
  return id ? state.call.people[canonicalId(id)] ?? null : null;
}

/**
 * Oneself first, the others by name.
 * @param {State} state
 * @returns {{ person: Participant, isMe: boolean }[]}
 */
export function people(state) {
  const mine = selfId(state);
  return Object.values(state.call.people)
    .map((person) => ({ person, isMe: sameId(person.user_id, mine) }))
    .sort((a, b) => Number(b.isMe) - Number(a.isMe) || a.person.username.localeCompare(b.person.username));
}

/**
 * All pictures: screens first, then cameras; within each the order of the slots, so that tiles do
 * not jump about.
 * @param {State} state
 * @returns {Picture[]}
 */
export function pictures(state) {
  const { call, account } = state;
  /** @type {Picture[]} */
  const mine = [];
  const me = myself(state);
  const name = me?.username ?? account.me?.username ?? "";
  const userId = selfId(state) ?? "";
  if (call.screen) mine.push({ key: "me/screen", userId, name, source: "screen", mid: null });
  if (call.camera) mine.push({ key: "me/camera", userId, name, source: "camera", mid: null });
  const theirs = call.slots.flatMap((slot) => {
    if (slot.kind !== "video" || !slot.user_id || (slot.source !== "camera" && slot.source !== "screen")) return [];
    const person = call.people[canonicalId(slot.user_id)];
    if (!person) return [];
    const key = `${slot.session_id}/${slot.source}`;
    return [{ key, userId: slot.user_id, name: person.username, source: slot.source, mid: slot.mid }];
  });
  return [...theirs, ...mine].sort((a, b) => Number(b.source === "screen") - Number(a.source === "screen"));
}

/**
 * Where a person's voice comes out, for the level of the ring.
 * @param {State} state
 * @param {string} userId
 */
export function voiceSlot(state, userId) {
  return state.call.slots.find((slot) => slot.kind === "audio" && sameId(slot.user_id, userId))?.mid ?? null;
}

/** @typedef {{ mute: boolean, stop: boolean, deafen: boolean, kick: boolean, move: boolean, stage: boolean }} Moderation stop: their picture */

/** The last answer: every person that is shown asks, at every change of anything. @type {{ key: string, may: Moderation } | null} */
let last = null;

/** @param {State} state what one may do to others in the room that is open */
export function moderation(state) {
  const { room } = state.rooms.open;
  const mask = room?.permissions ?? state.account.me?.permissions;
  const admin = room?.type === "conference" ? myself(state)?.admin === true : null;
  const key = `${mask} ${room?.type} ${admin}`;
  if (last?.key !== key) last = { key, may: admin === null ? allowed(mask, room?.type === "stage") : allowedInMeeting(admin) };
  return last.may;
}

/** @param {string | undefined} mask @param {boolean} stage @returns {Moderation} */
function allowed(mask, stage) {
  const mute = allows(mask, Permission.MUTE_MEMBERS);
  const move = allows(mask, Permission.MOVE_MEMBERS);
  return {
    mute,
    stop: false,
    deafen: allows(mask, Permission.DEAFEN_MEMBERS),
    kick: mute || move,
    move,
    stage: stage && allows(mask, Permission.STAGE_MODERATOR),
  };
}

/** Who is an admin is the meeting's own word. @param {boolean} admin @returns {Moderation} */
const allowedInMeeting = (admin) => ({ mute: admin, stop: admin, kick: admin, deafen: false, move: false, stage: false });

/**
 * Where one may move somebody to: one has to be allowed it there as well.
 * @param {State} state
 * @returns {Room[]}
 */
export function otherRooms(state) {
  return state.rooms.list.filter(
    ({ room_id, permissions }) => !sameId(room_id, state.call.room) && allows(permissions, Permission.MOVE_MEMBERS),
  );
}

/**
 * What one may send in the room that is open; in a stage, when one is a speaker there.
 * @param {State} state
 */
export function sending(state) {
  const { room } = state.rooms.open;
  const mask = room?.permissions;
  // In a meeting everybody may, whom no admin has muted.
  if (mask == null || room?.type === "conference") return { microphone: true, camera: true, screen: true };
  return {
    // Whoever is let onto a stage may speak there.
    microphone: room?.type === "stage" || allows(mask, Permission.SPEAK),
    camera: allows(mask, Permission.VIDEO),
    screen: allows(mask, Permission.STREAM),
  };
}

/** @param {State} state whether the room that is open is one in which one speaks at a time */
export function isTalkRoom(state) {
  return state.rooms.open.room?.type === "talk";
}

/** @param {State} state whether one may change what holds for everyone in the room that is open */
export function mayManage(state) {
  const { room } = state.rooms.open;
  const mine = sameId(room?.created_by, state.account.me?.user_id);
  return mine || allows(room?.permissions ?? state.account.me?.permissions, Permission.MANAGE_SPACES);
}

/** @param {State} state */
export function isAdministrator(state) {
  return allows(state.account.me?.permissions, Permission.ADMINISTRATOR);
}

/**
 * What the banner says, if there is something to say.
 * @param {State} state
 * @returns {{ title: string, detail: string } | null}
 */
export function trouble(state) {
  const { phase, link, settled } = state.call;
  if (phase !== "in") return null;
  const lost = "Connection lost. Trying again…";
  if (link.joining) {
    return settled ? { title: lost, detail: "You come back into the room by yourself, with the same settings." } : null;
  }
  if (link.events === "lost" && link.media === "connected") {
    return { title: lost, detail: "Sound may still come through; the list of people may be out of date." };
  }
  if (link.events === "lost") return { title: lost, detail: "Sound and picture stop until it is back." };
  if (link.media === "broken") return { title: lost, detail: "You still see who is here; sound and picture are coming back." };
  if (link.media === "connecting" && settled) return { title: lost, detail: "Sound and picture are coming back." };
  return null;
}

/** @param {State} state */
export function isConnecting(state) {
  const { phase, link, settled } = state.call;
  return phase === "joining" || (phase === "in" && !settled && link.media !== "connected");
}
