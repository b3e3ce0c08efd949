// What is being said, as text over the picture: the newest few lines, some of them unfinished.

import { canonicalId, toUuid } from "../protocol/ids.js";

/** @import { ServerEvent } from "../protocol/types.js" */
/** @import { Action, State } from "./state.js" */

/**
 * @typedef {object} Line
 * @property {string} id of the message, a UUID
 * @property {string} userId
 * @property {string} text
 * @property {boolean} final false: more of it is coming
 * @property {boolean} faded read by now
 */

/**
 * @typedef {object} CaptionsState
 * @property {boolean | null} on for everyone in the room; null: only the room's own settings tell
 * @property {boolean} shown to oneself
 * @property {boolean} switching one's word for everyone is on its way
 * @property {Line[]} lines in the order in which they began
 */

/**
 * @typedef {{ type: "captions/shown", shown: boolean } | { type: "captions/switching", switching: boolean }
 *   | { type: "captions/on", on: boolean } | { type: "captions/faded", id: string }} CaptionsAction
 */

/** More lines than this nobody reads while listening. */
const SHOWN_MAX = 3;
/** Kept beyond those shown, so that a better text for an earlier line is known as such. */
const LINES_MAX = 50;

/** @type {CaptionsState} */
export const captionsInitial = { on: null, shown: true, switching: false, lines: [] };

/**
 * @param {CaptionsState} state
 * @param {Action} action
 * @returns {CaptionsState}
 */
export function reduceCaptions(state, action) {
  switch (action.type) {
    case "captions/shown":
      return { ...state, shown: action.shown };
    case "captions/switching":
      return { ...state, switching: action.switching };
    case "captions/on":
      return { ...state, on: action.on };
    case "captions/faded":
      return { ...state, lines: state.lines.map((line) => (line.id === action.id ? { ...line, faded: true } : line)) };
    case "call/event":
      return reduceEvent(state, action.event);
    case "call/joining":
    case "call/left":
    case "call/over":
    case "call/forget":
      return { ...captionsInitial, shown: state.shown };
    default:
      return state;
  }
}

/**
 * @param {CaptionsState} state
 * @param {ServerEvent} event
 * @returns {CaptionsState}
 */
function reduceEvent(state, event) {
  switch (event.type) {
    case "state":
      // How an unfinished line went on was perhaps missed.
      return { ...state, on: event.captions ?? state.on, lines: state.lines.filter(({ final }) => final) };
    case "moved":
      return { ...captionsInitial, shown: state.shown };
    case "room.updated":
      return { ...state, on: event.captions ?? state.on };
    case "caption": {
      const lines = captioned(state.lines, event);
      return lines === state.lines ? state : { ...state, lines };
    }
    default:
      return state;
  }
}

/**
 * A partial text grows, a final one ends it, a second final one is better, and one without text takes
 * the line back. Each keeps its place.
 * @param {Line[]} lines
 * @param {ServerEvent} event
 */
function captioned(lines, event) {
  const id = toUuid(String(event.message_id));
  const final = event.status === "final";
  const text = String(event.text ?? "").trim();
  const at = lines.findIndex((line) => line.id === id);
  const before = lines[at];
  if (!text) return final && before ? lines.toSpliced(at, 1) : lines;
  // Told again after the end, by a stream that was resumed.
  if (before?.final && !final) return lines;
  const line = { id, userId: String(event.user_id), text, final, faded: before?.final === true && before.faded };
  return before ? lines.with(at, line) : [...lines, line].slice(-LINES_MAX);
}

/** @param {State} state whether what is said here is written down */
export function captionsOn({ captions, rooms }) {
  return captions.on ?? rooms.open.room?.captions ?? false;
}

/**
 * What is over the picture now, the newest last.
 * @param {State} state
 * @returns {(Line & { name: string })[]}
 */
export function captionLines(state) {
  const { captions, call, transcript } = state;
  if (!captions.shown || !captionsOn(state)) return [];
  return captions.lines
    .filter(({ faded }) => !faded)
    .slice(-SHOWN_MAX)
    .map((line) => ({ ...line, name: nameOf(line.userId, call, transcript) }));
}

/** @param {string} userId @param {State["call"]} call @param {State["transcript"]} transcript */
function nameOf(userId, call, transcript) {
  const id = canonicalId(userId);
  return call.people[id]?.username ?? transcript.names[id] ?? "Somebody";
}
