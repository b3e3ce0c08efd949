// The list of rooms and the room that is open.

import { ApiError } from "../protocol/api.js";
import { sameId } from "../protocol/ids.js";
import { inWords } from "./words.js";

/** @import { Api } from "../protocol/api.js" */
/** @import { Room } from "../protocol/types.js" */
/** @import { AppStore } from "./context.js" */

/** @typedef {"voice" | "meeting" | "stage" | "talk"} NewKind */
/** @typedef {"open" | "password" | "waiting"} Admission to a meeting */
/** @typedef {{ name: string, kind: NewKind, password: string, admission: Admission }} Draft */

/** Often enough to see who is there, seldom enough to cost nothing. */
const POLL_MS = 8000;
/** Faces are fetched for this many rooms with people in them; the others show a number. */
const FACES_MAX = 12;

/** @param {string} key */
export const looksLikeId = (key) => /^\d{6,}$/.test(key) || /^[0-9a-f-]{36}$/i.test(key);

/**
 * @param {Api} api
 * @param {AppStore} store
 * @param {() => void} signedOut
 */
export function createRooms(api, store, signedOut) {
  /** @type {any} */
  let timer = null;
  let watching = false;
  let showsFaces = true;

  /** @param {unknown} error */
  function isSignedOut(error) {
    const out = error instanceof ApiError && error.status === 401;
    if (out) signedOut();
    return out;
  }

  async function refresh() {
    clearTimeout(timer);
    let wait = POLL_MS;
    if (document.visibilityState === "visible") {
      try {
        const list = await api.rooms();
        store.dispatch({ type: "rooms/loaded", list });
        if (showsFaces) await Promise.all(list.filter((room) => room.member_count > 0).slice(0, FACES_MAX).map(faces));
      } catch (error) {
        if (isSignedOut(error)) return;
        if (error instanceof ApiError && error.retryAfterMs) wait = Math.max(wait, error.retryAfterMs);
        store.dispatch({ type: "rooms/failed", error: inWords(error) });
      }
    }
    clearTimeout(timer);
    if (watching) timer = setTimeout(refresh, wait);
  }

  /** @param {Room} room */
  async function faces(room) {
    // Who is in a room is a nicety: without it the list still shows how many.
    const people = await api.participants(room.room_id).catch(() => null);
    if (people) store.dispatch({ type: "rooms/people", room: room.room_id, people });
  }

  document.addEventListener("visibilitychange", () => {
    if (watching && document.visibilityState === "visible") refresh();
  });

  /** @param {string} key */
  async function find(key) {
    const list = await api.rooms();
    const found = list.find((room) => room.slug === key || sameId(room.room_id, key));
    return found ?? (looksLikeId(key) ? api.room(key) : null);
  }

  /** @param {Draft} draft */
  async function make({ name, kind, password, admission }) {
    if (kind === "talk") return api.createTalkRoom(name, password);
    if (kind !== "meeting") return api.createRoom(name, kind);
    const locked = admission === "password";
    const door = { open: admission === "open", force_password: locked, force_waiting_room: admission === "waiting" };
    return api.room(await api.createMeeting({ name, ...door, ...(locked ? { password } : {}) }));
  }

  return {
    /** @param {{ faces?: boolean }} [options] faces: who is in them, not only how many */
    watch({ faces = true } = {}) {
      watching = true;
      showsFaces = faces;
      refresh();
    },
    /** Looks again at once, if anybody is looking at all. */
    refresh() {
      if (watching) refresh();
    },
    unwatch() {
      watching = false;
      clearTimeout(timer);
    },
    /** @param {string} key slug or id @returns {Promise<Room | null>} */
    async open(key) {
      store.dispatch({ type: "room/looking" });
      try {
        const room = await find(key);
        store.dispatch(room ? { type: "room/found", room } : { type: "room/missing" });
        return room;
      } catch (error) {
        if (isSignedOut(error)) return null;
        const missing = error instanceof ApiError && (error.status === 404 || error.status === 400);
        store.dispatch(missing ? { type: "room/missing" } : { type: "room/failed", error: inWords(error) });
        return null;
      }
    },
    /** @param {Draft} draft @returns {Promise<Room | null>} */
    async create(draft) {
      store.dispatch({ type: "rooms/creating" });
      try {
        const made = await make(draft);
        // The name in its address is told by the other dialect only; its id would do as well.
        const room = made.slug ? made : await api.room(made.room_id).catch(() => made);
        store.dispatch({ type: "rooms/created", room });
        return room;
      } catch (error) {
        if (!isSignedOut(error)) store.dispatch({ type: "rooms/refused", error: inWords(error) });
        return null;
      }
    },
    /** @param {string} id */
    async remove(id) {
      try {
        await api.deleteRoom(id);
        store.dispatch({ type: "rooms/deleted", room: id });
      } catch (error) {
        if (!isSignedOut(error)) store.dispatch({ type: "rooms/refused", error: inWords(error) });
      }
    },
  };
}
