// A server with some people at its pages, and the end of all of it: what every browser test needs.

import assert from "node:assert/strict";
import { Account } from "./account.js";
import { VOICES, launch } from "./browser.js";
import { Load } from "./load.js";
import { Network } from "./network.js";
import { Program } from "./program.js";
import { Seat } from "./seat.js";
import { Server } from "./server.js";

/** @import { Browser } from "playwright-core" */
/** @import { TestContext } from "node:test" */

export class Table {
  /** @type {Browser[]} */
  browsers = [];
  /** @type {Seat[]} */
  seats = [];
  /** Processes that are no browsers. @type {{ end: () => void }[]} */
  programs = [];
  /** @type {Network[]} */
  networks = [];

  /**
   * @param {Server} server
   * @param {Account} owner the administrator; at no page unless a test puts them there
   * @param {{ room_id: string, name: string }} room
   */
  constructor(server, owner, room) {
    this.server = server;
    this.owner = owner;
    this.room = room.room_id;
  }

  /**
   * Sets up a server with one room; everything is checked and removed after the test.
   * @param {TestContext} context
   * @param {Record<string, string>} [environment]
   */
  static async set(context, environment = {}) {
    const server = await Server.start(environment);
    // Registered first, so that a test that fails half-way leaves no process behind.
    /** @type {{ table?: Table }} */
    const made = {};
    context.after(async () => {
      try {
        await made.table?.check();
        await server.check();
      } finally {
        for (const program of made.table?.programs ?? []) program.end();
        await Promise.all(made.table?.browsers.map((browser) => browser.close()) ?? []);
        for (const network of made.table?.networks ?? []) network.close();
        await server.remove();
      }
    });
    const owner = await Account.register(server, "owner");
    made.table = new Table(server, owner, await owner.makeRoom("Round table"));
    return made.table;
  }

  /** A browser with the next voice, or with this one. @param {string} [own] */
  async browser(own) {
    const voice = own ?? VOICES[this.browsers.length % VOICES.length] ?? "";
    const browser = await launch(voice);
    this.browsers.push(browser);
    return browser;
  }

  /**
   * New accounts, each at a page of a browser of their own, in no room yet.
   * @param {string[]} names
   */
  async open(...names) {
    const seats = await Promise.all(
      names.map(async (name) => {
        const browser = await this.browser();
        return Seat.open(browser, await Account.register(this.server, name));
      }),
    );
    this.seats.push(...seats);
    return seats;
  }

  /**
   * Somebody new in the room, whose page has only these ways to the server.
   * @param {string} name
   * @param {import("./seat.js").Ways} ways
   */
  async far(name, ways) {
    const seat = await Seat.open(await this.browser(), await Account.register(this.server, name), {}, ways);
    this.seats.push(seat);
    await seat.enter(this.room);
    return seat;
  }

  /**
   * The same, all in the room.
   * @param {string[]} names
   */
  async seat(...names) {
    const seats = await this.open(...names);
    await Promise.all(seats.map((seat) => seat.enter(this.room)));
    return seats;
  }

  /**
   * Somebody new who is no browser.
   * @param {string} name
   * @param {string} [room]
   */
  async program(name, room = this.room) {
    const program = await Program.join(await Account.register(this.server, name), room);
    this.programs.push(program);
    return program;
  }

  /**
   * Members of the load client in the room.
   * @param {Omit<import("./load.js").Wish, "room">} wish
   */
  async load(wish) {
    const load = await Load.join(this.server, { room: this.room, ...wish });
    this.programs.push(load);
    return load;
  }

  /** A network that somebody may be behind. */
  async network() {
    const network = await Network.to(this.server.mediaPort);
    this.networks.push(network);
    return network;
  }

  /**
   * Somebody new, who signs up at a page of a browser of their own and is in no room yet.
   * @param {string} name
   * @param {string} [voice]
   */
  async newcomer(name, voice) {
    const seat = await Seat.signUp(await this.browser(voice), this.server, name);
    this.seats.push(seat);
    return seat;
  }

  async check() {
    for (const seat of this.seats) {
      assert.deepEqual(seat.faults, [], `${seat.name}'s page had errors`);
    }
  }
}
