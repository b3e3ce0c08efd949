// A moderator took us to another room: the call goes on, and everything that names the room follows.

import { canonicalId } from "../protocol/ids.js";
import { myself, sending } from "../state/select.js";
import { isStage } from "../state/stage.js";
import { roomPath, routeOf } from "./router.js";

/** @import { Api } from "../protocol/api.js" */
/** @import { Room } from "../protocol/types.js" */
/** @import { State } from "../state/state.js" */
/** @import { AppStore } from "./context.js" */
/** @import { Session } from "./session.js" */

/**
 * @typedef {object} Needs
 * @property {Api} api
 * @property {AppStore} store
 * @property {{ rename: (path: string) => void }} router
 * @property {(text: string, about?: string) => void} notice
 */

/**
 * What the microphone is in the room one finds oneself in.
 * @param {Room} room
 * @param {State} state
 */
function microphoneWords(room, state) {
  if (isStage(room)) return "You are listening here.";
  if (!sending(state).microphone) return "Here you may listen, but not speak.";
  if (room.type === "talk") return "Here you hold the button to speak.";
  return state.call.mute || myself(state)?.server_mute ? "Your microphone is muted." : "Your microphone is on.";
}

/**
 * @param {Needs} needs
 * @param {Session} session
 * @param {string} channel where one is now
 * @param {string | null} who moved one, where it is known
 * @param {string} from the kind of the room one was in
 */
export async function followMove({ api, store, router, notice }, session, channel, who, from) {
  const here = () => store.get().call.phase === "in" && store.get().call.room === canonicalId(channel);
  // Somebody may be in a room that they could not have found by themselves.
  const found = await api.room(channel).catch(() => null);
  if (!here()) return;
  if (found) store.dispatch({ type: "room/found", room: found });
  const { room } = store.get().rooms.open;
  if (!room) return;
  const path = roomPath(room);
  router.rename(path);
  store.dispatch({ type: "page/renamed", route: routeOf(path) });
  await session.settleIn(room, from);
  if (!here()) return;
  const moved = who ? `${who} moved you to ${room.name}.` : `You have been moved to ${room.name}.`;
  const captions = room.captions ? " What is said here is written down." : "";
  notice(`${moved} ${microphoneWords(room, store.get())}${captions}`, "moved");
}
