// Pictures and seats: what fills the middle of a room.

import { useApp, useSelect } from "../app/context.js";
import { canonicalId } from "../protocol/ids.js";
import { hasFloor } from "../state/floor.js";
import { useEffect, useLayoutEffect, useRef } from "../vendor/hooks.js";
import { Avatar, useLevel } from "./avatar.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { QualityMark } from "./quality.js";

/** @import { Participant } from "../protocol/types.js" */
/** @import { Picture } from "../state/select.js" */

/** @param {{ picture: Picture }} props */
export function Tile({ picture }) {
  const { session, capture } = useApp();
  const { mid, source, userId } = picture;
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const peers = useSelect((state) => state.call.peers);
  const speaking = useSelect((state) => state.call.people[canonicalId(userId)]?.speaking ?? false);
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
  const label = source === "screen" ? `${mine ? "Your" : `${picture.name}’s`} screen` : mine ? "You" : picture.name;
  return html`<figure
    ref=${frame}
    class=${`tile tile-${source}${speaking && source === "camera" ? " is-speaking" : ""}`}
    data-testid="tile"
    data-user-id=${userId}
    data-source=${source}
    data-mid=${mid}
    data-self=${mine}
  >
    <video ref=${video} class=${mine && source === "camera" ? "mirrored" : ""} autoplay playsinline muted></video>
    <figcaption class="tile-name">
      <${PersonMarks} userId=${userId} /><span>${label}</span>${mid && html`<${QualityMark} mid=${mid} />`}
    </figcaption>
  </figure>`;
}

/** Somebody without a picture. @param {{ person: Participant, isMe: boolean }} props */
export function Seat({ person, isMe }) {
  return html`<figure class=${`seat${person.speaking ? " is-speaking" : ""}`} data-testid="seat" data-user-id=${person.user_id}>
    <${Avatar} id=${person.user_id} name=${person.username} size="large" speaking=${person.speaking} />
    <figcaption class="tile-name">
      <${PersonMarks} userId=${person.user_id} /><span>${isMe ? "You" : person.username}</span>
    </figcaption>
  </figure>`;
}

/**
 * Muted by oneself and muted by a moderator never look the same; in the list a moderator's doing is
 * said in words under the name, on a tile it is a mark of another colour.
 * @param {{ userId: string, inList?: boolean }} props
 */
export function PersonMarks({ userId, inList = false }) {
  const person = useSelect((state) => state.call.people[canonicalId(userId)] ?? null);
  const floor = useSelect((state) => hasFloor(state, userId));
  if (!person) return null;
  const { mute, deaf, server_mute, server_deaf, video, screen } = person;
  /** @param {string} icon @param {string} words @param {string} [kind] */
  const mark = (icon, words, kind = "") =>
    html`<span class=${`mark ${kind}`} title=${words}><${Icon} name=${icon} size=${16} /><span class="unseen">${words}</span></span>`;
  return html`${floor && mark("radio", "Has the floor", "mark-floor")}
  ${server_mute && !inList && mark("mic-off", "Muted by a moderator", "mark-strong")}
  ${mute && !server_mute && mark("mic-off", "Muted by themselves")}
  ${server_deaf && !inList && mark("headphone-off", "Deafened by a moderator", "mark-strong")}
  ${deaf && !server_deaf && mark("headphone-off", "Hears nobody")}
  ${inList && video && mark("video", "Camera on")} ${inList && screen && mark("monitor", "Sharing a screen")}`;
}
