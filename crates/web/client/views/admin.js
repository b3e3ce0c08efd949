// What an operator can do from here: see whether the server is well, and tidy the rooms.

import { useApp, useSelect } from "../app/context.js";
import { Header } from "../parts/header.js";
import { html } from "../parts/html.js";
import { Icon } from "../parts/icon.js";
import { ErrorLine } from "../parts/notices.js";
import { allows, Permission } from "../protocol/permissions.js";
import { isAdministrator } from "../state/select.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { NotFoundView } from "./not-found.js";

/** @import { Room } from "../protocol/types.js" */
/** @typedef {{ name: string, ready: boolean, detail?: string }} Part */

export function AdminView() {
  const admin = useSelect(isAdministrator);
  const list = useSelect((state) => state.rooms.list);
  const error = useSelect((state) => state.rooms.error);
  if (!admin) return html`<${NotFoundView} title="For administrators" text="Your account may not change how this server is run." />`;
  return html`<${Header} at="admin" />
    <main class="column">
      <h1>Admin</h1>
      <section class="card"><h2>This server</h2><${Health} /><${Address} /></section>
      <section class="card">
        <h2>Rooms</h2>
        <${ErrorLine} text=${error} />
        ${list.length === 0 && html`<p class="faint">No rooms yet.</p>`}
        <ul class="plain">${list.map((room) => html`<${RoomRow} key=${room.room_id} room=${room} />`)}</ul>
      </section>
    </main>`;
}

function Health() {
  const { api } = useApp();
  const [parts, setParts] = useState(/** @type {Part[] | null} */ (null));
  useEffect(() => {
    api.ready().then((answer) => setParts(answer.parts), () => setParts([]));
  }, []);
  if (!parts) return html`<p class="faint">Asking…</p>`;
  if (!parts.length) return html`<p class="faint">The server did not say how it is.</p>`;
  return html`<ul class="plain">
    ${parts.map(
      ({ name, ready, detail }) => html`<li class="card-row">
        <${Icon} name=${ready ? "check" : "triangle-alert"} /><span>${name}</span>
        <span class="faint">${ready ? "ready" : detail ?? "not ready"}</span>
      </li>`,
    )}
  </ul>`;
}

/** Whether people who come by this address can speak. */
function Address() {
  const words = isSecureContext
    ? "People who open this address can use their microphones."
    : "Browsers refuse microphones on this address. Put TLS in front, or start the server with TLS_CERT and TLS_KEY, or TLS=self to try it.";
  return html`<p class=${`hint${isSecureContext ? " is-well" : ""}`}><${Icon} name=${isSecureContext ? "check" : "triangle-alert"} /><span><strong>${location.origin}</strong><br />${words}</span></p>`;
}

/** @param {{ room: Room }} props */
function RoomRow({ room }) {
  const { rooms } = useApp();
  const [sure, setSure] = useState(false);
  const may = allows(room.permissions, Permission.MANAGE_SPACES);
  return html`<li class="card-row">
    <span class="clip">${room.name}</span><span class="faint">${room.member_count} in it</span><span class="spacer"></span>
    ${may && !sure && html`<button class="button" data-testid="delete-room" data-room-id=${room.room_id} onClick=${() => setSure(true)}>
      <${Icon} name="trash" /> Delete</button>`}
    ${sure && html`<button class="button" onClick=${() => setSure(false)}>Keep</button>
      <button class="button button-danger" data-testid="delete-room-sure" onClick=${() => rooms.remove(room.room_id)}>Delete for everyone</button>`}
  </li>`;
}
