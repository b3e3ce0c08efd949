// Who is here, and what one may do about it.

import { useApp, useSelect } from "../app/context.js";
import { ordinal } from "../app/words.js";
import { handPosition, inMeeting, isAdmin, raisedHands, unmutedOthers } from "../state/meeting.js";
import { people, selfId } from "../state/select.js";
import { inStage, seating } from "../state/stage.js";
import { Avatar } from "./avatar.js";
import { useDragged } from "./drag.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { PersonMenu } from "./person-menu.js";
import { moderatedIcon, moderatedWords, PersonMarks } from "./tile.js";
import { WaitingList } from "./waiting.js";

/** @import { Participant } from "../protocol/types.js" */

/** @typedef {{ person: Participant, isMe: boolean, position?: number | null, invited?: boolean }} Listed */

export function People() {
  const stage = useSelect(inStage);
  const meeting = useSelect(inMeeting);
  if (meeting) return html`<${PeopleOfMeeting} />`;
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

function PeopleOfMeeting() {
  const list = useSelect(people);
  return html`<${WaitingList} /><${Hands} />
    <div class="side-head"><h2 class="side-title">In the meeting <span class="count">${list.length}</span></h2><${MuteAll} /></div>
    <${Group} label="People in this meeting" list=${list} />`;
}

function MuteAll() {
  const { session } = useApp();
  const may = useSelect(isAdmin);
  const loud = useSelect((state) => unmutedOthers(state).length);
  if (!may) return null;
  return html`<button class="quiet-button quiet-labelled mute-all" data-testid="mute-all" disabled=${loud === 0}
    title=${loud ? "Mute everybody else" : "Everybody else is muted"} onClick=${() => session.meeting.muteAll()}>
    <${Icon} name="mic-off" size=${18} /> Mute all</button>`;
}

/** The line of hands of a meeting, the first on top. */
function Hands() {
  const hands = useSelect(raisedHands);
  const mine = useSelect(selfId);
  if (!hands.length) return null;
  return html`<section class="meeting-hands" aria-label="Raised hands">
    <h2 class="side-title">Hands up <span class="count">${hands.length}</span></h2>
    <ol class="hands-list" data-testid="hands">
      ${hands.map(
        ({ user_id, username }, at) => html`<li key=${user_id} class="hand-row" data-testid="hand-row" data-user-id=${user_id}
          data-username=${username} data-position=${at + 1}>
          <span class="hand-place" aria-hidden="true">${at + 1}</span>
          <${Avatar} id=${user_id} name=${username} size="small" />
          <span class="hand-name clip">${user_id === mine ? "You" : username}</span>
        </li>`,
      )}
    </ol>
  </section>`;
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
  const hand = useSelect((state) => handPosition(state, person.user_id));
  if (moderated) {
    return html`<span class="person-note is-moderated"><${Icon} name=${moderatedIcon(person)} size=${14} />${moderated}</span>`;
  }
  if (hand !== null) return html`<span class="person-note"><${Icon} name="hand" size=${14} />Hand up, ${ordinal(hand)}</span>`;
  if (person.admin) return html`<span class="person-note">Admin</span>`;
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
    data-admin=${person.admin === undefined ? undefined : String(person.admin)}
    data-hand=${person.hand === undefined ? undefined : String(person.hand)}
    data-video-stopped=${person.server_video_mute === undefined ? undefined : String(person.server_video_mute)}
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
