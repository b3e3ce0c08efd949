// What the server was told about what goes out of here, and what it has yet to be told. Pure. Called by meeting.js.

/**
 * As Aura has it of a member.
 * @typedef {{ audio_muted: boolean, video_muted: boolean, screen_share: boolean }} Own
 */

/** How one says it: when it is true, and when not. */
const WORDS = /** @type {const} */ ({
  audio_muted: ["mute_audio", "unmute_audio"],
  video_muted: ["mute_video", "unmute_video"],
  screen_share: ["start_screen_share", "stop_screen_share"],
});

export class Outgoing {
  /** What is missing has to be told. @type {Partial<Own>} */
  #told = { audio_muted: true, video_muted: true, screen_share: false };

  /** Said with a join, which knows no screen. @param {Omit<Own, "screen_share">} own */
  handleJoined(own) {
    this.#told = { ...own, screen_share: false };
  }

  /** What was said while an admin had muted one was not listened to: once they have taken that back it is said again. */
  handleFreed() {
    this.#told = { screen_share: this.#told.screen_share };
  }

  /**
   * @param {Own} now
   * @param {boolean} answered the server has the sections of what is sent now. What ends is told without waiting for
   *   that; a picture that begins is told then.
   * @returns {{ method: string, change: Partial<Own> }[]} to be said
   */
  say(now, answered) {
    const begins = { audio_muted: false, video_muted: !now.video_muted, screen_share: now.screen_share };
    return /** @type {(keyof Own)[]} */ (Object.keys(WORDS)).flatMap((key) => {
      if (now[key] === this.#told[key] || (begins[key] && !answered)) return [];
      this.#told[key] = now[key];
      return [{ method: WORDS[key][now[key] ? 0 : 1], change: { [key]: now[key] } }];
    });
  }
}
