// An answer that was asked for before the dashboard was there: one round trip less until the first page shows.
interface Early {
  leanauthEarly?: { url: string; answer: Promise<Response> } | undefined;
}

const holder = globalThis as Early;

/** Without options: the same request as the client's first one. */
export function askEarly(url: string): void {
  const answer = fetch(url, { headers: { Accept: 'application/json' }, credentials: 'same-origin', cache: 'no-store', redirect: 'error' });
  // Whoever takes it hears of its failure.
  answer.catch(() => undefined);
  holder.leanauthEarly = { url, answer };
}

/** The answer to a GET of `url`, once. */
export function takeEarly(url: string): Promise<Response> | null {
  const early = holder.leanauthEarly;
  if (early?.url !== url) return null;
  holder.leanauthEarly = undefined;
  return early.answer;
}
