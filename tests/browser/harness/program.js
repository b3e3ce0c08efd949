// A member that is no browser: a program of plain aiortc, in Python, which joins by Vox and sends
// speech all the time. tests/aiortc/program.py is the other end.

import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { root, speechFolder } from "./server.js";
import { HANG_MS, soon } from "./wait.js";

/** @import { Account } from "./account.js" */

const python = process.env.PARLOR_PYTHON ?? path.resolve(speechFolder, "..", "venv", "bin", "python");

// The program has the limit of the suite itself, and says more when it reaches it.
const ANSWER_MS = HANG_MS + 15_000;

export class Program {
  #child;
  #lines;
  #errors = "";

  /** @param {Account} account @param {string} room */
  constructor(account, room) {
    this.account = account;
    this.name = account.name;
    const { server, token, id } = account;
    const env = { ...process.env, PARLOR_SPEECH: speechFolder, PYTHONDONTWRITEBYTECODE: "1" };
    const cwd = path.join(root, "tests", "aiortc");
    this.#child = spawn(python, ["program.py", server.url, token, id, room], { cwd, env });
    this.#child.stderr.on("data", (bytes) => (this.#errors += bytes));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Joins, and waits until the media path is there.
   * @param {Account} account
   * @param {string} room
   */
  static async join(account, room) {
    const program = new Program(account, room);
    await program.#answer("its start");
    return program;
  }

  /** @param {string} what @returns {Promise<any>} */
  async #answer(what) {
    const { value, done } = await soon(`${this.name}: ${what}`, this.#lines.next(), ANSWER_MS);
    if (done) throw new Error(`${this.name} ended: ${what}\n${this.#errors}`);
    return JSON.parse(value);
  }

  /** @param {string} line */
  #ask(line) {
    this.#child.stdin.write(`${line}\n`);
    return this.#answer(line);
  }

  /** Waits for somebody's voice. @param {{ account: Account }} whom */
  hears = (whom) => this.#ask(`hears ${whom.account.id}`);

  /** The server has got half a second more of what it says. */
  goesOn = () => this.#ask("goes_on");

  /** Packets that came so far. @returns {Promise<number>} */
  received = () => this.#ask("received");

  /** Asks to speak. */
  request = () => this.#ask("request");

  /** Waits for an invitation and accepts it. */
  accept = () => this.#ask("accept");

  /** For messages of tests that fail. */
  picture = async () => ({ name: this.name, errors: this.#errors });

  end() {
    this.#child.kill("SIGKILL");
  }
}
