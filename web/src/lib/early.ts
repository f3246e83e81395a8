// Answers that were asked for before the dashboard was there: a round trip less each until the first page shows.
interface Early {
  leanauthEarly?: Map<string, Promise<Response>> | undefined;
}

const holder = globalThis as Early;

/** Without options: the same request as the client's first one. */
export function askEarly(url: string): void {
  const answer = fetch(url, { headers: { Accept: 'application/json' }, credentials: 'same-origin', cache: 'no-store', redirect: 'error' });
  // Whoever takes it hears of its failure.
  answer.catch(() => undefined);
  (holder.leanauthEarly ??= new Map()).set(url, answer);
}

/** The answer to a GET of `url`, once. */
export function takeEarly(url: string): Promise<Response> | null {
  const answer = holder.leanauthEarly?.get(url) ?? null;
  holder.leanauthEarly?.delete(url);
  return answer;
}

export const isAskedEarly = (url: string): boolean => holder.leanauthEarly?.has(url) ?? false;

/** Before anything is changed: what was answered until then is no longer so, and was perhaps said to somebody else. */
export function dropEarly(): void {
  holder.leanauthEarly = undefined;
}
