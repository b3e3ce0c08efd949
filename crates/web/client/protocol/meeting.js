// A meeting: being in a room of type `conference`, with an account or as a guest, and coming back by itself when
// anything breaks. What Call is for other rooms, with the same events, and what only meetings have: a door, hands,
// reactions, admins. It speaks Aura. Shows nothing: tracks are handed in, events handed out.

import { ApiError } from "./api.js";
import { Aura } from "./aura.js";
import { backoffMs } from "./backoff.js";
import { isBusy, knockAt, mayPass, whyNotBack } from "./door.js";
import { Emitter } from "./emitter.js";
import { Levels } from "./levels.js";
import { Media } from "./media.js";
import { Outgoing } from "./outgoing.js";
import { keyOf, newcomer, Roster } from "./roster.js";
import { browserEnv } from "./types.js";
import { Watching } from "./watching.js";

/** @import { CallEvents } from "./call.js" */
/** @import { Credentials } from "./door.js" */
/** @import { Peer } from "./peer.js" */
/** @import { Env, IceServer, RoomMember, ServerEvent, Source, SourceLabel, View, Waiting } from "./types.js" */

/** Asking to come in right after one has left, the server may be a moment behind. */
const BUSY_TRIES = 3;
/** What is told before the answer to a join is kept until then. More than this is nobody's joining. */
const EARLY_MAX = 200;

/** @extends {Emitter<CallEvents>} */
export class Meeting extends Emitter {
  #url;
  #env;
  #knock;
  #name;
  #mute;
  #media;
  #watching;
  #levels;
  #roster = new Roster();
  /** @type {Aura | null} */
  #aura = null;
  #token = "";
  /** The connection that was joined with; another one has to join anew. @type {Peer | null} */
  #joinedWith = null;
  #outgoing = new Outgoing();
  /** @type {{ method: string, params: Record<string, any> }[]} */
  #early = [];
  /** @type {CallEvents["link"]} */
  #link = { media: "connecting", events: "connecting", joining: true };
  #arriving = false;
  #held = false;
  #inside = false;
  #over = false;

  /**
   * @param {object} options
   * @param {string} options.url of the socket: `api.meetingsUrl()`
   * @param {string} options.room UUID
   * @param {string} options.call names this visit; nobody else's may be the same
   * @param {Credentials} options.credentials
   * @param {string} [options.name] of the account; a guest has one in the credentials
   * @param {string} [options.password] of the room
   * @param {boolean} [options.mute]
   * @param {Env} [options.env]
   */
  constructor({ url, room, call, credentials, name = "", password = "", mute = false, env = browserEnv() }) {
    super();
    this.#url = url;
    this.#env = env;
    this.#mute = mute;
    this.#name = "display_name" in credentials ? credentials.display_name : name;
    this.#knock = { room, call, credentials, password };
    this.#levels = new Levels(env, (who, speaking) => this.#tell(this.#roster.speak(who, speaking)));
    this.#media = new Media({ mute, open: true, restarts: false, env });
    this.#media.on("state", (media) => this.#setLink({ media }));
    this.#media.on("peer", (peer) => this.#handlePeer(peer));
    this.#media.on("answered", (peer) => this.#handleAnswered(peer));
    this.#watching = new Watching(this.#media, env);
    this.#watching.on("slots", (slots) => this.#tell([{ type: "slots", seq: 0, ts: "", slots }]));
    this.#watching.on("changed", () => this.#joinedWith && this.#media.request(false));
  }

  /** Who one is in the events. */
  get self() {
    return keyOf(this.#knock.call);
  }

  /** The peer connection of the moment. */
  get pc() {
    return this.#media.pc;
  }

  get slots() {
    return this.#media.slots;
  }

  /**
   * Asks to come in, and waits for that as long as it takes. An error here is why not, and nothing is tried again.
   * `joined` follows.
   */
  async start() {
    try {
      await this.#enter(true);
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  /**
   * What a source sends; `null` sends nothing. Works before start too.
   * @param {Source} source
   * @param {MediaStreamTrack | null} track
   */
  async setTrack(source, track) {
    const sent = this.#media.setTrack(source, track);
    this.#sayOwn(false);
    await sent;
  }

  /** @param {boolean} mute */
  setMute(mute) {
    this.#mute = mute;
    this.#media.setMute(mute);
    this.#sayOwn(false);
  }

  /** @param {View[]} views the real size of every picture; replaces what was said before */
  setViews(views) {
    this.#watching.setViews(views);
  }

  /** Who is to be seen when not everybody can be. @param {string | null} call */
  prefer(call) {
    this.#watching.choose(call);
    this.#place();
  }

  /** How loud somebody is, linear, 0 to 1. @param {string} call */
  level(call) {
    return this.#levels.of(call);
  }

  /** What the server does not tell: how loud one's own microphone is, said a few times a second. @param {number} level linear */
  handleOwnLevel(level) {
    if (this.#inside) this.#levels.handle(this.#knock.call, level);
  }

  /** @param {boolean} up */
  setHand(up) {
    this.#aura?.notify(up ? "raise_hand" : "unraise_hand");
    this.#handle(up ? "member_raise_hand" : "member_unraise_hand", { member: this.#knock.call });
  }

  /** @param {string} reaction */
  react(reaction) {
    this.#aura?.notify("send_reaction", { reaction });
    this.#handle("member_send_reaction", { member: this.#knock.call, reaction });
  }

  /** While one waits: asks again. The server passes it on once in five seconds. */
  nudge() {
    this.#aura?.notify("still_waiting");
  }

  /** @param {string} call who waits @param {boolean} allowed */
  async decide(call, allowed) {
    await this.#request(allowed ? "allow_member" : "reject_member", { member: call, auth_token: this.#token });
    this.#handle("member_leave_waiting_room", { member: call });
  }

  /** @param {string} call @param {"audio" | "video"} what @param {boolean} muted */
  async muteMember(call, what, muted) {
    const deed = `${muted ? "mute" : "unmute"}`;
    await this.#request(`${deed}_member_${what}`, { member: call });
    this.#handle(`member_${deed}_${what}`, { member: call, by_admin: true });
  }

  /** @param {string} call */
  async remove(call) {
    await this.#request("remove_member", { member: call });
    this.#handle("member_leave_room", { member: call });
  }

  /** The network changed (the browser's `online` event): look for the way again at once. */
  networkChanged() {
    if (this.#over || !this.#inside) return;
    this.#media.networkChanged();
    this.#request("get_room_members", {}).catch((error) => this.#handleFatal(error));
  }

  /** How well it goes, from the peer connection's own counters. */
  quality() {
    return this.#media.quality();
  }

  async leave() {
    this.#aura?.notify("leave_room");
    this.#stop();
  }

  /** @param {boolean} first false: one was inside, and comes back */
  async #enter(first) {
    this.#arriving = true;
    try {
      for (let attempt = 0; ; attempt++) {
        if (!first || attempt > 0) await this.#pause(backoffMs(attempt, this.#env.random()));
        if (this.#over) return;
        try {
          return await this.#arrive(!first);
        } catch (error) {
          if (this.#over) return;
          const again = this.#held || !first || (isBusy(error) && attempt < BUSY_TRIES);
          if (!mayPass(error) || !again) throw error;
        }
      }
    } finally {
      this.#arriving = false;
    }
  }

  /** From a new socket to a session with media. @param {boolean} back */
  async #arrive(back) {
    this.#aura?.close();
    const aura = new Aura({ url: this.#url, env: this.#env });
    this.#aura = aura;
    aura.on("notification", ({ method, params }) => aura === this.#aura && this.#handle(method, params));
    aura.on("closed", () => aura === this.#aura && this.#handleLost());
    await aura.open();
    const held = () => {
      this.#held = true;
      if (aura === this.#aura) this.emit("waiting", { back });
    };
    this.#token = await knockAt(aura, this.#knock, held);
    const { ice_servers } = await aura.request("get_ice_servers", { auth_token: this.#token });
    if (aura !== this.#aura || this.#over) return;
    this.#beginMedia(ice_servers);
  }

  /** @param {IceServer[]} iceServers */
  #beginMedia(iceServers) {
    this.#setLink({ media: "connecting", events: "open" });
    /** @type {import("./signalling.js").Wire} */
    const wire = {
      offer: (sdp, sources, peer) => (peer === this.#joinedWith ? this.#subscribe(sdp, sources) : this.#join(sdp, sources, peer)),
    };
    const failed = (/** @type {unknown} */ error) => this.#handleFatal(error);
    const gaveUp = (/** @type {unknown} */ error) => this.#end("media_refused", error);
    this.#media.begin({ iceServers, wire, failed, gaveUp });
  }

  /** @param {string} sdp @param {SourceLabel[]} sources @param {Peer} peer */
  async #join(sdp, sources, peer) {
    const own = { audio_muted: this.#mute, video_muted: !this.#media.has("camera") };
    const joined = await this.#request("join_room", { sdp, sources, auth_token: this.#token, ...own });
    this.#outgoing.handleJoined(own);
    this.#joinedWith = peer;
    this.#handleJoined(joined, own);
    return joined;
  }

  /** @param {{ members: RoomMember[], is_admin: boolean }} joined @param {Partial<RoomMember>} own */
  #handleJoined({ members, is_admin }, own) {
    const call = this.#knock.call;
    const before = this.#roster.get(call);
    const self = before ?? newcomer(call, this.#name);
    const everybody = [{ ...self, is_admin, ...own }, ...members.filter(({ id }) => id !== call)];
    this.#inside = true;
    this.#held = false;
    this.emit("joined", { session_id: call, self: this.self });
    this.#setLink({ joining: false });
    this.#tell([{ type: "state", seq: 0, ts: "", participants: this.#roster.reset(everybody), slots: [] }]);
    for (const { method, params } of this.#early.splice(0)) this.#handle(method, params);
    this.#learn(is_admin);
  }

  /** What the answer to a join does not tell: how an admin left one, and who waits. @param {boolean} admin */
  async #learn(admin) {
    /** @param {string} method */
    const ask = (method) => this.#request(method, {}).catch(() => null);
    const { call } = this.#knock;
    /** @type {RoomMember | undefined} */
    const me = (await ask("get_room_members"))?.find((/** @type {RoomMember} */ { id }) => id === call);
    if (me) {
      const { name, user, audio_muted_by_admin, video_muted_by_admin } = me;
      this.#tell(this.#roster.change(call, { name, user, audio_muted_by_admin, video_muted_by_admin }));
    }
    /** @type {Waiting[] | null} */
    const people = admin ? await ask("get_waiting_room_members") : null;
    if (people) this.#tell([{ type: "waiting", seq: 0, ts: "", people }]);
  }

  /** @param {string} sdp @param {SourceLabel[]} sources */
  #subscribe(sdp, sources) {
    return this.#request("subscribe_room", { sdp, sources, members: this.#watching.ask(), auth_token: this.#token });
  }

  #place() {
    if (this.#joinedWith) this.#watching.place(this.#roster.all(), this.#knock.call);
  }

  /** @param {Peer} peer */
  #handlePeer(peer) {
    this.#watching.reset();
    this.#joinedWith = null;
    this.emit("peer", peer);
  }

  /** @param {Peer} peer */
  #handleAnswered(peer) {
    this.emit("answered", peer);
    this.#sayOwn(true);
    this.#place();
  }

  /** @param {boolean} answered the server knows the sections of what is sent now */
  #sayOwn(answered) {
    if (!this.#joinedWith) return;
    const now = { audio_muted: this.#mute, video_muted: !this.#media.has("camera"), screen_share: this.#media.has("screen") };
    for (const { method, change } of this.#outgoing.say(now, answered)) {
      this.#aura?.notify(method);
      this.#tell(this.#roster.change(this.#knock.call, change));
    }
  }

  /** @param {string} method @param {Record<string, any>} params */
  #handle(method, params) {
    if (!this.#inside) {
      if (this.#token && this.#early.length < EARLY_MAX) this.#early.push({ method, params });
      return;
    }
    switch (method) {
      case "member_audio_level":
        return this.#levels.handle(String(params.member), Number(params.audio_level));
      case "room_reconnect":
        this.#token = params.auth_token ?? this.#token;
        return void this.#media.connect();
      case "member_leave_room":
        if (params.member !== this.#knock.call) break;
        // Put out by nobody, one comes back: its media failed, or the server stops.
        return params.by_admin ? this.#end("removed", null) : this.#handleLost();
      case "room_active_speaker":
        this.#watching.handleSpeaker(String(params.member));
        break;
    }
    this.#tell(this.#roster.handle(method, params));
    if (params.by_admin && params.member === this.#knock.call && method.startsWith("member_unmute")) {
      this.#outgoing.handleFreed();
      this.#sayOwn(true);
    }
    this.#place();
  }

  /** @param {ServerEvent[]} events */
  #tell(events) {
    for (const event of events) this.emit("message", event);
  }

  /** @param {string} method @param {Record<string, unknown>} params */
  #request(method, params) {
    return this.#aura?.request(method, params) ?? Promise.reject(new ApiError(0, "UNREACHABLE", "The server cannot be reached."));
  }

  /** @param {unknown} error @returns {boolean} whether the session is begun anew for it */
  #handleFatal(error) {
    if (!(error instanceof ApiError) || (error.status !== 0 && error.status !== 401)) return false;
    this.#handleLost();
    return true;
  }

  /** The socket is gone, and with it one's place: come back, until the server answers. */
  #handleLost() {
    if (this.#over || this.#arriving) return;
    this.#drop();
    this.#setLink({ joining: true, media: "broken", events: "lost" });
    this.#enter(false).catch((error) => this.#end(whyNotBack(error), error));
  }

  /** @param {Partial<CallEvents["link"]>} change */
  #setLink(change) {
    this.#link = { ...this.#link, ...change };
    if (!this.#over) this.emit("link", this.#link);
  }

  /** @param {string} reason @param {unknown} error */
  #end(reason, error) {
    if (this.#over) return;
    this.#stop();
    this.emit("ended", { reason, error });
  }

  #stop() {
    this.#over = true;
    this.#drop();
  }

  #drop() {
    this.#media.end();
    this.#levels.stop();
    this.#watching.reset();
    const aura = this.#aura;
    this.#aura = this.#joinedWith = null;
    aura?.close();
    this.#early = [];
    this.#token = "";
    this.#inside = false;
    // Who comes back is new there: a hand that was up is not any more.
    this.#roster.reset([]);
  }

  /** @param {number} ms @returns {Promise<void>} */
  #pause(ms) {
    return new Promise((resolve) => this.#env.setTimeout(resolve, ms));
  }
}
