// A room: before it the green room, then the people in it, and afterwards why it is over.

import { useApp, useSelect } from "../app/context.js";
import { roomPath } from "../app/router.js";
import { Banners } from "../parts/banner.js";
import { Captions } from "../parts/captions.js";
import { Controls } from "../parts/controls.js";
import { DeviceChoices, Meter, MicrophoneHint } from "../parts/devices.js";
import { OtherRooms } from "../parts/drag.js";
import { Gallery } from "../parts/gallery.js";
import { Help } from "../parts/help.js";
import { html } from "../parts/html.js";
import { Icon } from "../parts/icon.js";
import { LookSwitch, MeetingControls } from "../parts/meeting-controls.js";
import { Notices } from "../parts/notices.js";
import { Panel } from "../parts/panel.js";
import { People } from "../parts/people.js";
import { Quality } from "../parts/quality.js";
import { Stage } from "../parts/stage.js";
import { Transcript } from "../parts/transcript.js";
import { isMeeting } from "../state/meeting.js";
import { isConnecting, people } from "../state/select.js";
import { isListening, isStage } from "../state/stage.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { DoorView } from "./door.js";
import { GreenRoomView } from "./green-room.js";
import { LobbyView } from "./lobby.js";
import { NotFoundView } from "./not-found.js";

/** @import { Room } from "../protocol/types.js" */

export function RoomView() {
  const { rooms } = useApp();
  const open = useSelect((state) => state.rooms.open);
  const phase = useSelect((state) => state.call.phase);
  const route = useSelect((state) => state.page.route);
  const door = useSelect((state) => state.meeting.door !== null);
  const known = useSelect((state) => state.account.status === "in");
  const { room } = open;
  useEffect(() => {
    document.title = room ? `${room.name} · Parlor` : "Parlor";
    return () => {
      document.title = "Parlor";
    };
  }, [room?.name]);
  if (open.status === "missing") {
    return html`<${NotFoundView} title="There is no such room" text="It may have been deleted, or the address has a typo." />`;
  }
  if (open.status === "failed") {
    return html`<main class="message" data-testid="error"><h1>This room could not be opened</h1><p>${open.error}</p>
      <button class="button button-strong" onClick=${() => route.name === "room" && rooms.open(route.key)}>Try again</button></main>`;
  }
  if (!room) return html`<main class="waiting" aria-busy="true"></main>`;
  if (phase === "over") return html`<${Over} room=${room} />`;
  if (door) return html`<${DoorView} room=${room} />`;
  if (phase === "in") return html`<${Inside} room=${room} />`;
  return known ? html`<${GreenRoomView} room=${room} />` : html`<${LobbyView} key=${room.room_id} room=${room} />`;
}

/** @param {{ room: Room }} props */
function Inside({ room }) {
  const { session } = useApp();
  const panel = useSelect((state) => state.page.panel);
  const connecting = useSelect(isConnecting);
  const listens = useSelect(isListening);
  const known = useSelect((state) => state.account.status === "in");
  const leave = () => session.leave();
  const meets = isMeeting(room);
  return html`<div class=${`room${panel ? ` has-${panel}` : ""}${meets ? " is-meeting" : ""}`} data-testid="room">
    <header class="room-head">
      ${known && html`<a class="quiet-button" href="/" aria-label="Leave, to the rooms"><${Icon} name="arrow-left" /></a>`}
      <h1 class="clip">${room.name}</h1>
      ${connecting && html`<span class="faint" data-testid="connecting">Connecting…</span>`}
      <span class="spacer"></span>
      <${Quality} />
      ${meets ? html`<${LookSwitch} />` : html`<${OpenTranscript} />`}
      <${CopyLink} room=${room} />
    </header>
    <${Banners} />
    <aside class="side" aria-label="People"><div class="side-people"><${People} /></div><${OtherRooms} /></aside>
    <main class="middle">
      <${Middle} room=${room} />
      <${Notices} />
    </main>
    ${panel === "people" && html`<${Panel} title="People" kind="people"><div><${People} /></div><//>`}
    ${panel === "devices" &&
    html`<${Panel} title="Devices" kind="devices">${!listens && html`<${MicrophoneHint} />`}<${DeviceChoices} />${!listens && html`<${Meter} />`}<//>`}
    ${panel === "transcript" && html`<${Panel} title="Transcript" kind="transcript"><${Transcript} room=${room} /><//>`}
    ${panel === "help" && html`<${Panel} title="Keys" kind="help"><${Help} /><//>`}
    <${meets ? MeetingControls : Controls} leave=${leave} />
  </div>`;
}

/** @param {{ room: Room }} props */
function Middle({ room }) {
  const seats = useSelect(people);
  const invite = html`<${CopyLink} room=${room} wide />`;
  if (isStage(room)) return html`<${Stage} room=${room} invite=${invite}><${Captions} /><//>`;
  return html`<${Gallery} seats=${seats}>
      ${seats.length === 1 && html`<div class="alone"><p>You are the only one here.</p>${invite}</div>`}
    <//>
    ${!isMeeting(room) && html`<${Captions} />`}`;
}

function OpenTranscript() {
  const { store } = useApp();
  const open = useSelect((state) => state.page.panel === "transcript");
  return html`<button class="quiet-button quiet-labelled" data-testid="transcript-open" aria-expanded=${String(open)} title="Transcript (T)"
    onClick=${() => store.dispatch({ type: "page/panel", panel: open ? null : "transcript" })}>
    <${Icon} name="scroll-text" /> <span>Transcript</span>
  </button>`;
}

/** @param {{ room: Room, wide?: boolean }} props */
function CopyLink({ room, wide = false }) {
  const { notice } = useApp();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    const address = location.origin + roomPath(room);
    try {
      await navigator.clipboard.writeText(address);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      notice(`The address of this room is ${address}`);
    }
  };
  return html`<button class=${wide ? "button" : "quiet-button quiet-labelled"} data-testid="copy-link" onClick=${copy}>
    <${Icon} name=${copied ? "check" : "link"} /> <span>${copied ? "Copied" : "Copy link"}</span>
  </button>`;
}

/** @param {{ room: Room }} props */
function Over({ room }) {
  const { store } = useApp();
  const over = useSelect((state) => state.call.over);
  const known = useSelect((state) => state.account.status === "in");
  return html`<main class="message" data-testid="ended" data-reason=${over?.reason}>
    <h1>${over?.text}</h1>
    ${known && html`<p class="faint">${room.name}</p>`}
    <div class="message-actions">
      ${over?.again &&
      html`<button class="button button-strong" data-testid="join-again" onClick=${() => store.dispatch({ type: "call/forget" })}>
        Join again
      </button>`}
      ${known && html`<a class="button" href="/">To the rooms</a>`}
    </div>
  </main>`;
}
