// Microphones, cameras, loudspeakers: which there are, which are chosen, and what stands in the way.

/** @import { Action } from "./state.js" */

/** @typedef {"audioinput" | "audiooutput" | "videoinput"} DeviceKind */
/** @typedef {{ id: string, label: string }} Device */
/**
 * Why a capture is as it is. `insecure`: the page's address may not have one.
 * @typedef {"off" | "asking" | "on" | "blocked" | "missing" | "busy" | "insecure"} Capture
 */

/**
 * @typedef {object} DevicesState
 * @property {Record<DeviceKind, Device[]>} lists
 * @property {Record<DeviceKind, string>} chosen "" for the system's default
 * @property {Capture} microphone
 * @property {Capture} camera
 * @property {boolean} canChooseOutput
 * @property {boolean} canShareScreen
 * @property {boolean} hearingBlocked the browser plays nothing until the page is touched
 */

/**
 * @typedef {{ type: "devices/listed", lists: DevicesState["lists"] }
 *   | { type: "devices/chosen", kind: DeviceKind, id: string }
 *   | { type: "devices/capture", source: "microphone" | "camera", capture: Capture }
 *   | { type: "devices/can", canChooseOutput: boolean, canShareScreen: boolean }
 *   | { type: "devices/hearing", blocked: boolean }} DevicesAction
 */

/** @type {DevicesState} */
export const devicesInitial = {
  lists: { audioinput: [], audiooutput: [], videoinput: [] },
  chosen: { audioinput: "", audiooutput: "", videoinput: "" },
  microphone: "off",
  camera: "off",
  canChooseOutput: false,
  canShareScreen: false,
  hearingBlocked: false,
};

/**
 * @param {DevicesState} state
 * @param {Action} action
 * @returns {DevicesState}
 */
export function reduceDevices(state, action) {
  switch (action.type) {
    case "devices/listed":
      return { ...state, lists: action.lists };
    case "devices/chosen":
      return { ...state, chosen: { ...state.chosen, [action.kind]: action.id } };
    case "devices/capture":
      return state[action.source] === action.capture ? state : { ...state, [action.source]: action.capture };
    case "devices/can": {
      const { canChooseOutput, canShareScreen } = action;
      return { ...state, canChooseOutput, canShareScreen };
    }
    case "devices/hearing":
      return state.hearingBlocked === action.blocked ? state : { ...state, hearingBlocked: action.blocked };
    default:
      return state;
  }
}
