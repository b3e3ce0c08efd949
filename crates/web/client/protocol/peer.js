// One RTCPeerConnection and the shape that the server expects of it: three sections that send, and
// receive-only sections ("slots") that the server fills. People come and go without a new offer; only a
// meeting with more pictures adds sections. Called by media.js.

import { Emitter } from "./emitter.js";

/** @import { Env, IceServer, Source, SourceLabel } from "./types.js" */

/** More audio slots would mix more voices at once than anyone can follow. */
export const AUDIO_SLOTS = 8;
/** More video slots would cost a phone more than it can decode. */
export const VIDEO_SLOTS = 6;
/**
 * How long an offer waits for candidates; the server needs none of ours, so this is courtesy. Relays take longer, and
 * one that a firewall hides would hold up every join: what comes later follows by itself.
 */
const GATHER_MS = 100;

/** @type {Source[]} */
const SOURCES = ["microphone", "camera", "screen"];

/** What each source may send at most, in bits per second. Of the camera each layer has a limit of its own. */
const MAX_BITRATE = { microphone: 64_000, screen: 2_500_000 };

/**
 * The camera is sent in three sizes, and the server gives each viewer the one that fits its tile and its
 * network. The smallest first: a thin uplink stops the others.
 * @type {RTCRtpEncodingParameters[]}
 */
const CAMERA_LAYERS = [
  { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

/**
 * @typedef {object} PeerEvents
 * @property {RTCPeerConnectionState} state
 * @property {RTCIceCandidate | null} candidate found after the offer was taken
 */

/** @extends {Emitter<PeerEvents>} */
export class Peer extends Emitter {
  /** @type {Map<string, { kind: "audio" | "video", stream: MediaStream, receiver: RTCRtpReceiver }>} by mid */
  slots = new Map();
  #env;
  /** @type {Map<Source, RTCRtpTransceiver>} */
  #sending = new Map();
  /** @type {RTCRtpTransceiver[]} */
  #receiving = [];
  #offered = false;

  /**
   * @param {IceServer[]} iceServers
   * @param {Env} env
   */
  constructor(iceServers, env) {
    super();
    this.#env = env;
    this.pc = new env.RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.pc.onconnectionstatechange = () => this.emit("state", this.state);
    this.pc.oniceconnectionstatechange = () => this.emit("state", this.state);
    this.pc.onicecandidate = ({ candidate }) => {
      if (this.#offered) this.emit("candidate", candidate);
    };
    this.#sending.set("microphone", this.pc.addTransceiver("audio", { direction: "sendonly" }));
    this.#sending.set("camera", this.pc.addTransceiver("video", { direction: "inactive", sendEncodings: CAMERA_LAYERS }));
    this.#sending.set("screen", this.pc.addTransceiver("video", { direction: "inactive" }));
    for (let i = 0; i < AUDIO_SLOTS; i++) this.#addSlot("audio");
    this.growTo(VIDEO_SLOTS);
  }

  /**
   * At least so many sections for pictures; they are never fewer again. New ones need an offer.
   * @param {number} count
   * @returns {boolean} whether there are new ones
   */
  growTo(count) {
    const present = this.#receiving.filter(({ receiver }) => receiver.track.kind === "video").length;
    for (let i = present; i < count; i++) this.#addSlot("video");
    return present < count;
  }

  /** @param {"audio" | "video"} kind */
  #addSlot(kind) {
    this.#receiving.push(this.pc.addTransceiver(kind, { direction: "recvonly" }));
  }

  /**
   * ICE tells of trouble sooner than the connection as a whole does; the worse of the two counts.
   * @returns {RTCPeerConnectionState}
   */
  get state() {
    const { connectionState, iceConnectionState } = this.pc;
    if (connectionState === "closed" || connectionState === "failed") return connectionState;
    if (iceConnectionState === "failed" || iceConnectionState === "disconnected") return iceConnectionState;
    return connectionState;
  }

  /**
   * What a section sends. For camera and screen a new offer must follow.
   * @param {Source} source
   * @param {MediaStreamTrack | null} track
   */
  async setTrack(source, track) {
    const section = this.#sending.get(source);
    if (!section) return;
    if (source !== "microphone") section.direction = track ? "sendonly" : "inactive";
    await section.sender.replaceTrack(track);
  }

  /**
   * Makes an offer and waits a moment for its candidates.
   * @param {boolean} iceRestart
   * @returns {Promise<{ sdp: string, sources: SourceLabel[] }>}
   */
  async offer(iceRestart) {
    this.#offered = false;
    await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart }));
    this.#nameSlots();
    await this.#gathered();
    this.#offered = true;
    return { sdp: this.pc.localDescription?.sdp ?? "", sources: this.#sources() };
  }

  /** @param {string} sdp */
  async handleAnswer(sdp) {
    await this.pc.setRemoteDescription({ type: "answer", sdp });
    await this.#limitBitrates();
  }

  /**
   * @param {string} sdp an offer of the server
   * @returns {Promise<string>} our answer
   */
  async handleOffer(sdp) {
    await this.pc.setRemoteDescription({ type: "offer", sdp });
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    return this.pc.localDescription?.sdp ?? "";
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async handleCandidate(candidate) {
    await this.pc.addIceCandidate(candidate ?? undefined);
  }

  close() {
    this.pc.onconnectionstatechange = null;
    this.pc.oniceconnectionstatechange = null;
    this.pc.onicecandidate = null;
    this.pc.close();
  }

  #nameSlots() {
    for (const { mid, receiver } of this.#receiving) {
      if (mid === null || this.slots.has(mid)) continue;
      const kind = receiver.track.kind === "audio" ? "audio" : "video";
      this.slots.set(mid, { kind, stream: new MediaStream([receiver.track]), receiver });
    }
  }

  /** @returns {SourceLabel[]} */
  #sources() {
    return SOURCES.flatMap((source) => {
      const mid = this.#sending.get(source)?.mid;
      return mid ? [{ mid, source }] : [];
    });
  }

  async #limitBitrates() {
    for (const [source, { sender }] of this.#sending) {
      if (source === "camera") continue;
      const parameters = sender.getParameters();
      const encoding = parameters.encodings?.[0];
      if (!encoding || encoding.maxBitrate === MAX_BITRATE[source]) continue;
      encoding.maxBitrate = MAX_BITRATE[source];
      // Only an upper bound; a browser that refuses it sends all the same.
      await sender.setParameters(parameters).catch(() => {});
    }
  }

  /** @returns {Promise<void>} */
  #gathered() {
    if (this.pc.iceGatheringState === "complete") return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#env.setTimeout(resolve, GATHER_MS);
      this.pc.onicegatheringstatechange = () => {
        if (this.pc.iceGatheringState !== "complete") return;
        this.#env.clearTimeout(timer);
        resolve();
      };
    });
  }
}
