// Signing up, in and out.

import { ApiError } from "../protocol/api.js";
import { storage } from "./storage.js";
import { inWords } from "./words.js";

/** @import { Api } from "../protocol/api.js" */
/** @import { AppStore } from "./context.js" */

/** @typedef {{ username: string, password: string, setupCode?: string }} Form */

/**
 * @param {Api} api
 * @param {AppStore} store
 */
export function createAccounts(api, store) {
  /** @param {string} token */
  async function enter(token) {
    api.token = token;
    const me = await api.me();
    storage.token = token;
    store.dispatch({ type: "account/in", me });
  }

  /** @param {() => Promise<{ token: string }>} ask */
  async function attempt(ask) {
    store.dispatch({ type: "account/busy" });
    try {
      await enter((await ask()).token);
    } catch (error) {
      store.dispatch({ type: "account/failed", error: inWords(error) });
    }
  }

  /** @param {string} [error] in plain words, if it was not asked for */
  function signOut(error) {
    api.token = null;
    storage.token = null;
    storage.inside = null;
    store.dispatch({ type: "account/out", ...(error ? { error } : {}) });
  }

  return {
    signOut,
    fresh: () => store.dispatch({ type: "account/fresh" }),
    /** @param {Form} form */
    logIn: ({ username, password }) => attempt(() => api.login({ username, password })),
    /** @param {Form} form */
    signUp: ({ username, password, setupCode }) =>
      attempt(() => api.register({ username, password, ...(setupCode ? { setup_code: setupCode } : {}) })),
    /** With the token of an earlier visit, if there is one. */
    async resume() {
      const token = storage.token;
      if (!token) {
        store.dispatch({ type: "account/out" });
        return;
      }
      try {
        await enter(token);
      } catch (error) {
        if (error instanceof ApiError && error.passing) store.dispatch({ type: "account/unreachable" });
        else signOut();
      }
    },
  };
}
