// The kinds of rooms there are, in words and signs.

/** @import { NewKind } from "../app/rooms.js" */

/** What a room that is no ordinary one is called. @type {Record<string, string>} */
export const KIND_WORDS = { talk: "Push-to-talk", stage: "Stage", conference: "Conference" };

/** @type {Record<string, string>} */
export const KIND_ICONS = { voice: "armchair", talk: "radio", stage: "mic-vocal" };

/** Those one can make, each with what it is. @type {[NewKind, string, string][]} */
export const NEW_KINDS = [
  ["voice", "Voice room", "Everybody may speak at once."],
  ["stage", "Stage", "A few speak, the others listen."],
  ["talk", "Push-to-talk", "One speaks at a time, for two people."],
];
