// What the live region says to those who do not look: who comes, who goes, who speaks.

import { canonicalId, sameId } from "../protocol/ids.js";
import { isAdmin } from "../state/meeting.js";
import { moderation, selfId } from "../state/select.js";

/** @import { Participant, ServerEvent } from "../protocol/types.js" */
/** @import { AppStore } from "./context.js" */

/** Speakers change quickly; naming each would talk over them. */
const SPEAKER_EVERY_MS = 5000;

/** @param {AppStore} store */
export function createAnnouncer(store) {
  let lastSpeaker = "";
  let lastAt = -SPEAKER_EVERY_MS;

  /** @param {string} text */
  const say = (text) => store.dispatch({ type: "page/announce", text });

  /** @param {Participant} before @param {ServerEvent} now */
  function sayChange(before, now) {
    const name = before.username;
    if (now.screen && !before.screen) say(`${name} is sharing a screen.`);
    if (now.stage_role === "speaker" && before.stage_role === "listener") say(`${name} is on stage.`);
    if (now.stage_role === "listener" && before.stage_role === "speaker") say(`${name} is back in the audience.`);
    if (now.hand && !before.hand) say(`${name} raised a hand.`);
    if (now.stage_role && now.requested_at && !before.requested_at && moderation(store.get()).stage) say(`${name} raised a hand.`);
  }

  /** Call before the event is in the store: who leaves is still known then. @param {ServerEvent} event */
  return function announce(event) {
    const state = store.get();
    if (sameId(event.user_id, selfId(state))) return;
    const { holder } = state.floor;
    const before = event.user_id ? state.call.people[canonicalId(event.user_id)] : undefined;
    switch (event.type) {
      case "member.joined":
        say(`${event.username} joined.`);
        break;
      case "member.left":
        if (before) say(event.reason === "moved" ? `${before.username} went to another room.` : `${before.username} left.`);
        break;
      case "member.updated":
        if (before) sayChange(before, event);
        break;
      case "waiting.joined":
        if (isAdmin(state)) say(`${event.name} is waiting to be let in.`);
        break;
      case "room.updated":
        if (event.topic && event.topic !== state.rooms.open.room?.topic) say(`The topic is now: ${event.topic}.`);
        break;
      case "floor":
        if (event.user_id && !sameId(event.user_id, holder?.userId)) say(`${before?.username ?? "Somebody"} took the floor.`);
        if (!event.user_id && holder && !sameId(holder.userId, state.account.me?.user_id)) say("The floor is free.");
        break;
      case "speaking.started": {
        // Who has the floor was said already.
        if (holder) break;
        const now = performance.now();
        if (!before || before.username === lastSpeaker || now - lastAt < SPEAKER_EVERY_MS) break;
        lastSpeaker = before.username;
        lastAt = now;
        say(`${before.username} is speaking.`);
        break;
      }
    }
  };
}
