// Before a room: hear that the microphone works, see how one looks, then one button.

import { useApp, useSelect } from "../app/context.js";
import { Avatar } from "../parts/avatar.js";
import { CameraControl, MicrophoneControl } from "../parts/controls.js";
import { CAMERA_WORDS, DeviceChoices, Meter, MicrophoneHint } from "../parts/devices.js";
import { Header } from "../parts/header.js";
import { html } from "../parts/html.js";
import { ErrorLine } from "../parts/notices.js";
import { sending } from "../state/select.js";
import { useEffect, useLayoutEffect, useRef } from "../vendor/hooks.js";

/** @import { Room } from "../protocol/types.js" */

/** @param {{ room: Room }} props */
export function GreenRoomView({ room }) {
  const { session, capture, store } = useApp();
  const me = useSelect((state) => state.account.me);
  const joining = useSelect((state) => state.call.phase === "joining");
  const error = useSelect((state) => state.call.error);
  const may = useSelect(sending);
  const asking = useSelect((state) => state.devices.microphone === "asking");
  const join = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    if (may.microphone) capture.open("microphone");
    join.current?.focus();
    return () => {
      // Gone without joining: nothing stays open behind one's back.
      if (store.get().call.phase === "idle") capture.closeAll();
    };
  }, [room.room_id]);
  const joinMuted = async () => {
    session.setMuteQuietly();
    await session.join(room);
  };
  return html`<${Header} at=${null} />
    <main class="green">
      <div class="green-look">
        <${Preview} />
        <div class="green-switches">
          <${MicrophoneControl} />
          ${may.camera && html`<${CameraControl} />`}
        </div>
        <${Meter} />
      </div>
      <div class="green-side">
        <h1 class="clip">${room.name}</h1>
        <p class="faint"><${WhoIsIn} room=${room} /></p>
        ${me &&
        html`<p class="green-me"><${Avatar} id=${me.user_id} name=${me.username} size="small" />
          <span>Joining as <strong>${me.username}</strong></span></p>`}
        ${may.microphone && html`<${MicrophoneHint} />`}
        <${CameraHint} />
        <${ErrorLine} text=${error} />
        <div class="green-join">
          <button ref=${join} class="button button-strong button-large" data-testid="join" aria-busy=${joining}
            onClick=${() => !joining && session.join(room)}>${joining ? "Joining…" : asking ? "Join and listen" : "Join"}</button>
          <button class="button" data-testid="join-muted" disabled=${joining} onClick=${joinMuted}>Join muted</button>
        </div>
        <details class="more"><summary>Devices</summary><${DeviceChoices} /></details>
      </div>
    </main>`;
}

/** @param {{ room: Room }} props */
function WhoIsIn({ room }) {
  const count = room.member_count;
  if (count === 0) return "Nobody is in yet. You will be the first.";
  return count === 1 ? "1 person is in." : `${count} people are in.`;
}

function CameraHint() {
  const words = useSelect((state) => CAMERA_WORDS[state.devices.camera]);
  const listens = useSelect((state) => state.devices.microphone === "insecure");
  if (!words || listens) return null;
  return html`<p class="faint">${words}</p>`;
}

function Preview() {
  const { capture } = useApp();
  const on = useSelect((state) => state.call.camera && state.devices.camera === "on");
  const chosen = useSelect((state) => state.devices.chosen.videoinput);
  const me = useSelect((state) => state.account.me);
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const track = on ? capture.tracks.get("camera") : undefined;
  useLayoutEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = track ? new MediaStream([track]) : null;
    if (track) element.play().catch(() => {});
  }, [track, chosen]);
  return html`<div class="preview" data-testid="preview">
    ${on ? html`<video ref=${video} class="mirrored" autoplay playsinline muted></video>` : me && html`<${Avatar} id=${me.user_id} name=${me.username} size="large" />`}
    ${!on && html`<p class="faint">Your camera is off</p>`}
  </div>`;
}
