// Which screen is shown.

import { useApp, useSelect } from "../app/context.js";
import { html } from "../parts/html.js";
import { LiveRegion, Notices } from "../parts/notices.js";
import { Panel } from "../parts/panel.js";
import { Help } from "../parts/help.js";
import { AdminView } from "./admin.js";
import { NotFoundView } from "./not-found.js";
import { RoomView } from "./room.js";
import { RoomsView } from "./rooms.js";
import { SettingsView } from "./settings.js";
import { SignView } from "./sign.js";

export function Page() {
  const status = useSelect((state) => state.account.status);
  const route = useSelect((state) => state.page.route);
  const inCall = useSelect((state) => state.call.phase === "in");
  const help = useSelect((state) => state.page.panel === "help");
  return html`<${LiveRegion} />
    ${!inCall && html`<${Notices} />`}
    ${status === "checking" && html`<main class="waiting" aria-busy="true"></main>`}
    ${status === "unreachable" && html`<${Unreachable} />`}
    ${status === "out" && (route.name === "missing" ? html`<${NotFoundView} />` : html`<${SignView} />`)}
    ${status === "in" && html`<${Screen} name=${route.name} />`}
    ${help && !inCall && html`<${Panel} title="Keys" kind="sheet"><${Help} /><//>`}`;
}

/** @param {{ name: import("../state/page.js").Route["name"] }} props */
function Screen({ name }) {
  switch (name) {
    case "rooms":
      return html`<${RoomsView} />`;
    case "room":
      return html`<${RoomView} />`;
    case "settings":
      return html`<${SettingsView} />`;
    case "admin":
      return html`<${AdminView} />`;
    case "missing":
      return html`<${NotFoundView} />`;
  }
}

function Unreachable() {
  const { accounts } = useApp();
  return html`<main class="message" data-testid="error">
    <h1>The server does not answer</h1>
    <p>You are still signed in. Check your connection, or wait a moment if the server is just starting.</p>
    <button class="button button-strong" onClick=${() => accounts.resume()}>Try again</button>
  </main>`;
}
