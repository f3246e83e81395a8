// Starts the dashboard.
import { render } from 'preact';
import { App } from './app';
import { startLanguage } from './i18n';
import { isAskedEarly } from './lib/early';
import { isEarlyLoginShown, takeTyped } from './lib/early_login';
import { loadEnvironments } from './lib/environments';
import { startRouter } from './lib/router';
import { loadSession, sessionStatus } from './lib/session';

// The answers were asked for before this script was there: mostly they come so soon that nothing need be drawn without them.
const PATIENCE_MS = 200;

async function start(root: HTMLElement): Promise<void> {
  startRouter();
  // Both at once: the texts come from a file, the session from the server.
  const session = loadSession().then(() => {
    const open = sessionStatus.get().kind === 'open' && isAskedEarly('/admin/v1/environments');
    // Where it fails, the page asks again and says so.
    return open ? loadEnvironments().then(() => undefined, () => undefined) : undefined;
  });
  await startLanguage();
  // The form that is there already stays until it is known that it is the right one.
  await (isEarlyLoginShown() ? session : Promise.race([session, new Promise((late) => setTimeout(late, PATIENCE_MS))]));
  if (sessionStatus.get().kind !== 'none') {
    takeTyped();
    root.replaceChildren();
  }
  render(<App />, root);
}

const root = document.getElementById('app');
if (root) void start(root);
