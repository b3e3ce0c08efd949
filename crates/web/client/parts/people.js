// Who is here, and what one may do about it.

import { useSelect } from "../app/context.js";
import { ordinal } from "../app/words.js";
import { people } from "../state/select.js";
import { inStage, seating } from "../state/stage.js";
import { Avatar } from "./avatar.js";
import { useDragged } from "./drag.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { PersonMenu } from "./person-menu.js";
import { moderatedWords, PersonMarks } from "./tile.js";

/** @import { Participant } from "../protocol/types.js" */

/** @typedef {{ person: Participant, isMe: boolean, position?: number | null, invited?: boolean }} Listed */

export function People() {
  const stage = useSelect(inStage);
  return stage ? html`<${PeopleOfStage} />` : html`<${PeopleOfRoom} />`;
}

function PeopleOfRoom() {
  const list = useSelect(people);
  return html`<h2 class="side-title">In the room</h2><${Group} label="People in this room" list=${list} />`;
}

function PeopleOfStage() {
  const { speakers, audience } = useSelect(seating);
  return html`${speakers.length > 0 && html`<h2 class="side-title">On stage <span class="count">${speakers.length}</span></h2>`}
    <${Group} label="On stage" list=${speakers} />
    ${audience.length > 0 && html`<h2 class="side-title">Audience <span class="count">${audience.length}</span></h2>`}
    <${Group} label="Audience" list=${audience} />`;
}

/** @param {{ label: string, list: Listed[] }} props */
function Group({ label, list }) {
  if (!list.length) return null;
  return html`<ul class="people" aria-label=${label}>
    ${list.map((one) => html`<${Person} key=${one.person.user_id} ...${one} />`)}
  </ul>`;
}

/** @param {{ person: Participant, position: number | null, invited: boolean }} props */
function Note({ person, position, invited }) {
  const moderated = moderatedWords(person);
  if (moderated) {
    const icon = person.server_mute ? "mic-off" : "headphone-off";
    return html`<span class="person-note is-moderated"><${Icon} name=${icon} size=${14} />${moderated}</span>`;
  }
  if (position !== null) {
    return html`<span class="person-note"><${Icon} name="hand" size=${14} />${ordinal(position)} in line${invited && ", invited"}</span>`;
  }
  if (invited) return html`<span class="person-note">Invited to speak</span>`;
  return person.via === "sip" ? html`<span class="person-note">By phone</span>` : null;
}

/** @param {Listed} props */
function Person({ person, isMe, position = null, invited = false }) {
  const drag = useDragged(person, isMe);
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
    data-stage-role=${person.stage_role}
    data-requested=${person.stage_role && String(position !== null)}
    ...${drag}
  >
    <div class="person-row">
      <${Avatar} id=${person.user_id} name=${person.username} size="small" speaking=${person.speaking} />
      <div class="person-name">
        <span class="clip">${person.username}${isMe && html` <span class="faint">(you)</span>`}</span>
        <${Note} person=${person} position=${position} invited=${invited} />
      </div>
      <span class="marks"><${PersonMarks} userId=${person.user_id} inList /></span>
      <${PersonMenu} person=${person} isMe=${isMe} invited=${invited} />
    </div>
  </li>`;
}
