// All rooms, and who is in them.

import { useApp, useSelect } from "../app/context.js";
import { roomPath } from "../app/router.js";
import { Avatar } from "../parts/avatar.js";
import { Header } from "../parts/header.js";
import { html } from "../parts/html.js";
import { Icon } from "../parts/icon.js";
import { ErrorLine } from "../parts/notices.js";
import { useState } from "../vendor/hooks.js";

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
  const { rooms, router } = useApp();
  const creating = useSelect((state) => state.rooms.creating);
  const [name, setName] = useState("");
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    if (!name.trim() || creating) return;
    const room = await rooms.create(name.trim());
    if (room) router.go(roomPath(room));
  };
  return html`<form class="new-room" onSubmit=${submit}>
    <input class="input" data-testid="new-room-name" aria-label="Name of a new room" placeholder="Name a new room" maxlength="64"
      autocomplete="off" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} />
    <button class="button button-strong" data-testid="create-room" disabled=${!name.trim()} aria-busy=${creating}>
      <${Icon} name="plus" /> Create
    </button>
  </form>`;
}

/** @param {{ room: Room }} props */
function RoomRow({ room }) {
  const people = useSelect((state) => state.rooms.people[room.room_id] ?? []);
  const count = room.member_count;
  const full = room.limit > 0 && count >= room.limit;
  return html`<li>
    <a class="room-row" href=${roomPath(room)} data-testid="room-link" data-room-id=${room.room_id}>
      <span class="room-text">
        <span class="room-name clip">${room.name}</span>
        <span class="faint">${sayWho(people, count)}${full && ` · full (${count} of ${room.limit})`}</span>
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
