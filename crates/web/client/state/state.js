// What the page knows, and the root of the reducers. Nothing in here reaches outside.

import { accountInitial, reduceAccount } from "./account.js";
import { callInitial, reduceCall } from "./call.js";
import { captionsInitial, reduceCaptions } from "./captions.js";
import { devicesInitial, reduceDevices } from "./devices.js";
import { floorInitial, reduceFloor } from "./floor.js";
import { meetingInitial, reduceMeeting } from "./meeting.js";
import { pageInitial, reducePage } from "./page.js";
import { reduceRooms, roomsInitial } from "./rooms.js";
import { reduceStage, stageInitial } from "./stage.js";
import { reduceTranscript, transcriptInitial } from "./transcript.js";

/**
 * @typedef {object} State
 * @property {import("./account.js").AccountState} account
 * @property {import("./rooms.js").RoomsState} rooms
 * @property {import("./call.js").CallState} call
 * @property {import("./floor.js").FloorState} floor
 * @property {import("./stage.js").StageState} stage
 * @property {import("./meeting.js").MeetingState} meeting
 * @property {import("./captions.js").CaptionsState} captions
 * @property {import("./transcript.js").TranscriptState} transcript
 * @property {import("./devices.js").DevicesState} devices
 * @property {import("./page.js").PageState} page
 */

/**
 * @typedef {import("./account.js").AccountAction | import("./rooms.js").RoomsAction
 *   | import("./call.js").CallAction | import("./floor.js").FloorAction
 *   | import("./stage.js").StageAction | import("./meeting.js").MeetingAction | import("./captions.js").CaptionsAction
 *   | import("./transcript.js").TranscriptAction
 *   | import("./devices.js").DevicesAction | import("./page.js").PageAction} Action
 */

/** @type {State} */
export const initialState = {
  account: accountInitial,
  rooms: roomsInitial,
  call: callInitial,
  floor: floorInitial,
  stage: stageInitial,
  meeting: meetingInitial,
  captions: captionsInitial,
  transcript: transcriptInitial,
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
    floor: reduceFloor(state.floor, action),
    stage: reduceStage(state.stage, action, state.account.me?.user_id),
    meeting: reduceMeeting(state.meeting, action),
    captions: reduceCaptions(state.captions, action),
    transcript: reduceTranscript(state.transcript, action),
    devices: reduceDevices(state.devices, action),
    page: reducePage(state.page, action),
  };
  const parts = /** @type {(keyof State)[]} */ (Object.keys(next));
  return parts.every((part) => next[part] === state[part]) ? state : next;
}
