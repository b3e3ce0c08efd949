// Captions: when a line has been read, who sees them, and switching them for everyone.

import { toUuid } from "../protocol/ids.js";
import { captionsOn } from "../state/captions.js";
import { storage } from "./storage.js";
import { inWords } from "./words.js";

/** @import { Api } from "../protocol/api.js" */
/** @import { ServerEvent } from "../protocol/types.js" */
/** @import { AppStore } from "./context.js" */

/** Long enough to read a full line twice. */
const FINAL_MS = 8000;
/** An unfinished line that is not heard of any more will not be finished. */
const PARTIAL_MS = 20_000;

/**
 * @param {Api} api
 * @param {AppStore} store
 * @param {(text: string) => void} notice
 */
export function createCaptions(api, store, notice) {
  /** @type {Map<string, any>} by message */
  const timers = new Map();

  /** @param {string} id @param {number} ms */
  function fadeIn(id, ms) {
    clearTimeout(timers.get(id));
    const fade = () => {
      timers.delete(id);
      store.dispatch({ type: "captions/faded", id });
    };
    timers.set(id, setTimeout(fade, ms));
  }

  return {
    /** For oneself. */
    toggle() {
      const shown = !store.get().captions.shown;
      storage.choices = { ...storage.choices, captions: shown };
      store.dispatch({ type: "captions/shown", shown });
      store.dispatch({ type: "page/announce", text: shown ? "Captions shown." : "Captions hidden." });
    },
    /** For everyone in the room. @param {boolean} on */
    async switchForAll(on) {
      const { call, captions } = store.get();
      if (!call.room || captions.switching) return;
      store.dispatch({ type: "captions/switching", switching: true });
      try {
        const room = await api.switchCaptions(call.room, on);
        store.dispatch({ type: "captions/on", on: room.captions });
      } catch (error) {
        notice(inWords(error));
      }
      store.dispatch({ type: "captions/switching", switching: false });
    },
    /** @param {ServerEvent} event @param {boolean} wasOn before it was in the store */
    handleEvent(event, wasOn) {
      if (event.type === "caption") fadeIn(toUuid(String(event.message_id)), event.status === "final" ? FINAL_MS : PARTIAL_MS);
      if (event.type !== "room.updated") return;
      const on = captionsOn(store.get());
      if (on && !wasOn) notice("Captions are on: what is said is written down for everyone in this room.");
      if (!on && wasOn) notice("Captions are off: what is said is not written down any more.");
    },
    forget() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
