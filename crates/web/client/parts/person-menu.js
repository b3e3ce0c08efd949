// What one may do about somebody: the menu that hangs on them wherever they are shown.

import { useApp, useSelect } from "../app/context.js";
import { inMeeting } from "../state/meeting.js";
import { moderation, otherRooms } from "../state/select.js";
import { useState } from "../vendor/hooks.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { MenuButton, MenuItem, MenuPage } from "./menu.js";

/** @import { Participant } from "../protocol/types.js" */

/** @param {import("../state/state.js").State} state whether there is anything one may do about others */
const mayAnything = (state) => Object.values(moderation(state)).some(Boolean);

/**
 * @param {{ person: Participant, isMe: boolean, invited?: boolean, kind?: string, face?: any, children?: any }} props
 *   face: what is on the button; children: instead of it for those who may do nothing
 */
export function PersonMenu({ person, isMe, invited = false, kind, face, children }) {
  const may = useSelect(mayAnything);
  const meeting = useSelect(inMeeting);
  // There everybody may choose whom to see large, oneself too.
  if (!meeting && (isMe || !may)) return children ?? null;
  if (meeting) return html`<${MeetingMenu} person=${person} isMe=${isMe} kind=${kind} />`;
  return html`<${MenuButton}
    label=${`Moderate ${person.username}`}
    kind=${kind}
    face=${face ?? html`<${Icon} name="ellipsis-vertical" />`}
    items=${(/** @type {() => void} */ close) => html`<${Items} person=${person} invited=${invited} close=${close} />`}
  />`;
}

/** @param {{ person: Participant, isMe: boolean, kind?: string }} props */
function MeetingMenu({ person, isMe, kind }) {
  return html`<${MenuButton}
    label=${`More about ${person.username}`}
    kind=${kind}
    face=${html`<${Icon} name="ellipsis-vertical" />`}
    items=${(/** @type {() => void} */ close) => html`<${MeetingItems} person=${person} isMe=${isMe} close=${close} />`}
  />`;
}

/** @param {{ person: Participant, isMe: boolean, close: () => void }} props */
function MeetingItems({ person, isMe, close }) {
  const { session: { meeting } } = useApp();
  const may = useSelect(moderation);
  const pinned = useSelect((state) => state.meeting.pinned === person.user_id);
  const { server_mute, server_video_mute, user_id } = person;
  /** @param {string} id @param {string} icon @param {string} words @param {() => unknown} act @param {string} [kind] */
  const item = (id, icon, words, act, kind) => html`<${MenuItem} key=${id} id=${id} kind=${kind} act=${() => (close(), act())}>
    <${Icon} name=${icon} size=${18} />${words}<//>`;
  return html`<${MenuPage} key="deeds">
    ${item("pin", pinned ? "pin-off" : "pin", pinned ? "Unpin" : "Pin for me", () => meeting.pin(pinned ? null : user_id))}
    ${may.mute && !isMe && item("mod-mute", server_mute ? "mic" : "mic-off", server_mute ? "Let speak" : "Mute", () => meeting.mute(person))}
    ${may.stop && !isMe && item("mod-stop", server_video_mute ? "video" : "video-off", server_video_mute ? "Allow video" : "Stop video", () => meeting.stopVideo(person))}
    ${may.kick && !isMe && item("mod-kick", "user-x", "Remove", () => meeting.remove(person), "danger")}<//>`;
}

/** @param {{ person: Participant, invited: boolean, close: () => void }} props */
function Items({ person, invited, close }) {
  const { people } = useApp();
  const may = useSelect(moderation);
  const [moving, setMoving] = useState(false);
  if (moving) return html`<${Rooms} person=${person} close=${close} back=${() => setMoving(false)} />`;
  const { server_mute, server_deaf, stage_role } = person;
  /** @param {string} id @param {string} icon @param {string} words @param {() => unknown} act @param {string} [kind] */
  const item = (id, icon, words, act, kind) => html`<${MenuItem} key=${id} id=${id} kind=${kind} act=${() => (close(), act())}>
    <${Icon} name=${icon} size=${18} />${words}<//>`;
  return html`<${MenuPage} key="deeds">${may.stage && stage_role === "listener" &&
    item("mod-invite", "mic-vocal", invited ? "Invite to speak again" : "Invite to speak", () => people.invite(person))}
    ${may.stage && stage_role === "speaker" && item("mod-revoke", "arrow-down-to-line", "Move to the audience", () => people.revoke(person))}
    ${may.mute && item("mod-mute", server_mute ? "mic" : "mic-off", server_mute ? "Let speak" : "Mute", () => people.mute(person))}
    ${may.deafen && item("mod-deafen", server_deaf ? "headphones" : "headphone-off", server_deaf ? "Let hear" : "Deafen", () => people.deafen(person))}
    ${may.move &&
    html`<${MenuItem} key="mod-move" id="mod-move" act=${() => setMoving(true)}><${Icon} name="arrow-right-left" size=${18} />Move to…<//>`}
    ${may.kick && item("mod-kick", "user-x", "Remove", () => people.remove(person), "danger")}<//>`;
}

/** @param {{ person: Participant, close: () => void, back: () => void }} props */
function Rooms({ person, close, back }) {
  const { people } = useApp();
  const rooms = useSelect(otherRooms);
  return html`<${MenuPage} key="rooms"><${MenuItem} key="back" id="mod-move-back" kind="menu-title" act=${back}>
      <${Icon} name="arrow-left" size=${18} /><span class="clip">Move ${person.username} to</span><//>
    ${rooms.length === 0 && html`<p class="menu-note">There is no other room that you may move people to.</p>`}
    ${rooms.map(
      (room) => html`<${MenuItem} key=${room.room_id} id="move-target" data=${{ "data-room-id": room.room_id }}
        act=${() => (close(), people.move(person, room))}>
        <span class="clip">${room.name}</span><span class="faint">${room.member_count || ""}</span><//>`,
    )}<//>`;
}
