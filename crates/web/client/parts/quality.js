// How good the connection is, with the numbers for those who ask.

import { useSelect } from "../app/context.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** @import { Grade, Measure } from "../protocol/quality.js" */

/** @type {Record<Grade, { icon: string, words: string }>} */
const GRADES = {
  good: { icon: "signal-high", words: "Good connection" },
  fair: { icon: "signal-medium", words: "Fair connection" },
  poor: { icon: "signal-low", words: "Poor connection" },
};

/** @param {Measure} measure */
function numbers({ lossPercent, rttMs, jitterMs }) {
  const parts = [`${lossPercent} % lost`];
  if (rttMs !== null) parts.push(`${rttMs} ms there and back`);
  if (jitterMs !== null) parts.push(`${jitterMs} ms jitter`);
  return parts.join(", ");
}

/** One's own. */
export function Quality() {
  const measure = useSelect((state) => state.call.quality);
  const connected = useSelect((state) => state.call.link.media === "connected");
  if (!measure || !connected) return null;
  const { icon, words } = GRADES[measure.grade];
  const all = `${words}: ${numbers(measure)}`;
  return html`<span class=${`quality quality-${measure.grade}`} data-testid="quality" data-grade=${measure.grade} title=${all}>
    <${Icon} name=${icon} /><span class="unseen">${all}</span>
  </span>`;
}

/** On a picture, and only when something is wrong. @param {{ mid: string }} props */
export function QualityMark({ mid }) {
  const measure = useSelect((state) => state.call.slotQuality[mid] ?? null);
  if (!measure || measure.grade === "good") return null;
  const { icon, words } = GRADES[measure.grade];
  return html`<span class="mark" title=${`${words}: ${numbers(measure)}`}><${Icon} name=${icon} size=${16} /></span>`;
}
