// What is asked of every page and dialog, in one language: nothing for axe-core to find, nothing that sticks out at 375 pixels,
// nothing over something else, nothing left in another language, nothing in the console.
import assert from 'node:assert/strict';
import { axe, overlaps, readableTexts, sticksOut } from './browser.mjs';
import { furnish, gallery, show } from './gallery.mjs';
import { ar, en, englishAmong } from './texts.mjs';
import { test, walk } from './walk.mjs';

const PHONE = { width: 375, height: 760 };
const DESK = { width: 1280, height: 900 };

const paint = (page, theme) => page.evaluate((to) => { document.documentElement.dataset.theme = to; }, theme);

/** What is found wrong for good: a chart takes a new width a frame or two after the page has it. */
async function lastingly(look) {
  const end = Date.now() + 30_000;
  let found = await look();
  while (found.length > 0 && Date.now() < end) {
    await new Promise((again) => setTimeout(again, 50));
    found = await look();
  }
  return found;
}

async function look(page, theme, size, faults) {
  await paint(page, theme);
  const where = `${theme}, ${size.width} px`;
  // Between the themes there is nothing else but colours, and these are the same at any width.
  const rules = theme === 'light' ? null : ['color-contrast'];
  if (theme === 'light' || size === DESK) for (const found of await axe(page, rules)) faults.push(`${where}: axe: ${found}`);
  for (const found of await lastingly(() => sticksOut(page))) faults.push(`${where}: sticks out: ${found}`);
  for (const found of await lastingly(() => overlaps(page))) faults.push(`${where}: one over the other: ${found}`);
}

/**
 * Latin words in a row, where the page is in Arabic: a sentence that was forgotten. Names and technical words stand alone; how a
 * browser calls itself is not ours.
 */
const latinSentences = (texts) => texts.filter((text) => !text.startsWith('Mozilla/') && /[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}/.test(text.replace(/\u2068[^\u2069]*\u2069/g, '')));

async function check(page, language) {
  const faults = [];
  await page.setViewportSize(DESK);
  await look(page, 'light', DESK, faults);
  await look(page, 'dark', DESK, faults);
  await page.setViewportSize(PHONE);
  await look(page, 'light', PHONE, faults);
  await look(page, 'dark', PHONE, faults);
  const [direction, lang] = await page.evaluate(() => [document.documentElement.dir, document.documentElement.lang]);
  assert.deepEqual([direction, lang], [language === 'ar' ? 'rtl' : 'ltr', language]);
  if (language === 'ar') {
    const texts = await readableTexts(page);
    for (const text of new Set([...englishAmong(texts), ...latinSentences(texts)])) faults.push(`not in Arabic: ${text}`);
  }
  assert.deepEqual(faults, []);
}

export function everyPageIn(language) {
  const texts = { en, ar }[language];
  const text = (key) => texts[key];
  const context = {};
  const given = walk({}, async ({ server }) => Object.assign(context, await furnish(server)));

  test('login', async () => {
    const page = await given.browser.page({ language, path: '/login' });
    // Not the form that is there before the dashboard is.
    await page.locator('.outside-top button').first().waitFor();
    await check(page, language);
    await page.setViewportSize(DESK);
    await page.locator('[type=submit]').click();
    await page.locator('.field-error').first().waitFor();
    await check(page, language);
  });

  // Made here, for their names; what they show is known only once the server is there.
  const rooms = gallery({ application: {}, live: {}, byKey: {}, byCertificate: {}, operator: {} });
  for (const [i, { name }] of rooms.entries()) {
    test(name, async () => {
      const page = context.page ?? (context.page = await given.browser.lasting({ language, operator: context.admin }));
      await page.setViewportSize(DESK);
      await show(page, gallery(context)[i], text);
      await check(page, language);
    });
  }
}
