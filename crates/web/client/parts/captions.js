// What is being said, readable from across the room, and the two switches for it: one's own, and the one
// for everybody.

import { useApp, useSelect } from "../app/context.js";
import { toUuid } from "../protocol/ids.js";
import { captionLines, captionsOn } from "../state/captions.js";
import { mayManage } from "../state/select.js";
import { hue } from "./avatar.js";
import { Control } from "./control.js";
import { html } from "./html.js";

/** Over the picture. Not a live region: it would talk over those whom it quotes. */
export function Captions() {
  const lines = useSelect(captionLines);
  return html`<div class="captions" role="region" aria-label="Captions">
    ${lines.map(
      ({ id, userId, name, text, final }) => html`<p
        key=${id}
        class=${`caption${final ? "" : " is-partial"}`}
        data-testid="caption"
        data-message-id=${id}
        data-user-id=${toUuid(userId)}
        data-status=${final ? "final" : "partial"}
      >
        <span class="caption-name clip" style=${{ "--hue": String(hue(userId)) }}>${name}</span>${" "}
        <span class="caption-text"><span>${text}</span></span>
      </p>`,
    )}
  </div>`;
}

export function CaptionsControl() {
  const { captions } = useApp();
  const on = useSelect(captionsOn);
  const may = useSelect(mayManage);
  const shown = useSelect((state) => state.captions.shown) && on;
  const off = `Captions are off in this room.${may ? " The transcript has the switch for them." : ""}`;
  return html`<${Control}
    id="captions-toggle"
    icon=${shown ? "captions" : "captions-off"}
    kind=${shown ? "is-on" : ""}
    label="Captions"
    short="CC"
    title=${!on ? off : shown ? "Hide captions (C)" : "Show captions (C)"}
    pressed=${shown}
    disabled=${!on}
    act=${() => captions.toggle()}
  />`;
}

/** For everyone in the room, by whoever may manage it; the others are told how it is. */
export function CaptionsForAll() {
  const { captions } = useApp();
  const on = useSelect(captionsOn);
  const may = useSelect(mayManage);
  const busy = useSelect((state) => state.captions.switching);
  if (!may) {
    return html`<p class="faint">${on ? "Captions are on: what is said is written down." : "Captions are off in this room."}</p>`;
  }
  return html`<button
    class="switch-row"
    role="switch"
    aria-checked=${String(on)}
    aria-busy=${busy}
    data-testid="captions-room-switch"
    onClick=${() => captions.switchForAll(!on)}
  >
    <span class="switch-words"><strong>Captions for everyone</strong>
      <span class="faint">${on ? "What is said is written down." : "What is said is not written down."}</span></span>
    <span class="switch" aria-hidden="true"></span>
  </button>`;
}
