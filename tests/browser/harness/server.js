// A real server: the built binary on free ports, with a data directory of its own.
//
// It can be killed and started again on the same ports and data, as after a crash. `check` must be
// called at the end of every test: the server still has to be well and its log without a fault.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { soon, until } from "./wait.js";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? path.join(root, "target");

/** The binary under test. */
export const program = process.env.PARLOR_SERVER ?? path.join(target, "debug", "voice-service");

/** The folder with recorded speech that `cargo xtask setup` makes. */
export const speechFolder = process.env.PARLOR_SPEECH ?? path.join(target, "test-tools", "speech");

/** Where tests leave what people may want to look at. */
export const outputFolder = path.join(target, "test-output", "browser");

/** The environment of a server that relays: a port that nobody had a moment ago. */
export async function relaying() {
  return { TURN_PORT: String((await freePorts()).http) };
}

/** Ports that nobody had a moment ago: one for HTTP, one for media. */
async function freePorts() {
  const tcp = net.createServer().listen(0);
  const udp = dgram.createSocket("udp4").bind(0);
  await Promise.all([once(tcp, "listening"), once(udp, "listening")]);
  const ports = { http: /** @type {net.AddressInfo} */ (tcp.address()).port, media: udp.address().port };
  tcp.close();
  udp.close();
  await Promise.all([once(tcp, "close"), once(udp, "close")]);
  return ports;
}

export class Server {
  /** @type {import("node:child_process").ChildProcess | null} */
  #process = null;
  #log = "";
  #ports;
  #data;
  #environment;

  /**
   * @param {{ http: number, media: number }} ports
   * @param {string} data
   * @param {Record<string, string>} environment
   */
  constructor(ports, data, environment) {
    this.#ports = ports;
    this.#data = data;
    this.#environment = environment;
  }

  /** @param {Record<string, string>} [environment] */
  static async start(environment = {}) {
    const data = await mkdtemp(path.join(os.tmpdir(), "parlor-test-"));
    const server = new Server(await freePorts(), data, environment);
    await server.run();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.#ports.http}`;
  }

  get port() {
    return this.#ports.http;
  }

  get mediaPort() {
    return this.#ports.media;
  }

  get log() {
    return this.#log;
  }

  /** Starts the process and waits for the line that says it listens. */
  async run() {
    const { PATH = "", HOME = "" } = process.env;
    const env = {
      PATH,
      HOME,
      PORT: String(this.#ports.http),
      MEDIA_PORT: String(this.#ports.media),
      DATA_DIR: this.#data,
      RATE_LIMITS: "off",
      STT_ENGINE: "off",
      TURN_PORT: "off",
      RUST_BACKTRACE: "1",
      ...this.#environment,
    };
    const child = spawn(program, [], { env, cwd: this.#data, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    let out = "";
    const ready = new Promise((resolve, reject) => {
      child.stdout.on("data", (bytes) => {
        out += bytes;
        if (out.includes("Parlor is ready")) resolve(null);
      });
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`the server ended with ${code}\n${this.#log}`)));
    });
    child.stderr.on("data", (bytes) => {
      this.#log += bytes;
    });
    await soon("the server's start", ready);
  }

  /** Ends it like a power cut. */
  kill() {
    return this.#end("SIGKILL");
  }

  /** Ends it like a service manager; it has to go well. */
  async stop() {
    const [code, signal] = await soon("the server's end", this.#end("SIGTERM"));
    assert.deepEqual([code, signal], [0, null], `the server's log:\n${this.#log.slice(-4000)}`);
  }

  /**
   * @param {NodeJS.Signals} signal
   * @returns {Promise<any[]>} its exit code, or the signal that ended it
   */
  async #end(signal) {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return [];
    const gone = once(child, "exit");
    child.kill(signal);
    return gone;
  }

  /**
   * How many receivers' pictures are sent in each layer now: by its place among those that flow, from the smallest,
   * and as `none` of how many nothing is sent.
   * @returns {Promise<Record<string, number>>}
   */
  async pictures() {
    const said = await (await fetch(`${this.url}/metrics`)).text();
    /** @type {Record<string, number>} */
    const counts = {};
    for (const [, layer = "", count] of said.matchAll(/^parlor_media_pictures\{.*layer="(\w+)".*\} (\d+)/gm)) {
      counts[layer] = (counts[layer] ?? 0) + Number(count);
    }
    return counts;
  }

  /** Waits for the speech model. */
  listens() {
    return until(
      "the speech model",
      async () => {
        const { parts } = /** @type {any} */ (await (await fetch(`${this.url}/ready`)).json());
        return parts.find((/** @type {any} */ part) => part.name === "speech").ready;
      },
      () => this.#log.slice(-2000),
    );
  }

  /** The server is well, and its log holds no panic and no error. */
  async check() {
    const answer = await fetch(`${this.url}/health`);
    assert.equal(answer.status, 200, "the server is no longer well");
    const bad = this.#log.split("\n").filter((line) => /panicked|\bERROR\b/.test(line));
    assert.deepEqual(bad, [], `the server's log:\n${this.#log.slice(-4000)}`);
  }

  /** Ends it and removes its data. */
  async remove() {
    await this.kill();
    await rm(this.#data, { recursive: true, force: true });
  }
}
