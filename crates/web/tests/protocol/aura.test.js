// JSON-RPC over a socket that answers late, wrongly or not at all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Aura } from "../../client/protocol/aura.js";
import { FakeSocket, fakeEnv, settle } from "../fakes.js";

const socket = () => /** @type {FakeSocket} */ (FakeSocket.made.at(-1));

async function opened() {
  const clock = fakeEnv();
  const aura = new Aura({ url: "wss://parlor.example/v1/ws", env: clock.env });
  const open = aura.open();
  socket().open();
  await open;
  /** @type {any[]} */
  const told = [];
  aura.on("notification", (notification) => told.push(notification));
  aura.on("closed", () => told.push("closed"));
  return { aura, clock, told, sent: () => socket().sent.map((text) => JSON.parse(text)) };
}

test("it asks for the subprotocol, and requests have ids of their own", async () => {
  const { aura, sent } = await opened();
  assert.deepEqual([socket().url, socket().protocol], ["wss://parlor.example/v1/ws", "api"]);
  const first = aura.request("get_room_members");
  const second = aura.request("join_room", { sdp: "offer" });
  assert.deepEqual(sent(), [
    { jsonrpc: "2.0", id: 1, method: "get_room_members", params: {} },
    { jsonrpc: "2.0", id: 2, method: "join_room", params: { sdp: "offer" } },
  ]);
  socket().tell({ id: 2, result: { sdp: "answer" } });
  socket().tell({ id: 1, result: [] });
  assert.deepEqual(await Promise.all([first, second]), [[], { sdp: "answer" }]);
});

test("a refusal has its code as status, and its words", async () => {
  const { aura } = await opened();
  const asked = aura.request("authenticate");
  socket().tell({ id: 1, error: { code: 404, message: "room doesn't exist" } });
  await assert.rejects(asked, { status: 404, message: "room doesn't exist", passing: false });
  const unknown = aura.request("nothing");
  socket().tell({ id: 2, error: { code: -32601, message: "Method not found" } });
  await assert.rejects(unknown, { status: 400 });
});

test("what is not answered in time is lost, and a late answer is nothing", async () => {
  const { aura, clock } = await opened();
  const asked = assert.rejects(aura.request("get_room_members"), { status: 0, passing: true });
  await clock.pass(10_000);
  await asked;
  socket().tell({ id: 1, result: [] });
});

test("notifications go both ways", async () => {
  const { aura, told, sent } = await opened();
  aura.notify("raise_hand");
  assert.deepEqual(sent(), [{ jsonrpc: "2.0", method: "raise_hand", params: {} }]);
  socket().tell({ method: "member_raise_hand", params: { member: "a" } });
  socket().tell({ method: "member_rejected" });
  assert.deepEqual(told, [
    { method: "member_raise_hand", params: { member: "a" } },
    { method: "member_rejected", params: {} },
  ]);
});

test("what is no message is passed over", async () => {
  const { told } = await opened();
  for (const data of ["no JSON", "null", "7", '{"id":99,"result":1}', '{"id":99,"error":null}']) socket().onmessage?.({ data });
  assert.deepEqual(told, []);
});

test("a socket that closes fails what waits, and says so once", async () => {
  const { aura, told } = await opened();
  const asked = assert.rejects(aura.request("get_room_members"), { status: 0 });
  socket().close();
  await asked;
  assert.deepEqual(told, ["closed"]);
  await assert.rejects(aura.request("get_room_members"), { status: 0 });
  aura.notify("raise_hand");
  assert.equal(socket().sent.length, 1);
});

test("closing it oneself fails what waits, too", async () => {
  const { aura, told } = await opened();
  const asked = assert.rejects(aura.request("get_room_members"), { status: 0 });
  aura.close();
  await asked;
  assert.deepEqual([told, socket().readyState], [["closed"], 3]);
});

test("a socket that does not open is given up", async () => {
  const clock = fakeEnv();
  const aura = new Aura({ url: "", env: clock.env });
  const open = assert.rejects(aura.open(), { status: 0 });
  await clock.pass(8000);
  await open;
  await settle();
  assert.equal(socket().readyState, 3);
});
