// What just happened, in a line that goes away by itself; and the same for screen readers.

import { useApp, useSelect } from "../app/context.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

export function Notices() {
  const { store } = useApp();
  const notices = useSelect((state) => state.page.notices);
  return html`<div class="notices">
    ${notices.map(
      ({ id, text }) => html`<div class="notice" key=${id} data-testid="notice">
        <${Icon} name="info" size=${18} /><span>${text}</span>
        <button
          class="quiet-button"
          aria-label="Dismiss"
          onClick=${() => store.dispatch({ type: "page/read", id })}
        ><${Icon} name="x" size=${18} /></button>
      </div>`,
    )}
  </div>`;
}

export function LiveRegion() {
  const text = useSelect((state) => state.page.announcement);
  return html`<div class="unseen" role="status" aria-live="polite" data-testid="live">${text}</div>`;
}

/** @param {{ text: string | null }} props */
export function ErrorLine({ text }) {
  // Always there, so that screen readers notice when it fills.
  return html`<p class="error" role="alert" data-testid=${text ? "error" : undefined}>
    ${text && html`<${Icon} name="triangle-alert" size=${18} />`}<span>${text}</span>
  </p>`;
}
