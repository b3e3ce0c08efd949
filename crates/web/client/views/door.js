// Waiting to be let into a meeting: what one waits for, how one looks meanwhile, and a way to say that one is here.

import { useApp, useSelect } from "../app/context.js";
import { CameraControl, MicrophoneControl } from "../parts/controls.js";
import { Meter } from "../parts/devices.js";
import { Header } from "../parts/header.js";
import { html } from "../parts/html.js";
import { Icon } from "../parts/icon.js";
import { Preview } from "../parts/preview.js";
import { trouble } from "../state/select.js";

/** @import { Room } from "../protocol/types.js" */

/** @param {{ room: Room }} props */
export function DoorView({ room }) {
  const { session } = useApp();
  const back = useSelect((state) => state.meeting.door?.back ?? false);
  const nudged = useSelect((state) => state.meeting.door?.nudged ?? false);
  const known = useSelect((state) => state.account.status === "in");
  const lost = useSelect((state) => (state.meeting.door?.back ? trouble(state) : null));
  return html`<${Header} at=${null} />
    <main class="green" data-testid="door" data-back=${String(back)}>
      <div class="green-look">
        <${Preview} />
        <div class="green-switches"><${MicrophoneControl} /><${CameraControl} /></div>
        <${Meter} />
      </div>
      <div class="green-side door-side">
        <span class="door-sign" aria-hidden="true"><${Icon} name="hourglass" size=${28} /></span>
        <h1>Someone in the room will let you in</h1>
        ${known && html`<p class="faint clip">${room.name}</p>`}
        <p class="faint">${back && lost ? "Your connection was lost, and this meeting has a waiting room. " : ""}Nobody hears or sees you yet.</p>
        <div class="green-join">
          <button class="button" data-testid="nudge" disabled=${nudged} onClick=${() => session.meeting.nudge()}>
            <${Icon} name=${nudged ? "check" : "bell-ring"} size=${18} /> ${nudged ? "They have been reminded" : "Remind them"}</button>
          <button class="button" data-testid="stop-waiting" onClick=${() => session.leave()}>Stop waiting</button>
        </div>
      </div>
    </main>`;
}
