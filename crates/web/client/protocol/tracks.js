// What may go out of this machine: the tracks there are, muted or not, and in a talk room the
// microphone only while its button is held. Called by call.js.

/** @import { Source } from "./types.js" */

export class Tracks {
  /** @type {Map<Source, MediaStreamTrack>} */
  #tracks = new Map();
  #mute;
  #open;

  /**
   * @param {object} options
   * @param {boolean} options.mute
   * @param {boolean} options.open false: the microphone waits for its turn
   */
  constructor({ mute, open }) {
    this.#mute = mute;
    this.#open = open;
  }

  /** @param {Source} source @param {MediaStreamTrack | null} track */
  set(source, track) {
    if (track) this.#tracks.set(source, track);
    else this.#tracks.delete(source);
    this.#apply();
  }

  /** @param {boolean} mute */
  setMute(mute) {
    this.#mute = mute;
    this.#apply();
  }

  /** @param {boolean} open */
  setOpen(open) {
    this.#open = open;
    this.#apply();
  }

  /**
   * What a source sends now. A microphone that waits for its turn is not even attached: a track that is
   * only disabled still sends silence.
   * @param {Source} source
   * @returns {MediaStreamTrack | null}
   */
  sent(source) {
    if (source === "microphone" && !this.#open) return null;
    return this.#tracks.get(source) ?? null;
  }

  /** The sources there are tracks of. */
  sources() {
    return [...this.#tracks.keys()];
  }

  #apply() {
    const microphone = this.#tracks.get("microphone");
    if (microphone) microphone.enabled = this.#open && !this.#mute;
  }
}
