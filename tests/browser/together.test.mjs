// Two people at once, and one whose session ends under the work.
import assert from 'node:assert/strict';
import { button, dialog, field, heading, says, signIn, visit } from './lib/browser.mjs';
import { PASSWORD, PRODUCTION, SANDBOX } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

let amal;
let badr;
const given = walk({}, async ({ server }) => {
  amal = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
  badr = await server.addOperator('badr@example.com', 'admin', [], 'Badr');
});

async function pathOf(name, environment = SANDBOX) {
  const made = await given.server.createApplication(environment, name);
  return `/e/${environment}/applications/${made.client_id}`;
}

/** Two pages with the same form open. */
async function bothEdit(name) {
  const path = await pathOf(name);
  const pages = [];
  for (const operator of [amal, badr]) {
    const page = await given.browser.page({ operator, path });
    await button(page, 'app.rename').click();
    await dialog(page).waitFor();
    pages.push(page);
  }
  return pages;
}

test('the second of two editors sees what the first one changed, and keeps what was typed', async () => {
  const [first, second] = await bothEdit('Before');
  await field(dialog(first), 'app.name').fill('By Amal');
  await field(dialog(second), 'app.name').fill('By Badr');
  await button(dialog(first), 'save').click();
  await heading(first, 'By Amal').waitFor();
  await button(dialog(second), 'save').click();
  const conflict = dialog(second).getByRole('alert');
  await says(conflict, t('conflict.title'));
  assert.equal(await conflict.locator('del').innerText(), 'Before');
  assert.equal(await conflict.locator('ins').innerText(), 'By Amal');
  assert.equal(await field(dialog(second), 'app.name').inputValue(), 'By Badr');
  await button(conflict, 'conflict.overwrite').click();
  await heading(second, 'By Badr').waitFor();
  await first.reload();
  await heading(first, 'By Badr').waitFor();
});

test('the second one may also take what the first one made', async () => {
  const [first, second] = await bothEdit('Before this');
  await dialog(first).getByRole('checkbox').nth(1).uncheck();
  await button(dialog(first), 'save').click();
  await dialog(first).waitFor({ state: 'detached' });
  await field(dialog(second), 'app.name').fill('By Badr');
  await button(dialog(second), 'save').click();
  await says(dialog(second), 'api customer');
  await button(dialog(second), 'conflict.take_theirs').click();
  await heading(second, 'Before this').waitFor();
});

test('an application that somebody else has deleted is told', async () => {
  const path = await pathOf('Soon gone');
  const page = await given.browser.page({ operator: amal, path });
  await button(page, 'app.rename').click();
  await given.server.cli('app', 'delete', path.split('/').pop(), '--environment', SANDBOX, '--yes');
  await field(dialog(page), 'app.name').fill('Too late');
  await button(dialog(page), 'save').click();
  await says(dialog(page).getByRole('alert'), t('error.not_found'));
  assert.equal(await field(dialog(page), 'app.name').inputValue(), 'Too late');
});

test('a session that another one ends: sign in, and go on with what was typed', async () => {
  const path = await pathOf('Interrupted');
  const page = await given.browser.page({ operator: amal, path });
  await button(page, 'app.rename').click();
  await field(dialog(page), 'app.name').fill('Typed before it ended');

  const elsewhere = await given.browser.page({ operator: amal, path: '/profile' });
  const others = elsewhere.getByRole('table', { name: t('profile.sessions') }).getByRole('button');
  await others.first().waitFor();
  for (let left = await others.count(); left > 0; left--) {
    await others.first().click();
    await elsewhere.waitForFunction((n) => document.querySelectorAll('.row-actions button').length < n, left);
  }

  await button(dialog(page), 'save').click();
  const again = page.locator('dialog[open]').last();
  await heading(again, t('login.again_title')).waitFor();
  assert.equal(await field(again, 'login.email').inputValue(), amal.email);
  await field(again, 'login.password').fill('not the password');
  await button(again, 'login.submit').click();
  await says(again.getByRole('alert'), t('login.wrong'));
  await field(again, 'login.password').fill(PASSWORD);
  await button(again, 'login.submit').click();
  // What was refused for want of a session is sent again.
  await heading(page, 'Typed before it ended').waitFor();
  assert.equal(new URL(page.url()).pathname, path);
});

test('a page that is opened without a session comes after the login', async () => {
  const path = `${await pathOf('Linked to', PRODUCTION)}/customers`;
  const page = await given.browser.page({ path });
  await heading(page, t('login.title')).waitFor();
  await signIn(page, amal);
  await page.waitForURL(`**${path}`);
  await heading(page, t('customer.title')).waitFor();
  // Nobody is sent elsewhere by a link to the login.
  const guest = await given.browser.page({ path: '/login?return=https%3A%2F%2Fevil.example%2F' });
  await signIn(guest, amal);
  await heading(guest, t('nav.applications')).waitFor();
  assert.equal(new URL(guest.url()).origin, given.server.origin);
});

test('signing out ends the session in every tab', async () => {
  const page = await given.browser.page({ operator: badr, path: `/e/${SANDBOX}/applications` });
  const tab = await page.context().newPage();
  given.browser.watch(tab);
  await visit(tab, `/e/${SANDBOX}/keys`);
  await page.getByRole('button', { name: /^Your account/ }).click();
  await button(page, 'account.sign_out').click();
  await heading(page, t('login.title')).waitFor();
  await page.goBack();
  await heading(page, t('login.title')).waitFor();
  await tab.getByRole('link', { name: t('nav.usage') }).click();
  await tab.getByRole('heading', { name: new RegExp(`${t('login.again_title')}|${t('login.title')}`) }).first().waitFor();
});
