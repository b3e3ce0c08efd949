// What the page knows, and the root of the reducers. Nothing in here reaches outside.

import { accountInitial, reduceAccount } from "./account.js";
import { callInitial, reduceCall } from "./call.js";
import { devicesInitial, reduceDevices } from "./devices.js";
import { pageInitial, reducePage } from "./page.js";
import { reduceRooms, roomsInitial } from "./rooms.js";

/**
 * @typedef {object} State
 * @property {import("./account.js").AccountState} account
 * @property {import("./rooms.js").RoomsState} rooms
 * @property {import("./call.js").CallState} call
 * @property {import("./devices.js").DevicesState} devices
 * @property {import("./page.js").PageState} page
 */

/**
 * @typedef {import("./account.js").AccountAction | import("./rooms.js").RoomsAction
 *   | import("./call.js").CallAction | import("./devices.js").DevicesAction
 *   | import("./page.js").PageAction} Action
 */

/** @type {State} */
export const initialState = {
  account: accountInitial,
  rooms: roomsInitial,
  call: callInitial,
  devices: devicesInitial,
  page: pageInitial,
};

/**
 * @param {State} state
 * @param {Action} action
 * @returns {State}
 */
export function reduce(state, action) {
  const next = {
    account: reduceAccount(state.account, action),
    rooms: reduceRooms(state.rooms, action),
    call: reduceCall(state.call, action),
    devices: reduceDevices(state.devices, action),
    page: reducePage(state.page, action),
  };
  const same = next.account === state.account && next.rooms === state.rooms && next.call === state.call
    && next.devices === state.devices && next.page === state.page;
  return same ? state : next;
}
