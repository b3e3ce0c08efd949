// What holds the push-to-talk button down besides a finger on it, and everything that must let go of it.

/** @import { Talk } from "./talk.js" */

/** @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** What the space bar presses by itself. @param {EventTarget | null} target */
const isPressable = (target) => target instanceof HTMLElement && target.matches("button, a[href], summary, [role=button], [role=switch]");
/** @param {EventTarget | null} target */
const isButton = (target) => target instanceof HTMLElement && target.dataset.testid === "ptt";

/**
 * The space bar talks wherever one is in the room, except while typing, and except on a control that
 * somebody went to with the Tab key: there it presses the control. One that was merely clicked before
 * keeps the focus too, and nobody means it.
 * @param {Talk} talk
 * @param {() => boolean} active whether one is in a talk room
 */
export function listenForTalkKeys(talk, active) {
  let walked = false;
  addEventListener("pointerdown", () => (walked = false), true);
  addEventListener("keydown", (event) => {
    if (event.key === "Tab") walked = true;
    const hold = event.key === " " ? "space" : event.key === "Enter" && isButton(event.target) ? "enter" : null;
    if (!hold || !active() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || (walked && isPressable(event.target) && !isButton(event.target))) return;
    // Neither a click on what has the focus nor a page that scrolls.
    event.preventDefault();
    if (!event.repeat) talk.hold(hold);
  });
  addEventListener("keyup", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    if (talk.isHeld && active() && !isTyping(event.target)) event.preventDefault();
    talk.drop(event.key === " " ? "space" : "enter");
  });
  // What is not seen coming up is up: nobody should be heard who believes to have let go.
  addEventListener("blur", () => talk.dropAll());
  addEventListener("pagehide", () => talk.dropAll());
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && talk.dropAll());
}
