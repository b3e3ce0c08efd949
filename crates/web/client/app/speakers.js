// Plays what comes in: one audio element per receiving slot, on the chosen loudspeaker.

/** @import { AppStore } from "./context.js" */

export class Speakers {
  /** @type {Map<string, HTMLAudioElement>} by mid */
  #elements = new Map();
  #store;
  #muted = false;

  /** @param {AppStore} store */
  constructor(store) {
    this.#store = store;
  }

  /** @param {string} mid @param {MediaStream} stream */
  play(mid, stream) {
    let element = this.#elements.get(mid);
    if (!element) {
      element = document.createElement("audio");
      element.autoplay = true;
      element.setAttribute("playsinline", "");
      element.dataset.mid = mid;
      document.body.append(element);
      this.#elements.set(mid, element);
      this.#route(element);
    }
    element.muted = this.#muted;
    if (element.srcObject !== stream) element.srcObject = stream;
    this.#start(element);
  }

  /** Deafened: nothing is heard from this instant, whatever still arrives. @param {boolean} muted */
  setMuted(muted) {
    this.#muted = muted;
    for (const element of this.#elements.values()) element.muted = muted;
  }

  /** After a tap: browsers allow sound then. */
  unblock() {
    this.#store.dispatch({ type: "devices/hearing", blocked: false });
    for (const element of this.#elements.values()) this.#start(element);
  }

  chooseOutput() {
    for (const element of this.#elements.values()) this.#route(element);
  }

  stop() {
    for (const element of this.#elements.values()) {
      element.srcObject = null;
      element.remove();
    }
    this.#elements.clear();
    this.#store.dispatch({ type: "devices/hearing", blocked: false });
  }

  /** @param {HTMLAudioElement} element */
  #start(element) {
    element.play().catch((error) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        this.#store.dispatch({ type: "devices/hearing", blocked: true });
      }
    });
  }

  /** @param {HTMLAudioElement} element */
  #route(element) {
    const { canChooseOutput, chosen } = this.#store.get().devices;
    // A loudspeaker that is gone leaves the sound where it was.
    if (canChooseOutput) element.setSinkId(chosen.audiooutput).catch(() => {});
  }
}
