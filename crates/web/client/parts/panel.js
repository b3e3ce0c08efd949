// The one side panel: beside the room where it is wide, a sheet over it on a phone.

import { useApp } from "../app/context.js";
import { useEffect, useRef } from "../vendor/hooks.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** @param {{ title: string, kind: string, children?: any }} props */
export function Panel({ title, kind, children }) {
  const { store } = useApp();
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    element.current?.focus();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return html`<section ref=${element} class=${`panel panel-${kind}`} tabindex="-1" aria-label=${title} data-testid=${`panel-${kind}`}>
    <header class="panel-head">
      <h2>${title}</h2>
      <button class="quiet-button" aria-label="Close" onClick=${() => store.dispatch({ type: "page/panel", panel: null })}>
        <${Icon} name="x" />
      </button>
    </header>
    <div class="panel-body">${children}</div>
  </section>`;
}
