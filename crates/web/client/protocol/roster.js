// Who is in a meeting: turns what Aura tells of calls into the events that other rooms tell of people. Pure.
// In a meeting a person is a call, so that is what `user_id` names here; `session_id` is the call's own id.

import { canonicalId } from "./ids.js";

/** @import { Participant, RoomMember, ServerEvent } from "./types.js" */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * A call's id is whatever its client says. Others are compared without regard to case and rendering; this one
 * must not be taken for another by that.
 * @param {string} call
 */
export function keyOf(call) {
  if (UUID.test(call) && canonicalId(call) === call) return call;
  return "x" + Array.from(new TextEncoder().encode(call), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {RoomMember} member @param {boolean} speaking @returns {Participant} */
function participantOf(member, speaking) {
  return {
    user_id: keyOf(member.id),
    username: member.name,
    session_id: member.id,
    mute: member.audio_muted,
    deaf: false,
    server_mute: member.audio_muted_by_admin,
    server_deaf: false,
    speaking,
    video: !member.video_muted && !member.video_muted_by_admin,
    screen: member.screen_share,
    via: member.is_sip ? "sip" : "aura",
    admin: member.is_admin,
    hand: member.hand_raised,
    ...(member.hand_raised && member.hand_raised_at ? { requested_at: member.hand_raised_at } : {}),
    server_video_mute: member.video_muted_by_admin,
  };
}

/** @param {string} type @param {Record<string, unknown>} rest @returns {ServerEvent} */
const event = (type, rest) => ({ type, seq: 0, ts: "", ...rest });

/**
 * What a notification changes about a member. Whom an admin has muted counts as muted by themselves as well, until the
 * admin takes it back; if they are all the same, that is told next.
 * @type {Record<string, (params: Record<string, any>) => Partial<RoomMember>>}
 */
const CHANGES = {
  member_mute_audio: ({ by_admin }) => (by_admin ? { audio_muted_by_admin: true } : { audio_muted: true }),
  member_unmute_audio: ({ by_admin }) => ({ audio_muted: false, ...(by_admin ? { audio_muted_by_admin: false } : {}) }),
  member_mute_video: ({ by_admin }) => (by_admin ? { video_muted_by_admin: true } : { video_muted: true }),
  member_unmute_video: ({ by_admin }) => ({ video_muted: false, ...(by_admin ? { video_muted_by_admin: false } : {}) }),
  member_raise_hand: ({ hand_raised_at }) => ({ hand_raised: true, hand_raised_at: hand_raised_at ?? null }),
  member_unraise_hand: () => ({ hand_raised: false, hand_raised_at: null }),
  member_start_screen_share: () => ({ screen_share: true }),
  member_stop_screen_share: () => ({ screen_share: false }),
};

/**
 * What is passed on in other words.
 * @type {Record<string, (params: Record<string, any>) => ServerEvent>}
 */
const TOLD = {
  member_send_reaction: ({ member, reaction }) => event("reaction", { user_id: keyOf(member), reaction: String(reaction) }),
  room_active_speaker: ({ member }) => event("speaker", { user_id: keyOf(member) }),
  room_clear_active_speaker: () => event("speaker", { user_id: null }),
  member_waiting: ({ member, name }) => event("waiting.joined", { member, name: String(name) }),
  member_leave_waiting_room: ({ member }) => event("waiting.left", { member }),
  member_waiting_allowed: ({ member }) => event("waiting.left", { member }),
  member_waiting_rejected: ({ member }) => event("waiting.left", { member }),
};

/** How one begins, before the server says more. @param {string} id @param {string} name @returns {RoomMember} */
export function newcomer(id, name) {
  const muted = { audio_muted: true, video_muted: true, audio_muted_by_admin: false, video_muted_by_admin: false };
  return { id, user: null, name, is_admin: false, hand_raised: false, screen_share: false, ...muted, is_sip: false };
}

export class Roster {
  /** @type {Map<string, RoomMember>} by call */
  #members = new Map();
  /** @type {Set<string>} calls */
  #speaking = new Set();

  /**
   * The whole truth: everybody, oneself included.
   * @param {RoomMember[]} members
   * @returns {Participant[]}
   */
  reset(members) {
    this.#members = new Map(members.map((member) => [member.id, member]));
    this.#speaking.clear();
    return members.map((member) => participantOf(member, false));
  }

  /** @param {string} call */
  get(call) {
    return this.#members.get(call) ?? null;
  }

  /** In the order in which they came. */
  all() {
    return [...this.#members.values()];
  }

  /**
   * @param {string} method
   * @param {Record<string, any>} params
   * @returns {ServerEvent[]} nothing for what is not known here, or of nobody who is here
   */
  handle(method, params) {
    const told = TOLD[method];
    if (told) return [told(params)];
    const change = CHANGES[method];
    if (change) return this.change(String(params.member), change(params));
    if (method === "member_join_room") return this.#join(/** @type {RoomMember} */ (params));
    if (method === "member_leave_room") return this.#leave(String(params.member));
    return [];
  }

  /** @param {string} call @param {Partial<RoomMember>} change @returns {ServerEvent[]} */
  change(call, change) {
    const before = this.#members.get(call);
    if (!before) return [];
    const now = { ...before, ...change };
    this.#members.set(call, now);
    return [event("member.updated", participantOf(now, this.#speaking.has(call)))];
  }

  /** @param {string} call @param {boolean} speaking @returns {ServerEvent[]} */
  speak(call, speaking) {
    if (!this.#members.has(call) || this.#speaking.has(call) === speaking) return [];
    if (speaking) this.#speaking.add(call);
    else this.#speaking.delete(call);
    return [event(speaking ? "speaking.started" : "speaking.stopped", { user_id: keyOf(call) })];
  }

  /** @param {RoomMember} member */
  #join(member) {
    const known = this.#members.has(member.id);
    this.#members.set(member.id, member);
    const person = participantOf(member, this.#speaking.has(member.id));
    return [event(known ? "member.updated" : "member.joined", person)];
  }

  /** @param {string} call */
  #leave(call) {
    this.#speaking.delete(call);
    return this.#members.delete(call) ? [event("member.left", { user_id: keyOf(call), reason: "left" })] : [];
  }
}
