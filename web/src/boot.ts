// Runs before the first paint, so that nobody sees the wrong colours or the wrong direction for a moment; asks for what the
// dashboard needs first while the dashboard itself is still on its way, and shows the form of the login until it is there.
import { preferredLanguage, remembered, showTheme } from './lib/preferences';
import { askEarly } from './lib/early';
import { showEarlyLogin } from './lib/early_login';

const root = document.documentElement;
const language = preferredLanguage();
root.lang = language;
root.dir = language === 'ar' ? 'rtl' : 'ltr';
showTheme();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', showTheme);

// Who has worked here before is most likely still signed in; only the server knows.
const environment = remembered('environment');
const atLogin = location.pathname === '/login' || (location.pathname === '/' && environment === null);
const API = '/admin/v1';
askEarly(`${API}/session`);
if (!atLogin) {
  const listed = location.pathname === '/' && environment ? encodeURIComponent(environment) : /^\/e\/([^/]+)\/applications$/.exec(location.pathname)?.[1];
  askEarly(`${API}/environments`);
  if (listed && !location.search) askEarly(`${API}/environments/${listed}/applications`);
}

const texts = root.dataset[language];
if (texts) {
  const link = document.createElement('link');
  link.rel = 'modulepreload';
  link.href = texts;
  document.head.append(link);
}

// An element of its own is filled the moment that the parser reaches it, with no further script to wait for.
customElements.define('leanauth-app', class extends HTMLElement {
  connectedCallback(): void {
    if (atLogin && !this.hasChildNodes()) showEarlyLogin(this, language);
  }
});
