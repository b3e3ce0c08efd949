// Pictures and seats: what fills the middle of a room.

import { useApp, useSelect } from "../app/context.js";
import { ordinal } from "../app/words.js";
import { canonicalId } from "../protocol/ids.js";
import { hasFloor } from "../state/floor.js";
import { handPosition } from "../state/meeting.js";
import { useEffect, useLayoutEffect, useRef } from "../vendor/hooks.js";
import { Avatar, useLevel } from "./avatar.js";
import { useDragged } from "./drag.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { PersonMenu } from "./person-menu.js";
import { QualityMark } from "./quality.js";
import { Reactions } from "./reactions.js";

/** @import { Participant } from "../protocol/types.js" */
/** @import { Picture } from "../state/select.js" */

/** @param {{ picture: Picture }} props */
export function Tile({ picture }) {
  const { session, capture } = useApp();
  const { mid, source, userId } = picture;
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const peers = useSelect((state) => state.call.peers);
  const person = useSelect((state) => state.call.people[canonicalId(userId)] ?? null);
  const speaking = person?.speaking ?? false;
  const track = mid ? null : capture.tracks.get(source) ?? null;

  useLayoutEffect(() => {
    const element = video.current;
    if (!element) return;
    const stream = mid ? session.stream(mid) : track && new MediaStream([track]);
    if (element.srcObject !== stream) element.srcObject = stream;
    // Pictures without sound may always play; one that is torn down at once need not.
    element.play().catch(() => {});
  }, [mid, peers, track]);
  useEffect(() => (mid && frame.current ? session.sizes.watch(mid, frame.current) : undefined), [mid]);
  useLevel(frame, speaking && source === "camera", () => session.level(userId));

  const mine = mid === null;
  const drag = useDragged({ user_id: userId, username: picture.name }, mine);
  const label = source === "screen" ? `${mine ? "Your" : `${picture.name}’s`} screen` : mine ? "You" : picture.name;
  return html`<figure
    ref=${frame}
    class=${`tile tile-${source}${speaking && source === "camera" ? " is-speaking" : ""}`}
    data-testid="tile"
    data-user-id=${userId}
    data-source=${source}
    data-mid=${mid}
    data-self=${mine}
    ...${drag}
  >
    <video ref=${video} class=${mine && source === "camera" ? "mirrored" : ""} autoplay playsinline muted></video>
    <figcaption class="tile-name">
      <${PersonMarks} userId=${userId} /><span class="tile-who">${label}</span>${mid && html`<${QualityMark} mid=${mid} />`}
    </figcaption>
    ${person && html`<${TileCorners} person=${person} isMe=${mine} isScreen=${source === "screen"} />`}
  </figure>`;
}

/** What a moderator did, in words where there is room for them; and what one may do. @param {{ person: Participant, isMe: boolean, isScreen?: boolean }} props */
function TileCorners({ person, isMe, isScreen = false }) {
  const words = moderatedWords(person);
  return html`${words &&
    html`<span class="tile-moderated" title=${words}><${Icon} name=${moderatedIcon(person)} size=${16} />
      <span class="tile-moderated-words">${words}</span></span>`}
    <span class="tile-menu"><${PersonMenu} person=${person} isMe=${isMe} /></span>
    ${!isScreen && html`<${Signs} userId=${person.user_id} /><${Reactions} userId=${person.user_id} />`}`;
}

/** What somebody says without a word, and whether one has pinned them. @param {{ userId: string }} props */
function Signs({ userId }) {
  const pinned = useSelect((state) => state.meeting.pinned === userId);
  const hand = useSelect((state) => handPosition(state, userId));
  if (!pinned && hand === null) return null;
  return html`<span class="tile-signs">
    ${pinned && html`<span class="tile-sign" title="Pinned by you"><${Icon} name="pin" size=${16} /><span class="unseen">Pinned by you</span></span>`}
    ${hand !== null &&
    html`<span class="tile-sign tile-hand" data-testid="tile-hand" data-position=${hand} title=${`Hand up, ${ordinal(hand)} in line`}>
      <${Icon} name="hand" size=${16} />${hand}</span>`}
  </span>`;
}

/** The sign beside the words. @param {Participant} person */
export function moderatedIcon({ server_mute, server_deaf }) {
  return server_mute ? "mic-off" : server_deaf ? "headphone-off" : "video-off";
}

/** What a moderator, or an admin of a meeting, did to somebody. @param {Participant} person @returns {string | null} */
export function moderatedWords({ server_mute, server_deaf, admin, server_video_mute }) {
  if (admin !== undefined) {
    if (server_mute && server_video_mute) return "Muted and stopped by an admin";
    if (server_mute) return "Muted by an admin";
    return server_video_mute ? "Video stopped by an admin" : null;
  }
  if (server_mute && server_deaf) return "Muted and deafened by a moderator";
  if (server_mute) return "Muted by a moderator";
  return server_deaf ? "Deafened by a moderator" : null;
}

/** Somebody without a picture. @param {{ person: Participant, isMe: boolean }} props */
export function Seat({ person, isMe }) {
  const drag = useDragged(person, isMe);
  return html`<figure class=${`seat${person.speaking ? " is-speaking" : ""}`} data-testid="seat" data-user-id=${person.user_id} ...${drag}>
    <${Avatar} id=${person.user_id} name=${person.username} size="large" speaking=${person.speaking} />
    <figcaption class="tile-name">
      <${PersonMarks} userId=${person.user_id} /><span class="tile-who">${isMe ? "You" : person.username}</span>
    </figcaption>
    <${TileCorners} person=${person} isMe=${isMe} />
  </figure>`;
}

/**
 * Beside a name. Muted by oneself and muted by a moderator never look the same: a moderator's doing is said in
 * words, in the list under the name and on a tile in its corner.
 * @param {{ userId: string, inList?: boolean }} props
 */
export function PersonMarks({ userId, inList = false }) {
  const person = useSelect((state) => state.call.people[canonicalId(userId)] ?? null);
  const floor = useSelect((state) => hasFloor(state, userId));
  if (!person) return null;
  const { deaf, server_mute, server_deaf, video, screen } = person;
  // Who listens to a stage has no microphone to mute.
  const mute = person.mute && person.stage_role !== "listener";
  /** @param {string} icon @param {string} words @param {string} [kind] */
  const mark = (icon, words, kind = "") =>
    html`<span class=${`mark ${kind}`} title=${words}><${Icon} name=${icon} size=${16} /><span class="unseen">${words}</span></span>`;
  return html`${floor && mark("radio", "Has the floor", "mark-floor")}
  ${mute && !server_mute && mark("mic-off", "Muted by themselves")}
  ${deaf && !server_deaf && mark("headphone-off", "Hears nobody")}
  ${inList && video && mark("video", "Camera on")} ${inList && screen && mark("monitor", "Sharing a screen")}`;
}
