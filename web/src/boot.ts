// Runs before the first paint, so that nobody sees the wrong colours or the wrong direction for a moment; and asks for what the
// dashboard needs first while the dashboard itself is still on its way.
import { preferredLanguage, showTheme } from './lib/preferences';
import { askEarly } from './lib/early';

const root = document.documentElement;
root.lang = preferredLanguage();
root.dir = root.lang === 'ar' ? 'rtl' : 'ltr';
showTheme();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', showTheme);
askEarly('/admin/v1/session');
const texts = root.dataset[root.lang];
if (texts) {
  const link = document.createElement('link');
  link.rel = 'modulepreload';
  link.href = texts;
  document.head.append(link);
}
