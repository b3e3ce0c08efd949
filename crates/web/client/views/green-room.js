// Before a room: hear that the microphone works, see how one looks, then one button.

import { useApp, useSelect } from "../app/context.js";
import { Avatar } from "../parts/avatar.js";
import { CameraControl, MicrophoneControl } from "../parts/controls.js";
import { CAMERA_WORDS, DeviceChoices, Meter, MicrophoneHint } from "../parts/devices.js";
import { Header } from "../parts/header.js";
import { html } from "../parts/html.js";
import { Icon } from "../parts/icon.js";
import { KIND_ICONS } from "../parts/kinds.js";
import { ErrorLine } from "../parts/notices.js";
import { Preview } from "../parts/preview.js";
import { sending } from "../state/select.js";
import { isStage } from "../state/stage.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** @import { Room } from "../protocol/types.js" */

/** @param {{ room: Room }} props */
export function GreenRoomView({ room }) {
  const { session, capture, store } = useApp();
  const me = useSelect((state) => state.account.me);
  const joining = useSelect((state) => state.call.phase === "joining");
  const error = useSelect((state) => state.call.error);
  const may = useSelect(sending);
  const asking = useSelect((state) => state.devices.microphone === "asking");
  const talks = room.type === "talk";
  // There one comes in as a listener: nothing of this machine is asked for.
  const stage = isStage(room);
  const [password, setPassword] = useState(session.passwords.get(room.room_id) ?? "");
  const join = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const secret = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    if (may.microphone && !stage) capture.open("microphone");
    if (secret.current && !password) secret.current.focus();
    else join.current?.focus();
    return () => {
      // Gone without joining: nothing stays open behind one's back.
      if (store.get().call.phase === "idle") capture.closeAll();
    };
  }, [room.room_id]);
  // What was typed stays; after a refusal the next thing one does is type it again.
  useEffect(() => {
    if (error && secret.current) secret.current.select();
  }, [error]);
  const enter = async () => {
    session.passwords.set(room.room_id, password);
    await session.join(room);
  };
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    if (!joining) enter();
  };
  const joinMuted = async () => {
    session.setMuteQuietly();
    await enter();
  };
  return html`<${Header} at=${null} />
    <main class="green">
      <div class="green-look">
        <${Preview} words=${stage ? "You will be listening" : undefined} />
        ${!stage &&
        html`<div class="green-switches">
            ${!talks && html`<${MicrophoneControl} />`}
            ${may.camera && html`<${CameraControl} />`}
          </div>
          <${Meter} />`}
      </div>
      <form class="green-side" onSubmit=${submit}>
        <h1 class="clip">${room.name}</h1>
        ${stage && room.topic && html`<p>${room.topic}</p>`}
        <p class="faint"><${WhoIsIn} room=${room} /></p>
        ${me &&
        html`<p class="green-me"><${Avatar} id=${me.user_id} name=${me.username} size="small" />
          <span>Joining as <strong>${me.username}</strong></span></p>`}
        ${may.microphone && !stage && html`<${MicrophoneHint} />`}
        ${!stage && html`<${CameraHint} />`}
        <${Customs} room=${room} />
        ${room.has_password &&
        html`<label class="field green-password"><span><${Icon} name="lock" size=${18} /> Password of this room</span>
          <input ref=${secret} class="input" type="password" data-testid="room-password" autocomplete="off" maxlength="128"
            value=${password} onInput=${(/** @type {any} */ event) => setPassword(event.target.value)} /></label>`}
        <${ErrorLine} text=${error} />
        <div class="green-join">
          <button ref=${join} class="button button-strong button-large" data-testid="join" aria-busy=${joining}>${joining ? "Joining…" : asking ? "Join and listen" : "Join"}</button>
          ${!talks && !stage && html`<button type="button" class="button" data-testid="join-muted" disabled=${joining} onClick=${joinMuted}>Join muted</button>`}
        </div>
        <details class="more"><summary>Devices</summary><${DeviceChoices} /></details>
      </form>
    </main>`;
}

/** @param {{ room: Room }} props */
function WhoIsIn({ room }) {
  const count = room.member_count;
  if (room.limit > 0 && count >= room.limit) return `This room is full (${count} of ${room.limit}).`;
  if (count === 0) return "Nobody is in yet. You will be the first.";
  return count === 1 ? "1 person is in." : `${count} people are in.`;
}

/** What is different here from other rooms, before one is heard in it. @param {{ room: Room }} props */
function Customs({ room }) {
  return html`${room.type === "talk" &&
  html`<p class="custom"><${Icon} name="radio" /><span>Push-to-talk: one speaks at a time, holding the button.</span></p>`}
  ${isStage(room) &&
  html`<p class="custom"><${Icon} name=${KIND_ICONS.stage} /><span>A stage: you come in as a listener, without microphone and camera, and may raise your hand to speak.</span></p>`}
  ${room.captions &&
  html`<p class="custom"><${Icon} name="captions" /><span>Captions are on: what is said is written down.</span></p>`}`;
}

function CameraHint() {
  const words = useSelect((state) => CAMERA_WORDS[state.devices.camera]);
  const listens = useSelect((state) => state.devices.microphone === "insecure");
  if (!words || listens) return null;
  return html`<p class="faint">${words}</p>`;
}
