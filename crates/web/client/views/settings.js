// What one chooses for this browser, and signing out.

import { useApp, useSelect } from "../app/context.js";
import { Avatar } from "../parts/avatar.js";
import { DeviceChoices, MicrophoneHint, Meter } from "../parts/devices.js";
import { Header } from "../parts/header.js";
import { Help } from "../parts/help.js";
import { html } from "../parts/html.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @import { Theme } from "../state/page.js" */

/** @type {[Theme, string][]} */
const THEMES = [["system", "Like my system"], ["light", "Light"], ["dark", "Dark"]];

export function SettingsView() {
  const { accounts, setTheme } = useApp();
  const me = useSelect((state) => state.account.me);
  const theme = useSelect((state) => state.page.theme);
  return html`<${Header} at="settings" />
    <main class="column">
      <h1>Settings</h1>
      <section class="card">
        <h2>You</h2>
        <div class="card-row">
          ${me && html`<${Avatar} id=${me.user_id} name=${me.username} /><strong class="clip">${me.username}</strong>`}
          <span class="spacer"></span>
          <button class="button" data-testid="sign-out" onClick=${() => accounts.signOut()}>Sign out</button>
        </div>
      </section>
      <section class="card"><h2>Devices</h2><${DeviceChoices} /><${TryMicrophone} /></section>
      <section class="card">
        <h2>Look</h2>
        <div class="segments" role="radiogroup" aria-label="Look">
          ${THEMES.map(
            ([value, label]) => html`<label class="segment">
              <input type="radio" name="theme" value=${value} checked=${theme === value} onChange=${() => setTheme(value)} /><span>${label}</span>
            </label>`,
          )}
        </div>
      </section>
      <section class="card"><h2>Keys</h2><${Help} /></section>
    </main>`;
}

function TryMicrophone() {
  const { capture } = useApp();
  const [trying, setTrying] = useState(false);
  useEffect(() => {
    if (trying) capture.open("microphone");
    return () => capture.closeAll();
  }, [trying]);
  return html`<div class="try">
    <button class="button" aria-pressed=${String(trying)} onClick=${() => setTrying(!trying)}>${trying ? "Stop" : "Try the microphone"}</button>
    ${trying && html`<${Meter} /><${MicrophoneHint} />`}
  </div>`;
}
