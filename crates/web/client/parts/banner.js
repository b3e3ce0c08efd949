// What is wrong right now and what still works, in a line under the room's name.

import { useApp, useSelect } from "../app/context.js";
import { inMeeting } from "../state/meeting.js";
import { myself, sending, trouble } from "../state/select.js";
import { inStage, isListening } from "../state/stage.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { WaitingBanner } from "./waiting.js";

/** @param {import("../state/state.js").State} state what a moderator has taken from oneself */
function moderatedWords(state) {
  const { server_mute = false, server_deaf = false, server_video_mute = false } = myself(state) ?? {};
  if (inMeeting(state)) {
    if (server_mute && server_video_mute) return "An admin muted you and stopped your camera. Nobody hears or sees you until they allow it again.";
    if (server_mute) return "An admin muted you. Nobody hears you until they let you speak again.";
    return server_video_mute ? "An admin stopped your camera. Nobody sees you until they allow it again." : null;
  }
  if (server_mute && server_deaf) return "A moderator muted and deafened you: you hear nobody, and nobody hears you, until they change it.";
  if (server_mute) return "A moderator muted you. Nobody hears you until they let you speak again.";
  return server_deaf ? "A moderator deafened you. You hear nobody until they let you hear again." : null;
}

/** @param {import("../state/state.js").State} state why one is not heard, if it is not by choice */
function microphoneWords(state) {
  // There one's own place says it.
  if (isListening(state)) return null;
  if (!sending(state).microphone) return "You may listen in this room, but not speak.";
  const listens = inStage(state) ? "Nobody hears you yet." : "You are listening.";
  switch (state.devices.microphone) {
    case "insecure":
      return `${listens} To speak, open this server at its https address.`;
    case "blocked":
      return `${listens} Your microphone is blocked: see Devices.`;
    case "missing":
      return `${listens} There is no microphone.`;
    default:
      return null;
  }
}

export function Banners() {
  const { session } = useApp();
  const lost = useSelect(trouble);
  const hearingBlocked = useSelect((state) => state.devices.hearingBlocked);
  const moderated = useSelect(moderatedWords);
  const hindrance = useSelect(microphoneWords);
  return html`<div class="banners" aria-live="polite">
    ${lost &&
    html`<div class="banner banner-trouble" data-testid="banner">
      <${Icon} name="triangle-alert" /><strong>${lost.title}</strong><span>${lost.detail}</span>
    </div>`}
    ${hearingBlocked &&
    html`<button class="banner banner-act" data-testid="tap-to-hear" onClick=${() => session.hear()}>
      <${Icon} name="volume-2" /><strong>Tap to hear</strong><span>Your browser waits for this before it plays sound.</span>
    </button>`}
    <${WaitingBanner} />
    ${moderated && html`<div class="banner banner-moderated" data-testid="moderated"><${Icon} name="shield" /><span>${moderated}</span></div>`}
    ${!lost && hindrance && html`<div class="banner" data-testid="listening"><${Icon} name="headphones" /><span>${hindrance}</span></div>`}
  </div>`;
}
