// Reactions: the button that sends one, and the burst over whoever sent it.

import { useApp, useSelect } from "../app/context.js";
import { reactionIcon, REACTIONS, reactionWords } from "../app/reactions.js";
import { reactionsOf } from "../state/meeting.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { MenuButton, MenuItem, MenuPage } from "./menu.js";

export function ReactControl() {
  const { session } = useApp();
  const face = html`<span class="control-icon"><${Icon} name="face-slightly-smiling-plus" size=${22} /></span><span class="control-label">React</span>`;
  return html`<${MenuButton}
    id="react"
    label="Send a reaction"
    kind="control"
    menu="menu-reactions"
    face=${face}
    items=${(/** @type {() => void} */ close) => html`<${MenuPage} key="reactions">
      ${Object.entries(REACTIONS).map(
        ([reaction, { icon, words }]) => html`<${MenuItem} key=${reaction} id=${`react-${reaction}`} kind=${`reaction reaction-${reaction}`}
          label=${words} act=${() => (close(), session.meeting.react(reaction))}><${Icon} name=${icon} size=${24} /><//>`,
      )}<//>`}
  />`;
}

/** Over a tile. The live region says it, too. @param {{ userId: string }} props */
export function Reactions({ userId }) {
  const shown = useSelect((state) => reactionsOf(state, userId));
  if (!shown.length) return null;
  return html`<span class="bursts" aria-hidden="true">
    ${shown.map(
      ({ id, reaction }) => html`<span key=${id} class=${`burst reaction-${reaction}`} data-testid="reaction" data-reaction=${reaction}
        style=${{ "--drift": String(((id * 37) % 11) - 5) }} title=${reactionWords(reaction)}><${Icon} name=${reactionIcon(reaction)} size=${28} /></span>`,
    )}
  </span>`;
}
