// Which picture of a meeting comes in which receiving section. Pure. A picture keeps its section as long as it
// is shown, so that tiles do not jump about; when there are more than can be shown, those that matter most are.

/** @import { RoomMember } from "./types.js" */

/** More pictures than this at once cost more than most machines can decode, and each would be too small to see. */
export const PICTURES_MAX = 12;

/** @typedef {{ call: string, source: "camera" | "screen" }} Wanted */

/** How a request names a picture. @param {Wanted} picture */
export const nameOf = ({ call, source }) => (source === "screen" ? `${call}:screen` : call);

/**
 * What there is to see, the most important first: screens, who is asked for, who speaks, who is seen already, and
 * then as they came.
 * @param {RoomMember[]} members
 * @param {string} self one's own call
 * @param {(string | null)[]} preferred calls
 * @param {(picture: Wanted) => boolean} isSeen
 * @returns {Wanted[]}
 */
export function wanted(members, self, preferred, isSeen) {
  const others = members.filter(({ id }) => id !== self);
  /** @type {Wanted[]} */
  const screens = others.filter(({ screen_share }) => screen_share).map(({ id }) => ({ call: id, source: "screen" }));
  /** @type {Wanted[]} */
  const cameras = others
    .filter(({ video_muted, video_muted_by_admin }) => !video_muted && !video_muted_by_admin)
    .map(({ id }) => ({ call: id, source: "camera" }));
  /** @param {Wanted} picture */
  const rank = (picture) => {
    const at = preferred.indexOf(picture.call);
    return at >= 0 ? at : preferred.length + Number(!isSeen(picture));
  };
  return [...screens, ...cameras.sort((a, b) => rank(a) - rank(b))];
}

/** Who is where now. */
export class Pictures {
  /** @type {Map<string, Wanted>} by mid */
  #placed = new Map();

  /**
   * @param {Wanted[]} wishes the most important first
   * @param {string[]} mids of all sections there are
   * @returns {{ mid: string, picture: Wanted | null }[]} the sections that changed
   */
  place(wishes, mids) {
    const names = new Map(wishes.slice(0, Math.min(PICTURES_MAX, mids.length)).map((picture) => [nameOf(picture), picture]));
    /** @type {{ mid: string, picture: Wanted | null }[]} */
    const changed = [];
    for (const [mid, picture] of this.#placed) {
      if (names.delete(nameOf(picture))) continue;
      this.#placed.delete(mid);
      changed.push({ mid, picture: null });
    }
    const free = mids.filter((mid) => !this.#placed.has(mid));
    for (const picture of names.values()) {
      const mid = free.shift();
      if (mid === undefined) break;
      this.#placed.set(mid, picture);
      changed.push({ mid, picture });
    }
    return changed;
  }

  /** @param {Wanted} picture */
  has(picture) {
    const name = nameOf(picture);
    return [...this.#placed.values()].some((other) => nameOf(other) === name);
  }

  /** @param {string} mid */
  at(mid) {
    return this.#placed.get(mid) ?? null;
  }
}
