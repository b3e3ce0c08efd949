// Signing up and logging in: the same form, since a stranger should not have to know which.

import { useApp, useSelect } from "../app/context.js";
import { html } from "../parts/html.js";
import { Icon } from "../parts/icon.js";
import { ErrorLine } from "../parts/notices.js";
import { useState } from "../vendor/hooks.js";

/** @typedef {"signup" | "login"} Mode */

export function SignView() {
  const { accounts, store } = useApp();
  const [mode, setMode] = useState(/** @type {Mode} */ ("login"));
  const [form, setForm] = useState({ username: "", password: "", setupCode: "" });
  const busy = useSelect((state) => state.account.busy);
  const error = useSelect((state) => state.account.error);
  const route = useSelect((state) => state.page.route);
  const signing = useSelect((state) => state.page.signing);
  const signingUp = mode === "signup";

  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    if (busy) return;
    if (signingUp) accounts.signUp(form);
    else accounts.logIn(form);
  };
  const change = () => {
    accounts.fresh();
    setMode(signingUp ? "login" : "signup");
  };
  /** @param {keyof typeof form} key */
  const bind = (key) => ({
    value: form[key],
    onInput: (/** @type {any} */ event) => setForm({ ...form, [key]: event.target.value }),
  });
  const why = route.name === "room" ? "to go into this room" : "to see the rooms";
  return html`<main class="sign">
    <div class="sign-card">
      <p class="brand brand-large"><${Icon} name="armchair" size=${32} /> Parlor</p>
      <h1>${signingUp ? "Make an account" : "Welcome"}</h1>
      <p class="faint">${signingUp ? "A name and a password are all it takes." : `Log in ${why}.`}</p>
      <form onSubmit=${submit}>
        <label class="field"><span>Name</span>
          <input class="input" data-testid="username" name="username" autocomplete="username" autocapitalize="none"
            spellcheck=${false} required maxlength="64" autofocus ...${bind("username")} /></label>
        <label class="field"><span>Password</span>
          <input class="input" data-testid="password" name="password" type="password" required minlength=${signingUp ? 8 : undefined}
            autocomplete=${signingUp ? "new-password" : "current-password"} ...${bind("password")} />
          ${signingUp && html`<small class="faint">At least 8 characters.</small>`}</label>
        ${signingUp &&
        html`<details class="more"><summary>I have a set-up code</summary>
          <label class="field"><span>Set-up code</span>
            <input class="input" data-testid="setup-code" autocomplete="off" ...${bind("setupCode")} />
            <small class="faint">The server prints it at its first start. It makes you the administrator.</small></label>
        </details>`}
        <${ErrorLine} text=${error} />
        <button class="button button-strong button-wide" data-testid=${signingUp ? "signup" : "login"} aria-busy=${busy}>
          ${signingUp ? "Sign up" : "Log in"}
        </button>
      </form>
      <p class="sign-switch">
        ${signingUp ? "Have an account already?" : "New here?"}
        <button class="link-button" type="button" data-testid=${signingUp ? "to-login" : "to-signup"} onClick=${change}>
          ${signingUp ? "Log in" : "Sign up"}
        </button>
      </p>
      ${signing &&
      html`<p class="sign-switch"><button class="link-button" type="button" data-testid="as-guest" onClick=${() => store.dispatch({ type: "page/signing", signing: false })}>
        Go in as a guest</button></p>`}
    </div>
  </main>`;
}
