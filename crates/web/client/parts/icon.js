// A vendored icon, drawn in the colour of the text around it.

import { icons } from "../vendor/lucide.js";
import { h } from "../vendor/preact.js";

/**
 * Decoration only: what it means is said in words beside it or on its button.
 * @param {{ name: string, size?: number }} props
 */
export function Icon({ name, size = 20 }) {
  const shapes = (icons[name] ?? []).map(([element, attributes]) => h(element, attributes));
  const frame = {
    class: "icon", width: size, height: size, viewBox: "0 0 24 24", fill: "none", stroke: "currentColor",
    "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
  };
  return h("svg", /** @type {any} */ (frame), ...shapes);
}
