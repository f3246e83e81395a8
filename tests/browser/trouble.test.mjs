// The store gone, the server gone, nothing there yet: what happened is said, what was typed stays, and it works again after.
import assert from 'node:assert/strict';
import { button, dialog, field, focused, heading, pressUntil, says, settled, visit } from './lib/browser.mjs';
import { OTHER_SANDBOX, SANDBOX, poll } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

let admin;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
  const demo = server.demoApplication(OTHER_SANDBOX);
  await server.cli('app', 'delete', demo.client_id, '--environment', OTHER_SANDBOX, '--yes');
});

async function openForm() {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications` });
  // The next page's code is fetched ahead of its use: not while the server is gone.
  await page.waitForFunction(() => performance.getEntriesByType('resource').some((file) => file.name.includes('/assets/application-') && file.responseEnd > 0));
  await page.getByRole('button', { name: t('app.create') }).first().click();
  return page;
}

/** Sends the form until it is taken; it is the same application however often that is tried. */
async function sendUntilTaken(page, name) {
  assert.equal(await field(dialog(page), 'app.name').inputValue(), name);
  await pressUntil(button(dialog(page), 'app.create_submit'), page.locator('.secret-once'));
  await page.goto(`/e/${SANDBOX}/applications?q=${encodeURIComponent(name)}`);
  const made = page.getByRole('link', { name });
  await made.first().waitFor();
  assert.equal(await made.count(), 1);
}

test('the store is moved away and comes back', async () => {
  const page = await openForm();
  const listed = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications` });
  const name = 'Made in spite of it';
  await field(dialog(page), 'app.name').fill(name);
  given.server.moveStore(true);
  try {
    // What is open already may be answered for a moment longer.
    await poll(async () => (await page.evaluate(async () => (await fetch('/admin/v1/environments')).status)) === 503, 'the API says that the store is gone');
    await button(dialog(page), 'app.create_submit').click();
    await says(dialog(page).getByRole('alert'), t('error.unavailable'));
    assert.equal(await field(dialog(page), 'app.name').inputValue(), name);

    const other = await given.browser.page({ path: '/' });
    await says(other.getByRole('alert'), t('error.unavailable'));
    await given.browser.page({ path: '/login' }).then((login) => login.locator('main').waitFor());
    await field(listed, 'app.search').fill('no such thing');
    await says(listed.getByRole('alert'), t('error.unavailable'));
    const answer = listed.waitForResponse((response) => response.url().includes('/applications?'));
    await button(listed, 'retry').focus();
    await listed.keyboard.press('Enter');
    assert.equal((await answer).status(), 503);
    await settled(listed);
    // It was there all the time: nobody who is about to press it misses it.
    await focused(listed, '[role=alert] button');
    given.server.moveStore(false);
    await pressUntil(button(other, 'retry'), heading(other, t('login.title')));
    await pressUntil(button(listed, 'retry'), listed.getByText(t('app.none_found')));
  } finally {
    if (!given.server.hasStore()) given.server.moveStore(false);
  }
  await sendUntilTaken(page, name);
});

test('the server is restarted under an open form', async () => {
  const page = await openForm();
  const name = 'Made after the restart';
  await field(dialog(page), 'app.name').fill(name);
  await given.server.end();
  try {
    await button(dialog(page), 'app.create_submit').click();
    await says(dialog(page).getByRole('alert'), t('error.unreachable'));
    assert.equal(await field(dialog(page), 'app.name').inputValue(), name);
  } finally {
    await given.server.serve(60);
  }
  await sendUntilTaken(page, name);
});

test('code that cannot be fetched for a moment costs no secret', async () => {
  const page = await given.browser.page({ operator: admin, path: '/assets/licenses.txt' });
  given.browser.expect(/Failed to load resource/); // of what is kept from the page
  const code = (url) => url.pathname.startsWith('/assets/application-');
  await page.route(code, (route) => route.abort());
  await visit(page, `/e/${SANDBOX}/applications`);
  await page.getByRole('button', { name: t('app.create') }).first().click();
  await field(dialog(page), 'app.name').fill('Made before its page is there');
  await button(dialog(page), 'app.create_submit').click();
  await page.getByRole('alert').waitFor();
  await page.unroute(code);
  await pressUntil(button(page, 'retry'), page.locator('.secret-once'));
});

test('an environment without an application says what to do next', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${OTHER_SANDBOX}/applications` });
  await says(page, t('app.none'));
  await says(page, t('app.none_hint'));
  await page.locator('.empty').getByRole('button', { name: t('app.create') }).click();
  await field(dialog(page), 'app.name').fill('The first one');
  await button(dialog(page), 'app.create_submit').click();
  await page.locator('.secret-once').waitFor();
  await settled(page);
  await page.getByRole('link', { name: t('app.tab_customers') }).click();
  await says(page, t('customer.none'));
  await page.locator('.empty').getByRole('button', { name: t('customer.add') }).waitFor();
  await visit(page, `/e/${OTHER_SANDBOX}/usage`);
  await says(page, t('usage.none'));
  await page.getByRole('link', { name: t('usage.none_link'), exact: true }).click();
  await page.getByRole('link', { name: 'The first one' }).waitFor();
  await visit(page, '/audit?action=key.remove');
  await says(page, t('audit.none_found'));
  await button(page, 'audit.clear').first().click();
  await page.getByRole('table', { name: t('audit.events') }).waitFor();
});

/** Somebody guesses passwords until `done`: as fast as is answered, because what is allowed again by time is little. */
async function guess(email, isDone) {
  const body = JSON.stringify({ email, password: 'not the password' });
  while (!isDone()) await fetch(`${given.server.origin}/admin/v1/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
}

test('too many wrong passwords: how long to wait is said', async () => {
  const page = await given.browser.page({ path: '/login' });
  const email = 'nobody@example.com';
  await field(page, 'login.email').fill(email);
  let done = false;
  const guessing = guess(email, () => done);
  try {
    await field(page, 'login.password').fill('not the password');
    await pressUntil(button(page, 'login.submit'), page.getByRole('alert').filter({ hasText: 'Too many attempts' }), 120);
  } finally {
    done = true;
    await guessing;
  }
  assert.equal(await field(page, 'login.email').inputValue(), email);
});
