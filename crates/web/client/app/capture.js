// Microphone, camera and screen of this machine: asks for them, keeps them on the chosen device,
// falls back when a device goes away, and says what stands in the way.

import { Emitter } from "../protocol/emitter.js";

/** @import { Source } from "../protocol/types.js" */
/** @import { Capture as CaptureState, Device, DeviceKind } from "../state/devices.js" */
/** @import { AppStore } from "./context.js" */

/**
 * @typedef {object} CaptureEvents
 * @property {{ source: Source, track: MediaStreamTrack | null }} track what a source gives from now on
 * @property {string} notice in plain words
 */

/** @type {Record<"microphone" | "camera", DeviceKind>} */
const KIND = { microphone: "audioinput", camera: "videoinput" };

/** What people look at is a tile, seldom the full screen: 720p is plenty. */
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
/** Text wants sharp pixels more than smooth motion. */
const SCREEN = { frameRate: { ideal: 15, max: 30 } };

/** @param {unknown} error @returns {CaptureState} */
function obstacle(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "blocked";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "busy";
}

/** @extends {Emitter<CaptureEvents>} */
export class Capture extends Emitter {
  /** @type {Map<Source, MediaStreamTrack>} */
  tracks = new Map();
  #store;

  /** @param {AppStore} store */
  constructor(store) {
    super();
    this.#store = store;
    const media = navigator.mediaDevices;
    store.dispatch({
      type: "devices/can",
      canChooseOutput: "setSinkId" in HTMLMediaElement.prototype,
      canShareScreen: Boolean(media && "getDisplayMedia" in media),
    });
    media?.addEventListener("devicechange", () => this.#handleDeviceChange());
    this.list();
  }

  /**
   * Opens the microphone or the camera, or gives the one that is open.
   * @param {"microphone" | "camera"} source
   * @returns {Promise<MediaStreamTrack | null>} null: the store says why
   */
  async open(source) {
    const present = this.tracks.get(source);
    if (present?.readyState === "live") return present;
    if (!navigator.mediaDevices?.getUserMedia) return this.#say(source, "insecure");
    this.#say(source, "asking");
    const chosen = this.#store.get().devices.chosen[KIND[source]];
    try {
      return this.#keep(source, await this.#ask(source, chosen));
    } catch (error) {
      return this.#say(source, obstacle(error));
    }
  }

  /** @returns {Promise<MediaStreamTrack | null>} */
  async openScreen() {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: SCREEN, audio: false });
      const track = stream.getVideoTracks()[0];
      if (!track) return null;
      track.contentHint = "detail";
      return this.#keep("screen", track);
    } catch (error) {
      // Closing the browser's own question is an answer, not a problem.
      if (obstacle(error) !== "blocked") this.emit("notice", "The screen could not be shared.");
      return null;
    }
  }

  /** @param {Source} source */
  close(source) {
    const track = this.tracks.get(source);
    this.tracks.delete(source);
    track?.stop();
    if (source !== "screen") this.#say(source, "off");
    if (track) this.emit("track", { source, track: null });
  }

  closeAll() {
    for (const source of [...this.tracks.keys()]) this.close(source);
  }

  /** @param {DeviceKind} kind @param {string} id */
  async choose(kind, id) {
    this.#store.dispatch({ type: "devices/chosen", kind, id });
    const source = kind === "audioinput" ? "microphone" : kind === "videoinput" ? "camera" : null;
    if (!source || !this.tracks.has(source)) return;
    await this.#reopen(source);
  }

  async list() {
    const found = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    /** @param {DeviceKind} kind @returns {Device[]} */
    const of = (kind) =>
      found
        .filter((device) => device.kind === kind && device.deviceId && device.deviceId !== "default")
        .map(({ deviceId, label }, at) => ({ id: deviceId, label: label || `Device ${at + 1}` }));
    const lists = { audioinput: of("audioinput"), audiooutput: of("audiooutput"), videoinput: of("videoinput") };
    this.#store.dispatch({ type: "devices/listed", lists });
    return lists;
  }

  /** @param {"microphone" | "camera"} source @param {string} device */
  async #ask(source, device) {
    const exact = device ? { deviceId: { exact: device } } : {};
    try {
      return await this.#get(source, exact);
    } catch (error) {
      if (!device || obstacle(error) !== "missing") throw error;
      this.#forget(KIND[source]);
      return this.#get(source, {});
    }
  }

  /** @param {"microphone" | "camera"} source @param {MediaTrackConstraints} wish */
  async #get(source, wish) {
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...wish };
    const constraints = source === "microphone" ? { audio } : { video: { ...CAMERA, ...wish } };
    const stream = await navigator.mediaDevices.getUserMedia(constraints);
    const track = stream.getTracks()[0];
    if (!track) throw new DOMException("no track", "NotFoundError");
    return track;
  }

  /** @param {Source} source @param {MediaStreamTrack} track */
  #keep(source, track) {
    const before = this.tracks.get(source);
    this.tracks.set(source, track);
    before?.stop();
    track.onended = () => this.#handleEnded(source, track);
    if (source !== "screen") {
      this.#say(source, "on");
      this.list();
    }
    this.emit("track", { source, track });
    return track;
  }

  /** The browser took it away: unplugged, permission withdrawn, or "stop sharing" pressed. @param {Source} source @param {MediaStreamTrack} track */
  async #handleEnded(source, track) {
    if (this.tracks.get(source) !== track) return;
    if (source === "screen") {
      this.close(source);
      return;
    }
    const name = track.label;
    this.#forget(KIND[source]);
    const next = await this.#reopen(source);
    const went = source === "microphone" ? "Your microphone went away" : "Your camera went away";
    if (next) this.emit("notice", `${went}. Now using ${next.label || "another one"}.`);
    else this.emit("notice", `${went} (${name}).${source === "microphone" ? " You can still listen." : ""}`);
  }

  /** @param {"microphone" | "camera"} source */
  async #reopen(source) {
    const before = this.tracks.get(source);
    this.tracks.delete(source);
    // Some systems give a camera to one taker only: let go before asking again.
    if (source === "camera") before?.stop();
    const next = await this.open(source);
    before?.stop();
    if (!next) this.emit("track", { source, track: null });
    return next;
  }

  async #handleDeviceChange() {
    const lists = await this.list();
    const { chosen } = this.#store.get().devices;
    if (chosen.audiooutput && !lists.audiooutput.some(({ id }) => id === chosen.audiooutput)) {
      this.#forget("audiooutput");
      this.emit("notice", "Your loudspeaker went away. Now using the system's own.");
    }
    // Plugged in at last: somebody without a microphone may now have one.
    const { microphone } = this.#store.get().devices;
    if (microphone === "missing" && lists.audioinput.length) await this.open("microphone");
  }

  /** @param {DeviceKind} kind */
  #forget(kind) {
    this.#store.dispatch({ type: "devices/chosen", kind, id: "" });
  }

  /** @param {"microphone" | "camera"} source @param {CaptureState} capture */
  #say(source, capture) {
    this.#store.dispatch({ type: "devices/capture", source, capture });
    return null;
  }
}
