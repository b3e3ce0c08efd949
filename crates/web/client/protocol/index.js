// Everything a program needs to be in a Parlor room. See README.md beside this file.

export { Api, ApiError } from "./api.js";
export { Call } from "./call.js";
export { ServerClock } from "./clock.js";
export { EventSocket } from "./events.js";
export { PushToTalk } from "./floor.js";
export { canonicalId, freshUuid, sameId, toUuid } from "./ids.js";
export { Meeting } from "./meeting.js";
export { readMessages } from "./messages.js";
export { allows, Permission } from "./permissions.js";
export { AUDIO_SLOTS, VIDEO_SLOTS } from "./peer.js";
export { browserEnv } from "./types.js";
