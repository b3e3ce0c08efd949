// Who is signed in.

/** @import { Account } from "../protocol/types.js" */
/** @import { Action } from "./state.js" */

/**
 * @typedef {object} AccountState
 * @property {"checking" | "out" | "in" | "unreachable"} status
 * @property {Account | null} me
 * @property {boolean} busy a form is on its way
 * @property {string | null} error in plain words
 */

/**
 * @typedef {{ type: "account/busy" } | { type: "account/in", me: Account }
 *   | { type: "account/out", error?: string } | { type: "account/failed", error: string }
 *   | { type: "account/unreachable" } | { type: "account/fresh" }} AccountAction
 */

/** @type {AccountState} */
export const accountInitial = { status: "checking", me: null, busy: false, error: null };

/**
 * @param {AccountState} state
 * @param {Action} action
 * @returns {AccountState}
 */
export function reduceAccount(state, action) {
  switch (action.type) {
    case "account/busy":
      return { ...state, busy: true, error: null };
    case "account/in":
      return { status: "in", me: action.me, busy: false, error: null };
    case "account/out":
      return { status: "out", me: null, busy: false, error: action.error ?? null };
    case "account/failed":
      return { ...state, busy: false, error: action.error };
    case "account/fresh":
      return { ...state, error: null };
    case "account/unreachable":
      return { ...state, status: "unreachable", busy: false };
    default:
      return state;
  }
}
