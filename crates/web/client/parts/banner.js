// What is wrong right now and what still works, in a line under the room's name.

import { useApp, useSelect } from "../app/context.js";
import { sending, trouble } from "../state/select.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

export function Banners() {
  const { session } = useApp();
  const lost = useSelect(trouble);
  const hearingBlocked = useSelect((state) => state.devices.hearingBlocked);
  const listening = useSelect((state) => {
    if (!sending(state).microphone) return "You may listen in this room, but not speak.";
    if (state.devices.microphone === "insecure") return "You are listening. To speak, open this server at its https address.";
    if (state.devices.microphone === "blocked") return "You are listening. Your microphone is blocked: see Devices.";
    return state.devices.microphone === "missing" ? "You are listening. There is no microphone." : null;
  });
  return html`<div class="banners" aria-live="polite">
    ${lost &&
    html`<div class="banner banner-trouble" data-testid="banner">
      <${Icon} name="triangle-alert" /><strong>${lost.title}</strong><span>${lost.detail}</span>
    </div>`}
    ${hearingBlocked &&
    html`<button class="banner banner-act" data-testid="tap-to-hear" onClick=${() => session.hear()}>
      <${Icon} name="volume-2" /><strong>Tap to hear</strong><span>Your browser waits for this before it plays sound.</span>
    </button>`}
    ${!lost && listening && html`<div class="banner" data-testid="listening"><${Icon} name="headphones" /><span>${listening}</span></div>`}
  </div>`;
}
