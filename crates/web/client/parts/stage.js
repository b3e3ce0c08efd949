// The middle of a stage: its topic, the speakers large, the audience small below them, and one's own place.

import { useSelect } from "../app/context.js";
import { moderation } from "../state/select.js";
import { seating } from "../state/stage.js";
import { Audience, Hands } from "./audience.js";
import { Gallery } from "./gallery.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { Place } from "./place.js";
import { Topic } from "./topic.js";

/** @import { Room } from "../protocol/types.js" */

/** @param {{ room: Room, invite: any, children?: any }} props invite: for who is alone; children: over the speakers */
export function Stage({ room, invite, children }) {
  const { speakers, audience } = useSelect(seating);
  const alone = speakers.length + audience.length === 1;
  return html`<div class="stage">
    <${Topic} key=${room.room_id} room=${room} />
    <div class="stage-gallery">
      <${Gallery} seats=${speakers} empty=${html`<${Nobody} invite=${alone && invite} />`}>
        ${alone && speakers.length > 0 && html`<div class="alone"><p>You are the only one here.</p>${invite}</div>`}
      <//>
      ${children}
    </div>
    <div class="stage-foot"><${Hands} /><${Audience} /></div>
    <${Place} />
  </div>`;
}

/** @param {{ invite: any }} props */
function Nobody({ invite }) {
  const may = useSelect((state) => moderation(state).stage);
  return html`<div class="stage-empty">
    <${Icon} name="mic-vocal" size=${40} />
    <strong>Nobody is on stage yet</strong>
    <p>${may ? "Go on stage yourself, or invite somebody from the audience." : "Raise your hand if you would like to speak."}</p>
    ${invite}
  </div>`;
}
