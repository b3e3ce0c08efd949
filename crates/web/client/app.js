// The web client of Parlor: puts the pieces together and shows the page.

import { createAccounts } from "./app/accounts.js";
import { createAnnouncer } from "./app/announcer.js";
import { createCaptions } from "./app/captions.js";
import { Capture } from "./app/capture.js";
import { AppContext } from "./app/context.js";
import { followMove } from "./app/moved.js";
import { createPeople } from "./app/people.js";
import { createRooms, looksLikeId } from "./app/rooms.js";
import { createRouter } from "./app/router.js";
import { Session } from "./app/session.js";
import { listenForShortcuts } from "./app/shortcuts.js";
import { storage, tabName } from "./app/storage.js";
import { createTranscript } from "./app/transcript.js";
import { Api } from "./protocol/api.js";
import { unknownMeeting } from "./state/meeting.js";
import { isStage } from "./state/stage.js";
import { initialState, reduce } from "./state/state.js";
import { createStore } from "./state/store.js";
import { h, render } from "./vendor/preact.js";
import { Page } from "./views/page.js";

/** @import { App } from "./app/context.js" */
/** @import { Inside } from "./app/storage.js" */
/** @import { Room } from "./protocol/types.js" */
/** @import { Route, Theme } from "./state/page.js" */
/** @import { DeviceKind } from "./state/devices.js" */

/** Long enough to read a line twice. */
const NOTICE_MS = 7000;

const store = createStore(reduce, initialState);
const api = new Api();

let notices = 0;
/** @param {string} text @param {string} [about] takes the place of what was said of the same before */
function notice(text, about) {
  const id = ++notices;
  store.dispatch({ type: "page/notice", id, text, about: about ?? text });
  store.dispatch({ type: "page/announce", text });
  setTimeout(() => store.dispatch({ type: "page/read", id }), NOTICE_MS);
}

/** @param {Theme} theme */
function setTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  storage.choices = { ...storage.choices, theme };
  store.dispatch({ type: "page/theme", theme });
}

/** @param {DeviceKind} kind @param {string} id */
function chooseDevice(kind, id) {
  storage.choices = { ...storage.choices, [kind]: id };
  capture.choose(kind, id);
  if (kind === "audiooutput") session.chooseOutput();
}

const { theme = "system", captions: shown = true, guest = "", ...chosen } = storage.choices;
setTheme(theme);
store.dispatch({ type: "captions/shown", shown });
store.dispatch({ type: "meeting/guest", name: guest });
const accounts = createAccounts(api, store);
const signedOut = () => {
  session.leave();
  accounts.signOut("You have been signed out. Please log in again.");
};
const rooms = createRooms(api, store, signedOut);
const people = createPeople({ api, store, notice, changed: () => rooms.refresh() });
const capture = new Capture(store);
for (const kind of /** @type {DeviceKind[]} */ (["audioinput", "audiooutput", "videoinput"])) {
  if (chosen[kind]) store.dispatch({ type: "devices/chosen", kind, id: chosen[kind] });
}

const captions = createCaptions(api, store, notice);
const transcript = createTranscript(api, store, notice);
const session = new Session({
  api, store, capture, captions, transcript, notice, signedOut,
  moved: (channel, who, from) => followMove({ api, store, router, notice }, session, channel, who, from),
  client: tabName(), announce: createAnnouncer(store),
});

/** @param {Route} route */
function show(route) {
  if (store.get().call.phase !== "idle") session.leave();
  store.dispatch({ type: "page/route", route });
  load(route);
}

/** @param {Route} route */
async function load(route) {
  rooms.unwatch();
  const { status } = store.get().account;
  if (status === "out") loadAsGuest(route);
  if (status !== "in") return;
  if (route.name === "rooms" || route.name === "admin") rooms.watch();
  if (route.name !== "room") return;
  const inside = storage.inside;
  const room = await rooms.open(route.key);
  if (room && inside?.room === room.room_id && store.get().call.phase === "idle") await comeBack(room, inside);
}

/** Who has no account may ask to be let in by the address of a meeting; of what is behind it nothing is known. @param {Route} route */
function loadAsGuest(route) {
  if (route.name !== "room" || !looksLikeId(route.key)) return store.dispatch({ type: "room/looking" });
  const room = unknownMeeting(route.key);
  store.dispatch({ type: "room/found", room });
  const inside = storage.inside;
  if (inside?.room !== room.room_id || !inside.guest) return;
  store.dispatch({ type: "meeting/guest", name: inside.guest });
  comeBack(room, inside);
}

/**
 * This page was inside when it was reloaded: back in, as it was.
 * @param {Room} room
 * @param {Inside} inside
 */
async function comeBack(room, inside) {
  const { mute, deaf, camera, password } = inside;
  if (password) session.passwords.set(room.room_id, password);
  store.dispatch({ type: "call/own", change: { mute, deaf } });
  // On a stage it takes a speaker's place, and the room has to say so first.
  if (!isStage(room)) {
    await capture.open("microphone");
    if (camera) await capture.open("camera");
  }
  await session.join(room, { camera });
}

const router = createRouter(show);

let status = store.get().account.status;
store.subscribe(() => {
  const now = store.get().account.status;
  if (now === status) return;
  status = now;
  // Whoever logs in next has not been told them.
  if (now === "out") session.passwords.clear();
  if (now === "out" && store.get().call.phase !== "idle") session.leave();
  if (now === "in" || now === "out") load(store.get().page.route);
});

/** @type {App} */
const app = { store, api, capture, session, people, captions, transcript, accounts, rooms, router, notice, setTheme, chooseDevice };
listenForShortcuts(app);
router.follow();
accounts.resume();
const root = document.getElementById("app");
if (root) render(h(AppContext.Provider, { value: app, children: h(Page, {}) }), root);

/** For looking inside from the console, and for tests. */
Object.defineProperty(window, "parlor", {
  value: {
    store,
    get call() {
      return session.call;
    },
  },
});
