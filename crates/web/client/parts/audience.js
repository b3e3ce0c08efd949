// Those who listen to a stage, and, for who moderates it, the line of those who would like to speak.

import { useApp, useSelect } from "../app/context.js";
import { ordinal } from "../app/words.js";
import { moderation } from "../state/select.js";
import { seating } from "../state/stage.js";
import { Avatar } from "./avatar.js";
import { useDragged } from "./drag.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { PersonMenu } from "./person-menu.js";
import { moderatedWords } from "./tile.js";

/** @import { Seated } from "../state/stage.js" */

/** More faces than this nobody looks through; the list of people has them all. */
const FACES_MAX = 80;

export function Audience() {
  const { audience } = useSelect(seating);
  const more = audience.length - FACES_MAX;
  return html`<section class="audience" aria-label="Audience" data-testid="audience" data-count=${audience.length}>
    <h2 class="stage-title">Audience <span class="count">${audience.length}</span></h2>
    ${audience.length === 0 && html`<p class="faint">Nobody is listening yet.</p>`}
    <ul class="audience-list">
      ${audience.slice(0, FACES_MAX).map((one) => html`<${Listener} key=${one.person.user_id} ...${one} />`)}
      ${more > 0 && html`<li class="audience-more">and ${more} more</li>`}
    </ul>
  </section>`;
}

/** @param {Seated} props */
function Listener({ person, isMe, position, invited }) {
  const drag = useDragged(person, isMe);
  const moderated = moderatedWords(person);
  const face = html`<span class="listener-face"><${Avatar} id=${person.user_id} name=${person.username} />
      ${position !== null &&
      html`<span class="listener-hand" title=${`Hand up, ${ordinal(position)} in line`}><${Icon} name="hand" size=${14} />
        <span class="unseen">Hand up, ${ordinal(position)} in line: </span></span>`}
      ${moderated &&
      html`<span class="listener-moderated" title=${moderated}><${Icon} name=${person.server_mute ? "mic-off" : "headphone-off"} size=${14} />
        <span class="unseen">${moderated}: </span></span>`}</span>
    <span class="listener-name clip">${isMe ? "You" : person.username}</span>`;
  return html`<li
    class=${`listener${isMe ? " is-me" : ""}`}
    data-testid="audience-member"
    data-user-id=${person.user_id}
    data-username=${person.username}
    data-self=${String(isMe)}
    data-requested=${String(position !== null)}
    title=${person.username}
    ...${drag}
  >
    <${PersonMenu} person=${person} isMe=${isMe} invited=${invited} kind="listener-button" face=${face}>
      <span class="listener-button">${face}</span>
    <//>
  </li>`;
}

/** The line of hands, the first on top. */
export function Hands() {
  const { people } = useApp();
  const may = useSelect((state) => moderation(state).stage);
  const { hands } = useSelect(seating);
  if (!may || hands.length === 0) return null;
  return html`<section class="hands" aria-label="Raised hands">
    <h2 class="stage-title"><${Icon} name="hand" size=${18} /> Would like to speak <span class="count">${hands.length}</span></h2>
    <ol class="hands-list" data-testid="hands">
      ${hands.map(
        ({ person, isMe, position, invited }) => html`<li
          key=${person.user_id}
          class="hand-row"
          data-testid="hand-row"
          data-user-id=${person.user_id}
          data-position=${position}
          data-invited=${String(invited)}
        >
          <span class="hand-place" aria-hidden="true">${position}</span>
          <${Avatar} id=${person.user_id} name=${person.username} size="small" />
          <span class="hand-name clip">${isMe ? "You" : person.username}</span>
          ${invited && html`<span class="faint">Invited</span>`}
          <button class=${`button${position === 1 && !invited ? " button-strong" : ""}`} data-testid="hand-invite"
            aria-label=${`Invite ${person.username} to speak`} onClick=${() => people.invite(person)}>${invited ? "Again" : "Invite"}</button>
        </li>`,
      )}
    </ol>
  </section>`;
}
