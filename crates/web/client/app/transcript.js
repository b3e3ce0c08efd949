// The transcript of the room one is in: reading it, and saving it as a file.

import { readMessages } from "../protocol/messages.js";
import { inWords } from "./words.js";

/** @import { Api, TranscriptFormat } from "../protocol/api.js" */
/** @import { Room, WrittenMessage } from "../protocol/types.js" */
/** @import { AppStore } from "./context.js" */

/**
 * @param {Api} api
 * @param {AppStore} store
 * @param {(text: string) => void} notice
 */
export function createTranscript(api, store, notice) {
  /** Only the newest reading counts. */
  let reading = 0;

  async function load() {
    const { room } = store.get().call;
    if (!room) return;
    const mine = ++reading;
    store.dispatch({ type: "transcript/loading" });
    const wanted = () => mine === reading && store.get().call.room === room;
    try {
      /** @type {WrittenMessage[]} */
      const messages = [];
      const take = (/** @type {WrittenMessage[]} */ page) => {
        for (const message of page) messages.push(message);
        return wanted();
      };
      const complete = await readMessages(api, room, take);
      if (wanted()) store.dispatch({ type: "transcript/loaded", messages, complete });
    } catch (error) {
      if (wanted()) store.dispatch({ type: "transcript/failed", error: inWords(error) });
    }
  }

  return {
    load,
    /** The stream began anew: what was said in between is in the history. */
    refresh() {
      if (store.get().transcript.status !== "none") load();
    },
    /** @param {Room} room @param {TranscriptFormat} format */
    async save(room, format) {
      try {
        const file = await api.transcript(room.room_id, format);
        offer(file, `${room.slug || room.room_id}.${format}`);
      } catch (error) {
        notice(inWords(error));
      }
    },
  };
}

/** Where the browser keeps what is downloaded. @param {Blob} file @param {string} name */
function offer(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has taken it up by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
