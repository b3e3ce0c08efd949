// The web client as its users see it. The only file that knows its test ids,
// which crates/web/client/testids.md lists.

import { readFile } from "node:fs/promises";
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

  /** A stage; the green room follows. @param {Page} page @param {string} name */
  async makeStage(page, name) {
    await find(page, "new-room-name").fill(name, waiting);
    await find(page, "room-kind-stage").check(waiting);
    await find(page, "create-room").click(waiting);
    await find(page, "join").waitFor(waiting);
  },

  /**
   * A room where one speaks at a time, with a password.
   * @param {Page} page
   * @param {string} name
   * @param {string} password
   */
  async makeTalkRoom(page, name, password) {
    await find(page, "new-room-name").fill(name, waiting);
    await find(page, "room-kind-talk").check(waiting);
    await find(page, "new-room-password").fill(password, waiting);
    await find(page, "create-room").click(waiting);
    await find(page, "join").waitFor(waiting);
  },

  /**
   * A meeting; the green room follows, and its id is in the address.
   * @param {Page} page
   * @param {string} name
   * @param {"open" | "password" | "waiting"} admission
   * @param {string} [password]
   * @returns {Promise<string>} the room's id
   */
  async makeMeeting(page, name, admission, password) {
    await find(page, "new-room-name").fill(name, waiting);
    await find(page, "room-kind-meeting").check(waiting);
    await find(page, `meeting-${admission}`).check(waiting);
    if (password) await find(page, "new-room-password").fill(password, waiting);
    await find(page, "create-room").click(waiting);
    await find(page, "join").waitFor(waiting);
    return new URL(page.url()).pathname.replace("/r/", "");
  },

  /**
   * A guest at a meeting's address: says a name and asks, once the microphone is there.
   * @param {Page} page
   * @param {string} name
   */
  async ask(page, name) {
    await find(page, "guest-name").fill(name, waiting);
    await find(page, "join").filter({ hasText: /^\s*(Ask to join|Join)\s*$/ }).click(waiting);
  },

  /** @param {Page} page */
  saysConnectionLost: (page) => find(page, "banner").filter({ hasText: /connection lost/i }).waitFor(waiting),

  /** One waits to be let in. @param {Page} page */
  atTheDoor: (page) => find(page, "door").waitFor(waiting),

  /** Who waits, as an admin sees it. @param {Page} page @returns {Promise<string[]>} names */
  whoWaits: (page) =>
    page.locator('[data-testid="waiting-row"]').evaluateAll((rows) => rows.map((row) => /** @type {HTMLElement} */ (row).dataset.name ?? "")),

  /** An admin's word about who waits. @param {Page} page @param {string} name @param {"admit" | "reject"} what */
  decide: (page, name, what) =>
    page.locator(`[data-testid="waiting-row"][data-name="${name}"] [data-testid="${what}"]`).first().click(waiting),

  /** The hands of a meeting in order: names. @param {Page} page @returns {Promise<string[]>} */
  handNames: (page) =>
    page.locator('[data-testid="hand-row"]').evaluateAll((rows) => rows.map((row) => /** @type {HTMLElement} */ (row).dataset.username ?? "")),

  /** Somebody's reaction bursts over them. @param {Page} page @param {string} reaction */
  showsReaction: (page, reaction) => page.locator(`[data-testid="reaction"][data-reaction="${reaction}"]`).first().waitFor(waiting),

  /** @param {Page} page @param {string} reaction */
  async react(page, reaction) {
    await find(page, "react").click(waiting);
    await find(page, `react-${reaction}`).click(waiting);
  },

  /** Opens a room from the list. @param {Page} page @param {string} room */
  async choose(page, room) {
    await page.locator(`[data-testid="room-link"][data-room-id="${room}"]`).click(waiting);
    await find(page, "join").waitFor(waiting);
  },

  /** In the green room. @param {Page} page @param {string} password */
  typePassword: (page, password) => find(page, "room-password").fill(password, waiting),

  /** What was typed in the green room. @param {Page} page */
  typedPassword: (page) => find(page, "room-password").inputValue(waiting),

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

  /** Into the audience of a stage, from the green room: no microphone is asked for. @param {Page} page */
  async enterStage(page) {
    await find(page, "join").click(waiting);
    await ui.inRoom(page);
  },

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

  /** The picture in one receiving section. @param {Page} page @param {string} mid */
  video: (page, mid) => page.locator(`[data-testid="tile"][data-mid="${mid}"] video`).first(),

  /** @param {Page} page @param {RegExp} words */
  saysItEnded: (page, words) => find(page, "ended").filter({ hasText: words }).waitFor(waiting),

  /** @param {Page} page @param {RegExp} words */
  saysNo: (page, words) => find(page, "error").filter({ hasText: words }).waitFor(waiting),

  /**
   * What the large button of a talk room shows: whose turn it is.
   * @param {Page} page
   * @param {"free" | "mine" | "taken"} state
   */
  showsTurn: (page, state) => page.locator(`[data-testid="ptt"][data-state="${state}"]`).waitFor(waiting),

  /**
   * What its words, the colour around it (red, green, blue) and the seconds say at one moment.
   * @param {Page} page
   */
  turn: (page) =>
    find(page, "ptt").evaluate((button) => {
      const colour = getComputedStyle(button).borderTopColor.match(/[\d.]+/g) ?? [];
      const floor = /** @type {HTMLElement} */ (button.querySelector('[data-testid="floor"]'));
      return { words: floor.innerText, colour: colour.map(Number), seconds: Number(floor.dataset.seconds) };
    }),

  /**
   * Somebody's words over the picture.
   * @param {Page} page
   * @param {string} user
   * @param {"partial" | "final"} status
   */
  async caption(page, user, status) {
    const line = page.locator(`[data-testid="caption"][data-user-id="${user}"][data-status="${status}"]`).first();
    return line.innerText(waiting);
  },

  /** @param {Page} page */
  async openTranscript(page) {
    await find(page, "transcript-open").click(waiting);
    await find(page, "transcript").waitFor(waiting);
  },

  /** The lines of the transcript, with the name that stands over each. @param {Page} page */
  async transcript(page) {
    const lines = await page.locator('[data-testid="transcript-line"]').all();
    return Promise.all(
      lines.map(async (line) => ({
        name: (await line.locator("strong").textContent(waiting)) ?? "",
        text: (await line.locator("p").last().textContent(waiting)) ?? "",
      })),
    );
  },

  /**
   * Saves the transcript; the name and the content of the file.
   * @param {Page} page
   * @param {"vtt" | "srt" | "txt" | "json"} format
   */
  async save(page, format) {
    const saving = page.waitForEvent("download", waiting);
    await find(page, `export-${format}`).click(waiting);
    const file = await saving;
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
  },

  /** Whether one's own microphone is on. @param {Page} page @param {boolean} on */
  showsMic: (page, on) => page.locator(`[data-testid="mic"][aria-pressed="${on}"]`).first().waitFor(waiting),

  /** One's own place at a stage. @param {Page} page @param {"listener" | "speaker"} role */
  showsPlace: (page, role) => page.locator(`[data-testid="stage-place"][data-role="${role}"]`).first().waitFor(waiting),

  /** Somebody else's place. @param {Page} page @param {string} name @param {"listener" | "speaker"} role */
  showsRole: (page, name, role) =>
    page.locator(`[data-testid="participant"][data-username="${name}"][data-stage-role="${role}"]`).first().waitFor(waiting),

  /** Somebody in the audience. @param {Page} page @param {string} name */
  showsInAudience: (page, name) =>
    page.locator(`[data-testid="audience-member"][data-username="${name}"]`).first().waitFor(waiting),

  /** One's own raised hand, and which one it is. @param {Page} page @param {number} position */
  showsHand: (page, position) =>
    page.locator(`[data-testid="hand"][aria-pressed="true"][data-position="${position}"]`).waitFor(waiting),

  /**
   * The raised hands as a moderator sees them, in order: the ids of the people.
   * @param {Page} page
   * @returns {Promise<string[]>}
   */
  hands: (page) =>
    page.locator('[data-testid="hand-row"]').evaluateAll((rows) => rows.map((row) => /** @type {HTMLElement} */ (row).dataset.userId ?? "")),

  /** Invites somebody whose hand is up. @param {Page} page @param {string} user */
  inviteHand: (page, user) =>
    page.locator(`[data-testid="hand-row"][data-user-id="${user}"] [data-testid="hand-invite"]`).click(waiting),

  /** Gives the stage a topic. @param {Page} page @param {string} topic */
  async setTopic(page, topic) {
    await find(page, "topic-edit").click(waiting);
    await find(page, "topic-input").fill(topic, waiting);
    await find(page, "topic-save").click(waiting);
  },

  /** @param {Page} page @param {string} topic */
  showsTopic: (page, topic) => find(page, "stage-topic").filter({ hasText: topic }).waitFor(waiting),

  /**
   * Chooses something in the menu that the list of people has for somebody, and for a move the room.
   * @param {Page} page
   * @param {string} name
   * @param {"pin" | "mod-stop" | "mod-invite" | "mod-revoke" | "mod-mute" | "mod-deafen" | "mod-kick" | "mod-move"} what
   * @param {string} [room]
   */
  async fromMenu(page, name, what, room) {
    const row = page.locator(`[data-testid="participant"][data-username="${name}"]`).first();
    await row.locator('[data-testid="menu"]').click(waiting);
    await row.locator(`[data-testid="${what}"]`).click(waiting);
    if (room) await page.locator(`[data-testid="move-target"][data-room-id="${room}"]`).first().click(waiting);
  },

  /** Drags somebody from the list of people to another room. @param {Page} page @param {string} name @param {string} room */
  drag: (page, name, room) =>
    page
      .locator(`[data-testid="participant"][data-username="${name}"]`)
      .first()
      .dragTo(page.locator(`[data-testid="room-target"][data-room-id="${room}"]`), waiting),

  /** That a moderator muted or deafened one. @param {Page} page @param {RegExp} words */
  showsModerated: (page, words) => find(page, "moderated").filter({ hasText: words }).waitFor(waiting),

  /** A button that one may not press now. @param {Page} page @param {string} id @param {boolean} disabled */
  showsDisabled: (page, id, disabled) =>
    page.locator(`[data-testid="${id}"]${disabled ? ":disabled" : ":enabled"}`).first().waitFor(waiting),

  /** What the page says about the microphone before one joins. @param {Page} page @param {RegExp} words */
  saysOfMicrophone: (page, words) => find(page, "microphone-hint").filter({ hasText: words }).waitFor(waiting),
};
