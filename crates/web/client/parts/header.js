// The top of every page that is not a room.

import { useSelect } from "../app/context.js";
import { isAdministrator } from "../state/select.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** @param {{ at: "rooms" | "settings" | "admin" | null }} props */
export function Header({ at }) {
  const admin = useSelect(isAdministrator);
  const known = useSelect((state) => state.account.status === "in");
  /** @param {string} href @param {string} name @param {string} key @param {string} icon */
  const link = (href, name, key, icon) =>
    html`<a class="nav-link" href=${href} aria-current=${at === key ? "page" : undefined}>
      <${Icon} name=${icon} /><span>${name}</span>
    </a>`;
  return html`<header class="header">
    <a class="brand" href="/"><${Icon} name="armchair" size=${24} /> Parlor</a>
    ${known && html`<nav class="nav" aria-label="Main">
      ${link("/", "Rooms", "rooms", "door-open")} ${link("/settings", "Settings", "settings", "settings")}
      ${admin && link("/admin", "Admin", "admin", "shield")}
    </nav>`}
  </header>`;
}
