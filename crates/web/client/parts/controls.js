// The bar at the bottom of a room. Always the same, never moves.

import { useApp, useSelect } from "../app/context.js";
import { ordinal } from "../app/words.js";
import { inMeeting } from "../state/meeting.js";
import { isTalkRoom, moderation, myself, sending } from "../state/select.js";
import { isListening, myPosition } from "../state/stage.js";
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
  const meeting = useSelect(inMeeting);
  const maySpeak = useSelect((state) => sending(state).microphone);
  const have = capture === "on";
  const on = have && !mute;
  let title = on ? "Mute (M)" : "Unmute (M)";
  let label = on ? "Mute" : "Unmute";
  if (!maySpeak) title = "You may listen in this room, but not speak";
  else if (capture === "insecure") [title, label] = ["No microphone: this address needs https or localhost", "No mic"];
  else if (!have) [title, label] = ["Switch the microphone on (M)", "No mic"];
  if (serverMute) {
    title = `${meeting ? "An admin" : "A moderator"} muted you. Only they can let you speak again`;
    label = meeting ? "Admin muted" : "Muted by mod";
  }
  const disabled = !maySpeak || capture === "insecure" || serverMute;
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

/** In a stage, while one listens: asking to be heard, instead of the microphone. */
function HandControl() {
  const { session } = useApp();
  const may = useSelect((state) => moderation(state).stage);
  const position = useSelect(myPosition);
  const hand = () => session.stage.hand();
  if (may) return html`<${Control} id="stage-take" icon="mic-vocal" label="Go on stage" short="Go up" title="Go on stage (H)" act=${hand} />`;
  const raised = position !== null;
  const title = raised ? `Lower your hand (H). You are ${ordinal(position)} in line` : "Raise your hand to speak (H)";
  return html`<${Control} id="hand" icon="hand" kind=${raised ? "is-on" : ""} label=${raised ? `In line, ${ordinal(position)}` : "Raise hand"}
    short=${raised ? ordinal(position) : "Hand"}
    title=${title} pressed=${raised} data=${{ "data-position": String(position ?? "") }} act=${hand} />`;
}

export function CameraControl() {
  const { session, notice } = useApp();
  const on = useSelect((state) => state.call.camera);
  const insecure = useSelect((state) => state.devices.microphone === "insecure");
  const listens = useSelect(isListening);
  const stopped = useSelect((state) => myself(state)?.server_video_mute ?? false);
  const { store } = useApp();
  const act = async () => {
    await session.toggleCamera();
    const words = CAMERA_WORDS[store.get().devices.camera];
    if (words) notice(words);
  };
  let title = on ? "Camera off (V)" : "Camera on (V)";
  if (insecure) title = "No camera: this address needs https or localhost";
  else if (listens) title = "You are listening. On stage you can switch your camera on";
  else if (stopped) title = "An admin stopped your camera. Only they can let you switch it on again";
  return html`<${Control}
    id="camera"
    icon=${on ? "video" : "video-off"}
    kind=${stopped ? "is-moderated" : on ? "is-on" : ""}
    title=${title}
    label=${stopped ? "Stopped" : "Camera"}
    pressed=${on}
    disabled=${insecure || listens || stopped}
    act=${act}
  />`;
}

export function ScreenControl() {
  const { session } = useApp();
  const on = useSelect((state) => state.call.screen);
  const listens = useSelect(isListening);
  const title = listens ? "You are listening. On stage you can share your screen" : on ? "Stop sharing your screen" : "Share your screen";
  return html`<${Control} id="screen" icon=${on ? "monitor" : "monitor-up"} kind=${on ? "is-on" : ""} label="Screen" pressed=${on}
    title=${title} disabled=${listens} act=${() => session.toggleScreen()} />`;
}

function DeafenControl() {
  const { session } = useApp();
  const deaf = useSelect((state) => state.call.deaf);
  const moderated = useSelect((state) => myself(state)?.server_deaf ?? false);
  if (moderated) {
    return html`<${Control} id="deafen" icon="headphone-off" kind="is-moderated" label="Deafened" pressed=${deaf} disabled
      title="A moderator deafened you. Only they can let you hear again" act=${() => {}} />`;
  }
  return html`<${Control} id="deafen" icon=${deaf ? "headphone-off" : "headphones"} kind=${deaf ? "is-off" : ""} label=${deaf ? "Undeafen" : "Deafen"}
    pressed=${deaf} title=${deaf ? "Hear the others again (D)" : "Hear nobody (D)"} act=${() => session.setDeaf()} />`;
}

/** What opens a panel. @param {{ children?: any }} props children: between the people and the devices */
export function PanelControls({ children }) {
  const { store } = useApp();
  const panel = useSelect((state) => state.page.panel);
  const count = useSelect((state) => Object.keys(state.call.people).length);
  /** @param {import("../state/page.js").Panel} name */
  const toggle = (name) => store.dispatch({ type: "page/panel", panel: panel === name ? null : name });
  return html`<${Control} id="people" icon="users" kind="control-people" label=${`People ${count}`} pressed=${panel === "people"}
      title=${`People (${count})`} act=${() => toggle("people")} />
    ${children}
    <${Control} id="devices" icon="settings" label="Devices" pressed=${panel === "devices"} title="Devices" act=${() => toggle("devices")} />`;
}

/** @param {{ leave: () => void }} props */
export function LeaveControl({ leave }) {
  return html`<${Control} id="leave" icon="log-out" kind="control-leave" label="Leave" title="Leave the room" act=${leave} />`;
}

/** @param {{ leave: () => void }} props */
export function Controls({ leave }) {
  const may = useSelect(sending);
  const talks = useSelect(isTalkRoom);
  const listens = useSelect(isListening);
  const canShareScreen = useSelect((state) => state.devices.canShareScreen);
  return html`<div class=${`controls${talks ? " has-ptt" : ""}`} role="toolbar" aria-label="Call">
    ${talks ? html`<${PushToTalkButton} />` : listens ? html`<${HandControl} />` : html`<${MicrophoneControl} />`}
    ${may.camera && html`<${CameraControl} />`}
    ${may.screen && canShareScreen && html`<${ScreenControl} />`}
    <${DeafenControl} />
    <${PanelControls}><${CaptionsControl} /><//>
    <${LeaveControl} leave=${leave} />
  </div>`;
}
