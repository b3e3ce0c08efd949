// What one may do to others in the room one is in: the menu, the line of hands and dragging all come here.

import { ApiError } from "../protocol/api.js";
import { sameId } from "../protocol/ids.js";
import { browserEnv } from "../protocol/types.js";
import { inWords } from "./words.js";

/** @import { Api } from "../protocol/api.js" */
/** @import { Env, Participant, Room } from "../protocol/types.js" */
/** @import { AppStore } from "./context.js" */

/** How long an invitation to speak stands; who is not the invited is not told of its end. */
const INVITE_MS = 300_000;

/** @typedef {Pick<Participant, "user_id" | "username">} Somebody */

/**
 * @typedef {object} Needs
 * @property {Api} api
 * @property {AppStore} store
 * @property {(text: string, about?: string) => void} notice
 * @property {() => void} changed who is in which room
 */

/** @param {Needs} needs @param {Pick<Env, "setTimeout">} [env] */
export function createPeople({ api, store, notice, changed }, env = browserEnv()) {
  /** @param {(room: string) => Promise<unknown>} act @param {(error: unknown) => string} [words] */
  async function attempt(act, words = inWords) {
    try {
      await act(store.get().call.room ?? "");
      return true;
    } catch (error) {
      notice(words(error));
      return false;
    }
  }

  return {
    /** @param {Participant} person */
    mute: ({ user_id, server_mute }) => attempt((room) => api.serverMute(room, user_id, !server_mute)),
    /** @param {Participant} person */
    deafen: ({ user_id, server_deaf }) => attempt((room) => api.serverDeafen(room, user_id, !server_deaf)),
    /** @param {Somebody} person */
    remove: ({ user_id }) => attempt((room) => api.kick(room, user_id)),
    /** @param {Somebody} person */
    revoke: ({ user_id }) => attempt((room) => api.revokeSpeaker(room, user_id)),
    /** @param {Somebody} person */
    async invite({ user_id, username }) {
      if (!(await attempt((room) => api.inviteToSpeak(room, user_id)))) return;
      store.dispatch({ type: "stage/asked", user: user_id });
      env.setTimeout(() => store.dispatch({ type: "stage/lapsed", user: user_id }), INVITE_MS);
      store.dispatch({ type: "page/announce", text: `${username} is invited to speak.` });
    },
    /** @param {Somebody} person @param {Room} to */
    async move({ user_id, username }, to) {
      if (sameId(to.room_id, store.get().call.room)) return;
      /** @param {unknown} error */
      const words = (error) => (error instanceof ApiError && error.code === "ROOM_FULL" ? `${to.name} is full.` : inWords(error));
      if (!(await attempt((room) => api.move(room, user_id, to.room_id), words))) return;
      notice(`${username} is in ${to.name} now.`, `moved ${user_id}`);
      changed();
    },
  };
}
