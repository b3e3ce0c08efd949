// What was said in a room, from its first line to its last, page by page.

/** @import { Api } from "./api.js" */
/** @import { WrittenMessage } from "./types.js" */

/** As many as the server gives at once. */
const PAGE = 500;
/** A day of talking without a pause. Beyond it the list is cut off, and only a file has it all. */
const MESSAGES_MAX = 20_000;

/**
 * Told in pages as they come, the oldest first.
 * @param {Pick<Api, "messages">} api
 * @param {string} room
 * @param {(page: WrittenMessage[]) => boolean} take false: stop, nobody wants the rest
 * @param {{ page?: number, max?: number }} [limits]
 * @returns {Promise<boolean>} whether that was all
 */
export async function readMessages(api, room, take, { page = PAGE, max = MESSAGES_MAX } = {}) {
  for (let offset = 0; offset < max; offset += page) {
    const limit = Math.min(page, max - offset);
    const messages = await api.messages(room, { limit, offset });
    if (!take(messages)) return false;
    if (messages.length < limit) return true;
  }
  return false;
}
