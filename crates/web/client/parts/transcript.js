// What was said, from the first line to the newest, and saving it.

import { useApp, useSelect } from "../app/context.js";
import { canonicalId } from "../protocol/ids.js";
import { captionsOn } from "../state/captions.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { hue } from "./avatar.js";
import { CaptionsForAll } from "./captions.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { ErrorLine } from "./notices.js";

/** @import { TranscriptFormat } from "../protocol/api.js" */
/** @import { Room } from "../protocol/types.js" */
/** @import { Said } from "../state/transcript.js" */

/** @type {[TranscriptFormat, string][]} */
const FORMATS = [["vtt", "Subtitles for the web"], ["srt", "Subtitles for players"], ["txt", "Plain text"], ["json", "With every detail"]];
/** More lines than this at once make a phone slow; the earlier ones come when they are asked for. */
const LINES_STEP = 300;
/** A pause after which the same speaker is named again. */
const PAUSE_MS = 60_000;
/** This near to the end still counts as being there. */
const END_PIXELS = 48;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/** @param {{ room: Room }} props */
export function Transcript({ room }) {
  const { transcript } = useApp();
  const status = useSelect((state) => state.transcript.status);
  const error = useSelect((state) => state.transcript.error);
  const lines = useSelect((state) => state.transcript.lines);
  useEffect(() => {
    transcript.load();
  }, [room.room_id]);
  const reading = lines.length === 0 && (status === "none" || status === "loading");
  return html`<${CaptionsForAll} />
    ${lines.length > 0 && html`<${Lines} lines=${lines} />`}
    ${reading && html`<p class="transcript-empty" aria-busy="true">Reading what was said…</p>`}
    ${error && html`<div class="transcript-error"><${ErrorLine} text=${error} />
      <button class="button" onClick=${() => transcript.load()}>Try again</button></div>`}
    ${lines.length === 0 && status === "ready" && html`<${Nothing} />`}
    <${Exports} room=${room} nothing=${lines.length === 0 && status !== "failed"} />`;
}

function Nothing() {
  const on = useSelect(captionsOn);
  return html`<div class="transcript-empty" data-testid="transcript">
    <${Icon} name="scroll-text" size=${32} />
    <h3>Nothing has been said yet</h3>
    <p>${on ? "What is said from now on appears here, with who said it and when." : "Captions are off, so what is said is not written down."}</p>
  </div>`;
}

/** @param {{ lines: Said[] }} props */
function Lines({ lines }) {
  const names = useSelect((state) => state.transcript.names);
  const complete = useSelect((state) => state.transcript.complete);
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const [count, setCount] = useState(LINES_STEP);
  const [following, setFollowing] = useState(true);
  const from = Math.max(0, lines.length - count);
  // What is added above must not push away what is being read.
  const below = useRef(/** @type {number | null} */ (null));
  const newest = lines[lines.length - 1];
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    if (below.current !== null) element.scrollTop = element.scrollHeight - below.current;
    else if (following) element.scrollTop = element.scrollHeight;
    below.current = null;
  }, [count, lines.length, newest?.id, newest?.text, following]);
  const scrolled = () => {
    const element = list.current;
    if (element) setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < END_PIXELS);
  };
  const earlier = () => {
    below.current = (list.current?.scrollHeight ?? 0) - (list.current?.scrollTop ?? 0);
    setCount(count + LINES_STEP);
  };
  return html`<div class="transcript-frame">
    <ol ref=${list} class="transcript" data-testid="transcript" tabindex="0" aria-label="What was said" onScroll=${scrolled}>
      ${from > 0 && html`<li key="earlier"><button class="button button-wide" onClick=${earlier}>Show earlier</button></li>`}
      ${!complete && html`<li key="more" class="transcript-day">There is more: save a file to have it all.</li>`}
      ${lines.slice(from).map((line, at) => html`<${Line} key=${line.id} line=${line} before=${lines[from + at - 1]} names=${names} />`)}
    </ol>
    ${!following &&
    html`<button class="button transcript-latest" data-testid="transcript-latest" onClick=${() => setFollowing(true)}>
      <${Icon} name="arrow-down" size=${18} /> To the newest
    </button>`}
  </div>`;
}

/** @param {{ line: Said, before: Said | undefined, names: Record<string, string> }} props */
function Line({ line, before, names }) {
  const name = names[canonicalId(line.userId)] ?? "Somebody";
  const newDay = day.format(line.at) !== (before ? day.format(before.at) : day.format(Date.now()));
  const goesOn = before?.userId === line.userId && line.at - before.at < PAUSE_MS && !newDay;
  return html`${newDay && html`<li class="transcript-day">${day.format(line.at)}</li>`}
  <li class=${`said${goesOn ? " goes-on" : ""}`} data-testid="transcript-line" data-message-id=${line.id}>
    <p class=${goesOn ? "unseen" : "said-head"}>
      <strong class="said-name clip" style=${{ "--hue": String(hue(line.userId)) }}>${name}</strong>
      <time datetime=${new Date(line.at).toISOString()}>${clock.format(line.at)}</time>
    </p>
    <p>${line.text}</p>
  </li>`;
}

/** @param {{ room: Room, nothing: boolean }} props */
function Exports({ room, nothing }) {
  const { transcript } = useApp();
  return html`<div class="exports" role="group" aria-label="Save the transcript">
    <span class="faint"><${Icon} name="download" size=${18} /> Save as</span>
    ${FORMATS.map(
      ([format, words]) => html`<button
        class="button"
        data-testid=${`export-${format}`}
        title=${nothing ? "There is nothing to save yet" : words}
        disabled=${nothing}
        onClick=${() => transcript.save(room, format)}
      >${format.toUpperCase()}</button>`,
    )}
  </div>`;
}
