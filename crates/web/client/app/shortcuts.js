// One key each, wherever one is in a room, but never while typing.

import { captionsOn } from "../state/captions.js";
import { inMeeting } from "../state/meeting.js";
import { isTalkRoom } from "../state/select.js";
import { isTyping, listenForTalkKeys } from "./talk-keys.js";

/** @import { App } from "./context.js" */

/** What the help lists. */
export const SHORTCUTS = [
  ["Space", "In push-to-talk rooms: hold to speak"],
  ["M", "Microphone on or off"],
  ["V", "Camera on or off"],
  ["H", "On a stage or in a meeting: raise or lower your hand"],
  ["G", "In a meeting: everybody alike, or who speaks large"],
  ["D", "Deafen: hear nobody, or everybody again"],
  ["C", "Captions shown or hidden"],
  ["T", "Transcript: what was said"],
  ["P", "People in the room"],
  ["?", "This help"],
  ["Esc", "Close what is open"],
];

/** @param {App} app */
export function listenForShortcuts({ store, session, captions }) {
  listenForTalkKeys(session.talk, () => store.get().call.phase === "in" && isTalkRoom(store.get()));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
    const { page, call, rooms, meeting } = store.get();
    const inRoom = page.route.name === "room" && !page.signing && rooms.open.status === "ready";
    const meets = inMeeting(store.get());
    /** @param {import("../state/page.js").Panel} panel */
    const toggle = (panel) => store.dispatch({ type: "page/panel", panel: page.panel === panel ? null : panel });
    if (event.key === "?") toggle("help");
    else if (event.key === "Escape" && page.panel) store.dispatch({ type: "page/panel", panel: null });
    else if (!inRoom || call.phase === "over") return;
    else if (event.key === "m" || event.key === "M") {
      // There the button is the microphone's only switch.
      if (!isTalkRoom(store.get())) session.setMute();
    } else if (event.key === "v" || event.key === "V") session.toggleCamera();
    else if (event.key === "d" || event.key === "D") session.setDeaf();
    else if (call.phase !== "in") return;
    else if (event.key === "h" || event.key === "H") (meets ? session.meeting : session.stage).hand();
    else if (event.key === "p" || event.key === "P") toggle("people");
    else if (meets && (event.key === "g" || event.key === "G")) session.meeting.look(meeting.look === "grid" ? "speaker" : "grid");
    // Nothing is written down there.
    else if (meets) return;
    else if (event.key === "t" || event.key === "T") toggle("transcript");
    else if ((event.key === "c" || event.key === "C") && captionsOn(store.get())) captions.toggle();
    else return;
    event.preventDefault();
  });
}
