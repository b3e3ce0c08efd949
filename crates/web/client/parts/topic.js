// What a stage is about, over it. Who moderates the stage writes it right there.

import { useApp, useSelect } from "../app/context.js";
import { inWords } from "../app/words.js";
import { moderation } from "../state/select.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { ErrorLine } from "./notices.js";

/** @import { Room } from "../protocol/types.js" */

/** As the server counts. */
const TOPIC_LENGTH_MAX = 120;

/** @param {{ room: Room }} props */
export function Topic({ room }) {
  const may = useSelect((state) => moderation(state).stage);
  const [editing, setEditing] = useState(false);
  const edit = useRef(/** @type {HTMLElement | null} */ (null));
  const edited = useRef(false);
  // Back to where one was.
  useEffect(() => {
    if (edited.current && !editing) edit.current?.focus();
    edited.current = editing;
  }, [editing]);
  if (editing && may) return html`<${Form} room=${room} done=${() => setEditing(false)} />`;
  if (!may && !room.topic) return null;
  return html`<div class="topic">
    ${room.topic && html`<h2 class="topic-text" data-testid="stage-topic">${room.topic}</h2>`}
    ${may &&
    html`<button ref=${edit} type="button" class=${`quiet-button${room.topic ? "" : " quiet-labelled topic-add"}`} data-testid="topic-edit"
      aria-label=${room.topic ? "Change the topic" : undefined} title=${room.topic ? "Change the topic" : undefined} onClick=${() => setEditing(true)}>
      <${Icon} name="pencil" size=${18} />${!room.topic && html`<span>Add a topic</span>`}</button>`}
  </div>`;
}

/** @param {{ room: Room, done: () => void }} props */
function Form({ room, done }) {
  const { api } = useApp();
  const [text, setText] = useState(room.topic ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(/** @type {string | null} */ (null));
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => input.current?.select(), []);
  /** @param {SubmitEvent} event */
  const save = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      await api.setTopic(room.room_id, text.trim());
      done();
    } catch (reason) {
      // What was typed stays.
      setError(inWords(reason));
      setBusy(false);
    }
  };
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    done();
  };
  return html`<form class="topic topic-form" onSubmit=${save} onKeyDown=${key}>
    <input ref=${input} class="input" data-testid="topic-input" aria-label="What this stage is about" placeholder="What is it about?"
      maxlength=${TOPIC_LENGTH_MAX} autocomplete="off" value=${text} onInput=${(/** @type {any} */ event) => setText(event.target.value)} />
    <button class="button button-strong" data-testid="topic-save" aria-busy=${busy}>Save</button>
    <button type="button" class="button" data-testid="topic-cancel" onClick=${done}>Cancel</button>
    <${ErrorLine} text=${error} />
  </form>`;
}
