// Oneself, before the others see one.

import { useApp, useSelect } from "../app/context.js";
import { useLayoutEffect, useRef } from "../vendor/hooks.js";
import { Avatar } from "./avatar.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** @param {{ words?: string }} props words: instead of those about the camera */
export function Preview({ words = "Your camera is off" }) {
  const { capture } = useApp();
  const on = useSelect((state) => state.call.camera && state.devices.camera === "on");
  const chosen = useSelect((state) => state.devices.chosen.videoinput);
  const me = useSelect((state) => state.account.me);
  const guest = useSelect((state) => state.meeting.guest.trim());
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const track = on ? capture.tracks.get("camera") : undefined;
  useLayoutEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = track ? new MediaStream([track]) : null;
    if (track) element.play().catch(() => {});
  }, [track, chosen]);
  const face = me ? html`<${Avatar} id=${me.user_id} name=${me.username} size="large" />` : guest ? html`<${Avatar} id=${guest} name=${guest} size="large" />` : html`<${Icon} name="video-off" size=${40} />`;
  return html`<div class="preview" data-testid="preview">
    ${on ? html`<video ref=${video} class="mirrored" autoplay playsinline muted></video>` : face}
    ${!on && html`<p class="faint">${words}</p>`}
  </div>`;
}
