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
  const guest = useSelect((state) => state.rooms.open.room !== null && !state.page.signing);
  const help = useSelect((state) => state.page.panel === "help");
  return html`<${LiveRegion} />
    ${!inCall && html`<${Notices} />`}
    ${status === "checking" && html`<main class="waiting" aria-busy="true"></main>`}
    ${status === "unreachable" && html`<${Unreachable} />`}
    ${status === "out" && html`<${Outside} name=${route.name} guest=${guest} />`}
    ${status === "in" && html`<${Screen} name=${route.name} />`}
    ${help && !inCall && html`<${Panel} title="Keys" kind="sheet"><${Help} /><//>`}`;
}

/** Without an account. @param {{ name: import("../state/page.js").Route["name"], guest: boolean }} props */
function Outside({ name, guest }) {
  if (name === "missing") return html`<${NotFoundView} />`;
  return name === "room" && guest ? html`<${RoomView} />` : html`<${SignView} />`;
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
