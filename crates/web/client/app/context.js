// What every view may use, and how it listens to the store.

import { createContext } from "../vendor/preact.js";
import { useContext, useEffect, useRef, useState } from "../vendor/hooks.js";

/** @import { Action, State } from "../state/state.js" */

/** @typedef {ReturnType<typeof import("../state/store.js").createStore<State, Action>>} AppStore */

/**
 * @typedef {object} App
 * @property {AppStore} store
 * @property {import("../protocol/api.js").Api} api
 * @property {import("./capture.js").Capture} capture
 * @property {import("./session.js").Session} session
 * @property {ReturnType<typeof import("./captions.js").createCaptions>} captions
 * @property {ReturnType<typeof import("./transcript.js").createTranscript>} transcript
 * @property {ReturnType<typeof import("./accounts.js").createAccounts>} accounts
 * @property {ReturnType<typeof import("./people.js").createPeople>} people
 * @property {ReturnType<typeof import("./rooms.js").createRooms>} rooms
 * @property {ReturnType<typeof import("./router.js").createRouter>} router
 * @property {(text: string, about?: string) => void} notice
 * @property {(theme: import("../state/page.js").Theme) => void} setTheme
 * @property {(kind: import("../state/devices.js").DeviceKind, id: string) => void} chooseDevice
 */

export const AppContext = createContext(/** @type {App | null} */ (null));

/** @returns {App} */
export function useApp() {
  const app = useContext(AppContext);
  if (!app) throw new Error("a view outside of the app");
  return app;
}

/**
 * A part of the state; renders again when it changes. What `select` makes anew each time is compared
 * by its JSON, so that a list which says the same does not render.
 * @template T
 * @param {(state: State) => T} select
 * @returns {T}
 */
export function useSelect(select) {
  const { store } = useApp();
  const [, again] = useState(0);
  const latest = useRef(select);
  latest.current = select;
  const value = select(store.get());
  const shown = useRef(value);
  shown.current = value;
  useEffect(() => {
    const check = () => {
      const next = latest.current(store.get());
      if (!same(next, shown.current)) again((count) => count + 1);
    };
    check();
    return store.subscribe(check);
  }, [store]);
  return value;
}

/** @param {unknown} a @param {unknown} b */
function same(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return false;
  return JSON.stringify(a) === JSON.stringify(b);
}
