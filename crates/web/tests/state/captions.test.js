// Captions and the transcript, as scripts of events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toUuid } from "../../client/protocol/ids.js";
import { captionLines, captionsOn } from "../../client/state/captions.js";
import { initialState, reduce } from "../../client/state/state.js";

/** @import { Action, State } from "../../client/state/state.js" */

const me = { user_id: "1", username: "tom", display_name: "tom", permissions: "0" };
const room = /** @type {any} */ ({ room_id: "9", name: "x", slug: "x", type: "talk", captions: true });
const people = [{ user_id: "1", username: "tom" }, { user_id: "2", username: "maya" }];

/** @param {string} type @param {object} rest @returns {Action} */
const event = (type, rest) => ({ type: "call/event", event: { type, seq: 1, ts: "2026-01-29T12:00:00Z", ...rest } });
/** @param {string} id @param {string} text @param {"partial" | "final"} [status] @param {string} [user] */
const caption = (id, text, status = "final", user = "2") => event("caption", { message_id: id, user_id: user, text, status });

/** @param {Action[]} actions */
function after(...actions) {
  /** @type {Action[]} */
  const start = [
    { type: "account/in", me },
    { type: "room/found", room },
    { type: "call/joining", room: "9" },
    event("state", { participants: people, slots: [], floor: null, captions: true }),
  ];
  return [...start, ...actions].reduce(reduce, initialState);
}

/** What is over the picture; unfinished lines end in dots. @param {State} state */
const shown = (state) => captionLines(state).map(({ name, text, final }) => `${name}: ${text}${final ? "" : "…"}`);
/** @param {State} state */
const written = (state) => state.transcript.lines.map(({ text }) => text);

test("a partial text grows, is finished, and is put right, in one line", () => {
  const state = after(caption("71", "I am", "partial"));
  assert.deepEqual(shown(state), ["maya: I am…"]);
  const grown = reduce(state, caption("71", "I am on the", "partial"));
  assert.deepEqual(shown(grown), ["maya: I am on the…"]);
  const done = reduce(grown, caption("71", "I am on the hoof."));
  const better = reduce(done, caption(toUuid("71"), "I am on the roof."));
  assert.deepEqual(shown(better), ["maya: I am on the roof."]);
  assert.deepEqual(written(better), ["I am on the roof."]);
  assert.deepEqual(written(grown), [], "what is unfinished is not in the transcript");
});

test("a final one without text takes the line back", () => {
  const taken = after(caption("71", "Hm", "partial"), caption("71", ""));
  assert.deepEqual(shown(taken), []);
  assert.deepEqual(written(taken), []);
  assert.deepEqual(written(after(caption("71", "Hm"), caption("71", " "))), []);
});

test("lines keep the order in which they began, however they end", () => {
  const state = after(
    caption("71", "One", "partial"),
    caption("72", "Two", "partial", "1"),
    caption("72", "Two.", "final", "1"),
    caption("73", "Three", "partial"),
    caption("71", "One."),
  );
  assert.deepEqual(shown(state), ["maya: One.", "tom: Two.", "maya: Three…"]);
  assert.deepEqual(written(state), ["Two.", "One."]);
});

test("the newest three are shown, and not for ever; a better text does not bring a line back", () => {
  const many = after(...[71, 72, 73, 74].map((id) => caption(String(id), `Line ${id}`)));
  assert.deepEqual(shown(many), ["maya: Line 72", "maya: Line 73", "maya: Line 74"]);
  const faded = reduce(many, { type: "captions/faded", id: toUuid("73") });
  assert.deepEqual(shown(faded), ["maya: Line 71", "maya: Line 72", "maya: Line 74"]);
  assert.deepEqual(shown(reduce(faded, caption("73", "Better"))), shown(faded));
  const unfinished = after(caption("71", "One", "partial"), { type: "captions/faded", id: toUuid("71") });
  assert.deepEqual(shown(reduce(unfinished, caption("71", "One."))), ["maya: One."], "the end of a line is news");
});

test("a partial text told again after the end changes nothing", () => {
  assert.deepEqual(shown(after(caption("71", "One."), caption("71", "On", "partial"))), ["maya: One."]);
});

test("a new state drops what was unfinished and says whether there are captions", () => {
  const state = after(
    caption("71", "One."),
    caption("72", "Two", "partial"),
    event("state", { participants: people, slots: [], floor: null, captions: true }),
  );
  assert.deepEqual(shown(state), ["maya: One."]);
  const off = reduce(state, event("room.updated", { captions: false }));
  assert.equal(captionsOn(off), false);
  assert.deepEqual(shown(off), []);
});

test("hidden for oneself is a choice that lasts from room to room", () => {
  const hidden = after(caption("71", "One."), { type: "captions/shown", shown: false });
  assert.deepEqual(shown(hidden), []);
  const next = [{ type: "call/left" }, { type: "call/joining", room: "9" }].reduce((state, action) => reduce(state, /** @type {Action} */ (action)), hidden);
  assert.equal(next.captions.shown, false);
  assert.equal(captionsOn(next), true, "until the stream tells, the room's settings do");
  assert.deepEqual(next.captions.lines, []);
});

/** @param {string} id @param {string} text @param {string} [email] */
const message = (id, text, email = "ann@example.org") => ({
  id: toUuid(id), sender_user_id: toUuid("5"), sender_email: email, content_text: text, created_at: "2026-01-29T11:00:00Z",
});

test("the history goes before what was heard live, and nothing is there twice", () => {
  const state = after(
    { type: "transcript/loading" },
    caption("73", "Three, live"),
    caption("74", "Four"),
    { type: "transcript/loaded", messages: [message("71", "One"), message("72", "Two"), message("73", "Three")], complete: true },
  );
  assert.deepEqual(written(state), ["One", "Two", "Three", "Four"]);
  assert.deepEqual(written(reduce(state, caption("72", "Two, put right"))), ["One", "Two, put right", "Three", "Four"]);
  assert.equal(state.transcript.status, "ready");
});

test("who is not here any more still has a name, and nobody's address is shown", () => {
  const loaded = { type: "transcript/loaded", messages: [message("71", "One")], complete: true };
  const state = after(event("member.left", { user_id: "2", reason: "left" }), /** @type {Action} */ (loaded));
  assert.deepEqual(state.transcript.names, { 1: "tom", 2: "maya", 5: "ann" });
  const seen = reduce(state, event("member.joined", { user_id: toUuid("5"), username: "Ann" }));
  assert.equal(seen.transcript.names[5], "Ann");
});

test("a history that cannot be read a second time leaves what is there", () => {
  const loaded = { type: "transcript/loaded", messages: [message("71", "One")], complete: true };
  const state = after(/** @type {Action} */ (loaded), { type: "transcript/loading" }, { type: "transcript/failed", error: "no" });
  assert.equal(state.transcript.status, "ready");
  assert.deepEqual(written(state), ["One"]);
  assert.deepEqual(written(reduce(state, { type: "call/joining", room: "10" })), []);
});
