// The web client as its users see it. The only file that knows its test ids,
// which crates/web/client/testids.md lists.

import { PASSWORD } from "./account.js";
import { HANG_MS } from "./wait.js";

/** @import { Page } from "playwright-core" */
/** @import { Account } from "./account.js" */

/** @param {Page} page @param {string} id */
const find = (page, id) => page.locator(`[data-testid="${id}"]`).first();

const waiting = { timeout: HANG_MS };

export const ui = {
  /** @param {Page} page @param {Account} account */
  async signIn(page, account) {
    await page.goto("/");
    await find(page, "username").fill(account.name, waiting);
    await find(page, "password").fill(PASSWORD, waiting);
    await find(page, "login").click(waiting);
    await find(page, "rooms").waitFor(waiting);
  },

  /** @param {Page} page @param {string} name @param {string} password */
  async signUp(page, name, password) {
    await find(page, "to-signup").click(waiting);
    await find(page, "username").fill(name, waiting);
    await find(page, "password").fill(password, waiting);
    await find(page, "signup").click(waiting);
    await find(page, "rooms").waitFor(waiting);
  },

  /** @param {Page} page @param {string} name */
  async makeRoom(page, name) {
    await find(page, "new-room-name").fill(name, waiting);
    await find(page, "create-room").click(waiting);
    await find(page, "join").waitFor(waiting);
  },

  /** Opens a room's own address; the green room follows. @param {Page} page @param {string} room */
  async visit(page, room) {
    await page.goto(`/r/${room}`);
    await find(page, "join").waitFor(waiting);
  },

  /**
   * Goes in from the green room, once the microphone is there: before that the button says "Join
   * and listen", and means it.
   * @param {Page} page
   */
  enter: (page) => find(page, "join").filter({ hasText: /^Join$/ }).click(waiting),

  /** @param {Page} page */
  inRoom: (page) => find(page, "leave").waitFor(waiting),

  /** @param {Page} page @param {string} room */
  async join(page, room) {
    await ui.visit(page, room);
    await ui.enter(page);
    await ui.inRoom(page);
  },

  /** A button of the bar at the bottom. @param {Page} page @param {string} id */
  press: (page, id) => find(page, id).click(waiting),

  /**
   * @param {Page} page
   * @param {string} name
   * @param {"muted" | "server-muted" | "deafened" | "server-deafened" | "speaking"} mark
   * @param {boolean} set
   */
  showsMark: (page, name, mark, set) =>
    page.locator(`[data-testid="participant"][data-username="${name}"][data-${mark}="${set}"]`).first().waitFor(waiting),

  /** @param {Page} page @param {string} name */
  showsSpeaking: (page, name) => ui.showsMark(page, name, "speaking", true),

  /** @param {Page} page @param {string} user */
  showsPicture: (page, user) =>
    page.locator(`[data-testid="tile"][data-user-id="${user}"][data-source="camera"] video`).first().waitFor(waiting),

  /** @param {Page} page @param {RegExp} words */
  saysItEnded: (page, words) => find(page, "ended").filter({ hasText: words }).waitFor(waiting),

  /** What the page says about the microphone before one joins. @param {Page} page @param {RegExp} words */
  saysOfMicrophone: (page, words) => find(page, "microphone-hint").filter({ hasText: words }).waitFor(waiting),
};
