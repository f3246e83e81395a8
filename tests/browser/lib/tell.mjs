// What a page was like when its test failed, in words: where nothing but the printed text is kept, that is all there is to go by.
const SNAPSHOT_MAX = 3000;
const CALLS_KEPT = 12;
const TELLING_MS = 5000;

const API = '/admin/v1';
const UNDER_WAY = 'is under way';
/** By page: what it asked of the admin API last, and how that ended. */
const callsOf = new WeakMap();

export function noteCalls(page) {
  const calls = new Map();
  callsOf.set(page, calls);
  const note = (request, end) => {
    const { pathname, search } = new URL(request.url());
    if (!pathname.startsWith(`${API}/`)) return;
    calls.set(request, { what: `${request.method()} ${pathname.slice(API.length)}${search}`, end });
    if (calls.size > CALLS_KEPT) calls.delete(calls.keys().next().value);
  };
  page.on('request', (request) => {
    // What the document before this one asked for is nobody's any more.
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) calls.clear();
    else note(request, UNDER_WAY);
  });
  page.on('requestfinished', async (request) => note(request, (await request.response().catch(() => null))?.status()));
  page.on('requestfailed', (request) => note(request, request.failure()?.errorText));
}

/** Whether the page waits for an answer of the admin API. */
export const isAsking = (page) => [...(callsOf.get(page)?.values() ?? [])].some(({ end }) => end === UNDER_WAY);

const cut = (text) => (text.length > SNAPSHOT_MAX ? `${text.slice(0, SNAPSHOT_MAX)}…` : text);

/** Where it was, where its focus was, what was to be read and heard there, and its last calls. */
export async function tellOf(page) {
  // What is in front is what is acted on; what is around it would only fill the space.
  const scopes = [page.locator('dialog[open]').last(), page.locator('main').first(), page.locator('body')];
  const there = await Promise.all(scopes.map((scope) => scope.count().catch(() => 0)));
  const text = await scopes[Math.max(0, there.findIndex(Boolean))].ariaSnapshot({ timeout: TELLING_MS }).catch((e) => `it cannot be read: ${e.message.split('\n')[0]}`);
  const focus = await page.evaluate(() => document.activeElement?.outerHTML.replace(/>[^]*/, '>').slice(0, 200)).catch(() => '?');
  return [`the page was at ${page.url()}, the focus on ${focus}`, cut(text), 'its last calls:', ...[...(callsOf.get(page)?.values() ?? [])].map(({ what, end }) => `${what} ${end}`)].join('\n').replace(/\n/g, '\n  ');
}
