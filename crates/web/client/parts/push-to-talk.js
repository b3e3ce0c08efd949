// The one large button of a talk room: hold it and speak. It is also the light that says whose turn it
// is, in colour and in words, with the seconds that are left.

import { useApp, useSelect } from "../app/context.js";
import { toUuid } from "../protocol/ids.js";
import { floorView } from "../state/floor.js";
import { myself, sending } from "../state/select.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** @import { FloorView } from "../state/floor.js" */

/** Often enough that no second is skipped. */
const COUNT_EVERY_MS = 250;

/** @param {number | null} expiresAt @returns {number | null} */
function useSeconds(expiresAt) {
  const { session } = useApp();
  const [, again] = useState(0);
  useEffect(() => {
    if (expiresAt === null) return;
    const timer = setInterval(() => again((count) => count + 1), COUNT_EVERY_MS);
    return () => clearInterval(timer);
  }, [expiresAt]);
  return expiresAt === null ? null : session.talk.secondsLeft(expiresAt);
}

/** Why one cannot speak at all, whoever has the floor. @param {import("../state/state.js").State} state */
function hindrance(state) {
  if (!sending(state).microphone) return "You may listen here, but not speak";
  if (state.devices.microphone === "insecure") return "To speak, open the https address";
  return myself(state)?.server_mute ? "A moderator muted you" : null;
}

/**
 * @param {FloorView} view
 * @param {string | null} hindered
 * @returns {[string, string]} what is so, and what one can do about it
 */
function words({ kind, name, elsewhere }, hindered) {
  const speaking = `${name ?? "Somebody else"} is speaking`;
  switch (kind) {
    case "mine":
      return ["You are speaking", "Let go to stop"];
    case "asking":
      return ["One moment…", "Asking for the floor"];
    case "taken":
      return [speaking, hindered ?? "Wait for your turn"];
    case "free":
      if (hindered) return [hindered, "Nobody is speaking"];
      return ["Hold to talk", elsewhere ? "You are speaking in another window" : "Nobody is speaking"];
  }
}

/** @type {Record<FloorView["kind"], string>} */
const LIGHT = { free: "mic", asking: "mic", mine: "mic", taken: "volume-2" };

export function PushToTalkButton() {
  const { session } = useApp();
  const { talk } = session;
  const view = useSelect(floorView);
  const hindered = useSelect(hindrance);
  const seconds = useSeconds(view.expiresAt);
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  const [title, detail] = words(view, hindered);
  const ready = view.kind === "free" && !hindered;

  /** @param {PointerEvent} event */
  const down = (event) => {
    if (event.button !== 0) return;
    // It comes up here too when the finger has slid off.
    button.current?.setPointerCapture(event.pointerId);
    talk.hold("pointer");
  };
  const up = () => talk.drop("pointer");
  /** A click that no pointer and no key made: an assistive device, which cannot hold. @param {MouseEvent} event */
  const click = (event) => event.detail === 0 && talk.toggle();

  return html`<button
    ref=${button}
    type="button"
    class=${`ptt ptt-${view.kind}${hindered ? " is-hindered" : ""}`}
    data-testid="ptt"
    data-state=${view.kind}
    aria-label=${`${title}. ${detail}.`}
    aria-pressed=${String(view.kind === "mine")}
    aria-disabled=${hindered ? "true" : undefined}
    aria-keyshortcuts="Space"
    onPointerDown=${down}
    onPointerUp=${up}
    onPointerCancel=${up}
    onLostPointerCapture=${up}
    onContextMenu=${(/** @type {Event} */ event) => event.preventDefault()}
    onClick=${click}
  >
    <span class="ptt-light"><${Icon} name=${hindered && view.kind === "free" ? "mic-off" : LIGHT[view.kind]} size=${24} /></span>
    <span class="ptt-text" data-testid="floor" data-user-id=${view.userId ? toUuid(view.userId) : ""} data-seconds=${seconds ?? ""}>
      <strong>${title}</strong>
      <span class="ptt-detail"><span class="clip">${detail}</span>${seconds !== null && html`<span class="ptt-seconds"> · ${seconds} s left</span>`}</span>
    </span>
    ${ready && html`<kbd class="ptt-key">Space</kbd>`}
  </button>`;
}
