// The middle of a room: a screen large with everything else beside it, or all in an even grid.

import { useSelect } from "../app/context.js";
import { sameId } from "../protocol/ids.js";
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
  // One's own screen is in front of one already: it stays a small tile.
  const [screen, ...others] = shown[0]?.source === "screen" && shown[0].mid ? shown : [null, ...shown];
  const rest = html`${others.map((picture) => picture && html`<${Tile} key=${picture.key} picture=${picture} />`)}
  ${seated.map(({ person, isMe }) => html`<${Seat} key=${person.user_id} person=${person} isMe=${isMe} />`)}`;
  if (screen) {
    return html`<div class="gallery gallery-screen">
      <div class="gallery-main"><${Tile} key=${screen.key} picture=${screen} /></div>
      <div class="gallery-strip">${rest}</div>
    </div>`;
  }
  const count = others.length + seated.length;
  return html`<div class="gallery">
    ${count === 0 && empty ? empty : html`<${Grid} count=${count}>${rest}<//>`}
    ${children}
  </div>`;
}
