// The middle of a room: a screen, or in a meeting somebody, large with everything else beside it, or all in an even grid.

import { useSelect } from "../app/context.js";
import { sameId } from "../protocol/ids.js";
import { focused } from "../state/meeting.js";
import { pictures } from "../state/select.js";
import { useLayoutEffect, useRef } from "../vendor/hooks.js";
import { html } from "./html.js";
import { Seat, Tile } from "./tile.js";

/** @import { Participant } from "../protocol/types.js" */

/** Upright space holds more of a taller tile. */
const RATIO = { wide: 16 / 9, upright: 4 / 3 };
/** As in the style sheet. */
const GAP = 12;
const PADDING = 8;
/** A tile alone in a large window need not fill it. */
const TILE_MAX = 860;

/**
 * The widest tile with which all of them fit.
 * @param {number} count @param {number} width @param {number} height @param {number} ratio
 */
function tileWidth(count, width, height, ratio) {
  let best = 0;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - GAP * (columns - 1)) / columns;
    const byHeight = ((height - GAP * (rows - 1)) / rows) * ratio;
    best = Math.max(best, Math.min(byWidth, byHeight));
  }
  return Math.max(140, Math.min(TILE_MAX, Math.floor(best)));
}

/** @param {{ count: number, children?: any }} props */
function Grid({ count, children }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const grid = element.current;
    if (!grid) return;
    const fit = () => {
      const [width, height] = [grid.clientWidth - 2 * PADDING, grid.clientHeight - 2 * PADDING];
      const ratio = height > width ? RATIO.upright : RATIO.wide;
      grid.style.setProperty("--tile", `${tileWidth(count, width, height, ratio)}px`);
      grid.style.setProperty("--ratio", String(ratio));
    };
    const observer = new ResizeObserver(fit);
    observer.observe(grid);
    fit();
    return () => observer.disconnect();
  }, [count]);
  return html`<div ref=${element} class="grid">${children}</div>`;
}

/**
 * @param {{ seats: { person: Participant, isMe: boolean }[], empty?: any, children?: any }} props seats: who is shown here;
 *   empty: instead, when that is nobody; children: below them
 */
export function Gallery({ seats, empty, children }) {
  const shown = useSelect(pictures).filter(({ userId }) => seats.some(({ person }) => sameId(person.user_id, userId)));
  const seated = seats.filter(
    ({ person }) => !shown.some(({ source, userId }) => source === "camera" && sameId(userId, person.user_id)),
  );
  const focus = useSelect(focused);
  // One's own screen is in front of one already: it stays a small tile.
  const large = shown.find(({ source, mid, userId }) => (focus ? sameId(userId, focus) && (mid || source === "camera") : source === "screen" && mid));
  const host = large || !focus ? null : seated.find(({ person }) => sameId(person.user_id, focus));
  const rest = html`${shown.map((picture) => picture !== large && html`<${Tile} key=${picture.key} picture=${picture} />`)}
  ${seated.map((seat) => seat !== host && html`<${Seat} key=${seat.person.user_id} ...${seat} />`)}`;
  const count = shown.length + seated.length;
  if (large || host) {
    return html`<div class=${`gallery gallery-screen${count === 1 ? " is-alone" : ""}`} data-testid="large" data-user-id=${large?.userId ?? host?.person.user_id}>
      <div class="gallery-main">${large ? html`<${Tile} key=${large.key} picture=${large} />` : html`<${Seat} ...${host} />`}</div>
      ${count > 1 && html`<div class="gallery-strip">${rest}</div>`}
    </div>`;
  }
  return html`<div class="gallery">
    ${count === 0 && empty ? empty : html`<${Grid} count=${count}>${rest}<//>`}
    ${children}
  </div>`;
}
