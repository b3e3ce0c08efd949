// The keys, as a panel or inside a page.

import { SHORTCUTS } from "../app/shortcuts.js";
import { html } from "./html.js";

export function Help() {
  return html`<dl class="keys">
    ${SHORTCUTS.map(([key, words]) => html`<div class="key-row"><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`)}
  </dl>`;
}
