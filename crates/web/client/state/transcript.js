// What was said in the room, from its first line on: the history the server keeps, and what the
// captions add to it while one is in.

import { canonicalId, toUuid } from "../protocol/ids.js";

/** @import { Participant, ServerEvent, WrittenMessage } from "../protocol/types.js" */
/** @import { Action } from "./state.js" */

/** @typedef {{ id: string, userId: string, text: string, at: number }} Said `id` a UUID, `at` in unix milliseconds */

/**
 * @typedef {object} TranscriptState
 * @property {"none" | "loading" | "ready" | "failed"} status of the history
 * @property {Said[]} lines the oldest first
 * @property {boolean} complete false: there is more than is kept here
 * @property {Record<string, string>} names by canonical user id, of whoever was ever seen
 * @property {string | null} error
 */

/**
 * @typedef {{ type: "transcript/loading" } | { type: "transcript/failed", error: string }
 *   | { type: "transcript/loaded", messages: WrittenMessage[], complete: boolean }} TranscriptAction
 */

/** @type {TranscriptState} */
export const transcriptInitial = { status: "none", lines: [], complete: true, names: {}, error: null };

/**
 * @param {TranscriptState} state
 * @param {Action} action
 * @returns {TranscriptState}
 */
export function reduceTranscript(state, action) {
  switch (action.type) {
    case "transcript/loading":
      return { ...state, status: state.status === "ready" ? "ready" : "loading", error: null };
    case "transcript/failed":
      return { ...state, status: state.status === "ready" ? "ready" : "failed", error: action.error };
    case "transcript/loaded":
      return { ...state, ...merged(state, action.messages), status: "ready", complete: action.complete, error: null };
    case "call/event":
      return reduceEvent(state, action.event);
    case "call/joining":
    case "call/left":
    case "call/forget":
      return transcriptInitial;
    default:
      return state;
  }
}

/**
 * The history is the truth for what it has; what came live and is not in it yet stands at the end.
 * @param {TranscriptState} state
 * @param {WrittenMessage[]} messages
 */
function merged(state, messages) {
  const names = { ...state.names };
  const history = messages.map((message) => {
    names[canonicalId(message.sender_user_id)] ??= shortened(message.sender_email);
    return lineOf(message);
  });
  const known = new Set(history.map(({ id }) => id));
  return { lines: [...history, ...state.lines.filter(({ id }) => !known.has(id))], names };
}

/** @param {WrittenMessage} message @returns {Said} */
function lineOf({ id, sender_user_id, content_text, created_at }) {
  return { id: toUuid(id), userId: sender_user_id, text: content_text, at: Date.parse(created_at) };
}

/** Nobody's whole address need be read by the others in the room. @param {string} email */
const shortened = (email) => email.split("@")[0] || email;

/**
 * @param {TranscriptState} state
 * @param {ServerEvent} event
 * @returns {TranscriptState}
 */
function reduceEvent(state, event) {
  switch (event.type) {
    case "state":
      return named(state, event.participants ?? []);
    case "moved":
      return transcriptInitial;
    case "member.joined":
      return named(state, [/** @type {any} */ (event)]);
    case "caption":
      return event.status === "final" ? { ...state, lines: said(state.lines, event) } : state;
    default:
      return state;
  }
}

/** Names outlast their going. @param {TranscriptState} state @param {Participant[]} people */
function named(state, people) {
  const added = people.map(({ user_id, username }) => [canonicalId(user_id), username]);
  return { ...state, names: { ...state.names, ...Object.fromEntries(added) } };
}

/** @param {Said[]} lines @param {ServerEvent} event a final text: new, better, or taken back */
function said(lines, event) {
  const id = toUuid(String(event.message_id));
  const text = String(event.text ?? "").trim();
  const at = lines.findLastIndex((line) => line.id === id);
  const before = lines[at];
  if (!text) return before ? lines.toSpliced(at, 1) : lines;
  if (before) return lines.with(at, { ...before, text });
  return [...lines, { id, userId: String(event.user_id), text, at: Date.parse(event.ts) }];
}
