// A button and the menu it opens: over everything, beside the button, and by keyboard as menus are.

import { createContext } from "../vendor/preact.js";
import { useContext, useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { html } from "./html.js";

/** As in the style sheet: between the button and its menu, and between a menu and the window's edge. */
const GAP = 4;
const EDGE = 8;

/**
 * @param {{ id?: string, label: string, kind?: string, menu?: string, face: any, items: (close: () => void) => any }} props
 *   menu: its class; face: what is on the button; items: what is in the menu, once it is open
 */
export function MenuButton({ id = "menu", label, kind = "quiet-button", menu = "", face, items }) {
  const [open, setOpen] = useState(false);
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  const close = () => setOpen(false);
  return html`<button
      ref=${button}
      type="button"
      class=${kind}
      data-testid=${id}
      title=${kind === "control" ? label : undefined}
      aria-label=${label}
      aria-haspopup="menu"
      aria-expanded=${String(open)}
      onClick=${() => setOpen(!open)}
    >${face}</button>
    ${open && html`<${Popover} anchor=${button} kind=${menu} label=${label} close=${close}>${items(close)}<//>`}`;
}

/**
 * @param {HTMLElement} menu
 * @param {HTMLElement} anchor
 */
function place(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + GAP;
  const top = below + height + EDGE <= innerHeight ? below : at.top - GAP - height;
  menu.style.top = `${Math.max(EDGE, Math.min(top, innerHeight - height - EDGE))}px`;
  menu.style.left = `${Math.max(EDGE, Math.min(at.right - width, innerWidth - width - EDGE))}px`;
}

/** @param {{ anchor: { current: HTMLElement | null }, kind: string, label: string, close: () => void, children?: any }} props */
function Popover({ anchor, kind, label, close, children }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const settle = () => {
    const [menu, button] = [element.current, anchor.current];
    if (!menu?.matches(":popover-open") || !button) return;
    place(menu, button);
    if (!menu.contains(document.activeElement)) menu.querySelector("button")?.focus({ preventScroll: true });
  };
  useLayoutEffect(() => {
    const menu = element.current;
    menu?.showPopover();
    settle();
    return () => {
      // Chosen or given up by keyboard: back to where one was.
      if (menu?.contains(document.activeElement)) anchor.current?.focus();
    };
  }, []);
  useEffect(() => {
    /** @param {Event} event */
    const elsewhere = ({ target }) => {
      if (target instanceof Node && !element.current?.contains(target) && !anchor.current?.contains(target)) close();
    };
    document.addEventListener("pointerdown", elsewhere, true);
    document.addEventListener("scroll", elsewhere, true);
    addEventListener("resize", close);
    return () => {
      document.removeEventListener("pointerdown", elsewhere, true);
      document.removeEventListener("scroll", elsewhere, true);
      removeEventListener("resize", close);
    };
  }, []);
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    const items = /** @type {HTMLElement[]} */ ([...(element.current?.querySelectorAll("[role=menuitem]") ?? [])]);
    const at = items.indexOf(/** @type {any} */ (document.activeElement));
    const [next, before] = [(at + 1) % items.length, (at - 1 + items.length) % items.length];
    /** @type {Record<string, number>} */
    const to = { ArrowDown: next, ArrowRight: next, ArrowUp: before, ArrowLeft: before, Home: 0, End: items.length - 1 };
    if (event.key === "Tab") return close();
    // A letter here is not the room's key.
    event.stopPropagation();
    if (event.key === "Escape") close();
    else if (to[event.key] !== undefined) items[to[event.key] ?? 0]?.focus();
    else return;
    event.preventDefault();
  };
  return html`<div ref=${element} class=${`menu ${kind}`} popover="manual" role="menu" aria-label=${label} onKeyDown=${key}>
    <${Settle.Provider} value=${settle}>${children}<//>
  </div>`;
}

/** Finds the place and the focus again when other items take the place of those before. */
const Settle = createContext(() => {});

/** The items that are there at one time. @param {{ children?: any }} props */
export function MenuPage({ children }) {
  const settle = useContext(Settle);
  useLayoutEffect(settle, []);
  return children;
}

/** @param {{ id: string, kind?: string, label?: string, act: () => void, children?: any, data?: Record<string, string>, disabled?: boolean }} props */
export function MenuItem({ id, kind = "", label, act, children, data = {}, disabled = false }) {
  return html`<button type="button" role="menuitem" tabindex="-1" class=${`menu-item ${kind}`} data-testid=${id}
    aria-label=${label} title=${label} disabled=${disabled} onClick=${act} ...${data}>${children}</button>`;
}
