// All rooms, and who is in them.

import { useApp, useSelect } from "../app/context.js";
import { roomPath } from "../app/router.js";
import { Avatar } from "../parts/avatar.js";
import { Header } from "../parts/header.js";
import { html } from "../parts/html.js";
import { Icon } from "../parts/icon.js";
import { ADMISSIONS, KIND_ICONS, KIND_WORDS, NEW_KINDS } from "../parts/kinds.js";
import { ErrorLine } from "../parts/notices.js";
import { isStage } from "../state/stage.js";
import { useState } from "../vendor/hooks.js";

/** @import { Admission, NewKind } from "../app/rooms.js" */
/** @import { Participant, Room } from "../protocol/types.js" */

/** More faces than this are a number. */
const FACES_MAX = 6;

export function RoomsView() {
  const status = useSelect((state) => state.rooms.status);
  const list = useSelect((state) => state.rooms.list);
  const error = useSelect((state) => state.rooms.error);
  return html`<${Header} at="rooms" />
    <main class="column" data-testid="rooms">
      <h1>Rooms</h1>
      <${NewRoom} />
      <${ErrorLine} text=${error} />
      ${status === "loading" && html`<ul class="rooms" aria-busy="true"><li class="room-ghost"></li><li class="room-ghost"></li></ul>`}
      ${status === "ready" && list.length === 0 &&
      html`<div class="empty">
        <${Icon} name="armchair" size=${40} />
        <h2>No rooms yet</h2>
        <p>Name one above, go in, and send its address to the people you want to talk with.</p>
      </div>`}
      ${list.length > 0 && html`<ul class="rooms">${list.map((room) => html`<${RoomRow} key=${room.room_id} room=${room} />`)}</ul>`}
    </main>`;
}

function NewRoom() {
  const { rooms, router, session } = useApp();
  const creating = useSelect((state) => state.rooms.creating);
  const [name, setName] = useState("");
  const [kind, setKind] = useState(/** @type {NewKind} */ ("voice"));
  const [password, setPassword] = useState("");
  const [admission, setAdmission] = useState(/** @type {Admission} */ ("open"));
  const locked = kind === "meeting" && admission === "password";
  const ready = name.trim() && (!locked || password);
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    if (!ready || creating) return;
    const room = await rooms.create({ name: name.trim(), kind, password, admission });
    if (!room) return;
    // Whoever made it need not be asked for what they have just typed.
    if (kind === "talk" || locked) session.passwords.set(room.room_id, password);
    router.go(roomPath(room));
  };
  return html`<form class="new-room" onSubmit=${submit}>
    <div class="new-room-line">
      <input class="input" data-testid="new-room-name" aria-label="Name of a new room" placeholder="Name a new room" maxlength="64"
        autocomplete="off" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} />
      <button class="button button-strong" data-testid="create-room" disabled=${!ready} aria-busy=${creating}>
        <${Icon} name="plus" /> Create
      </button>
    </div>
    <div class="kinds" role="radiogroup" aria-label="Kind of room">
      ${NEW_KINDS.map(
        ([value, label, words]) => html`<label class="kind">
          <input type="radio" name="kind" value=${value} data-testid=${`room-kind-${value}`} checked=${kind === value} onChange=${() => setKind(value)} />
          <span class="kind-card"><${Icon} name=${KIND_ICONS[value]} /><strong>${label}</strong><span class="faint">${words}</span></span>
        </label>`,
      )}
    </div>
    ${kind === "meeting" &&
    html`<div class="segments" role="radiogroup" aria-label="Who may come in">
        ${ADMISSIONS.map(
          ([value, label]) => html`<label class="segment">
            <input type="radio" name="admission" value=${value} data-testid=${`meeting-${value}`} checked=${admission === value} onChange=${() => setAdmission(value)} /><span>${label}</span>
          </label>`,
        )}
      </div>
      <p class="faint">${ADMISSIONS.find(([value]) => value === admission)?.[2]}</p>`}
    ${(kind === "talk" || locked) &&
    html`<input class="input" type="password" data-testid="new-room-password" aria-label=${locked ? "Password" : "Password, if the room shall have one"}
      placeholder=${locked ? "Password" : "Password (optional)"} autocomplete="new-password" maxlength="128" value=${password}
      onInput=${(/** @type {any} */ event) => setPassword(event.target.value)} />`}
  </form>`;
}

/** @param {{ room: Room }} props */
function RoomRow({ room }) {
  const people = useSelect((state) => state.rooms.people[room.room_id] ?? []);
  const count = room.member_count;
  const kindWords = KIND_WORDS[room.type];
  const full = room.limit > 0 && count >= room.limit;
  return html`<li>
    <a class="room-row" href=${roomPath(room)} data-testid="room-link" data-room-id=${room.room_id}
      data-kind=${room.type} data-locked=${String(room.has_password === true)}>
      <span class="room-icon"><${Icon} name=${KIND_ICONS[room.type] ?? "armchair"} size=${22} /></span>
      <span class="room-text">
        <span class="room-name"><span class="clip">${room.name}</span>
          ${room.has_password && html`<span class="mark" title="Has a password"><${Icon} name="lock" size=${16} /><span class="unseen">, has a password</span></span>`}</span>
        <span class="faint">${kindWords && `${kindWords} · `}${isStage(room) && room.topic && `${room.topic} · `}${sayWho(people, count)}${full && ` · full (${count} of ${room.limit})`}</span>
      </span>
      ${count > 0 &&
      html`<span class="faces">
        ${people.slice(0, FACES_MAX).map((one) => html`<${Avatar} key=${one.user_id} id=${one.user_id} name=${one.username} size="small" />`)}
        ${count > FACES_MAX && html`<span class="faint">+${count - FACES_MAX}</span>`}
      </span>`}
    </a>
  </li>`;
}

/** @param {Participant[]} people @param {number} count */
function sayWho(people, count) {
  if (count === 0) return "Nobody here";
  const names = people.slice(0, 2).map(({ username }) => username);
  if (!names.length) return count === 1 ? "1 person" : `${count} people`;
  const others = count - names.length;
  if (others > 0) return `${names.join(", ")} and ${others} more`;
  return names.join(" and ");
}
