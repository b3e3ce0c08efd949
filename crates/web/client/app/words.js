// Refusals and endings in plain words. A code of the server never reaches the page.

import { ApiError } from "../protocol/api.js";
import { REJECTED, wantsPassword } from "../protocol/door.js";

/** @import { Participant } from "../protocol/types.js" */

/** @type {Record<string, string>} */
const BY_CODE = {
  USERNAME_TAKEN: "That name is taken. Try another, or log in if it is yours.",
  AUTH_FAILED: "That name and password do not go together.",
  AUTH_EXPIRED: "You have been signed out. Please log in again.",
  BANNED: "You have been banned from this server.",
  ROOM_FULL: "This room is full.",
  NOT_IN_VOICE: "They are not in the room any more.",
  NO_PENDING_INVITE: "That invitation is over.",
  NOT_SPEAKER: "It is not your turn to speak.",
  NOT_A_PARTICIPANT: "You are not in this room any more.",
};

/** @type {Record<number, string>} */
const BY_STATUS = {
  0: "The server cannot be reached. Check your connection.",
  401: "You have been signed out. Please log in again.",
  403: "You may not do that here.",
  404: "That is not here any more.",
  409: "That does not work right now.",
  413: "That is too long.",
  429: "That was a lot at once. Wait a moment and try again.",
  503: "The server is just starting. Try again in a moment.",
};

/** Whether a server's sentence is meant for people. @param {string} text */
const isSentence = (text) => /\s/.test(text) && text.length < 200;

/** @param {string} text */
function asSentence(text) {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(upper) ? upper : upper + ".";
}

/**
 * Why one was not let into a room.
 * @param {unknown} error
 * @param {{ hasPassword: boolean, typed: string }} door
 */
export function doorInWords(error, { hasPassword, typed }) {
  if (error instanceof ApiError && error.status === 403 && hasPassword && /password/i.test(error.message)) {
    return typed ? "That password is not right." : "This room has a password. Ask somebody who is in it.";
  }
  return inWords(error);
}

/**
 * Why one was not let into a meeting.
 * @param {unknown} error
 * @param {{ guest: boolean, typed: string }} door
 */
export function meetingDoorInWords(error, { guest, typed }) {
  if (!(error instanceof ApiError)) return inWords(error);
  if (wantsPassword(error)) return typed ? "That password is not right." : "This meeting has a password. Type it to come in.";
  if (error.code === REJECTED) return "You were not let in. You may ask again in half a minute.";
  if (error.status === 404) return "There is no such meeting. Perhaps the address has a typo, or it is over.";
  if (error.status === 403 && /turned away|reject/i.test(error.message)) return "You were not let in just now. Try again in half a minute.";
  if (error.status === 403) return guest ? "Guests may not come in here. Sign in if you have an account." : "You may not come in here.";
  return inWords(error);
}

/** @param {unknown} error */
export function inWords(error) {
  if (!(error instanceof ApiError)) return "Something went wrong on this page. Reload it and try again.";
  const known = BY_CODE[error.code];
  if (known) return known;
  const full = error.status === 409 && /full.*?(\d+ of \d+)/i.exec(error.message);
  if (full) return `This room is full (${full[1]}).`;
  // What is wrong with what was typed, or why a room does not let one in, the server says best.
  if ([400, 403, 409, 422].includes(error.status) && isSentence(error.message)) return asSentence(error.message);
  return BY_STATUS[error.status] ?? "The server could not do that. Try again in a moment.";
}

/**
 * @param {string} reason
 * @param {unknown} error
 * @param {string | null} by who did it, where it is known
 * @returns {{ text: string, again: boolean }} and whether "Join again" makes sense
 */
export function endInWords(reason, error, by) {
  switch (reason) {
    case "kicked":
      return { text: by ? `${by} removed you from this room.` : "A moderator removed you from this room.", again: true };
    case "removed":
      return { text: "You were removed from this meeting.", again: true };
    case "rejected":
      return { text: "Your connection was lost, and you were not let in again.", again: true };
    case "banned":
      return { text: "You have been banned and cannot come back in.", again: false };
    case "replaced":
      return { text: "You joined this room again somewhere else, so this window has left it.", again: true };
    case "left":
      return { text: "You left this room from somewhere else.", again: true };
    case "moved":
      return { text: "You went to another room from somewhere else.", again: true };
    case "channel_deleted":
      return { text: "This room has been deleted.", again: false };
    case "refused":
      if (wantsPassword(error)) return { text: "You could not come back in: this meeting has another password now.", again: true };
      return { text: `You could not come back in. ${inWords(error)}`, again: true };
    case "media_refused":
      return { text: "Sound could not be set up with this server.", again: true };
    default:
      return { text: "The call has ended.", again: true };
  }
}

/**
 * What a moderator changed about oneself.
 * @param {Participant} before
 * @param {Participant} now
 * @param {string} who
 * @returns {string[]}
 */
export function moderatedInWords(before, now, who) {
  const words = [];
  if (now.server_mute && !before.server_mute) words.push(`${who} muted you.`);
  if (!now.server_mute && before.server_mute) words.push("You may speak again.");
  if (now.server_deaf && !before.server_deaf) words.push(`${who} deafened you: you hear nobody for now.`);
  if (!now.server_deaf && before.server_deaf) words.push("You can hear again.");
  return words;
}

/** 1st, 2nd, 3rd, 4th, ... 11th, ... 21st. @param {number} count */
export function ordinal(count) {
  const teen = count % 100 >= 11 && count % 100 <= 13;
  return `${count}${teen ? "th" : ["th", "st", "nd", "rd"][count % 10] ?? "th"}`;
}
