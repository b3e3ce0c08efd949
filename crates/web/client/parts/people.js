// Who is here, and what a moderator may do about it.

import { useApp, useSelect } from "../app/context.js";
import { inWords } from "../app/words.js";
import { moderation, people } from "../state/select.js";
import { useState } from "../vendor/hooks.js";
import { Avatar } from "./avatar.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { PersonMarks } from "./tile.js";

/** @import { Participant } from "../protocol/types.js" */

export function People() {
  const list = useSelect(people);
  const [open, setOpen] = useState(/** @type {string | null} */ (null));
  return html`<ul class="people" aria-label="People in this room">
    ${list.map(
      ({ person, isMe }) => html`<${Person}
        key=${person.user_id}
        person=${person}
        isMe=${isMe}
        isOpen=${open === person.user_id}
        toggle=${() => setOpen(open === person.user_id ? null : person.user_id)}
      />`,
    )}
  </ul>`;
}

/** @param {{ person: Participant }} props */
function Note({ person }) {
  const { server_mute, server_deaf, via } = person;
  /** @param {string} icon @param {string} words */
  const moderated = (icon, words) =>
    html`<span class="person-note is-moderated"><${Icon} name=${icon} size=${14} />${words}</span>`;
  if (server_mute && server_deaf) return moderated("shield", "Muted and deafened by a moderator");
  if (server_mute) return moderated("mic-off", "Muted by a moderator");
  if (server_deaf) return moderated("headphone-off", "Deafened by a moderator");
  return via === "sip" ? html`<span class="person-note">By phone</span>` : null;
}

/** @param {{ person: Participant, isMe: boolean, isOpen: boolean, toggle: () => void }} props */
function Person({ person, isMe, isOpen, toggle }) {
  const may = useSelect(moderation);
  const canModerate = !isMe && (may.mute || may.deafen || may.kick);
  return html`<li
    class="person"
    data-testid="participant"
    data-user-id=${person.user_id}
    data-username=${person.username}
    data-speaking=${String(person.speaking)}
    data-muted=${String(person.mute)}
    data-server-muted=${String(person.server_mute)}
    data-deafened=${String(person.deaf)}
    data-server-deafened=${String(person.server_deaf)}
    data-self=${String(isMe)}
  >
    <div class="person-row">
      <${Avatar} id=${person.user_id} name=${person.username} size="small" speaking=${person.speaking} />
      <div class="person-name">
        <span class="clip">${person.username}${isMe && html` <span class="faint">(you)</span>`}</span>
        <${Note} person=${person} />
      </div>
      <span class="marks"><${PersonMarks} userId=${person.user_id} inList /></span>
      ${canModerate &&
      html`<button
        class="quiet-button"
        aria-label=${`Moderate ${person.username}`}
        aria-expanded=${isOpen}
        data-testid="menu"
        onClick=${toggle}
      ><${Icon} name="ellipsis-vertical" /></button>`}
    </div>
    ${isOpen && canModerate && html`<${Menu} person=${person} may=${may} close=${toggle} />`}
  </li>`;
}

/** @param {{ person: Participant, may: ReturnType<typeof moderation>, close: () => void }} props */
function Menu({ person, may, close }) {
  const { api, store, notice } = useApp();
  /** @param {(room: string) => Promise<unknown>} act */
  const attempt = async (act) => {
    close();
    try {
      await act(store.get().call.room ?? "");
    } catch (error) {
      notice(inWords(error));
    }
  };
  const { user_id, server_mute, server_deaf } = person;
  /** @param {string} id @param {string} icon @param {string} words @param {(room: string) => Promise<unknown>} act @param {string} [kind] */
  const item = (id, icon, words, act, kind = "") =>
    html`<button class=${`menu-item ${kind}`} data-testid=${id} onClick=${() => attempt(act)}>
      <${Icon} name=${icon} size=${18} />${words}
    </button>`;
  return html`<div class="menu" role="group" aria-label=${`Moderate ${person.username}`}>
    ${may.mute &&
    item("mod-mute", server_mute ? "mic" : "mic-off", server_mute ? "Let speak" : "Mute", (room) => api.serverMute(room, user_id, !server_mute))}
    ${may.deafen &&
    item("mod-deafen", server_deaf ? "headphones" : "headphone-off", server_deaf ? "Let hear" : "Deafen", (room) => api.serverDeafen(room, user_id, !server_deaf))}
    ${may.kick && item("mod-kick", "user-x", "Remove", (room) => api.kick(room, user_id), "danger")}
  </div>`;
}
