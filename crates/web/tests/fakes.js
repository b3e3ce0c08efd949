// Stand-ins for the browser's half: a clock that is turned by hand, sockets, peer connections and a
// server that answers as a script says.

import { ApiError } from "../client/protocol/api.js";

/** Lets everything that waits for nothing but its turn run. */
export async function settle() {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

export class FakeSocket {
  /** @type {FakeSocket[]} */
  static made = [];
  readyState = 0;
  /** @type {string[]} */
  sent = [];
  /** @type {(() => void) | null} */
  onopen = null;
  /** @type {((message: { data: string }) => void) | null} */
  onmessage = null;
  /** @type {(() => void) | null} */
  onclose = null;

  /** @param {string} url @param {string} [protocol] */
  constructor(url, protocol) {
    this.url = url;
    this.protocol = protocol;
    FakeSocket.made.push(this);
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(text);
  }

  close() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.();
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  /** @param {Record<string, unknown>} event */
  tell(event) {
    this.onmessage?.({ data: JSON.stringify(event) });
  }
}

export class FakePeerConnection {
  /** @type {FakePeerConnection[]} */
  static made = [];
  connectionState = "new";
  iceConnectionState = "new";
  iceGatheringState = "complete";
  localDescription = { sdp: "" };
  /** @type {{ iceRestart: boolean, camera: string }[]} */
  offers = [];
  /** @type {any[]} */
  transceivers = [];
  /** @type {(() => void) | null} */
  onconnectionstatechange = null;
  /** @type {(() => void) | null} */
  oniceconnectionstatechange = null;

  constructor() {
    FakePeerConnection.made.push(this);
  }

  /** @param {string} kind @param {{ direction: string }} options */
  addTransceiver(kind, { direction }) {
    const sender = {
      /** @type {any} */
      track: null,
      /** @param {any} track */
      async replaceTrack(track) {
        this.track = track;
      },
      getParameters: () => ({ encodings: [] }),
      setParameters: async () => {},
    };
    const transceiver = { mid: /** @type {string | null} */ (null), direction, sender, receiver: { track: { kind } } };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  /** @param {{ iceRestart?: boolean }} options */
  async createOffer({ iceRestart = false }) {
    this.offers.push({ iceRestart, camera: this.transceivers[1].direction });
    return { type: "offer", sdp: `offer ${this.offers.length}` };
  }

  /** @param {{ sdp: string }} description */
  async setLocalDescription(description) {
    this.localDescription = description;
    this.transceivers.forEach((transceiver, at) => (transceiver.mid ??= String(at)));
  }

  async setRemoteDescription() {}

  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.iceConnectionState = state;
    this.onconnectionstatechange?.();
  }

  close() {
    this.connectionState = "closed";
  }
}

/** A clock that stands still until it is turned. */
export function fakeEnv() {
  let now = 0;
  /** @type {{ at: number, handler: () => void }[]} */
  let timers = [];
  FakeSocket.made = [];
  FakePeerConnection.made = [];
  Object.assign(globalThis, { MediaStream: class {} });
  /** @type {any} */
  const env = {
    setTimeout(/** @type {() => void} */ handler, /** @type {number} */ ms) {
      const timer = { at: now + ms, handler };
      timers.push(timer);
      return timer;
    },
    clearTimeout(/** @type {any} */ timer) {
      timers = timers.filter((one) => one !== timer);
    },
    random: () => 1,
    now: () => now,
    WebSocket: FakeSocket,
    RTCPeerConnection: FakePeerConnection,
  };
  return {
    /** @type {import("../client/protocol/types.js").Env} */
    env,
    /** @param {number} ms */
    async pass(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((one) => one !== next);
        now = next.at;
        next.handler();
        await settle();
      }
      now = until;
    },
  };
}

/** The fake server's clock, which is not ours. @param {number} now */
export const serverTime = (now) => new Date(Date.UTC(2026, 0, 29) + now).toISOString();

/**
 * A server that writes down what it is asked, and refuses what `refuse` names. It answers at once, or
 * when `hold` says so.
 * @param {() => number} [now] milliseconds, for what it grants
 */
export function fakeApi(now = () => 0) {
  /** @type {{ name: string, args: any[] }[]} */
  const asked = [];
  /** @type {Map<string, Promise<void>>} */
  const held = new Map();
  /** @type {Map<string, () => unknown>} */
  const refuse = new Map();
  let sessions = 0;
  const turn = () => ({ acquired: true, current_speaker_user_id: "", expires_at: serverTime(now() + 20_000) });
  /** @param {string} name @param {(...args: any[]) => unknown} answer */
  const route = (name, answer) => async (/** @type {any[]} */ ...args) => {
    asked.push({ name, args });
    await held.get(name);
    const refusal = refuse.get(name)?.();
    if (refusal) throw refusal;
    return answer(...args);
  };
  /** @type {any} */
  const api = {
    join: route("join", () => ({ session_id: `session ${++sessions}`, server_endpoint: "", ice_servers: [] })),
    leave: route("leave", () => null),
    voiceState: route("voiceState", () => ({})),
    offer: route("offer", () => ({ sdp: "answer" })),
    answer: route("answer", () => ({})),
    candidate: route("candidate", () => ({})),
    takeFloor: route("takeFloor", () => turn()),
    keepFloor: route("keepFloor", () => turn()),
    releaseFloor: route("releaseFloor", () => ({ released: true })),
    requestToSpeak: route("requestToSpeak", () => null),
    withdrawRequest: route("withdrawRequest", () => null),
    inviteToSpeak: route("inviteToSpeak", () => null),
    respondToInvite: route("respondToInvite", () => null),
    revokeSpeaker: route("revokeSpeaker", () => null),
    move: route("move", () => null),
    eventsUrl: (/** @type {string} */ session, /** @type {number | null} */ after) => `${session} after ${after}`,
  };
  return {
    /** @type {import("../client/protocol/api.js").Api} */
    api,
    asked,
    refuse,
    /** Answers to this wait from now on. @param {string} name @returns {() => void} until this is called */
    hold(name) {
      /** @type {() => void} */
      let go = () => {};
      held.set(name, new Promise((resolve) => (go = resolve)));
      return () => {
        held.delete(name);
        go();
      };
    },
    /** @param {string} name */
    all: (name) => asked.filter((one) => one.name === name),
  };
}

/**
 * A server that speaks Aura on the newest socket: writes down what it is asked and told, and answers as `answers`
 * says. What has no answer there is not answered.
 */
export function fakeMeetings() {
  /** @type {Map<string, (params: any) => unknown>} throws what it refuses */
  const answers = new Map();
  /** @type {[string, any][]} */
  const heard = [];
  const socket = () => /** @type {FakeSocket} */ (FakeSocket.made.at(-1));
  /** @param {FakeSocket} from */
  const attach = (from) => {
    from.send = (text) => {
      from.sent.push(text);
      const { id, method, params } = JSON.parse(text);
      heard.push([method, params]);
      if (id !== undefined) reply(from, id, answers.get(method), params);
    };
  };
  return {
    answers,
    socket,
    /** The newest socket opens. */
    async open() {
      attach(socket());
      socket().open();
      await settle();
    },
    /** @param {string} method @param {object} [params] */
    async notify(method, params = {}) {
      socket().tell({ jsonrpc: "2.0", method, params });
      await settle();
    },
    /** The parameters of everything of this kind. @param {string} method */
    all: (method) => heard.filter(([name]) => name === method).map(([, params]) => params),
    names: () => heard.map(([name]) => name),
  };
}

/** @param {FakeSocket} socket @param {number} id @param {((params: any) => unknown) | undefined} answer @param {any} params */
function reply(socket, id, answer, params) {
  if (!answer) return;
  try {
    socket.tell({ jsonrpc: "2.0", id, result: answer(params) });
  } catch (error) {
    const { status, message } = /** @type {ApiError} */ (error);
    socket.tell({ jsonrpc: "2.0", id, error: { code: status, message } });
  }
}

/** @param {number} status @param {string} [code] */
export const refusal = (status, code = "") => new ApiError(status, code, "no");

/**
 * The devices of a machine: which are open, and a browser that may make one wait for them.
 * @param {{ microphone?: boolean }} [options]
 */
export function fakeCapture({ microphone = true } = {}) {
  /** @type {Map<string, any>} */
  const tracks = new Map();
  let asked = Promise.resolve();
  const capture = {
    tracks,
    /** @param {string} source */
    async open(source) {
      await asked;
      if (source === "microphone" && !microphone) return null;
      if (!tracks.has(source)) tracks.set(source, { kind: source, readyState: "live" });
      return tracks.get(source);
    },
    /** @param {string} source */
    close: (source) => void tracks.delete(source),
    closeAll: () => tracks.clear(),
    on: () => {},
  };
  return {
    capture: /** @type {any} */ (capture),
    open: () => [...tracks.keys()].sort(),
    /** The browser asks the person. @returns {() => void} until this is called */
    ask() {
      /** @type {() => void} */
      let answer = () => {};
      asked = new Promise((resolve) => (answer = resolve));
      return answer;
    },
  };
}
