// Starts the dashboard.
import { render } from 'preact';
import { App } from './app';
import { startLanguage } from './i18n';
import { startRouter } from './lib/router';
import { loadSession } from './lib/session';

const root = document.getElementById('app');
if (root) {
  startRouter();
  // Both at once: the texts come from a file, the session from the server.
  const session = loadSession();
  void startLanguage().then(() => render(<App />, root));
  void session;
}
