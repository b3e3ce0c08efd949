// The bar at the bottom of a meeting: what every room has, and the hand and reactions.

import { useApp, useSelect } from "../app/context.js";
import { ordinal } from "../app/words.js";
import { handPosition } from "../state/meeting.js";
import { myself } from "../state/select.js";
import { Control } from "./control.js";
import { CameraControl, LeaveControl, MicrophoneControl, PanelControls, ScreenControl } from "./controls.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { ReactControl } from "./reactions.js";

function HandControl() {
  const { session } = useApp();
  const position = useSelect((state) => {
    const me = myself(state);
    return me ? handPosition(state, me.user_id) : null;
  });
  const up = position !== null;
  return html`<${Control} id="hand" icon="hand" kind=${up ? "is-on" : ""} label=${up ? `Hand, ${ordinal(position)}` : "Raise hand"}
    short=${up ? ordinal(position) : "Hand"} title=${up ? `Lower your hand (H). You are ${ordinal(position)} in line` : "Raise your hand (H)"}
    pressed=${up} data=${{ "data-position": String(position ?? "") }} act=${() => session.meeting.hand()} />`;
}

/** @param {{ leave: () => void }} props */
export function MeetingControls({ leave }) {
  const canShareScreen = useSelect((state) => state.devices.canShareScreen);
  return html`<div class="controls" role="toolbar" aria-label="Meeting">
    <${MicrophoneControl} />
    <${CameraControl} />
    ${canShareScreen && html`<${ScreenControl} />`}
    <${HandControl} />
    <${ReactControl} />
    <${PanelControls} />
    <${LeaveControl} leave=${leave} />
  </div>`;
}

/** All alike, or who speaks large. */
export function LookSwitch() {
  const { session } = useApp();
  const look = useSelect((state) => state.meeting.look);
  const other = look === "grid" ? "speaker" : "grid";
  const words = other === "grid" ? "Grid" : "Speaker view";
  return html`<button class="quiet-button quiet-labelled" data-testid="look" data-look=${look} title=${`${words} (G)`}
    onClick=${() => session.meeting.look(other)}>
    <${Icon} name=${other === "grid" ? "layout-grid" : "gallery-thumbnails"} /> <span>${words}</span>
  </button>`;
}
