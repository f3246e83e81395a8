// Runs before the first paint, so that nobody sees the wrong colours or the wrong direction for a moment.
import { preferredLanguage, showTheme } from './lib/preferences';

const root = document.documentElement;
root.lang = preferredLanguage();
root.dir = root.lang === 'ar' ? 'rtl' : 'ltr';
showTheme();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', showTheme);
