// A meeting from its door on, against a server that follows a script, in simulated time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Meeting } from "../../client/protocol/meeting.js";
import { ApiError } from "../../client/protocol/api.js";
import { FakePeerConnection, FakeSocket, fakeEnv, fakeMeetings, settle } from "../fakes.js";
import { roomMember } from "../people.js";

const CALL = "11111111-1111-4111-8111-111111111111";
const HELD = "not allowed for this room, waiting to be accpeted";
const no = (/** @type {number} */ status, message = "no") => new ApiError(status, "", message);
const pc = () => /** @type {FakePeerConnection} */ (FakePeerConnection.made.at(-1));
const camera = /** @type {any} */ ({ kind: "video" });

/** A guest at the door. @param {{ members?: any[], is_admin?: boolean, mute?: boolean, password?: string, credentials?: any }} [options] */
function atTheDoor({ members = [], is_admin = false, credentials = { display_name: "Gus" }, ...more } = {}) {
  const clock = fakeEnv();
  const server = fakeMeetings();
  let tokens = 0;
  server.answers.set("authenticate", () => ({ auth_token: `token ${++tokens}` }));
  server.answers.set("get_ice_servers", () => ({ ice_servers: [] }));
  server.answers.set("join_room", () => ({ call_id: CALL, sdp: "answer", members, is_admin }));
  server.answers.set("subscribe_room", () => ({ sdp: "answer" }));
  server.answers.set("get_room_members", () => [...members, roomMember(CALL, "Gus")]);
  server.answers.set("get_waiting_room_members", () => [{ member: "w", name: "Will" }]);
  const meeting = new Meeting({ url: "", room: "r", call: CALL, credentials, ...more, env: clock.env });
  /** @type {any[]} */
  const events = [];
  /** @type {any[]} */
  const ended = [];
  /** @type {any[]} */
  const waiting = [];
  /** @type {any} */
  let link = null;
  meeting.on("message", (event) => events.push(event));
  meeting.on("ended", (end) => ended.push(end));
  meeting.on("waiting", (how) => waiting.push(how));
  meeting.on("link", (now) => (link = now));
  const told = (/** @type {string} */ type) => events.filter((one) => one.type === type);
  return { meeting, clock, server, events, ended, waiting, told, link: () => link };
}

/** @param {Parameters<typeof atTheDoor>[0]} [options] */
async function inside(options) {
  const all = atTheDoor(options);
  const start = all.meeting.start();
  await all.server.open();
  await start;
  await all.clock.pass(200);
  pc().become("connected");
  return all;
}

/** The server answers on the next socket. @param {ReturnType<typeof atTheDoor>} all @param {number} ms */
async function comesBack({ clock, server }, ms = 5000) {
  const before = FakeSocket.made.length;
  await clock.pass(ms);
  assert.equal(FakeSocket.made.length, before + 1);
  await server.open();
  await clock.pass(200);
}

test("a guest says a name, asks for ICE servers and offers what other rooms are offered", async () => {
  const { server, told, link, meeting } = await inside({ members: [roomMember("b", "bea")] });
  assert.deepEqual(server.all("authenticate"), [{ room: "r", call_id: CALL, display_name: "Gus" }]);
  assert.deepEqual(server.all("get_ice_servers"), [{ auth_token: "token 1" }]);
  assert.deepEqual(server.all("join_room"), [{
    sdp: "offer 1",
    sources: [{ mid: "0", source: "microphone" }, { mid: "1", source: "camera" }, { mid: "2", source: "screen" }],
    auth_token: "token 1",
    audio_muted: false,
    video_muted: true,
  }]);
  assert.deepEqual(told("state")[0].participants.map((/** @type {any} */ one) => one.username), ["Gus", "bea"]);
  assert.deepEqual(link(), { media: "connected", events: "open", joining: false });
  assert.equal(meeting.self, CALL);
  assert.equal(server.all("get_waiting_room_members").length, 0, "for admins only");
});

test("an account shows its token, and an admin asks who waits", async () => {
  const { server, told } = await inside({ credentials: { token: "t" }, password: "secret", is_admin: true });
  assert.deepEqual(server.all("authenticate"), [{ room: "r", call_id: CALL, token: "t", room_password: "secret" }]);
  assert.deepEqual(told("waiting")[0].people, [{ member: "w", name: "Will" }]);
  assert.equal(told("state")[0].participants[0].admin, true);
});

for (const [status, message] of /** @type {[number, string][]} */ ([[404, "room doesn't exist"], [401, "You'll need the correct password to get in the room"], [403, "rejected"]])) {
  test(`refused with ${status} at the door: the caller's, and nothing is tried again`, async () => {
    const { meeting, server, clock, ended } = atTheDoor();
    server.answers.set("authenticate", () => {
      throw no(status, message);
    });
    const start = assert.rejects(meeting.start(), { status, message });
    await server.open();
    await start;
    await clock.pass(60_000);
    assert.deepEqual([FakeSocket.made.length, ended, server.socket().readyState], [1, [], 3]);
  });
}

test("a call that is in use elsewhere: tried a little longer, in case it was one's own a moment ago", async () => {
  const all = atTheDoor();
  all.server.answers.set("authenticate", () => {
    throw no(409, "in use");
  });
  const start = assert.rejects(all.meeting.start(), { status: 409 });
  await all.server.open();
  for (const ms of [700, 1300, 2600]) await comesBack(all, ms);
  await start;
  await all.clock.pass(60_000);
  assert.equal(FakeSocket.made.length, 4);
});

/** @param {Parameters<typeof atTheDoor>[0]} [options] */
async function held(options) {
  const all = atTheDoor(options);
  const answer = all.server.answers.get("authenticate");
  all.server.answers.set("authenticate", () => {
    throw no(403, HELD);
  });
  /** @type {any[]} */
  const failed = [];
  const start = all.meeting.start().catch((error) => failed.push(error));
  await all.server.open();
  return { ...all, start, failed, letIn: () => answer && all.server.answers.set("authenticate", answer) };
}

test("held at the door: waits as long as it takes, nudges, and joins with the token it is given", async () => {
  const { meeting, server, clock, waiting, start } = await held();
  assert.deepEqual(waiting, [{ back: false }]);
  await clock.pass(3_600_000);
  meeting.nudge();
  assert.deepEqual(server.names(), ["authenticate", "still_waiting"]);
  await server.notify("member_allowed", { auth_token: "let in" });
  await start;
  await clock.pass(200);
  assert.equal(server.all("join_room")[0]?.auth_token, "let in");
});

test("rejected while waiting", async () => {
  const { server, failed, start, clock } = await held();
  await server.notify("member_rejected");
  await start;
  await clock.pass(60_000);
  assert.deepEqual(failed.map(({ status, code }) => [status, code]), [[403, "REJECTED"]]);
  assert.equal(FakeSocket.made.length, 1);
});

test("a socket that is lost while one waits is not the end of waiting", async () => {
  const all = await held();
  all.server.socket().close();
  await comesBack(all);
  assert.equal(all.waiting.length, 2);
  all.letIn();
  all.server.socket().close();
  await comesBack(all);
  await all.start;
  assert.deepEqual([all.failed, all.server.all("join_room").length], [[], 1]);
});

test("whoever gives up waiting is gone", async () => {
  const { meeting, server, start, clock, failed } = await held();
  await meeting.leave();
  await start;
  await clock.pass(60_000);
  assert.deepEqual([server.socket().readyState, FakeSocket.made.length, failed], [3, 1, []]);
});

test("what goes out of here is told: less at once, more once the server has its section", async () => {
  const { meeting, server, clock } = await inside();
  const since = server.names().length;
  meeting.setMute(true);
  await meeting.setTrack("camera", camera);
  assert.deepEqual(server.names().slice(since), ["mute_audio"]);
  await clock.pass(200);
  assert.deepEqual(server.names().slice(since), ["mute_audio", "subscribe_room", "unmute_video"]);
  await meeting.setTrack("screen", camera);
  await clock.pass(200);
  await meeting.setTrack("screen", null);
  await clock.pass(0);
  assert.deepEqual(server.names().slice(since + 3), ["subscribe_room", "start_screen_share", "stop_screen_share", "subscribe_room"]);
  assert.equal(server.all("subscribe_room")[0].sources.length, 3);
});

test("pictures are asked for with the sections they come in, as large as they are shown", async () => {
  const { meeting, server, clock, told } = await inside({ members: [roomMember("b", "bea", { video_muted: false })] });
  const [{ mid, source, session_id }] = told("slots").at(-1).slots;
  assert.deepEqual([source, session_id], ["camera", "b"]);
  assert.deepEqual(server.all("subscribe_room"), [], "its size is not known yet");
  meeting.setViews([{ mid, width: 640, height: 360 }]);
  meeting.setViews([{ mid, width: 320, height: 180 }]);
  await clock.pass(200);
  assert.deepEqual(server.all("subscribe_room").map(({ members }) => members), [[{ id: "b", video_mid: mid, width: 320, height: 180 }]]);
  meeting.setViews([{ mid, width: 320, height: 180 }]);
  await clock.pass(200);
  assert.equal(server.all("subscribe_room").length, 1, "nothing has changed");

  await server.notify("member_start_screen_share", { member: "b" });
  const screen = told("slots").at(-1).slots[0];
  meeting.setViews([{ mid, width: 0, height: 0 }, { mid: screen.mid, width: 900, height: 500 }]);
  await clock.pass(200);
  assert.deepEqual(server.all("subscribe_room").at(-1).members, [{ id: "b:screen", video_mid: screen.mid, width: 900, height: 500 }]);
  await server.notify("member_leave_room", { member: "b" });
  await clock.pass(200);
  assert.deepEqual(server.all("subscribe_room").at(-1).members, []);
});

test("another picture in the same section is asked for, though its size is the same", async () => {
  const { meeting, server, clock, told } = await inside({ members: [roomMember("b", "bea", { video_muted: false })] });
  const [{ mid }] = told("slots").at(-1).slots;
  meeting.setViews([{ mid, width: 640, height: 360 }]);
  await clock.pass(200);
  await server.notify("member_leave_room", { member: "b" });
  await server.notify("member_join_room", roomMember("c", "carl", { video_muted: false }));
  await clock.pass(200);
  assert.deepEqual(server.all("subscribe_room").at(-1).members, [{ id: "c", video_mid: mid, width: 640, height: 360 }]);
});

test("more pictures than sections: there are more with the next offer", async () => {
  const members = Array.from({ length: 9 }, (_, at) => roomMember(`m${at}`, `m${at}`, { video_muted: false }));
  const { told, server } = await inside({ members });
  const slots = new Map(told("slots").flatMap((event) => event.slots.map((/** @type {any} */ slot) => [slot.mid, slot.session_id])));
  assert.equal([...slots.values()].filter(Boolean).length, 9);
  assert.equal(server.all("subscribe_room").length, 1);
  assert.equal(pc().transceivers.length, 3 + 8 + 9);
});

test("an admin's mute is told to oneself, and the server's word stands", async () => {
  const { server, told } = await inside();
  await server.notify("member_mute_audio", { member: CALL, by_admin: true });
  const { user_id, mute, server_mute } = told("member.updated").at(-1);
  assert.deepEqual([user_id, mute, server_mute], [CALL, false, true]);
});

test("freed by an admin, one says again how one is: what one said meanwhile was not listened to", async () => {
  const { meeting, server, told } = await inside();
  await server.notify("member_mute_audio", { member: CALL, by_admin: true });
  meeting.setMute(true);
  const since = server.names().length;
  await server.notify("member_unmute_audio", { member: CALL, by_admin: true });
  assert.deepEqual(server.names().slice(since), ["mute_audio", "mute_video"]);
  const { mute, server_mute, video } = told("member.updated").at(-1);
  assert.deepEqual([mute, server_mute, video], [true, false, false]);
});

test("what an admin did before one came is asked for", async () => {
  const all = atTheDoor();
  all.server.answers.set("get_room_members", () => [roomMember(CALL, "Gus the guest", { audio_muted_by_admin: true })]);
  const start = all.meeting.start();
  await all.server.open();
  await start;
  await all.clock.pass(200);
  const { username, server_mute } = all.told("member.updated")[0];
  assert.deepEqual([username, server_mute], ["Gus the guest", true]);
});

test("an admin's deeds are requests, and show when they are answered", async () => {
  const { meeting, server, told } = await inside({ members: [roomMember("b", "bea")], is_admin: true });
  for (const method of ["allow_member", "mute_member_audio", "remove_member"]) server.answers.set(method, () => ({}));
  server.answers.set("reject_member", () => {
    throw no(409);
  });
  await meeting.decide("w", true);
  assert.deepEqual(server.all("allow_member"), [{ member: "w", auth_token: "token 1" }]);
  assert.equal(told("waiting.left")[0].member, "w");
  await assert.rejects(meeting.decide("v", false), { status: 409 });
  await meeting.muteMember("b", "audio", true);
  assert.equal(told("member.updated").at(-1).server_mute, true);
  await meeting.remove("b");
  assert.equal(told("member.left").length, 1);
});

test("hands and reactions are one's own at once", async () => {
  const { meeting, server, told } = await inside();
  meeting.setHand(true);
  meeting.react("heart");
  meeting.setHand(false);
  assert.deepEqual(server.names().slice(-3), ["raise_hand", "send_reaction", "unraise_hand"]);
  assert.deepEqual(told("member.updated").slice(-2).map(({ hand }) => hand), [true, false]);
  assert.equal(told("reaction")[0].reaction, "heart");
});

test("levels make a speaker, and silence ends it", async () => {
  const { meeting, server, clock, told } = await inside({ members: [roomMember("b", "bea")] });
  const level = (/** @type {number} */ audio_level) => server.notify("member_audio_level", { member: "b", audio_level });
  await level(0.001);
  await level(0.2);
  assert.equal(meeting.level("b"), 0.2);
  await clock.pass(500);
  await level(0.1);
  await clock.pass(500);
  assert.deepEqual([told("speaking.started").length, told("speaking.stopped").length], [1, 0]);
  await level(0);
  await clock.pass(500);
  assert.deepEqual([told("speaking.started").length, told("speaking.stopped").length, meeting.level("b")], [1, 1, 0]);
});

test("a socket that is lost: in again under the same call, with mute and tracks as they are", async () => {
  const all = await inside();
  const { meeting, server, ended, link } = all;
  await meeting.setTrack("camera", camera);
  meeting.setHand(true);
  await all.clock.pass(200);
  server.socket().close();
  assert.equal(link().joining, true);
  meeting.setMute(true);
  await comesBack(all);
  assert.equal(link().joining, false);
  assert.deepEqual(server.all("authenticate").map(({ call_id }) => call_id), [CALL, CALL]);
  const { audio_muted, video_muted, auth_token } = server.all("join_room").at(-1);
  assert.deepEqual([audio_muted, video_muted, auth_token, ended], [true, false, "token 2", []]);
  assert.equal(FakePeerConnection.made.length, 2);
  assert.equal(all.told("state").at(-1).participants[0].hand, false);
});

test("coming back while the old socket still counts as there: tried until it does not", async () => {
  const all = await inside();
  const answer = all.server.answers.get("authenticate");
  all.server.answers.set("authenticate", () => {
    throw no(409, "the call is in use elsewhere");
  });
  all.server.socket().close();
  await comesBack(all, 400);
  await comesBack(all, 2000);
  if (answer) all.server.answers.set("authenticate", answer);
  await comesBack(all);
  assert.deepEqual([all.link().joining, all.ended], [false, []]);
});

test("coming back into a waiting room says so; being rejected there is the end", async () => {
  const all = await inside();
  all.server.answers.set("authenticate", () => {
    throw no(403, HELD);
  });
  all.server.socket().close();
  await comesBack(all);
  assert.deepEqual(all.waiting, [{ back: true }]);
  await all.server.notify("member_rejected");
  assert.equal(all.ended[0]?.reason, "rejected");
});

test("an answer that does not come means that the socket is dead", async () => {
  const all = await inside();
  all.server.answers.delete("get_room_members");
  all.meeting.networkChanged();
  await all.clock.pass(10_500);
  assert.equal(FakeSocket.made.length, 2);
});

test("the media path is repaired by joining anew on the same socket", async () => {
  const { server, clock } = await inside();
  pc().become("failed");
  await clock.pass(200);
  assert.deepEqual([FakePeerConnection.made.length, FakeSocket.made.length, server.all("join_room").length], [2, 1, 2]);
  await server.notify("room_reconnect", { auth_token: "newer" });
  await clock.pass(200);
  assert.deepEqual([FakePeerConnection.made.length, server.all("join_room").at(-1).auth_token], [3, "newer"]);
});

test("put out by nobody, one comes back", async () => {
  const all = await inside();
  await all.server.notify("member_leave_room", { member: CALL, by_admin: false });
  await comesBack(all);
  assert.deepEqual([all.ended, all.link().joining], [[], false]);
});

test("removed by an admin: out, and not back", async () => {
  const { server, ended, clock } = await inside();
  await server.notify("member_leave_room", { member: CALL, by_admin: true });
  await clock.pass(60_000);
  assert.deepEqual([ended, FakeSocket.made.length, pc().connectionState], [[{ reason: "removed", error: null }], 1, "closed"]);
});

test("leaving says so and comes back for nothing", async () => {
  const { meeting, server, clock, ended } = await inside();
  await meeting.leave();
  assert.equal(server.names().at(-1), "leave_room");
  await settle();
  await clock.pass(60_000);
  assert.deepEqual([FakeSocket.made.length, ended], [1, []]);
});
