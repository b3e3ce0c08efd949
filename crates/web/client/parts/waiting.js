// Who wants to come into a meeting, for its admins: in the list of people, and where that is out of sight, in a line
// at the top.

import { useApp, useSelect } from "../app/context.js";
import { isAdmin } from "../state/meeting.js";
import { Avatar } from "./avatar.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** @import { Waiting } from "../protocol/types.js" */

export function WaitingList() {
  const { session } = useApp();
  const may = useSelect(isAdmin);
  const waiting = useSelect((state) => state.meeting.waiting);
  if (!may || waiting.length === 0) return null;
  return html`<section class="knocking" aria-label="Waiting to be let in" data-testid="waiting" data-count=${waiting.length}>
    <div class="knocking-head">
      <h2 class="side-title">Waiting <span class="count">${waiting.length}</span></h2>
      ${waiting.length > 1 &&
      html`<button class="button" data-testid="admit-all" onClick=${() => session.meeting.admitAll()}>Admit all</button>`}
    </div>
    <ul>${waiting.map((one) => html`<${Knocking} key=${one.member} one=${one} />`)}</ul>
  </section>`;
}

/** @param {{ one: Waiting }} props */
function Knocking({ one }) {
  return html`<li class="knocking-row" data-testid="waiting-row" data-name=${one.name}>
    <${Avatar} id=${one.member} name=${one.name} size="small" />
    <span class="knocking-name" title=${one.name}>${one.name}</span>
    <${Answers} one=${one} />
  </li>`;
}

/** @param {{ one: Waiting }} props */
function Answers({ one: { member, name } }) {
  const { session } = useApp();
  const busy = useSelect((state) => state.meeting.deciding[member] === true);
  return html`<button class="quiet-button" data-testid="reject" aria-label=${`Do not let ${name} in`} title="Do not let in" aria-busy=${busy}
      onClick=${() => session.meeting.decide(member, false)}><${Icon} name="x" /></button>
    <button class="button button-strong" data-testid="admit" aria-label=${`Admit ${name}`} aria-busy=${busy}
      onClick=${() => session.meeting.decide(member, true)}>Admit</button>`;
}

/** Where the list of people is a sheet. */
export function WaitingBanner() {
  const { store } = useApp();
  const may = useSelect(isAdmin);
  const waiting = useSelect((state) => state.meeting.waiting);
  const open = useSelect((state) => state.page.panel === "people");
  const [first, ...others] = waiting;
  if (!may || !first || open) return null;
  return html`<div class="banner banner-knock" data-testid="waiting-banner">
    <${Icon} name="user-check" />
    <span class="banner-words"><strong>${first.name}</strong> ${others.length ? `and ${others.length} more want` : "wants"} to come in</span>
    ${others.length
      ? html`<button class="button button-strong" onClick=${() => store.dispatch({ type: "page/panel", panel: "people" })}>Look</button>`
      : html`<${Answers} one=${first} />`}
  </div>`;
}
