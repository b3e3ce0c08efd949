// A network between one client and the server's media port: what goes through it comes late, waits at a bottleneck,
// or is lost. What it does may be changed while it runs, each way for itself.

import dgram from "node:dgram";
import { once } from "node:events";

/**
 * One way of a network.
 * @typedef {object} Line
 * @property {number} delayMs how long a datagram is under way
 * @property {number} loss the share of datagrams that are lost, from 0 to 1
 * @property {number} kbps what the bottleneck carries, in kilobits a second
 * @property {number} queueMs how long a datagram waits there at most; what would wait longer is dropped
 */

/** As if there were nothing. @type {Line} */
const OPEN = { delayMs: 0, loss: 0, kbps: Infinity, queueMs: 300 };

/** A browser has a few addresses to send from; each gets a way back of its own. */
const SOURCES_MAX = 32;

/** One way that datagrams go. They never overtake one another. */
class Way {
  line = OPEN;
  /** Datagrams so far that came through, were lost, and found no place at the bottleneck. */
  counts = { carried: 0, lost: 0, dropped: 0 };
  #random;
  /** When the bottleneck has carried all that waits there. */
  #freeAt = 0;
  /** @type {{ at: number, deliver: () => void }[]} */
  #underWay = [];
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {number} seed which datagrams are lost follows from it */
  constructor(seed) {
    this.#random = randomFrom(seed);
  }

  /** @param {number} bytes @param {() => void} deliver */
  carry(bytes, deliver) {
    const { delayMs, loss, kbps, queueMs } = this.line;
    if (this.#random() < loss) {
      this.counts.lost += 1;
      return;
    }
    const now = performance.now();
    const from = Math.max(now, this.#freeAt);
    if (from - now > queueMs) {
      this.counts.dropped += 1;
      return;
    }
    // A kilobit a second is a bit a millisecond.
    this.#freeAt = from + (bytes * 8) / kbps;
    const last = this.#underWay.at(-1)?.at ?? 0;
    this.#underWay.push({ at: Math.max(last, this.#freeAt + delayMs), deliver });
    if (this.#timer === undefined) this.#deliver();
  }

  /** Delivers what is through, and comes back for the next. */
  #deliver() {
    const now = performance.now();
    let next;
    while ((next = this.#underWay[0]) && next.at <= now) {
      this.#underWay.shift();
      this.counts.carried += 1;
      next.deliver();
    }
    this.#timer = next && setTimeout(() => this.#deliver(), next.at - now);
  }

  close() {
    clearTimeout(this.#timer);
    this.#underWay = [];
  }
}

export class Network {
  /** To the client. */
  down = new Way(1);
  /** To the server. */
  up = new Way(2);
  #near;
  #media;
  /** @type {Map<string, dgram.Socket>} by the client's address, what the server sees of it */
  #far = new Map();

  /** @param {dgram.Socket} near @param {number} media */
  constructor(near, media) {
    this.#near = near;
    this.#media = media;
    near.on("message", (bytes, from) => {
      const far = this.#behind(from);
      this.up.carry(bytes.length, () => far?.send(bytes, this.#media, "127.0.0.1"));
    });
  }

  /** A network in front of the media port of a server on this machine. @param {number} media */
  static async to(media) {
    return new Network(await open(), media);
  }

  /** Where its client is to send to, at 127.0.0.1. */
  get port() {
    return this.#near.address().port;
  }

  /** From now on it is like this; what is not named is as if there were nothing. @param {{ down?: Partial<Line>, up?: Partial<Line> }} lines */
  becomes({ down, up }) {
    this.down.line = { ...OPEN, ...down };
    this.up.line = { ...OPEN, ...up };
  }

  /** @param {dgram.RemoteInfo} from */
  #behind({ address, port }) {
    const name = `${address}:${port}`;
    const known = this.#far.get(name);
    if (known || this.#far.size >= SOURCES_MAX) return known;
    const far = dgram.createSocket("udp4").bind(0, "127.0.0.1");
    far.on("message", (bytes) => {
      this.down.carry(bytes.length, () => this.#near.send(bytes, port, address));
    });
    this.#far.set(name, far);
    return far;
  }

  /** For messages of tests that fail. */
  picture() {
    return { down: { ...this.down.line, ...this.down.counts }, up: { ...this.up.line, ...this.up.counts } };
  }

  close() {
    for (const way of [this.down, this.up]) way.close();
    for (const socket of [this.#near, ...this.#far.values()]) socket.close();
  }
}

async function open() {
  const socket = dgram.createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** Numbers from 0 to 1, the same ones each time: Marsaglia's xorshift of 32 bits. @param {number} seed */
function randomFrom(seed) {
  let state = seed * 0x9e3779b1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
