// What a visitor has to fetch before the first page works, and the rules under which the browser runs it.
import assert from 'node:assert/strict';
import { axe, field, focused, heading, overlaps, readableTexts, settled, sticksOut } from './lib/browser.mjs';
import { PASSWORD, SANDBOX, poll } from './lib/server.mjs';
import { ar, en, englishAmong, t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const BUDGET_BYTES = 120_000;
// What Lighthouse takes for a slow phone: 1.6 Mbit/s with 150 ms to and fro, and a quarter of this machine's speed.
const SLOW = { offline: false, latency: 150, downloadThroughput: (1.6e6 / 8) * 0.9, uploadThroughput: (750e3 / 8) * 0.9 };

let admin;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
});

/** Bytes that came over the wire from here on, headers and all. */
async function weigh(page) {
  const debug = await page.context().newCDPSession(page);
  await debug.send('Network.enable');
  const weight = { bytes: 0, requests: 0 };
  debug.on('Network.loadingFinished', ({ encodedDataLength }) => {
    weight.bytes += encodedDataLength;
    weight.requests += 1;
  });
  return { debug, weight };
}

for (const [what, operator, language] of [['the login', false, 'en'], ['the login in Arabic', false, 'ar'], ['the applications', true, 'en']]) {
  test(`${what}: less than 120 kB come over the wire`, async (context) => {
    const page = await given.browser.page({ operator: operator ? admin : null, path: '/assets/licenses.txt', language });
    const { weight } = await weigh(page);
    await page.goto(operator ? `/e/${SANDBOX}/applications` : '/login');
    await settled(page);
    await page.waitForLoadState('networkidle');
    context.diagnostic(`figure: ${what}: ${weight.bytes} bytes in ${weight.requests} requests`);
    assert.ok(weight.bytes > 10_000 && weight.bytes < BUDGET_BYTES, `${weight.bytes} bytes`);
  });
}

test('the second time nothing that is named by its hash is fetched again', async () => {
  const page = await given.browser.page();
  for (let time = 1; time <= 2; time++) {
    await page.goto('/login');
    // Not the form that is there before the dashboard is.
    await page.locator('.outside-top button').first().waitFor();
    await page.waitForLoadState('networkidle');
  }
  const fetched = await page.evaluate(() => performance.getEntriesByType('resource').filter((r) => r.name.includes('/assets/') && r.transferSize > 0).map((r) => r.name));
  assert.deepEqual(fetched, []);
});

// All that a first page may wait for: the page, its first script, its style, its code, and what it asks of the API.
const isCode = (url) => /\/assets\/(?:app|chunk)-/.test(url);
const isArabic = (url) => url.includes('/assets/ar-');
const isIcon = (url) => url.includes('/assets/icon-');

/** Keeps back what `held` names until it is let go; `asked` are the paths that were asked for, in their order. */
async function holdBack(page, held) {
  const asked = [];
  const kept = [];
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  await page.route('**/*', async (route) => {
    const url = route.request().url();
    if (!isIcon(url)) asked.push(new URL(url).pathname);
    if (held(url)) {
      kept.push(url);
      await released;
    }
    await route.continue();
  });
  return { asked, kept, release };
}

for (const language of ['en', 'ar']) {
  test(`one types before the dashboard is there, and it goes on with what was typed (${language})`, async (context) => {
    const page = await given.browser.page({ language, width: 375, height: 760 });
    const { asked, kept, release } = await holdBack(page, (url) => isCode(url) || isArabic(url) || url.includes('/admin/v1/'));
    const texts = language === 'ar' ? ar : en;
    await page.goto('/login', { waitUntil: 'commit' });
    const email = page.getByLabel(texts['login.email'], { exact: true });
    await email.waitFor();
    await focused(page, 'input[name=email]');
    await page.keyboard.type(admin.email);
    const wanted = language === 'ar' ? 6 : 5;
    await poll(() => asked.length >= wanted && asked.some(isCode) && asked.includes('/admin/v1/session') && (language === 'en' || asked.some(isArabic)), 'all is asked for');
    context.diagnostic(`figure: until one can type in ${language}: ${asked.length - kept.length} requests are awaited, ${kept.length} more are under way`);
    // The page, the first script, the style. The rest is asked for at once, not one after the other.
    assert.equal(asked.length - kept.length, 3, asked.join(' '));
    assert.equal(kept.length, language === 'ar' ? 3 : 2, kept.join(' '));
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(await sticksOut(page), []);
    assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), [language, language === 'ar' ? 'rtl' : 'ltr']);
    await page.getByLabel(texts['login.password'], { exact: true }).fill(PASSWORD);
    await page.evaluate(() => { globalThis.before = document.activeElement; });
    release();
    await page.locator('.outside-top button').first().waitFor();
    assert.ok(await page.evaluate(() => globalThis.before === document.activeElement && document.activeElement.name === 'password'));
    assert.equal(await email.inputValue(), admin.email);
    await page.keyboard.press('Enter');
    await heading(page, texts['nav.applications']).waitFor();
  });
}

test('a login that is sent before the dashboard is there is done once it is, and never by the address', async () => {
  const page = await given.browser.page();
  const { release } = await holdBack(page, isCode);
  await page.goto('/login', { waitUntil: 'commit' });
  await field(page, 'login.email').fill(admin.email);
  await field(page, 'login.password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('button[type=submit][aria-busy]').waitFor();
  assert.equal(page.url(), `${given.server.origin}/login`);
  release();
  await heading(page, t('nav.applications')).waitFor();
  assert.ok(!page.url().includes('?'), page.url());
});

test('where the dashboard cannot be fetched, the form says so', async () => {
  const page = await given.browser.page();
  given.browser.expect(/Failed to load resource/); // of what we take away
  await page.route((url) => isCode(url.href), (route) => route.abort());
  await page.goto('/login');
  await page.getByRole('alert').filter({ hasText: t('error.unreachable') }).waitFor();
});

test('the applications: all is asked for before the code is there', async (context) => {
  const page = await given.browser.page({ operator: admin, path: '/assets/licenses.txt' });
  const path = `/e/${SANDBOX}/applications`;
  // With none of these answered they cannot have waited for each other: the page, its first script, then all at once.
  const { asked, release } = await holdBack(page, (url) => isCode(url) || url.includes('/admin/v1/'));
  await page.goto(path, { waitUntil: 'commit' });
  await poll(() => asked.filter((p) => p.startsWith('/admin/')).length === 3, 'three questions to the API');
  assert.deepEqual(asked.filter((p) => p.startsWith('/admin/')).sort(), ['/admin/v1/environments', `/admin/v1/environments/${SANDBOX}/applications`, '/admin/v1/session']);
  release();
  await page.locator('main tbody a').first().waitFor();
  // What is fetched ahead of its use, with what that imports, comes a second after the page is there, which a slow test may take to look.
  const ahead = asked.findIndex((p) => p.startsWith('/assets/application-'));
  const needed = ahead < 0 ? asked : asked.slice(0, ahead);
  context.diagnostic(`figure: until the applications can be used: ${needed.length} requests`);
  assert.equal(needed.length, 7, needed.join(' '));
});

async function onSlowPhone(page) {
  const { debug } = await weigh(page);
  await debug.send('Network.clearBrowserCache');
  await debug.send('Network.emulateNetworkConditions', SLOW);
  await debug.send('Emulation.setCPUThrottlingRate', { rate: 4 });
}

test('a slow phone: how long until the applications can be used', async (context) => {
  const page = await given.browser.page({ operator: admin, path: '/assets/licenses.txt', width: 375, height: 760 });
  await onSlowPhone(page);
  await page.goto(`/e/${SANDBOX}/applications`, { waitUntil: 'commit' });
  await page.locator('main tbody a').first().waitFor();
  context.diagnostic(`figure: slow phone, applications: there after ${Math.round(await page.evaluate(() => performance.now()))} ms`);
});

test('a slow phone: how long until one can type', async (context) => {
  const page = await given.browser.page({ width: 375, height: 760 });
  await onSlowPhone(page);
  // Keys are pressed from the beginning on; the page itself notes when the first one came into the field, so that no tool's own
  // work in it is measured along.
  await page.addInitScript(() => addEventListener('input', () => console.log(`first key: ${performance.now()}`), { capture: true, once: true }));
  const firstKey = page.waitForEvent('console', { predicate: (message) => message.text().startsWith('first key: ') });
  let taken = false;
  void firstKey.then(() => { taken = true; }, () => { taken = true; });
  await page.goto('/login', { waitUntil: 'commit' });
  while (!taken) await page.keyboard.press('a');
  const key = Number((await firstKey).text().slice('first key: '.length));
  context.diagnostic(`figure: slow phone: the first key is in the field after ${Math.round(key)} ms`);
});

test('a slow phone: how long until a form is filled in', async (context) => {
  const page = await given.browser.page({ width: 375, height: 760 });
  await onSlowPhone(page);
  await page.goto('/login', { waitUntil: 'commit' });
  await field(page, 'login.email').fill('a');
  const figures = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation');
    const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
    return { typed: performance.now(), painted, loaded: navigation.loadEventEnd };
  });
  const told = Object.entries(figures).map(([name, ms]) => `${name} after ${Math.round(ms)} ms`).join(', ');
  context.diagnostic(`figure: slow phone (4 times slower, 1.6 Mbit/s, 150 ms): ${told}`);
});

test('the rules of the page: its own code only, in no frame, no referrer', async () => {
  const page = await given.browser.page();
  const answer = await page.goto('/login');
  const policy = answer.headers()['content-security-policy'];
  for (const rule of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]) assert.ok(policy.includes(rule), policy);
  assert.ok(!policy.includes('unsafe'), policy);
  assert.equal(answer.headers()['referrer-policy'], 'no-referrer');
  await heading(page, t('login.title')).waitFor();
  given.browser.expect(/script-src/); // this one is ours
  const ran = await page.evaluate(() => new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true });
    const script = document.createElement('script');
    script.textContent = 'document.title = "ran"';
    document.head.append(script);
    setTimeout(() => resolve('nothing stopped it'), 30_000);
  }));
  assert.match(ran, /^script-src/);
  assert.notEqual(await page.title(), 'ran');
});

test('the questions that are asked of every page find what is wrong', async () => {
  const page = await given.browser.page({ operator: admin, language: 'ar', width: 375, path: `/e/${SANDBOX}/applications` });
  await settled(page);
  await page.evaluate((text) => {
    const main = document.querySelector('main');
    main.append(document.createElement('img'));
    const words = document.createElement('p');
    words.textContent = text;
    const wide = document.createElement('div');
    wide.style.cssText = 'inline-size: 900px';
    wide.textContent = 'x';
    const [a, b] = [document.createElement('button'), document.createElement('button')];
    b.style.cssText = 'margin-inline-start: -20px';
    a.textContent = b.textContent = 'one over the other';
    main.append(words, a, b, wide);
  }, t('app.none_hint'));
  assert.ok((await axe(page)).some((found) => found.startsWith('image-alt')));
  assert.notDeepEqual(await sticksOut(page), []);
  assert.notDeepEqual(await overlaps(page), []);
  assert.deepEqual(englishAmong(await readableTexts(page)), [t('app.none_hint')]);
});
