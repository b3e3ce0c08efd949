// Members of the load client (`load member` of crates/bench): one may replay a recording of tests/media with all its
// layers, others watch and tell what they are sent. They know VP8 and VP9 by their headers, and decode nothing.

import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { program as server, root } from "./server.js";
import { until } from "./wait.js";

/** @import { Server } from "./server.js" */

/** Beside the server. */
const program = process.env.PARLOR_LOAD ?? path.join(path.dirname(server), "load");

/**
 * What a watcher was sent since its last line.
 * @typedef {object} Seen
 * @property {number} member
 * @property {number} width of the newest keyframe; of VP9 that of its largest layer, sent or not
 * @property {number | null} layer the highest spatial layer; of VP9 only
 * @property {number} kbps
 * @property {number} packets since the start
 * @property {number} missing packets since the start that never came
 */

/**
 * @typedef {object} Wish
 * @property {string} room
 * @property {string} [replay] a recording of tests/media
 * @property {number} [watchers]
 * @property {number} [port] of a network that is between the watchers and the server
 */

export class Load {
  /** @type {Seen[]} the newest of each watcher */
  seen = [];
  /** @type {any} the newest of the one who replays */
  sender = {};
  #child;
  #errors = "";
  #ready = false;

  /** @param {Server} server @param {Wish} wish */
  constructor({ url }, { room, replay, watchers = 0, port }) {
    const options = ["member", "--url", url, "--room", room, "--members", String(watchers)];
    if (replay) options.push("--replay", path.join(root, "tests", "media", replay));
    if (port) options.push("--media", `127.0.0.1:${port}`);
    this.#child = spawn(program, options);
    this.#child.on("error", (error) => (this.#errors += error));
    this.#child.stderr.on("data", (bytes) => (this.#errors += bytes));
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#take(JSON.parse(line)));
  }

  /** Members who are in the room. @param {Server} server @param {Wish} wish */
  static async join(server, wish) {
    const load = new Load(server, wish);
    await until("the load client's start", () => load.#ready, () => load.picture());
    return load;
  }

  /** @param {any} line */
  #take(line) {
    if (line.event === "ready") this.#ready = true;
    if (line.event === "seen") this.seen[line.member] = line;
    if (line.event === "sender") this.sender = line;
  }

  /** A watcher shows the picture in this size from now on. @param {number} member @param {[number, number]} size */
  view(member, size) {
    this.#child.stdin.write(`${JSON.stringify({ member, view: size })}\n`);
  }

  /** Waits until a watcher is sent what fits. @param {number} member @param {string} what @param {(seen: Seen) => boolean} fits */
  sees(member, what, fits) {
    const seen = () => this.seen[member];
    return until(`${what} at watcher ${member}`, () => seen() && fits(/** @type {Seen} */ (seen())), () => this.picture());
  }

  /** For messages of tests that fail. */
  picture() {
    return { seen: this.seen, sender: this.sender, errors: this.#errors, ended: this.#child.exitCode };
  }

  end() {
    this.#child.kill("SIGKILL");
  }
}
