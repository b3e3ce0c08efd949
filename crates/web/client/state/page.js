// The page itself: its address, what is open over it, what it last said.

/** @import { Action } from "./state.js" */

/** @typedef {{ name: "rooms" | "settings" | "admin" | "missing" } | { name: "room", key: string }} Route */
/** @typedef {"people" | "devices" | "transcript" | "help"} Panel */
/** @typedef {"system" | "light" | "dark"} Theme */
/** Somebody who is being dragged to another room. @typedef {{ user_id: string, username: string }} Dragged */

/**
 * @typedef {object} PageState
 * @property {Route} route
 * @property {Panel | null} panel
 * @property {{ id: number, text: string, about: string }[]} notices shown for a while
 * @property {string} announcement said to screen readers
 * @property {Theme} theme
 * @property {Dragged | null} dragging
 * @property {boolean} signing somebody who could go in as a guest would rather sign in
 */

/**
 * @typedef {{ type: "page/route", route: Route } | { type: "page/renamed", route: Route }
 *   | { type: "page/signing", signing: boolean } | { type: "page/dragging", person: Dragged | null } | { type: "page/panel", panel: Panel | null }
 *   | { type: "page/notice", id: number, text: string, about: string } | { type: "page/read", id: number }
 *   | { type: "page/announce", text: string } | { type: "page/theme", theme: Theme }} PageAction
 */

/** More than this at once is not read by anybody. */
const NOTICES_MAX = 3;

/** @type {PageState} */
export const pageInitial = { route: { name: "rooms" }, panel: null, notices: [], announcement: "", theme: "system", dragging: null, signing: false };

/**
 * @param {PageState} state
 * @param {Action} action
 * @returns {PageState}
 */
export function reducePage(state, action) {
  switch (action.type) {
    case "page/route":
      return { ...state, route: action.route, panel: null, signing: false };
    case "page/signing":
      return { ...state, signing: action.signing };
    case "account/in":
      return state.signing ? { ...state, signing: false } : state;
    case "page/renamed":
      return { ...state, route: action.route };
    case "page/dragging":
      return { ...state, dragging: action.person };
    case "page/panel":
      return { ...state, panel: action.panel };
    case "page/notice": {
      const { id, text, about } = action;
      const others = state.notices.filter((one) => one.about !== about);
      return { ...state, notices: [...others, { id, text, about }].slice(-NOTICES_MAX) };
    }
    case "page/read":
      return { ...state, notices: state.notices.filter(({ id }) => id !== action.id) };
    case "page/announce":
      return { ...state, announcement: action.text };
    case "page/theme":
      return { ...state, theme: action.theme };
    case "call/left":
    case "call/over":
      return { ...state, panel: null, dragging: null };
    default:
      return state;
  }
}
