// An address behind which there is nothing.

import { html } from "../parts/html.js";

/** @param {{ title?: string, text?: string }} props */
export function NotFoundView({ title = "There is nothing here", text = "Perhaps the address has a typo." }) {
  return html`<main class="message" data-testid="not-found">
    <h1>${title}</h1>
    <p>${text}</p>
    <a class="button button-strong" href="/">To the rooms</a>
  </main>`;
}
