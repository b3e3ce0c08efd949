// What outlives a page: the token and the choices per browser, the tab's own name and the room it is
// in per tab. A browser that refuses storage only forgets.

const TOKEN = "parlor.token";
const CHOICES = "parlor.choices";
const TAB = "parlor.tab";
const INSIDE = "parlor.inside";

/** How long a tab waits to see whether another one already goes by its name. */
const LOCK_MS = 300;

/** @typedef {{ audioinput?: string, audiooutput?: string, videoinput?: string, theme?: "system" | "light" | "dark", captions?: boolean, guest?: string }} Choices guest: the
 * name one went by last without an account */
/** @typedef {{ room: string, mute: boolean, deaf: boolean, camera: boolean, password?: string, guest?: string }} Inside */

/** @param {() => Storage} area @param {string} key */
function read(area, key) {
  try {
    return area().getItem(key);
  } catch {
    return null;
  }
}

/** @param {() => Storage} area @param {string} key @param {string | null} value */
function write(area, key, value) {
  try {
    if (value === null) area().removeItem(key);
    else area().setItem(key, value);
  } catch {
    // Without storage the page works until it is closed.
  }
}

/** @param {() => Storage} area @param {string} key */
function readJson(area, key) {
  try {
    return JSON.parse(read(area, key) ?? "null");
  } catch {
    return null;
  }
}

const local = () => localStorage;
const tab = () => sessionStorage;

export const storage = {
  get token() {
    return read(local, TOKEN);
  },
  set token(value) {
    write(local, TOKEN, value);
  },
  /** @returns {Choices} */
  get choices() {
    return readJson(local, CHOICES) ?? {};
  },
  set choices(value) {
    write(local, CHOICES, JSON.stringify(value));
  },
  /** The room this tab is in, so that a reload goes back in. @returns {Inside | null} */
  get inside() {
    return readJson(tab, INSIDE);
  },
  set inside(value) {
    write(tab, INSIDE, value && JSON.stringify(value));
  },
};

function freshName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A name for this tab that a reload keeps and a duplicated tab does not: a browser copies the
 * session's storage into the duplicate, but the lock on the name is still held by the first.
 * @returns {Promise<string>}
 */
export async function tabName() {
  const kept = read(tab, TAB);
  if (kept && (await hold(kept))) return kept;
  const name = freshName();
  write(tab, TAB, name);
  await hold(name);
  return name;
}

/** @param {string} name @returns {Promise<boolean>} whether the name is ours now, for as long as the page lives */
function hold(name) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const held = navigator.locks.request(`parlor.tab.${name}`, { signal: AbortSignal.timeout(LOCK_MS) }, () => {
      resolve(true);
      return new Promise(() => {});
    });
    held.catch(() => resolve(false));
  });
}
