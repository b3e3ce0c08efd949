// Ties a Call to the store, the devices and the loudspeakers: everything one does in a room.

import { Call } from "../protocol/call.js";
import { wantsPassword } from "../protocol/door.js";
import { canonicalId, sameId } from "../protocol/ids.js";
import { Meeting } from "../protocol/meeting.js";
import { MicrophoneLevel, onScale, receiverLevel } from "./levels.js";
import { callTo, MeetingPlace } from "./meeting.js";
import { Speakers } from "./speakers.js";
import { StagePlace } from "./stage.js";
import { storage } from "./storage.js";
import { Talk } from "./talk.js";
import { TileSizes } from "./tiles.js";
import { doorInWords, endInWords, meetingDoorInWords, moderatedInWords } from "./words.js";
import { captionsOn } from "../state/captions.js";
import { inMeeting, isMeeting } from "../state/meeting.js";
import { myself, selfId, voiceSlot } from "../state/select.js";
import { isListening, isStage } from "../state/stage.js";

/** @import { Api } from "../protocol/api.js" */
/** @import { Peer } from "../protocol/peer.js" */
/** @import { Room, ServerEvent, Source } from "../protocol/types.js" */
/** @import { Capture } from "./capture.js" */
/** @import { State } from "../state/state.js" */
/** @import { AppStore } from "./context.js" */

/** @typedef {Partial<Pick<import("../state/call.js").CallState, "mute" | "deaf" | "camera" | "screen">>} OwnChange */

/** Faster would make the numbers jump; slower would tell of trouble after it is heard. */
const QUALITY_MS = 2000;

/**
 * @typedef {object} Needs
 * @property {Api} api
 * @property {AppStore} store
 * @property {Capture} capture
 * @property {import("./context.js").App["captions"]} captions
 * @property {import("./context.js").App["transcript"]} transcript
 * @property {Promise<string>} client the tab's name
 * @property {(text: string) => void} notice
 * @property {(event: ServerEvent) => void} announce
 * @property {(channel: string, who: string | null, from: string) => void} moved
 * @property {() => void} signedOut
 */

export class Session {
  /** @type {Call | Meeting | null} */
  call = null;
  #needs;
  #speakers;
  #microphoneLevel = new MicrophoneLevel();
  /** @type {any} */
  #qualityTimer = null;
  /** @type {string | null} who kicked, said just before the end */
  #by = null;
  /** @type {Peer | null} whose sound is playing */
  #known = null;
  /** Passwords of rooms as they were typed; the one of the room one is in outlives a reload. @type {Map<string, string>} */
  passwords = new Map();

  /** @param {Needs} needs */
  constructor(needs) {
    this.#needs = needs;
    this.#speakers = new Speakers(needs.store);
    this.talk = new Talk(needs);
    this.stage = new StagePlace({ ...needs, mute: (mute) => this.#mute(mute) });
    this.meeting = new MeetingPlace({ ...needs, amplitude: () => this.#microphoneLevel.amplitude() });
    this.sizes = new TileSizes(needs.store, (views) => this.call?.setViews(views));
    needs.capture.on("track", ({ source, track }) => this.#handleTrack(source, track));
    needs.capture.on("notice", needs.notice);
    addEventListener("online", () => this.call?.networkChanged());
  }

  /**
   * @param {Room} room
   * @param {{ camera: boolean } | null} [before] how it was when this page was reloaded inside
   */
  async join(room, before = null) {
    const { store, capture } = this.#needs;
    const stage = isStage(room);
    // Without a microphone the others should see that no word will come; in a talk room the button says it.
    if (room.type === "talk") this.#own({ mute: false });
    else if (stage ? !before : !capture.tracks.has("microphone")) this.#own({ mute: true });
    const password = this.passwords.get(room.room_id) ?? "";
    // There is no word for it in a meeting, so it would not be seen.
    if (isMeeting(room)) this.#own({ deaf: false });
    store.dispatch({ type: "call/joining", room: room.room_id });
    const call = await this.#callTo(room, password);
    if (store.get().call.phase !== "joining") return;
    this.call = call;
    this.#by = null;
    this.#follow(call);
    if (call instanceof Meeting) this.meeting.begin(call);
    else {
      this.talk.begin(call, room);
      this.stage.begin(call, room, before ?? {});
    }
    for (const [source, track] of capture.tracks) await call.setTrack(source, track);
    try {
      await call.start();
    } catch (error) {
      if (this.call !== call) return;
      this.#letGo();
      this.#handleRefused(error, room, password);
    }
    this.#remember();
  }

  /** @param {Room} room @param {string} password */
  async #callTo(room, password) {
    if (isMeeting(room)) return callTo(this.#needs, room, password);
    const { api, store, client } = this.#needs;
    const pushToTalk = room.type === "talk" || isStage(room);
    const { mute, deaf } = store.get().call;
    return new Call({ api, channel: room.room_id, client: await client, mute, deaf, password, pushToTalk });
  }

  /** @param {unknown} error @param {Room} room @param {string} typed the password */
  #handleRefused(error, room, typed) {
    const { store } = this.#needs;
    if (!isMeeting(room)) {
      store.dispatch({ type: "call/refused", error: doorInWords(error, { hasPassword: room.has_password, typed }) });
      return;
    }
    const guest = store.get().account.status !== "in";
    if (wantsPassword(error)) store.dispatch({ type: "meeting/password", wanted: true });
    store.dispatch({ type: "call/refused", error: meetingDoorInWords(error, { guest, typed }) });
  }

  /**
   * The call goes on in another room. Nobody is heard who was not heard before, unless they had asked for it.
   * @param {Room} room
   * @param {string} from the kind of the room before
   */
  async settleIn(room, from) {
    const { store, capture } = this.#needs;
    if (!this.call || this.call instanceof Meeting) return;
    // In a talk room the button alone keeps it shut: muted before it opens, and unmuted once it is shut.
    if (from === "talk" && room.type !== "talk") this.#mute(true);
    this.talk.begin(this.call, room);
    this.stage.begin(this.call, room);
    if (room.type === "talk") this.#mute(false);
    this.sizes.forget();
    this.#remember();
    if (isStage(room) || room.type === "talk" || store.get().call.mute) return;
    if (!(await capture.open("microphone"))) this.#mute(true);
  }

  async leave() {
    const { store, capture } = this.#needs;
    const call = this.call;
    this.#letGo();
    capture.closeAll();
    store.dispatch({ type: "call/left" });
    await call?.leave();
  }

  /** @param {boolean} [mute] */
  async setMute(mute = !this.#needs.store.get().call.mute) {
    const { store, capture, notice } = this.#needs;
    if (this.#refuseListener()) return;
    if (myself(store.get())?.server_mute) return notice(`${inMeeting(store.get()) ? "An admin" : "A moderator"} muted you. Only they can let you speak again.`);
    if (!mute && !(await capture.open("microphone"))) {
      notice(store.get().devices.microphone === "blocked" ? "Your microphone is blocked." : "There is no microphone to switch on.");
      return;
    }
    this.#mute(mute);
  }

  /** Before joining: in, but not heard. */
  setMuteQuietly() {
    this.#own({ mute: true });
  }

  /** @param {boolean} [deaf] */
  setDeaf(deaf = !this.#needs.store.get().call.deaf) {
    const { store, notice } = this.#needs;
    if (inMeeting(store.get())) return;
    if (myself(store.get())?.server_deaf) return notice("A moderator deafened you. Only they can let you hear again.");
    this.#speakers.setMuted(deaf);
    this.#own({ deaf });
    if (!(this.call instanceof Meeting)) this.call?.setDeaf(deaf);
  }

  async toggleCamera() {
    const { store, capture, notice } = this.#needs;
    if (this.#refuseListener()) return;
    if (myself(store.get())?.server_video_mute) return notice("An admin stopped your camera. Only they can let you switch it on again.");
    if (store.get().call.camera) capture.close("camera");
    else await capture.open("camera");
  }

  async toggleScreen() {
    const { store, capture } = this.#needs;
    if (this.#refuseListener()) return;
    if (store.get().call.screen) capture.close("screen");
    else await capture.openScreen();
  }

  /** @param {string} mid @returns {MediaStream | null} */
  stream(mid) {
    return this.call?.slots.get(mid)?.stream ?? null;
  }

  /** How loud somebody is, 0 to 1. @param {string} userId */
  level(userId) {
    const state = this.#needs.store.get();
    if (sameId(selfId(state), userId)) return this.microphoneLevel();
    if (this.call instanceof Meeting) return onScale(this.call.level(state.call.people[canonicalId(userId)]?.session_id ?? ""));
    const mid = voiceSlot(state, userId);
    return mid ? receiverLevel(this.call?.slots.get(mid)?.receiver) : 0;
  }

  microphoneLevel() {
    return this.#microphoneLevel.now();
  }

  hear() {
    this.#speakers.unblock();
  }

  chooseOutput() {
    this.#speakers.chooseOutput();
  }

  /** @param {Call | Meeting} call */
  #follow(call) {
    const { store } = this.#needs;
    /** @param {() => void} act only while this is the call */
    const ours = (act) => this.call === call && act();
    call.on("joined", ({ session_id, self }) => ours(() => {
      store.dispatch({ type: "call/joined", session: session_id, self });
      this.sizes.forget();
      this.#remember();
    }));
    call.on("waiting", ({ back }) => ours(() => this.meeting.handleHeld(back)));
    call.on("link", (link) => ours(() => {
      if (link.joining) this.talk.handleDisconnected();
      store.dispatch({ type: "call/link", link });
    }));
    call.on("message", (event) => ours(() => this.#handleEvent(event)));
    call.on("answered", (peer) => ours(() => this.#handleAnswered(peer)));
    call.on("ended", ({ reason, error }) => ours(() => this.#handleEnded(reason, error)));
    clearInterval(this.#qualityTimer);
    this.#qualityTimer = setInterval(() => this.#measure(call), QUALITY_MS);
  }

  /** @param {Peer} peer */
  #handleAnswered(peer) {
    this.#speakers.setMuted(this.#needs.store.get().call.deaf);
    for (const [mid, { kind, stream }] of peer.slots) {
      if (kind === "audio") this.#speakers.play(mid, stream);
    }
    if (this.#known !== peer) this.#needs.store.dispatch({ type: "call/peer" });
    this.#known = peer;
  }

  /** @param {ServerEvent} event */
  #handleEvent(event) {
    const { store, notice, announce, captions, transcript } = this.#needs;
    const before = store.get();
    if (event.type === "kicked") this.#by = this.#nameOf(event.by);
    announce(event);
    store.dispatch({ type: "call/event", event });
    this.talk.handleEvent(event);
    this.stage.handleEvent(event, before);
    this.meeting.handleEvent(event, before);
    captions.handleEvent(event, captionsOn(before));
    if (event.type === "state") transcript.refresh();
    if (event.type === "moved") this.#handleMoved(event, before);
    const [then, now] = [myself(before), myself(store.get())];
    if (!then || !now) return;
    for (const words of moderatedInWords(then, now, this.#nameOf(event.by) ?? (inMeeting(before) ? "An admin" : "A moderator"))) notice(words);
  }

  /** @param {ServerEvent} event @param {State} before */
  #handleMoved(event, before) {
    const who = event.by ? before.call.people[canonicalId(event.by)]?.username ?? "A moderator" : null;
    // The floor stays behind.
    this.talk.end();
    this.#remember();
    this.#needs.captions.forget();
    this.#needs.moved(event.channel_id, who, before.rooms.open.room?.type ?? "voice");
  }

  /** @param {string} reason @param {unknown} error */
  #handleEnded(reason, error) {
    const { store, capture, signedOut } = this.#needs;
    const by = this.#by;
    this.#letGo();
    capture.closeAll();
    if (reason === "signed_out") {
      store.dispatch({ type: "call/left" });
      signedOut();
      return;
    }
    store.dispatch({ type: "call/over", reason, ...endInWords(reason, error, by) });
  }

  /** @param {Source} source @param {MediaStreamTrack | null} track */
  #handleTrack(source, track) {
    const { store, capture } = this.#needs;
    // The browser's question was answered when one was no speaker any more.
    if (track && this.call && isListening(store.get())) return capture.close(source);
    if (source === "microphone") this.#microphoneLevel.listen(track);
    else if (source === "camera") this.#own({ camera: track !== null });
    else this.#own({ screen: track !== null });
    this.call?.setTrack(source, track).catch(() => this.#needs.notice("That could not be switched. Try again."));
  }

  /** @param {Call | Meeting} call */
  async #measure(call) {
    if (document.visibilityState === "hidden") return;
    const measured = await call.quality().catch(() => null);
    if (!measured || this.call !== call) return;
    this.#needs.store.dispatch({ type: "call/quality", self: measured.self, slots: Object.fromEntries(measured.slots) });
  }

  /** Whether one is only listening, which is said then. */
  #refuseListener() {
    const { store, notice } = this.#needs;
    if (!isListening(store.get())) return false;
    if (this.call) notice("You are listening. On stage you can be heard and seen.");
    return true;
  }

  /** @param {boolean} mute */
  #mute(mute) {
    this.#own({ mute });
    this.call?.setMute(mute);
  }

  /** @param {OwnChange} change */
  #own(change) {
    this.#needs.store.dispatch({ type: "call/own", change });
    this.#remember();
  }

  #remember() {
    const { call, account, meeting } = this.#needs.store.get();
    const { phase, room, mute, deaf, camera } = call;
    if (!this.call || phase !== "in" || !room) return;
    const guest = account.status === "in" ? {} : { guest: meeting.guest };
    storage.inside = { room, mute, deaf, camera, password: this.passwords.get(room), ...guest };
  }

  #letGo() {
    this.call = null;
    this.talk.end();
    this.stage.end();
    this.meeting.end();
    this.#needs.captions.forget();
    this.#known = null;
    clearInterval(this.#qualityTimer);
    this.#speakers.stop();
    storage.inside = null;
  }

  /** @param {string | null | undefined} id */
  #nameOf(id) {
    if (!id) return null;
    return this.#needs.store.get().call.people[canonicalId(id)]?.username ?? null;
  }
}
