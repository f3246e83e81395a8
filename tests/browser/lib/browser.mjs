// A real browser: pages that note every complaint, signing in, and the questions that are asked of every page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, errors } from 'playwright-core';
import { PASSWORD, poll } from './server.mjs';
import { shake } from './shake.mjs';
import { isAsking, noteCalls, tellOf } from './tell.mjs';
import { en, t } from './texts.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// Nothing waits so long where all is well; a machine that is slow or busy needs it.
const PATIENCE_MS = 60_000;

// The browser itself notes every answer of 4xx and 5xx as an error; those of the API are its way to say no; an icon is asked for only where a
// page names none, as beside the text that signing in begins from.
const isAnswer = (text, url) => text.startsWith('Failed to load resource') && /^\/(?:admin\/v1\/|favicon\.ico)/.test(new URL(url).pathname);

export class Browser {
  #contexts = [];
  #lasting = [];
  #expected = [];
  complaints = [];

  static async start(server) {
    const browser = new Browser();
    browser.server = server;
    browser.chromium = await chromium.launch({
      timeout: 3 * PATIENCE_MS,
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // A browser that runs as root has no sandbox; elsewhere it keeps it.
      chromiumSandbox: process.getuid() !== 0,
      args: ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--lang=en-GB'],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/proxy/i.test(name))),
    });
    return browser;
  }

  async stop() {
    await this.chromium.close();
  }

  /** A page of a person of its own: cookies and preferences are not shared. `operator`: signed in already. */
  async page({ operator = null, language = 'en', theme = 'light', width = 1280, height = 900, path = null, ...options } = {}) {
    const context = await this.chromium.newContext({ viewport: { width, height }, locale: 'en-GB', timezoneId: 'Asia/Dubai', reducedMotion: 'reduce', baseURL: this.server.origin, ...options });
    this.#contexts.push(context);
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(([l, th]) => {
      localStorage.getItem('leanauth.language') ?? localStorage.setItem('leanauth.language', l);
      localStorage.getItem('leanauth.theme') ?? localStorage.setItem('leanauth.theme', th);
    }, [language, theme]);
    await context.addInitScript(noteToasts);
    const page = await context.newPage();
    this.watch(page);
    await shake(page);
    if (operator) await signInByApi(page, operator);
    if (operator && !path?.startsWith('/assets/')) await visit(page, path ?? '/');
    else if (path) await page.goto(path);
    return page;
  }

  /** One that stays open after its test, for many looks by the same person. */
  async lasting(options) {
    const page = await this.page(options);
    this.#lasting.push(this.#contexts.pop());
    return page;
  }

  watch(page) {
    noteCalls(page);
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.stack ?? error}`));
    page.on('console', (message) => {
      const [kind, text] = [message.type(), message.text()];
      // Also what the browser has to say about forms ("[DOM] …").
      if (kind !== 'error' && kind !== 'warning' && !text.startsWith('[')) return;
      if (!isAnswer(text, message.location().url || page.url())) this.complaints.push(`${page.url()}: ${kind}: ${text}`);
    });
  }

  /** Of this test: complaints that such a test brings about, whenever they come. */
  expect(...complaints) {
    this.#expected.push(...complaints);
  }

  /** What each page shows now, for whoever reads why a test failed. */
  async tell() {
    const pages = [...this.#lasting, ...this.#contexts].flatMap((c) => c.pages());
    return (await Promise.all(pages.map(tellOf))).join('\n');
  }

  /** Ends what a test has opened; fails where a page complained. To be called after each test. */
  async settle() {
    if (process.env.LEANAUTH_BROWSER_SHOW) process.stdout.write(`${await this.tell()}\n`.replace(/^/gm, '#   '));
    for (const context of this.#contexts.splice(0)) await context.close();
    const expected = this.#expected.splice(0);
    const told = this.complaints.splice(0).filter((one) => !expected.some((pattern) => pattern.test(one)));
    assert.deepEqual(told, [], 'the console of every page is clean');
  }
}

/** Notices go by themselves, and so does what is said beside a button: it is kept, for a test that comes too late to see it. */
function noteToasts() {
  globalThis.toastsShown = [];
  new MutationObserver(() => {
    for (const { textContent } of document.querySelectorAll('.toast, .copy [role=status]')) if (!globalThis.toastsShown.includes(textContent)) globalThis.toastsShown.push(textContent);
  }).observe(document, { childList: true, characterData: true, subtree: true });
}

/** Waits until a notice has said so, whether or not it is still there. */
export const noticed = (page, key) => page.waitForFunction((text) => globalThis.toastsShown.some((shown) => shown.includes(text)), t(key));

async function signInByApi(page, { email, password = PASSWORD }) {
  await page.goto('/assets/licenses.txt');
  const status = await page.evaluate(async (body) => (await fetch('/admin/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).status, { email, password });
  assert.equal(status, 200, `signing in as ${email}`);
}

/** Signs in by the form, up to what comes after the password. */
export async function signIn(page, { email, password = PASSWORD }) {
  await page.getByLabel(t('login.email'), { exact: true }).fill(email);
  await page.getByLabel(t('login.password'), { exact: true }).fill(password);
  await page.getByRole('button', { name: t('login.submit'), exact: true }).click();
}

export async function signOut(page) {
  await page.getByRole('button', { name: /^Your account/ }).click();
  await page.getByRole('button', { name: t('account.sign_out') }).click();
  await page.getByRole('heading', { name: t('login.title') }).waitFor();
}

export const button = (where, key, values) => where.getByRole('button', { name: t(key, values), exact: true });
/** By the key of a text, or by the text itself. */
export const field = (where, key) => where.getByLabel(key in en ? t(key) : key, { exact: true });
export const heading = (where, name) => where.getByRole('heading', { name, exact: true });
export const dialog = (page) => page.locator('dialog[open]');
export const says = (where, text) => where.getByText(text).first().waitFor();

// So long a click of pressUntil waits for its button, and so long it is then waited for the sign, before the page is looked at again.
const PRESS_MS = 15_000;
const SIGN_MS = 500;

const unlessLate = (error) => {
  if (!(error instanceof errors.TimeoutError)) throw error;
};

/**
 * Presses `what` until `sign` is seen. Mostly the button leaves the page by a press that worked, perhaps under the next one, which then
 * finds nothing to press: that is no failure, the sign is looked for again.
 */
export async function pressUntil(what, sign, seconds = undefined) {
  const seen = () => sign.first().isVisible();
  await poll(async () => {
    await sign.or(what).first().waitFor();
    if (await seen()) return true;
    await what.click({ timeout: PRESS_MS }).catch(unlessLate);
    await sign.first().waitFor({ timeout: SIGN_MS }).catch(unlessLate);
    return seen();
  }, `${what} pressed until ${sign} is seen`, seconds);
}

/** Once everything that the page fetches is there and shown, so that nothing moves any more. */
export async function settled(page) {
  await poll(async () => {
    await page.waitForFunction(() => !document.querySelector('.skeleton, [aria-busy=true], .spinner') && document.querySelector('h1, dialog[open]'));
    if (isAsking(page)) return false;
    // An answer that has just come is yet to be drawn, and may lead to a further question.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))));
    return !isAsking(page) && (await page.locator('.skeleton, [aria-busy=true], .spinner').count()) === 0;
  }, 'the page is settled');
}

/** Opens a page of somebody who is signed in. */
export async function visit(page, path) {
  await page.goto(path);
  await settled(page);
}

/** Waits until what answers to `selector` has the focus; tells which has it where that does not come. */
export async function focused(page, selector) {
  await page.waitForFunction((wanted) => document.activeElement.matches(wanted), selector).catch(async (late) => {
    const at = await page.evaluate(() => document.activeElement.outerHTML.slice(0, 200));
    throw new Error(`the focus is not on ${selector} but on ${at}`, { cause: late });
  });
}

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe-core finds by the rules of WCAG 2.2 AA and its best practices, or by `rules` alone. */
export async function axe(page, rules = null) {
  // Handed over by the debugger, so that the page's own rules against foreign code stay in force.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly, resultTypes: ['violations'] }),
    rules ? { type: 'rule', values: rules } : { type: 'tag', values: TAGS });
  assert.ok(passes.length > 0, 'axe-core has looked at something');
  return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')} (${n.any[0]?.message ?? n.all[0]?.message ?? ''})`).join('; ')}`);
}

/** What sticks out of the page sideways; nothing where it cannot be scrolled so. */
export async function sticksOut(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const within = document.querySelector('dialog[open]');
    const dialogWide = within ? within.scrollWidth - within.clientWidth : 0;
    if (scrollWidth <= clientWidth && dialogWide <= 0) return [];
    const out = [...document.querySelectorAll('body *')].filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width > 0 && (box.right > clientWidth + 0.5 || box.left < -0.5) && !e.closest('.visually-hidden, .table-box, .code-block, .tabs');
    });
    return [`${scrollWidth} > ${clientWidth}, dialog +${dialogWide}`, ...out.slice(-3).map((e) => `${e.tagName} ${e.className}: ${e.textContent.slice(0, 40)}`)];
  });
}

/** Fields and buttons that reach over the edge of the column they stand in, or over each other. */
export async function overlaps(page) {
  return page.evaluate(() => {
    const found = [];
    const scope = document.querySelector('dialog[open]') ?? document.body;
    const boxes = [...scope.querySelectorAll('main input, main select, main button, main a, dialog input, dialog select, dialog button')]
      .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.visually-hidden') && !e.closest('.chart'))
      .map((e) => [e, e.getBoundingClientRect()]).filter(([, b]) => b.width > 0 && b.height > 0);
    for (let i = 0; i < boxes.length; i++) {
      for (let j = i + 1; j < boxes.length; j++) {
        const [a, ab] = boxes[i];
        const [b, bb] = boxes[j];
        if (a.contains(b) || b.contains(a)) continue;
        const wide = Math.min(ab.right, bb.right) - Math.max(ab.left, bb.left);
        const high = Math.min(ab.bottom, bb.bottom) - Math.max(ab.top, bb.top);
        if (wide > 1 && high > 1) found.push(`${a.tagName} "${a.getAttribute('aria-label') ?? a.textContent.slice(0, 30)}" and ${b.tagName} "${b.getAttribute('aria-label') ?? b.textContent.slice(0, 30)}"`);
      }
    }
    return found;
  });
}

/** Every text that a reader sees or hears, but for what is not the dashboard's: identifiers, code, names, what the server said. */
export async function readableTexts(page) {
  return page.evaluate(() => {
    const foreign = 'code, pre, bdi, script, noscript, style, title, [lang]:not(html), .as-sent, .brand, svg text, option, time[lang]';
    const texts = new Set();
    const scope = document.querySelector('dialog[open]') ?? document.body;
    const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      if (parent && !parent.closest(foreign)) texts.add(walker.currentNode.nodeValue.trim());
    }
    for (const name of ['aria-label', 'placeholder', 'title', 'alt', 'data-title']) {
      for (const e of scope.querySelectorAll(`[${name}]`)) if (!e.closest('[lang]:not(html)')) texts.add(e.getAttribute(name).trim());
    }
    texts.add(document.title);
    texts.delete('');
    return [...texts];
  });
}
