// What is said to those who do not look.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createAnnouncer } from "../../client/app/announcer.js";
import { reduce } from "../../client/state/state.js";
import { createStore } from "../../client/state/store.js";
import { asking, inHall, listening, person, speaking } from "../people.js";

/** @param {bigint} [permissions] */
function hall(permissions = 0n) {
  const people = [person("1", "maya", listening), person("2", "ann", listening), person("3", "zoe", speaking)];
  const store = createStore(reduce, inHall(people, { permissions: String(permissions) }));
  const announce = createAnnouncer(store);
  /** @param {string} type @param {object} rest @returns {string} */
  return (type, rest) => {
    const event = { type, seq: 1, ts: "", ...rest };
    store.dispatch({ type: "page/announce", text: "" });
    announce(event);
    store.dispatch({ type: "call/event", event });
    return store.get().page.announcement;
  };
}

test("who comes, who goes, and who was taken elsewhere", () => {
  const said = hall();
  assert.equal(said("member.joined", person("4", "bob", listening)), "bob joined.");
  assert.equal(said("member.left", { user_id: "4", reason: "left" }), "bob left.");
  assert.equal(said("member.left", { user_id: "2", reason: "moved" }), "ann went to another room.");
});

test("who is on stage, and who is not any more", () => {
  const said = hall();
  assert.equal(said("member.updated", person("2", "ann", speaking)), "ann is on stage.");
  assert.equal(said("member.updated", person("2", "ann", { ...speaking, mute: true })), "");
  assert.equal(said("member.updated", person("2", "ann", listening)), "ann is back in the audience.");
});

test("a hand is said to who runs the stage, once", () => {
  assert.equal(hall()("member.updated", person("2", "ann", asking("01"))), "");
  const said = hall(1n << 16n);
  assert.equal(said("member.updated", person("2", "ann", asking("01"))), "ann raised a hand.");
  assert.equal(said("member.updated", person("2", "ann", asking("01"))), "");
});

test("a new topic, but not the old one again", () => {
  const said = hall();
  assert.equal(said("room.updated", { captions: true, topic: "Bees", name: "Hall" }), "The topic is now: Bees.");
  assert.equal(said("room.updated", { captions: false, topic: "Bees", name: "Hall" }), "");
  assert.equal(said("room.updated", { captions: true, topic: null, name: "Hall" }), "");
});

test("nothing is said of oneself here", () => {
  assert.equal(hall()("member.updated", person("1", "maya", speaking)), "");
});
