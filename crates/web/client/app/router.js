// Addresses: `/` the rooms, `/r/<name or id>` one room, `/settings`, `/admin`.

/** @import { Route } from "../state/page.js" */

/** @param {string} path @returns {Route} */
export function routeOf(path) {
  const trimmed = path.replace(/\/+$/, "");
  if (trimmed === "") return { name: "rooms" };
  if (trimmed === "/settings") return { name: "settings" };
  if (trimmed === "/admin") return { name: "admin" };
  const room = /^\/r\/([^/]+)$/.exec(trimmed);
  if (!room?.[1]) return { name: "missing" };
  try {
    return { name: "room", key: decodeURIComponent(room[1]) };
  } catch {
    return { name: "missing" };
  }
}

/**
 * A meeting goes by its id: who has the address may ask to come in, and a name could be guessed.
 * @param {{ slug: string, room_id: string, type: string }} room
 */
export function roomPath(room) {
  return `/r/${encodeURIComponent((room.type !== "conference" && room.slug) || room.room_id)}`;
}

/**
 * Follows the address bar and every link of the page's own.
 * @param {(route: Route) => void} show
 */
export function createRouter(show) {
  const follow = () => show(routeOf(location.pathname));
  addEventListener("popstate", follow);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href^='/']") : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.defaultPrevented;
    if (!link || !plain || link.hasAttribute("target") || link.hasAttribute("data-leaves-page")) return;
    event.preventDefault();
    go(link.getAttribute("href") ?? "/");
  });
  /** @param {string} path */
  function go(path) {
    if (path !== location.pathname) history.pushState(null, "", path);
    follow();
    scrollTo(0, 0);
  }
  return {
    go,
    follow,
    /** Changes the address without changing what is shown. @param {string} path */
    rename: (path) => history.replaceState(null, "", path),
  };
}
