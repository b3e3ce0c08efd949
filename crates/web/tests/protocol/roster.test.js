// What Aura tells of calls, in the words of other rooms; and which picture goes where.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toUuid } from "../../client/protocol/ids.js";
import { nameOf, Pictures, PICTURES_MAX, wanted } from "../../client/protocol/pictures.js";
import { keyOf, Roster } from "../../client/protocol/roster.js";
import { roomMember } from "../people.js";

const ANN = "11111111-1111-4111-8111-111111111111";

test("a member is a participant whose id is the call", () => {
  const [ann] = new Roster().reset([roomMember(ANN, "ann", { is_admin: true, audio_muted_by_admin: true, video_muted: false })]);
  assert.deepEqual(ann, {
    user_id: ANN, username: "ann", session_id: ANN, mute: true, deaf: false, server_mute: true, server_deaf: false,
    speaking: false, video: true, screen: false, via: "aura", admin: true, hand: false, server_video_mute: false,
  });
});

test("no call is taken for another by the way its id is written", () => {
  const ids = [ANN, ANN.toUpperCase().replace("8111", "A111"), "7", toUuid("7"), "a", "A", keyOf("a"), "ü"];
  assert.equal(new Set(ids.map((id) => keyOf(id).toLowerCase())).size, ids.length);
  assert.equal(keyOf(ANN), ANN);
});

test("muted by an admin and by oneself are two things", () => {
  const roster = new Roster();
  roster.reset([roomMember("a", "ann", { audio_muted: false })]);
  /** @param {string} method @param {boolean} by_admin */
  const after = (method, by_admin) => {
    const [{ mute, server_mute } = /** @type {any} */ ({})] = roster.handle(method, { member: "a", by_admin });
    return [mute, server_mute];
  };
  assert.deepEqual(after("member_mute_audio", true), [false, true]);
  assert.deepEqual(after("member_unmute_audio", true), [false, false]);
  assert.deepEqual(after("member_mute_audio", false), [true, false]);
  assert.deepEqual(after("member_mute_audio", true), [true, true]);
  assert.deepEqual(after("member_unmute_audio", true), [false, false]);
  assert.deepEqual(after("member_mute_audio", false), [true, false], "their own mute is told behind it");
});

test("coming, going, hands, pictures, reactions", () => {
  const roster = new Roster();
  roster.reset([roomMember("a", "ann")]);
  const types = (/** @type {string} */ method, /** @type {any} */ params) => roster.handle(method, params).map(({ type }) => type);
  assert.deepEqual(types("member_join_room", roomMember("b", "bea")), ["member.joined"]);
  assert.deepEqual(types("member_join_room", roomMember("b", "bea")), ["member.updated"]);
  const [hand] = roster.handle("member_raise_hand", { member: "b", hand_raised_at: "2026-01-29T12:00:00Z" });
  assert.deepEqual([hand?.hand, hand?.requested_at], [true, "2026-01-29T12:00:00Z"]);
  assert.equal(roster.handle("member_unraise_hand", { member: "b" })[0]?.requested_at, undefined);
  assert.equal(roster.handle("member_start_screen_share", { member: "b" })[0]?.screen, true);
  const [reaction] = roster.handle("member_send_reaction", { member: "b", reaction: "heart" });
  assert.deepEqual([reaction?.type, reaction?.user_id, reaction?.reaction], ["reaction", keyOf("b"), "heart"]);
  assert.deepEqual(types("room_active_speaker", { member: "b" }), ["speaker"]);
  assert.deepEqual(types("member_waiting", { member: "w", name: "Will" }), ["waiting.joined"]);
  assert.deepEqual(types("member_waiting_rejected", { member: "w" }), ["waiting.left"]);
  assert.deepEqual(types("member_leave_room", { member: "b" }), ["member.left"]);
  assert.deepEqual([types("member_leave_room", { member: "b" }), types("member_mute_audio", { member: "b" }), types("what", {})], [[], [], []]);
});

const seen = (/** @type {string} */ id, more = {}) => roomMember(id, id, { video_muted: false, ...more });

test("screens come first, then who is asked for, who speaks, who is seen; oneself never", () => {
  const members = [seen("me"), seen("a"), seen("b"), seen("c", { screen_share: true }), seen("d"), roomMember("e", "e")];
  const order = wanted(members, "me", ["d", "b"], ({ call }) => call === "c").map(nameOf);
  assert.deepEqual(order, ["c:screen", "d", "b", "c", "a"]);
});

test("whom an admin stopped is not waited for", () => {
  assert.deepEqual(wanted([seen("a", { video_muted_by_admin: true })], "me", [], () => false), []);
});

test("a picture keeps its section; a free one is taken by the next", () => {
  const pictures = new Pictures();
  /** @param {string[]} calls */
  const place = (...calls) => {
    const wishes = calls.map((call) => ({ call, source: /** @type {const} */ ("camera") }));
    return pictures.place(wishes, ["3", "4"]).map(({ mid, picture }) => [mid, picture?.call ?? null]);
  };
  assert.deepEqual(place("a", "b"), [["3", "a"], ["4", "b"]]);
  assert.deepEqual(place("b", "a"), []);
  assert.deepEqual(place("c", "b", "a"), [["3", null], ["3", "c"]]);
  assert.deepEqual(place(), [["4", null], ["3", null]]);
  assert.equal(pictures.at("3"), null);
});

test("there are never more than can be seen", () => {
  const wishes = Array.from({ length: 30 }, (_, at) => ({ call: String(at), source: /** @type {const} */ ("camera") }));
  const mids = Array.from({ length: 40 }, (_, at) => String(at));
  assert.equal(new Pictures().place(wishes, mids).length, PICTURES_MAX);
});
