// The door of a meeting: says who one is, and waits where a waiting room holds one. Called by meeting.js.

import { ApiError } from "./api.js";

/** @import { Aura } from "./aura.js" */

/**
 * Who asks to come in: an account by its token, or a guest by a name.
 * @typedef {{ token: string } | { display_name: string }} Credentials
 */

/** @typedef {{ room: string, call: string, credentials: Credentials, password: string }} Knock */

/** A refusal of somebody inside, not of the server. */
export const REJECTED = "REJECTED";

/** The server has not noticed yet that one's own old socket is gone. @param {unknown} error */
export const isBusy = (error) => error instanceof ApiError && error.status === 409;
/** Whether it may go better in a while. @param {unknown} error */
export const mayPass = (error) => isBusy(error) || (error instanceof ApiError && error.passing);

/** The seed's spelling, and the right one. @param {unknown} error */
const isHeld = (error) => error instanceof ApiError && error.status === 403 && /waiting to be acc/i.test(error.message);

/** @param {unknown} error whether a password would help */
export const wantsPassword = (error) => error instanceof ApiError && error.status === 401 && /password/i.test(error.message);

/**
 * @param {Aura} aura an open socket
 * @param {Knock} knock
 * @param {() => void} held it is up to somebody inside now
 * @returns {Promise<string>} the token to join with. An ApiError: not let in; its code is `REJECTED` if somebody inside
 *   said no, its status 0 if the socket was lost
 */
export async function knockAt(aura, { room, call, credentials, password }, held) {
  const verdict = listen(aura);
  try {
    const params = { room, call_id: call, ...credentials, ...(password ? { room_password: password } : {}) };
    return (await aura.request("authenticate", params)).auth_token;
  } catch (error) {
    if (!isHeld(error)) throw error;
    held();
    return await verdict.promise;
  } finally {
    verdict.stop();
  }
}

/** @param {Aura} aura */
function listen(aura) {
  /** @type {(() => void)[]} */
  let stops = [];
  /** @type {Promise<string>} */
  const promise = new Promise((resolve, reject) => {
    const verdict = aura.on("notification", ({ method, params }) => {
      if (method === "member_allowed") resolve(String(params.auth_token));
      if (method === "member_rejected") reject(new ApiError(403, REJECTED, "Somebody inside said no."));
    });
    const gone = aura.on("closed", () => reject(new ApiError(0, "UNREACHABLE", "The server cannot be reached.")));
    stops = [verdict, gone];
  });
  // Who was let in at once does not ask for it.
  promise.catch(() => {});
  return { promise, stop: () => stops.forEach((stop) => stop()) };
}

/** Why one could not come back. @param {unknown} error */
export function whyNotBack(error) {
  if (!(error instanceof ApiError)) return "refused";
  if (error.code === REJECTED) return "rejected";
  if (error.status === 404) return "channel_deleted";
  return error.status === 401 && !wantsPassword(error) ? "signed_out" : "refused";
}
