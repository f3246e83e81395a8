// Without a mouse: from the login to a token; where the focus is, and that it is seen.
import assert from 'node:assert/strict';
import { dialog, focused, heading, noticed, says, settled } from './lib/browser.mjs';
import { PASSWORD, SANDBOX, poll } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

let admin;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
});

const focus = (page) => page.evaluate(() => {
  const e = document.activeElement;
  const label = e.labels?.[0]?.textContent ?? e.getAttribute('aria-label') ?? e.textContent;
  const style = getComputedStyle(e);
  const seen = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none';
  const box = e.getBoundingClientRect();
  return { label: label.trim(), seen: seen || e === document.body, within: !!e.closest('dialog[open]'), inSight: box.bottom > 0 && box.top < innerHeight, body: e === document.body };
});

/** Waits until the focus is on what is called so. */
async function focusOn(page, label) {
  const end = Date.now() + 60_000;
  let at = await focus(page);
  while (at.label !== label && Date.now() < end) {
    await page.waitForTimeout(20);
    at = await focus(page);
  }
  assert.equal(at.label, label, 'where the focus is');
}

/**
 * Notes where the focus is at the moment when a dialog appears and when it is gone, so that no gap is missed in which the keys went
 * elsewhere, however short it is.
 */
const noteDialogs = (page) => page.evaluate(() => {
  globalThis.dialogNotes = [];
  const note = (nodes, what) => {
    for (const node of nodes) if (node.nodeName === 'DIALOG') globalThis.dialogNotes.push(`${what}: ${what === 'shown' ? node.contains(document.activeElement) : document.activeElement.textContent.trim()}`);
  };
  new MutationObserver((changes) => {
    for (const { addedNodes, removedNodes } of changes) {
      note(addedNodes, 'shown');
      note(removedNodes, 'gone');
    }
  }).observe(document.body, { childList: true, subtree: true });
});

/** Tabs on to what is called so; each stop on the way is seen. */
async function tabTo(page, label, { key = 'Tab', most = 60 } = {}) {
  const passed = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press(key);
    const at = await focus(page);
    if (!at.body) assert.ok(at.seen, `the focus on "${at.label}" is seen`);
    if (!at.body) assert.ok(at.inSight, `"${at.label}" is in sight`);
    if (at.label === label) return;
    passed.push(at.label);
  }
  assert.fail(`"${label}" is not reached by ${key}: ${passed.join(' | ')}`);
}

test('login, an application, a token', async () => {
  const page = await given.browser.page({ path: '/' });
  await heading(page, t('login.title')).waitFor();
  await page.waitForFunction(() => document.activeElement.name === 'email');
  await page.keyboard.type(admin.email);
  await tabTo(page, t('login.password'));
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await heading(page, t('nav.applications')).waitFor();
  await settled(page);

  await tabTo(page, t('app.create'));
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await focusOn(page, t('app.name'));
  await page.keyboard.type('By keyboard alone');
  await page.keyboard.press('Enter');
  await page.locator('.secret-once').waitFor();
  // The secret has the focus, and the first stop from there copies it.
  await focused(page, '.secret-once');
  await settled(page);
  await focused(page, '.secret-once');
  await tabTo(page, t('copy.what', { what: t('secret.client_secret') }), { most: 2 });
  await tabTo(page, t('trial.submit'));
  // The registry follows the store.
  const got = page.getByText('Here is a token for').first();
  await poll(async () => {
    await page.keyboard.press('Space');
    await got.or(page.getByRole('alert')).first().waitFor();
    await settled(page);
    return got.isVisible();
  }, 'the new application gets a token');
});

test('a dialog keeps the focus, Escape closes it, and the focus is where it was', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications` });
  await settled(page);
  await noteDialogs(page);
  await tabTo(page, t('app.create'));
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await page.keyboard.type('kept for nobody');
  for (let i = 0; i < 15; i++) {
    await page.keyboard.press('Tab');
    const at = await focus(page);
    assert.ok(at.within || at.body, `the focus went to "${at.label}" behind the dialog`);
  }
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  await focusOn(page, t('app.create'));
  assert.deepEqual(await page.evaluate(() => globalThis.dialogNotes), ['shown: true', `gone: ${t('app.create')}`]);
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
});

test('where a dialog removes what it was opened from, one goes on in the page', async () => {
  const made = await given.server.createApplication(SANDBOX, 'With two secrets');
  await given.server.json('secret', 'add', made.client_id, '--environment', SANDBOX);
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications/${made.client_id}` });
  await settled(page);
  const revoke = page.locator('main').getByRole('button', { name: t('secret.revoke') });
  assert.equal(await revoke.count(), 2);
  await revoke.first().focus();
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await focusOn(page, t('cancel'));
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await noticed(page, 'secret.revoked_done');
  await revoke.nth(1).waitFor({ state: 'detached' });
  await focused(page, 'main, main *');
});

test('the way past the menus, and the focus on the heading of a new page', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications` });
  await settled(page);
  await page.keyboard.press('Tab');
  await focusOn(page, t('skip'));
  await page.keyboard.press('Enter');
  await focused(page, '#content');
  await tabTo(page, t('app.create'), { most: 1 });
  await page.reload();
  await settled(page);
  await tabTo(page, t('nav.keys'));
  await page.keyboard.press('Enter');
  await heading(page, t('nav.keys')).waitFor();
  await focused(page, 'h1');
});

test('tabs by arrow keys, in both directions of writing', async () => {
  const made = await given.server.createApplication(SANDBOX, 'With tabs');
  for (const [language, forward] of [['en', 'ArrowRight'], ['ar', 'ArrowLeft']]) {
    const page = await given.browser.page({ operator: admin, language, path: `/e/${SANDBOX}/applications/${made.client_id}` });
    const chosen = (name) => page.getByRole('tab', { selected: true, name, exact: true }).waitFor();
    await page.getByRole('tab', { selected: true }).focus();
    await page.keyboard.press(forward);
    await chosen('Python');
    await focusOn(page, 'Python');
    await page.keyboard.press('End');
    await chosen('Go');
    await focusOn(page, 'Go');
  }
});

test('the menu of a narrow screen opens and closes by keyboard', async () => {
  const page = await given.browser.page({ operator: admin, width: 375, height: 700, path: `/e/${SANDBOX}/applications` });
  await settled(page);
  const menu = page.getByRole('navigation', { name: t('nav.label') });
  assert.ok(!(await menu.isVisible()));
  await tabTo(page, t('nav.menu'), { most: 4 });
  await page.keyboard.press('Enter');
  await menu.waitFor();
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'hidden' });
  await page.keyboard.press('Enter');
  await menu.waitFor();
  await tabTo(page, t('nav.usage'));
  await page.keyboard.press('Enter');
  await heading(page, t('nav.usage')).waitFor();
  await menu.waitFor({ state: 'hidden' });
});
