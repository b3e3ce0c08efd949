// The REST half: one method per call, no state but the token. A room and a person may be named by either
// rendering of their id; talk rooms are spoken to in the dialect of STT Room, everything else in that
// of Vox and of the Voice Service.

import { Http } from "./http.js";
import { canonicalId, toUuid } from "./ids.js";

export { ApiError } from "./http.js";

/** @import { Account, Joined, Participant, Room, SourceLabel, Turn, WrittenMessage } from "./types.js" */

/** @typedef {"vtt" | "srt" | "txt" | "json"} TranscriptFormat */

/** @param {string} room */
const roomAt = (room) => `/api/v1/rooms/${encodeURIComponent(canonicalId(room))}`;
/** The same path in the other dialect: a UUID picks it. @param {string} room */
const talkAt = (room) => `/api/v1/rooms/${encodeURIComponent(toUuid(room))}`;

/**
 * A room as STT Room shows it, in the words of this library. What it does not tell is left out.
 * @param {any} body
 * @returns {Room}
 */
function roomOfTalk(body) {
  return {
    room_id: canonicalId(body.id),
    name: body.title,
    slug: "",
    type: "talk",
    topic: null,
    limit: body.capacity,
    created_by: body.created_by ? canonicalId(body.created_by) : null,
    created_at: Math.floor(Date.parse(body.created_at) / 1000),
    member_count: 0,
    permissions: null,
    has_password: body.has_password,
    captions: true,
  };
}

export class Api extends Http {
  /**
   * @param {{ username: string, password: string, display_name?: string, setup_code?: string }} account
   * @returns {Promise<{ user_id: string, token: string }>}
   */
  register(account) {
    return this.call("POST", "/api/v1/auth/register", account);
  }

  /**
   * @param {{ username: string, password: string }} account
   * @returns {Promise<{ user_id: string, token: string, display_name: string }>}
   */
  login(account) {
    return this.call("POST", "/api/v1/auth/login", account);
  }

  /** @returns {Promise<Account>} */
  me() {
    return this.call("GET", "/api/v1/users/@me");
  }

  /** @returns {Promise<Room[]>} */
  rooms() {
    return this.call("GET", "/api/v1/rooms?profile=all");
  }

  /**
   * @param {string} id
   * @returns {Promise<Room>}
   */
  async room(id) {
    const body = await this.call("GET", roomAt(id));
    // The id of another platform has one rendering only, and that one is answered in STT Room's shape.
    return body.room_id === undefined ? roomOfTalk(body) : body;
  }

  /**
   * @param {string} name
   * @param {"voice" | "stage"} [type]
   * @returns {Promise<Room>}
   */
  createRoom(name, type = "voice") {
    return this.call("POST", "/api/v1/rooms", { name, type });
  }

  /**
   * A room in which one speaks at a time.
   * @param {string} title
   * @param {string} [password] "" for none
   * @returns {Promise<Room>}
   */
  async createTalkRoom(title, password = "") {
    return roomOfTalk(await this.call("POST", "/api/v1/rooms", { title, ...(password ? { password } : {}) }));
  }

  /**
   * A meeting. Its name and the rest is asked for with `room`.
   * @param {{ name: string, password?: string, open: boolean, force_password: boolean, force_waiting_room: boolean }} meeting
   * @returns {Promise<string>} its id
   */
  async createMeeting(meeting) {
    const { room } = await this.call("POST", "/v1/rooms", { room: { ...meeting, members: [] } });
    return canonicalId(room.id);
  }

  /**
   * How the server is. Not ready is an answer too, not an error.
   * @returns {Promise<{ ready: boolean, parts: { name: string, ready: boolean, detail?: string }[] }>}
   */
  ready() {
    return this.call("GET", "/ready", undefined, { expected: [503] });
  }

  /** @param {string} id */
  deleteRoom(id) {
    return this.call("DELETE", roomAt(id));
  }

  /**
   * Live captions for everyone in the room.
   * @param {string} room
   * @param {boolean} captions
   * @returns {Promise<Room>}
   */
  switchCaptions(room, captions) {
    return this.call("PATCH", roomAt(room), { captions });
  }

  /**
   * Asks for the floor of a talk room. 409 `SPEAKER_TAKEN`: somebody else has it.
   * @param {string} room
   * @returns {Promise<Turn>}
   */
  takeFloor(room) {
    return this.call("POST", `${talkAt(room)}/speaker/acquire`);
  }

  /**
   * Keeps the floor for another while. 403 `NOT_SPEAKER`: it is not one's own any more.
   * @param {string} room
   * @returns {Promise<Turn>}
   */
  keepFloor(room) {
    return this.call("POST", `${talkAt(room)}/speaker/heartbeat`);
  }

  /** @param {string} room */
  releaseFloor(room) {
    return this.call("POST", `${talkAt(room)}/speaker/release`, undefined, { keepalive: true });
  }

  /**
   * What was said in a room and written down, the oldest first.
   * @param {string} room
   * @param {{ limit: number, offset: number }} page `limit` at most 500
   * @returns {Promise<WrittenMessage[]>}
   */
  messages(room, { limit, offset }) {
    return this.call("GET", `${talkAt(room)}/messages?limit=${limit}&offset=${offset}`);
  }

  /**
   * @param {string} room
   * @param {TranscriptFormat} format
   */
  transcript(room, format) {
    return this.file(`${talkAt(room)}/transcript?format=${format}`);
  }

  /**
   * @param {string} room
   * @param {string} user
   */
  kick(room, user) {
    return this.call("POST", `${roomAt(room)}/voice/kick`, { user_id: user });
  }

  /**
   * @param {string} room
   * @param {string} user
   * @param {boolean} muted
   */
  serverMute(room, user, muted) {
    const body = { user_id: user, muted };
    return this.call("POST", `${roomAt(room)}/voice/mute`, body);
  }

  /**
   * @param {string} room
   * @param {string} user
   * @param {boolean} deafened
   */
  serverDeafen(room, user, deafened) {
    const body = { user_id: user, deafened };
    return this.call("POST", `${roomAt(room)}/voice/deafen`, body);
  }

  /**
   * Takes somebody to another room; their call goes on there.
   * @param {string} room where they are
   * @param {string} user
   * @param {string} to
   */
  move(room, user, to) {
    return this.call("POST", `${roomAt(room)}/voice/move`, { user_id: canonicalId(user), to_room_id: canonicalId(to) });
  }

  /** A listener of a stage raises a hand. @param {string} room */
  requestToSpeak(room) {
    return this.call("POST", `${roomAt(room)}/stage/request`);
  }

  /** Takes the hand down again; a speaker steps down. @param {string} room */
  withdrawRequest(room) {
    return this.call("DELETE", `${roomAt(room)}/stage/request`);
  }

  /**
   * Asks a listener to speak; oneself is on stage at once.
   * @param {string} room
   * @param {string} user
   */
  inviteToSpeak(room, user) {
    return this.call("POST", `${roomAt(room)}/stage/invite`, { user_id: canonicalId(user) });
  }

  /**
   * @param {string} room
   * @param {boolean} accepted
   */
  respondToInvite(room, accepted) {
    return this.call("POST", `${roomAt(room)}/stage/invite/respond`, { accepted });
  }

  /**
   * Back to the audience.
   * @param {string} room
   * @param {string} user
   */
  revokeSpeaker(room, user) {
    return this.call("POST", `${roomAt(room)}/stage/revoke`, { user_id: canonicalId(user) });
  }

  /**
   * @param {string} room
   * @param {string} topic at most 120 characters, "" for none
   * @returns {Promise<{ topic: string }>}
   */
  setTopic(room, topic) {
    return this.call("PATCH", `${roomAt(room)}/stage/topic`, { topic });
  }

  /**
   * @param {string} channel
   * @returns {Promise<Participant[]>}
   */
  participants(channel) {
    return this.call("GET", `/voice/channels/${encodeURIComponent(channel)}/participants`);
  }

  /**
   * @param {{ channel_id: string, mute: boolean, deaf: boolean, client: string, password?: string }} request
   * @returns {Promise<Joined>}
   */
  join(request) {
    return this.call("POST", "/voice/join", request);
  }

  /** @param {string} session */
  leave(session) {
    return this.call("POST", "/voice/leave", { session_id: session });
  }

  /**
   * Without `mute` and `deaf` it changes nothing and only asks whether the session is still there.
   * @param {string} session
   * @param {{ mute?: boolean, deaf?: boolean }} state
   */
  voiceState(session, state) {
    return this.call("PATCH", "/voice/state", { session_id: session, ...state });
  }

  /**
   * @param {string} session
   * @param {string} sdp
   * @param {SourceLabel[]} sources
   * @returns {Promise<{ sdp: string }>}
   */
  offer(session, sdp, sources) {
    return this.call("POST", "/voice/signal", { session_id: session, type: "offer", sdp, sources });
  }

  /**
   * @param {string} session
   * @param {string} sdp
   */
  answer(session, sdp) {
    return this.call("POST", "/voice/signal", { session_id: session, type: "answer", sdp });
  }

  /**
   * @param {string} session
   * @param {RTCIceCandidateInit | null} candidate
   */
  candidate(session, candidate) {
    return this.call("POST", "/voice/signal", { session_id: session, type: "ice", candidate });
  }

  /**
   * Where the event socket of a session is.
   * @param {string} session
   * @param {number | null} after the last event already seen
   */
  eventsUrl(session, after) {
    const url = this.#socketAt(`/voice/sessions/${encodeURIComponent(session)}/events`);
    url.searchParams.set("token", this.token ?? "");
    if (after !== null) url.searchParams.set("after", String(after));
    return url.href;
  }

  /** Where meetings are spoken to. */
  meetingsUrl() {
    return this.#socketAt("/v1/ws").href;
  }

  /** @param {string} path */
  #socketAt(path) {
    const url = new URL(path, this.base || globalThis.location?.origin || "");
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url;
  }
}
