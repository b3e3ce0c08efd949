// Dragging a person to another room. By keyboard and by touch the person's menu does the same.

import { useApp, useSelect } from "../app/context.js";
import { moderation, otherRooms } from "../state/select.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { KIND_ICONS } from "./kinds.js";

/** @import { Participant, Room } from "../protocol/types.js" */

/**
 * What makes an element stand for a person who may be dragged.
 * @param {Pick<Participant, "user_id" | "username">} person
 * @param {boolean} isMe
 */
export function useDragged({ user_id, username }, isMe) {
  const { store } = useApp();
  const may = useSelect((state) => moderation(state).move);
  if (!may || isMe) return {};
  return {
    draggable: true,
    /** @param {DragEvent} event */
    onDragStart: (event) => {
      event.dataTransfer?.setData("text/plain", username);
      if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
      store.dispatch({ type: "page/dragging", person: { user_id, username } });
    },
    onDragEnd: () => store.dispatch({ type: "page/dragging", person: null }),
  };
}

/** Beside the people: where one may take them. */
export function OtherRooms() {
  const may = useSelect((state) => moderation(state).move);
  return may ? html`<${List} />` : null;
}

function List() {
  const { rooms } = useApp();
  const list = useSelect(otherRooms);
  const dragging = useSelect((state) => state.page.dragging !== null);
  // Only while somebody is here who may move others: nobody else needs to know.
  useEffect(() => {
    rooms.watch({ faces: false });
    return () => rooms.unwatch();
  }, []);
  if (!list.length) return null;
  return html`<section class=${`other-rooms${dragging ? " is-wanted" : ""}`} data-testid="move-rooms" aria-label="Other rooms">
    <h2 class="side-title">Other rooms</h2>
    <p class="other-rooms-hint">Drag somebody here to move them, or use their menu.</p>
    <ul>${list.map((room) => html`<${Target} key=${room.room_id} room=${room} />`)}</ul>
  </section>`;
}

/** @param {{ room: Room }} props */
function Target({ room }) {
  const { store, people } = useApp();
  const [over, setOver] = useState(false);
  /** @param {DragEvent} event */
  const hover = (event) => {
    if (!store.get().page.dragging) return;
    event.preventDefault();
    setOver(true);
  };
  /** @param {DragEvent} event */
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const person = store.get().page.dragging;
    store.dispatch({ type: "page/dragging", person: null });
    if (person) people.move(person, room);
  };
  return html`<li class=${`other-room${over ? " is-over" : ""}`} data-testid="room-target" data-room-id=${room.room_id}
    onDragEnter=${hover} onDragOver=${hover} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <${Icon} name=${KIND_ICONS[room.type] ?? "armchair"} size=${18} /><span class="clip">${room.name}</span>
    ${room.member_count > 0 && html`<span class="faint">${room.member_count}<span class="unseen"> in it</span></span>`}
  </li>`;
}
