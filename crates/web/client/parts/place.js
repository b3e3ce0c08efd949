// One's own place in a stage, always to be seen: listening or on stage, and the invitation to go there.

import { useApp, useSelect } from "../app/context.js";
import { ordinal } from "../app/words.js";
import { myself } from "../state/select.js";
import { invitation, myPosition, myRole } from "../state/stage.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { Avatar } from "./avatar.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** Often enough that no second is skipped. */
const COUNT_EVERY_MS = 250;

export function Place() {
  const role = useSelect(myRole);
  const invite = useSelect(invitation);
  if (!role) return null;
  return html`<div class="place-frame" data-testid="stage-place" data-role=${role}>
    ${role === "speaker" ? html`<${OnStage} />` : invite ? html`<${Invitation} ...${invite} />` : html`<${Listening} />`}
  </div>`;
}

function Listening() {
  const position = useSelect(myPosition);
  return html`<p class="place">
    <${Icon} name="headphones" /><span><strong>You are listening.</strong>${" "}
      <span class="place-detail">${position ? `Your hand is up: ${ordinal(position)} in line.` : "Nobody hears or sees you."}</span></span>
  </p>`;
}

/** @param {import("../state/state.js").State} state */
function heard(state) {
  if (myself(state)?.server_mute) return "A moderator muted you.";
  if (state.devices.microphone === "asking") return "Your browser asks for your microphone.";
  return state.call.mute || state.devices.microphone !== "on" ? "Your microphone is muted." : "Everybody hears you.";
}

function OnStage() {
  const { session } = useApp();
  const words = useSelect(heard);
  const busy = useSelect((state) => state.stage.busy);
  return html`<p class="place is-on-stage">
    <${Icon} name="mic-vocal" /><span><strong>You are on stage.</strong>${" "}<span class="place-detail">${words}</span></span>
    <button class="button" data-testid="stage-leave" aria-busy=${busy} onClick=${() => session.stage.stepDown()}>Step down</button>
  </p>`;
}

/** @param {number | null} expiresAt @returns {number | null} */
function useSeconds(expiresAt) {
  const { session } = useApp();
  const [, again] = useState(0);
  useEffect(() => {
    if (expiresAt === null) return;
    const timer = setInterval(() => again((count) => count + 1), COUNT_EVERY_MS);
    return () => clearInterval(timer);
  }, [expiresAt]);
  return expiresAt === null ? null : session.stage.secondsLeft(expiresAt);
}

/** @param {{ by: string | null, name: string | null, expiresAt: number | null }} props */
function Invitation({ by, name, expiresAt }) {
  const { session } = useApp();
  const seconds = useSeconds(expiresAt);
  const mute = useSelect((state) => state.call.mute);
  const busy = useSelect((state) => state.stage.busy);
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  // Answered by keyboard: the next thing at hand is the microphone.
  useLayoutEffect(
    () => () => {
      const within = card.current?.contains(document.activeElement);
      const bar = card.current?.closest(".room")?.querySelector(".controls");
      if (within) requestAnimationFrame(() => bar?.querySelector("button")?.focus());
    },
    [],
  );
  const left = seconds === null ? "" : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
  return html`<div ref=${card} class="invite" role="group" aria-label="Invitation to speak" data-testid="stage-invite" data-seconds=${seconds ?? ""}>
    ${by && name ? html`<${Avatar} id=${by} name=${name} />` : html`<${Icon} name="mic-vocal" size=${24} />`}
    <div class="invite-words">
      <strong>${name ?? "A moderator"} invites you to speak</strong>
      <span>${mute ? "You will be on stage with your microphone muted." : "You will be on stage with your microphone on."}
        ${left && html`${" "}<span class="invite-left">${left}.</span>`}</span>
    </div>
    <div class="invite-answers">
      <button class="button" data-testid="invite-decline" aria-busy=${busy} onClick=${() => session.stage.respond(false)}>Decline</button>
      <button class="button button-strong" data-testid="invite-accept" aria-busy=${busy} onClick=${() => session.stage.respond(true)}>Accept</button>
    </div>
  </div>`;
}
