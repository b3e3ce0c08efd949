// The shapes that cross the wire, as this library sees them. Types only.

/** @typedef {"microphone" | "camera" | "screen"} Source */
/** @typedef {"speaker" | "listener"} StageRole */

/**
 * Somebody in a room, as the Voice Service tells it.
 * @typedef {object} Participant
 * @property {string} user_id UUID
 * @property {string} username
 * @property {string} session_id
 * @property {boolean} mute by themselves
 * @property {boolean} deaf by themselves
 * @property {boolean} server_mute by a moderator
 * @property {boolean} server_deaf by a moderator
 * @property {boolean} speaking
 * @property {boolean} video
 * @property {boolean} screen
 * @property {string} via the dialect they came by, or "sip"
 * @property {StageRole} [stage_role] in a stage only
 * @property {string} [requested_at] RFC 3339: since when they have asked to speak, in a stage
 * @property {boolean} [invited] they may accept to speak, in a stage
 * @property {boolean} [admin] of a meeting
 * @property {boolean} [hand] it is up, in a meeting
 * @property {boolean} [server_video_mute] an admin of a meeting stopped their picture
 */

/**
 * Somebody in a meeting, as Aura tells it: one for each call.
 * @typedef {object} RoomMember
 * @property {string} id of their call
 * @property {string | null} user UUID of the account; null for guests
 * @property {string} name
 * @property {boolean} is_admin
 * @property {boolean} hand_raised
 * @property {string | null} [hand_raised_at] RFC 3339
 * @property {boolean} screen_share
 * @property {boolean} audio_muted
 * @property {boolean} video_muted
 * @property {boolean} audio_muted_by_admin
 * @property {boolean} video_muted_by_admin
 * @property {boolean} is_sip
 */

/** Somebody who waits to be let in. @typedef {{ member: string, name: string }} Waiting */

/**
 * A receiving section of the peer connection, and who is in it now.
 * @typedef {object} Slot
 * @property {string} mid
 * @property {"audio" | "video"} kind
 * @property {string | null} user_id
 * @property {string | null} session_id
 * @property {Source | null} source
 */

/**
 * @typedef {object} Room
 * @property {string} room_id decimal
 * @property {string} name
 * @property {string} slug
 * @property {string} type `voice`, `stage`, `talk` or `conference`
 * @property {string | null} topic
 * @property {number} limit
 * @property {string | null} created_by decimal
 * @property {number} created_at unix seconds
 * @property {number} member_count
 * @property {string | null} permissions the caller's own mask in this room, decimal
 * @property {boolean} has_password
 * @property {boolean} captions what is said is written down, live, for everyone in the room
 */

/**
 * @typedef {object} Account
 * @property {string} user_id decimal
 * @property {string} username
 * @property {string} display_name
 * @property {string} permissions decimal mask
 */

/**
 * Somebody's turn to speak in a talk room.
 * @typedef {object} Turn
 * @property {string} current_speaker_user_id UUID
 * @property {string} expires_at RFC 3339: it ends then, unless it is kept before
 */

/**
 * Something said in a room, as STT Room keeps it.
 * @typedef {object} WrittenMessage
 * @property {string} id UUID
 * @property {string} sender_user_id UUID
 * @property {string} sender_email the username of who has no e-mail
 * @property {string} content_text
 * @property {string} created_at RFC 3339
 */

/** @typedef {{ urls: string[], username?: string, credential?: string }} IceServer */
/** @typedef {{ session_id: string, server_endpoint: string, ice_servers: IceServer[] }} Joined */
/** @typedef {{ mid: string, source: Source }} SourceLabel */
/** @typedef {{ mid: string, user_id?: string, source?: Source, width: number, height: number }} View */

/**
 * One frame of the event stream. Which keys are there depends on `type`; types that are not known
 * are passed on all the same, and whoever reads them ignores what it does not know.
 * @typedef {{ type: string, seq: number, ts: string } & Record<string, any>} ServerEvent
 */

/**
 * What the outside world lends to this library; tests bring their own.
 * @typedef {object} Env
 * @property {(handler: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random 0 to 1
 * @property {() => number} now milliseconds since some moment; never goes back
 * @property {new (url: string, protocol?: string) => WebSocket} WebSocket
 * @property {new (config?: RTCConfiguration) => RTCPeerConnection} RTCPeerConnection
 */

/**
 * The browser's own.
 * @returns {Env}
 */
export function browserEnv() {
  return {
    setTimeout: (handler, ms) => globalThis.setTimeout(handler, ms),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
    random: Math.random,
    now: () => performance.now(),
    WebSocket: globalThis.WebSocket,
    RTCPeerConnection: globalThis.RTCPeerConnection,
  };
}
