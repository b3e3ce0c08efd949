// Choosing devices, the microphone's meter, and what to do when there is none.

import { useApp, useSelect } from "../app/context.js";
import { useRef } from "../vendor/hooks.js";
import { useLevel } from "./avatar.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** @import { Capture, DeviceKind } from "../state/devices.js" */

/** @param {{ kind: DeviceKind, label: string, icon: string }} props */
function Choice({ kind, label, icon }) {
  const { chooseDevice } = useApp();
  const list = useSelect((state) => state.devices.lists[kind]);
  const chosen = useSelect((state) => state.devices.chosen[kind]);
  return html`<label class="choice">
    <span class="choice-label"><${Icon} name=${icon} size=${18} />${label}</span>
    <select
      class="select"
      data-testid=${`choose-${kind}`}
      onChange=${(/** @type {any} */ event) => chooseDevice(kind, event.target.value)}
    >
      <option value="" selected=${chosen === ""}>System default</option>
      ${list.map(({ id, label }) => html`<option value=${id} selected=${chosen === id}>${label}</option>`)}
    </select>
  </label>`;
}

export function DeviceChoices() {
  const canChooseOutput = useSelect((state) => state.devices.canChooseOutput);
  return html`<div class="choices">
    <${Choice} kind="audioinput" label="Microphone" icon="mic" />
    ${canChooseOutput && html`<${Choice} kind="audiooutput" label="Loudspeaker" icon="volume-2" />`}
    <${Choice} kind="videoinput" label="Camera" icon="video" />
  </div>`;
}

/** How loud the microphone hears us. */
export function Meter() {
  const { session } = useApp();
  const on = useSelect((state) => state.devices.microphone === "on" && !state.call.mute);
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useLevel(element, on, () => session.microphoneLevel());
  return html`<div ref=${element} class="meter" data-testid="meter" aria-hidden="true"><div class="meter-bar"></div></div>`;
}

/** @type {Partial<Record<Capture, { title: string, text: string }>>} */
const MICROPHONE = {
  asking: { title: "May Parlor use your microphone?", text: "Your browser is asking you now. You can also join and only listen." },
  blocked: {
    title: "Your microphone is blocked",
    text: "Press the icon left of the address, allow the microphone, then reload. Until then you can listen.",
  },
  missing: { title: "No microphone found", text: "You can join and listen. Plug one in and it will be used." },
  busy: { title: "Your microphone is taken", text: "Another program may be using it. Close that program, or join and listen." },
  insecure: {
    title: "No microphone on this address",
    text: "Browsers give a microphone only to https addresses and to localhost. Ask for the https address of this server; here you can still listen.",
  },
};

/** What stands between the person and being heard, if anything does. */
export function MicrophoneHint() {
  const { capture } = useApp();
  const state = useSelect((state) => state.devices.microphone);
  const hint = MICROPHONE[state];
  if (!hint) return null;
  const retry = state === "blocked" || state === "busy" || state === "missing";
  return html`<div class="hint" data-testid="microphone-hint">
    <${Icon} name="mic-off" />
    <div>
      <strong>${hint.title}</strong>
      <p>${hint.text}</p>
      ${retry && html`<button class="button button-small" onClick=${() => capture.open("microphone")}>Try again</button>`}
    </div>
  </div>`;
}

/** @type {Partial<Record<Capture, string>>} */
export const CAMERA_WORDS = {
  asking: "Your browser asks whether Parlor may use your camera.",
  blocked: "Your camera is blocked. Allow it with the icon left of the address.",
  missing: "No camera found.",
  busy: "Another program may be using your camera.",
  insecure: "This address may not use a camera: it needs https or localhost.",
};
