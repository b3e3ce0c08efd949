// One key each, wherever one is in a room, but never while typing.

/** @import { App } from "./context.js" */

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** What the help lists. */
export const SHORTCUTS = [
  ["M", "Microphone on or off"],
  ["V", "Camera on or off"],
  ["D", "Deafen: hear nobody, or everybody again"],
  ["P", "People in the room"],
  ["?", "This help"],
  ["Esc", "Close what is open"],
];

/** @param {App} app */
export function listenForShortcuts({ store, session }) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    const { page, call, rooms, account } = store.get();
    const inRoom = page.route.name === "room" && account.status === "in" && rooms.open.status === "ready";
    /** @param {import("../state/page.js").Panel} panel */
    const toggle = (panel) => store.dispatch({ type: "page/panel", panel: page.panel === panel ? null : panel });
    if (event.key === "?") toggle("help");
    else if (event.key === "Escape" && page.panel) store.dispatch({ type: "page/panel", panel: null });
    else if (!inRoom || call.phase === "over") return;
    else if (event.key === "m" || event.key === "M") session.setMute();
    else if (event.key === "v" || event.key === "V") session.toggleCamera();
    else if (event.key === "d" || event.key === "D") session.setDeaf();
    else if ((event.key === "p" || event.key === "P") && call.phase === "in") toggle("people");
    else return;
    event.preventDefault();
  });
}
