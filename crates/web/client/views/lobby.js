// Before a meeting, for who was sent its address and has no account: a name, a look at oneself, one button. What the
// meeting is called, and who is in it, is not told here.

import { useApp, useSelect } from "../app/context.js";
import { storage } from "../app/storage.js";
import { CameraControl, MicrophoneControl } from "../parts/controls.js";
import { CAMERA_WORDS, DeviceChoices, Meter, MicrophoneHint } from "../parts/devices.js";
import { Header } from "../parts/header.js";
import { html } from "../parts/html.js";
import { Icon } from "../parts/icon.js";
import { ErrorLine } from "../parts/notices.js";
import { Preview } from "../parts/preview.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** @import { Room } from "../protocol/types.js" */

/** As the server counts. */
const NAME_LENGTH_MAX = 64;

/** @param {{ room: Room }} props */
export function LobbyView({ room }) {
  const { session, store } = useApp();
  const name = useSelect((state) => state.meeting.guest);
  const joining = useSelect((state) => state.call.phase === "joining");
  const asking = useSelect((state) => state.devices.microphone === "asking");
  const error = useSelect((state) => state.call.error);
  const wantsPassword = useSelect((state) => state.meeting.wantsPassword);
  const camera = useSelect((state) => CAMERA_WORDS[state.devices.camera]);
  const [password, setPassword] = useState(session.passwords.get(room.room_id) ?? "");
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const secret = useRef(/** @type {HTMLInputElement | null} */ (null));
  useOpenMicrophone();
  useEffect(() => field.current?.focus(), []);
  useEffect(() => secret.current?.select(), [error, wantsPassword]);
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    if (joining || !name.trim()) return;
    store.dispatch({ type: "meeting/guest", name: name.trim() });
    storage.choices = { ...storage.choices, guest: name.trim() };
    session.passwords.set(room.room_id, password);
    session.join(room);
  };
  return html`<${Header} at=${null} />
    <main class="green" data-testid="lobby">
      <div class="green-look">
        <${Preview} />
        <div class="green-switches"><${MicrophoneControl} /><${CameraControl} /></div>
        <${Meter} />
      </div>
      <form class="green-side" onSubmit=${submit}>
        <h1>You are invited to a meeting</h1>
        <p class="faint">Say who you are. No account is needed.</p>
        <label class="field lobby-name"><span>Your name</span>
          <input ref=${field} class="input" data-testid="guest-name" name="name" autocomplete="name" required maxlength=${NAME_LENGTH_MAX}
            value=${name} onInput=${(/** @type {any} */ event) => store.dispatch({ type: "meeting/guest", name: event.target.value })} /></label>
        <${MicrophoneHint} />
        ${camera && html`<p class="faint">${camera}</p>`}
        ${wantsPassword &&
        html`<label class="field green-password"><span><${Icon} name="lock" size=${18} /> Password of this meeting</span>
          <input ref=${secret} class="input" type="password" data-testid="room-password" autocomplete="off" maxlength="128"
            value=${password} onInput=${(/** @type {any} */ event) => setPassword(event.target.value)} /></label>`}
        <${ErrorLine} text=${error} />
        <div class="green-join">
          <button class="button button-strong button-large" data-testid="join" disabled=${!name.trim()} aria-busy=${joining}>
            ${joining ? "Asking…" : `${wantsPassword ? "Join" : "Ask to join"}${asking ? " and listen" : ""}`}</button>
        </div>
        <p class="lobby-sign faint">Have an account?${" "}
          <button type="button" class="link-button" data-testid="sign-in" onClick=${() => store.dispatch({ type: "page/signing", signing: true })}>Sign in instead</button></p>
        <details class="more"><summary>Devices</summary><${DeviceChoices} /></details>
      </form>
    </main>`;
}

/** Open while one is at the door; gone without joining, nothing stays open behind one's back. */
function useOpenMicrophone() {
  const { capture, store } = useApp();
  useEffect(() => {
    capture.open("microphone");
    return () => {
      if (store.get().call.phase === "idle") capture.closeAll();
    };
  }, []);
}
