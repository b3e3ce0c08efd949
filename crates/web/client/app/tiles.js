// Tells the server how large each picture really is here, so that it sends no more than is seen.

/** @import { View } from "../protocol/types.js" */
/** @import { AppStore } from "./context.js" */

/** Resizing a window passes through many sizes; only where it rests is worth a message. */
const SETTLE_MS = 250;
/** Said of a slot that shows nobody yet: about what its first tile will be. */
const EXPECTED = { width: 640, height: 360 };
/** More device pixels than this in one tile nobody sees. */
const PIXELS_MAX = 4096;

export class TileSizes {
  /** @type {Map<string, { width: number, height: number }>} by mid, in device pixels */
  #sizes = new Map();
  #said = "";
  #store;
  #send;
  /** @type {any} */
  #timer = null;

  /**
   * @param {AppStore} store
   * @param {(views: View[]) => void} send
   */
  constructor(store, send) {
    this.#store = store;
    this.#send = send;
    document.addEventListener("visibilitychange", () => this.changed());
    let slots = store.get().call.slots;
    store.subscribe(() => {
      if (store.get().call.slots === slots) return;
      slots = store.get().call.slots;
      this.changed();
    });
  }

  /**
   * @param {string} mid
   * @param {HTMLElement} element
   * @returns {() => void} the tile is gone
   */
  watch(mid, element) {
    const observer = new ResizeObserver(() => {
      const { clientWidth, clientHeight } = element;
      const scale = (/** @type {number} */ pixels) => Math.min(PIXELS_MAX, Math.round(pixels * devicePixelRatio));
      this.#sizes.set(mid, { width: scale(clientWidth), height: scale(clientHeight) });
      this.changed();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      this.#sizes.delete(mid);
      this.changed();
    };
  }

  changed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#say(), SETTLE_MS);
  }

  /** A new session knows nothing of what was said before. */
  forget() {
    this.#said = "";
    this.changed();
  }

  #say() {
    const { call } = this.#store.get();
    const hidden = document.visibilityState === "hidden";
    const views = call.slots
      .filter(({ kind }) => kind === "video")
      .map(({ mid, user_id }) => {
        const size = this.#sizes.get(mid) ?? (user_id ? { width: 0, height: 0 } : EXPECTED);
        return { mid, ...(hidden ? { width: 0, height: 0 } : size) };
      });
    const text = JSON.stringify(views);
    if (!views.length || text === this.#said) return;
    this.#said = text;
    this.#send(views);
  }
}
