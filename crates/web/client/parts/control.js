// One button of the bar: an icon, a word, and whether it is on.

import { html } from "./html.js";
import { Icon } from "./icon.js";

/**
 * @typedef {object} ControlProps
 * @property {string} id
 * @property {string} icon
 * @property {string} label what is shown
 * @property {string} [short] where there is no room for the label
 * @property {string} [title] the whole of it, with the key
 * @property {boolean} [pressed]
 * @property {string} [kind]
 * @property {boolean} [disabled] the title says why
 * @property {Record<string, string>} [data] for tests
 * @property {() => void} act
 */

/** @param {ControlProps} props */
export function Control({ id, icon, label, short, title = label, pressed, kind = "", disabled = false, data = {}, act }) {
  return html`<button
    class=${`control ${kind}${short ? " has-short" : ""}`}
    data-testid=${id}
    title=${title}
    aria-label=${title}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)}
    disabled=${disabled}
    onClick=${act}
    ...${data}
  >
    <span class="control-icon"><${Icon} name=${icon} size=${22} /></span><span class="control-label">${label}</span>
    ${short && html`<span class="control-label control-short">${short}</span>`}
  </button>`;
}
