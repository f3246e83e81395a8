// What this browser remembers of its user: language, colours, environment. Never anything secret.
export type Language = 'en' | 'ar';
export type Theme = 'light' | 'dark';

const PREFIX = 'leanauth.';

/** null where nothing is kept, or where the browser keeps nothing for this site. */
export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // It then holds for this page only.
  }
}

export function preferredLanguage(): Language {
  const kept = remembered('language');
  if (kept === 'en' || kept === 'ar') return kept;
  return navigator.language.toLowerCase().split('-')[0] === 'ar' ? 'ar' : 'en';
}

/** The colours that were chosen; where none were, those that the system asks for. */
export function preferredTheme(): Theme {
  const kept = remembered('theme');
  if (kept === 'light' || kept === 'dark') return kept;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function showTheme(): void {
  document.documentElement.dataset.theme = preferredTheme();
}
