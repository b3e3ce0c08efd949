// The bar at the bottom of a room. Always the same, never moves.

import { useApp, useSelect } from "../app/context.js";
import { isTalkRoom, myself, sending } from "../state/select.js";
import { CaptionsControl } from "./captions.js";
import { Control } from "./control.js";
import { CAMERA_WORDS } from "./devices.js";
import { html } from "./html.js";
import { PushToTalkButton } from "./push-to-talk.js";

/** The microphone, in one of its many states. */
export function MicrophoneControl() {
  const { session } = useApp();
  const mute = useSelect((state) => state.call.mute);
  const capture = useSelect((state) => state.devices.microphone);
  const serverMute = useSelect((state) => myself(state)?.server_mute ?? false);
  const maySpeak = useSelect((state) => sending(state).microphone);
  const have = capture === "on";
  const on = have && !mute;
  let title = on ? "Mute (M)" : "Unmute (M)";
  let label = on ? "Mute" : "Unmute";
  if (!maySpeak) title = "You may listen in this room, but not speak";
  else if (capture === "insecure") [title, label] = ["No microphone: this address needs https or localhost", "No mic"];
  else if (!have) [title, label] = ["Switch the microphone on (M)", "No mic"];
  if (serverMute) [title, label] = ["Muted by a moderator. Your own switch: " + title, "Muted by mod"];
  const disabled = !maySpeak || capture === "insecure";
  return html`<${Control}
    id="mic"
    icon=${on && !serverMute ? "mic" : "mic-off"}
    kind=${serverMute ? "is-moderated" : on || disabled ? "" : "is-off"}
    title=${title}
    label=${label}
    short=${serverMute ? "Muted" : undefined}
    pressed=${on}
    disabled=${disabled}
    act=${() => session.setMute(have ? !mute : false)}
  />`;
}

export function CameraControl() {
  const { session, notice } = useApp();
  const on = useSelect((state) => state.call.camera);
  const insecure = useSelect((state) => state.devices.microphone === "insecure");
  const { store } = useApp();
  const act = async () => {
    await session.toggleCamera();
    const words = CAMERA_WORDS[store.get().devices.camera];
    if (words) notice(words);
  };
  const title = insecure ? "No camera: this address needs https or localhost" : on ? "Camera off (V)" : "Camera on (V)";
  return html`<${Control}
    id="camera"
    icon=${on ? "video" : "video-off"}
    kind=${on ? "is-on" : ""}
    title=${title}
    label="Camera"
    pressed=${on}
    disabled=${insecure}
    act=${act}
  />`;
}

/** @param {{ leave: () => void }} props */
export function Controls({ leave }) {
  const { session, store } = useApp();
  const may = useSelect(sending);
  const talks = useSelect(isTalkRoom);
  const deaf = useSelect((state) => state.call.deaf);
  const screen = useSelect((state) => state.call.screen);
  const canShareScreen = useSelect((state) => state.devices.canShareScreen);
  const panel = useSelect((state) => state.page.panel);
  const count = useSelect((state) => Object.keys(state.call.people).length);
  /** @param {import("../state/page.js").Panel} name */
  const toggle = (name) => store.dispatch({ type: "page/panel", panel: panel === name ? null : name });
  return html`<div class=${`controls${talks ? " has-ptt" : ""}`} role="toolbar" aria-label="Call">
    ${talks ? html`<${PushToTalkButton} />` : html`<${MicrophoneControl} />`}
    ${may.camera && html`<${CameraControl} />`}
    ${may.screen && canShareScreen &&
    html`<${Control} id="screen" icon=${screen ? "monitor" : "monitor-up"} kind=${screen ? "is-on" : ""} label="Screen" pressed=${screen}
      title=${screen ? "Stop sharing your screen" : "Share your screen"} act=${() => session.toggleScreen()} />`}
    <${Control} id="deafen" icon=${deaf ? "headphone-off" : "headphones"} kind=${deaf ? "is-off" : ""} label=${deaf ? "Undeafen" : "Deafen"}
      pressed=${deaf} title=${deaf ? "Hear the others again (D)" : "Hear nobody (D)"} act=${() => session.setDeaf()} />
    <${Control} id="people" icon="users" kind="control-people" label=${`People ${count}`} pressed=${panel === "people"}
      title=${`People (${count})`} act=${() => toggle("people")} />
    <${CaptionsControl} />
    <${Control} id="devices" icon="settings" label="Devices" pressed=${panel === "devices"} title="Devices" act=${() => toggle("devices")} />
    <${Control} id="leave" icon="log-out" kind="control-leave" label="Leave" title="Leave the room" act=${leave} />
  </div>`;
}
