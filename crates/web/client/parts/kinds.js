// The kinds of rooms there are, in words and signs.

/** @import { Admission, NewKind } from "../app/rooms.js" */

/** What a room that is no ordinary one is called. @type {Record<string, string>} */
export const KIND_WORDS = { talk: "Push-to-talk", stage: "Stage", conference: "Meeting" };

/** @type {Record<string, string>} */
export const KIND_ICONS = { voice: "armchair", talk: "radio", stage: "mic-vocal", conference: "presentation", meeting: "presentation" };

/** How one comes into a meeting, each with what it means. @type {[Admission, string, string][]} */
export const ADMISSIONS = [
  ["open", "Anyone with the link", "Whoever has the address walks in."],
  ["password", "With the password", "Whoever knows it walks in, nobody else."],
  ["waiting", "Waiting room", "You let people in one by one."],
];

/** Those one can make, each with what it is. @type {[NewKind, string, string][]} */
export const NEW_KINDS = [
  ["voice", "Voice room", "Everybody may speak at once."],
  ["meeting", "Meeting", "With guests, who need no account."],
  ["stage", "Stage", "A few speak, the others listen."],
  ["talk", "Push-to-talk", "One speaks at a time, for two people."],
];
