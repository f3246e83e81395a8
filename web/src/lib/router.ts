// Paths and where one is. A link is a plain <a href>: clicks within the dashboard are caught in one place.
import { Store } from './store';

export interface Place {
  path: string;
  query: URLSearchParams;
}

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export const place = new Store<Place>({ path: '/', query: new URLSearchParams() });

/** The parts of `path` that `pattern` names: match('/e/:environment/keys', …). A last part with '?' may be absent. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split('/').filter(Boolean);
  const have = path.split('/').filter(Boolean);
  const found: Record<string, string> = {};
  if (have.length > want.length) return null;
  for (const [i, part] of want.entries()) {
    const given = have[i];
    const name = /^:(\w+)(\??)$/.exec(part);
    if (given === undefined) {
      if (name?.[2]) continue;
      return null;
    }
    if (!name) {
      if (part !== given) return null;
      continue;
    }
    try {
      found[name[1] as string] = decodeURIComponent(given);
    } catch {
      return null;
    }
  }
  return found;
}

/** Only a path of this site may be gone back to: "//elsewhere" is another one, and so is what becomes that: browsers drop tabs and newlines. */
export function isOwnPath(path: string | null): path is string {
  return path !== null && /^\/(?![/\\])[^\s\p{Cc}]*$/u.test(path) && !path.startsWith('/login');
}

export function navigate(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  place.set(here());
}

/** Changes the query of the page that is shown, without a step in the history: a filter is not a place. */
export function setQuery(values: Record<string, string | null | undefined>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  navigate(location.pathname + (text && `?${text}`), { replace: true });
}

function caught(event: MouseEvent): HTMLAnchorElement | null {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = (event.target as Element | null)?.closest('a');
  if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download')) return null;
  return /^\/(admin|assets)\//.test(link.pathname) || link.getAttribute('href')?.startsWith('#') ? null : link;
}

export function startRouter(): void {
  place.set(here());
  addEventListener('popstate', () => place.set(here()));
  document.addEventListener('click', (event) => {
    const link = caught(event);
    if (!link) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}

// The routes, written in one place.
const part = encodeURIComponent;
export const paths = {
  login: '/login',
  applications: (environment: string): string => `/e/${part(environment)}/applications`,
  application: (environment: string, clientId: string, tab?: string): string =>
    `/e/${part(environment)}/applications/${part(clientId)}${tab && tab !== 'integration' ? `/${tab}` : ''}`,
  keys: (environment: string): string => `/e/${part(environment)}/keys`,
  usage: (environment: string): string => `/e/${part(environment)}/usage`,
  audit: '/audit',
  operators: '/operators',
  profile: '/profile',
};
