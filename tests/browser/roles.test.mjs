// What each role is offered, and that the server refuses what is not offered where it is asked for all the same.
import assert from 'node:assert/strict';
import { button, dialog, field, heading, noticed, says, settled, visit } from './lib/browser.mjs';
import { OTHER_SANDBOX, PRODUCTION, SANDBOX } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const people = {};
let application;
const given = walk({}, async ({ server }) => {
  people.admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
  people.developer = await server.addOperator('omar@example.com', 'developer', [SANDBOX], 'Omar');
  people.auditor = await server.addOperator('layla@example.com', 'auditor', [], 'Layla');
  people.nobody = await server.addOperator('noor@example.com', 'developer', [OTHER_SANDBOX], 'Noor');
  application = await server.createApplication(SANDBOX, 'Payments backend');
});

const ways = async (page) => (await page.getByRole('navigation', { name: t('nav.label') }).getByRole('link').allInnerTexts()).map((text) => text.trim());
const switchable = (page) => page.getByLabel(t('environment.label')).locator('option').allInnerTexts();
const offered = (page) => page.locator('main').getByRole('button').allInnerTexts();
const NAV = { applications: t('nav.applications'), usage: t('nav.usage'), keys: t('nav.keys'), audit: t('nav.audit'), operators: t('nav.operators'), profile: t('nav.profile') };
const path = () => `/e/${SANDBOX}/applications/${application.client_id}`;

/** The status of a call that the page did not offer, sent from the page with its cookie. */
const ask = (page, method, url, body) => page.evaluate(async ([m, u, b]) => (await fetch(`/admin/v1${u}`, {
  method: m, headers: { ...(b && { 'Content-Type': 'application/json' }) }, ...(b && { body: JSON.stringify(b) }),
})).status, [method, url, body]);

test('an admin: everything', async () => {
  const page = await given.browser.page({ operator: people.admin, path: path() });
  await heading(page, 'Payments backend').waitFor();
  assert.deepEqual(await ways(page), Object.values(NAV));
  assert.deepEqual((await switchable(page)).sort(), [OTHER_SANDBOX, PRODUCTION, SANDBOX].sort());
  await settled(page);
  const buttons = await offered(page);
  for (const key of ['secret.add', 'trial.submit', 'edit', 'app.rename', 'app.disable', 'app.delete']) assert.ok(buttons.includes(t(key)), key);
  await visit(page, `/e/${SANDBOX}/keys`);
  await button(page, 'keys.rotate').click();
  await button(dialog(page), 'keys.rotate').click();
  await says(page.getByRole('table', { name: t('keys.all') }), t('keys.state_published'));
});

test('a developer: applications of the environments that were given, nothing else', async () => {
  const page = await given.browser.page({ operator: people.developer, path: path() });
  await heading(page, 'Payments backend').waitFor();
  assert.deepEqual(await ways(page), [NAV.applications, NAV.usage, NAV.keys, NAV.profile]);
  assert.deepEqual(await switchable(page), [SANDBOX]);
  await settled(page);
  const buttons = await offered(page);
  for (const key of ['secret.add', 'trial.submit', 'edit', 'app.delete']) assert.ok(buttons.includes(t(key)), key);

  await visit(page, `/e/${SANDBOX}/keys`);
  await page.getByRole('table', { name: t('keys.all') }).waitFor();
  assert.equal(await button(page, 'keys.rotate').count(), 0);
  assert.equal(await ask(page, 'POST', `/environments/${SANDBOX}/keys/rotate`), 403);
  for (const closed of ['/audit', '/operators', `/e/${PRODUCTION}/applications`, `/e/${OTHER_SANDBOX}/keys`]) {
    await page.goto(closed);
    await says(page, t('notfound.what'));
  }
  assert.equal(await ask(page, 'GET', '/audit'), 403);
  assert.equal(await ask(page, 'GET', '/operators'), 403);
  assert.equal(await ask(page, 'GET', `/environments/${PRODUCTION}/applications`), 404);
  assert.equal(await ask(page, 'POST', `/environments/${PRODUCTION}/applications`, { name: 'no' }), 404);
});

test('a developer makes and deletes an application', async () => {
  const page = await given.browser.page({ operator: people.developer, path: `/e/${SANDBOX}/applications` });
  await page.getByRole('button', { name: t('app.create') }).first().click();
  await field(dialog(page), 'app.name').fill('By a developer');
  await button(dialog(page), 'app.create_submit').click();
  await page.locator('.secret-once').waitFor();
  await settled(page);
  await button(page, 'app.delete').click();
  await button(dialog(page), 'app.delete').click();
  await noticed(page, 'app.deleted_done');
});

test('an auditor: everything to read, nothing to change', async () => {
  const page = await given.browser.page({ operator: people.auditor, path: path() });
  await heading(page, 'Payments backend').waitFor();
  assert.deepEqual(await ways(page), Object.values(NAV));
  const changes = ['secret.add', 'secret.revoke', 'trial.submit', 'edit', 'app.rename', 'app.disable', 'app.delete', 'app.create', 'customer.add', 'keys.rotate', 'operators.add', 'save'].map((key) => t(key));
  for (const one of [path(), `${path()}/rotation`, `${path()}/customers`, `/e/${SANDBOX}/applications`, `/e/${SANDBOX}/keys`, '/operators']) {
    await visit(page, one);
    assert.deepEqual((await offered(page)).filter((text) => changes.includes(text.trim())), [], one);
  }
  await page.getByRole('link', { name: 'Omar' }).click();
  await heading(page, 'Omar').waitFor();
  await says(page, t('operators.read_only'));
  await settled(page);
  assert.equal(await page.locator('main').getByRole('textbox').count(), 0);
  const api = `/environments/${SANDBOX}/applications`;
  assert.equal(await ask(page, 'POST', api, { name: 'no' }), 403);
  assert.equal(await ask(page, 'DELETE', `${api}/${application.client_id}`), 403);
  assert.equal(await ask(page, 'POST', `${api}/${application.client_id}/secrets`, {}), 403);
  await visit(page, '/audit?action=admin.refused');
  const refused = page.getByRole('row').filter({ hasText: t('action.admin.refused') }).filter({ hasText: 'Layla' });
  await refused.first().waitFor();
  await says(refused.first(), t('audit.outcome_refused'));
  await button(page, 'audit.verify').click();
  await page.locator('.notice.ok').waitFor();
});

test('an admin adds an operator, changes the role and disables the account', async () => {
  const page = await given.browser.page({ operator: people.admin, path: '/operators' });
  await button(page, 'operators.add').click();
  await field(dialog(page), 'operators.name').fill('Sami');
  await field(dialog(page), 'operators.email').fill('not an address');
  await button(dialog(page), 'operators.add_submit').click();
  await says(dialog(page), t('operators.email_missing'));
  await field(dialog(page), 'operators.email').fill('omar@example.com');
  await button(dialog(page), 'operators.add_submit').click();
  await dialog(page).locator('.field-error, [role=alert]').filter({ hasNotText: t('operators.email_missing') }).first().waitFor();
  assert.equal(await field(dialog(page), 'operators.name').inputValue(), 'Sami');
  await field(dialog(page), 'operators.email').fill('sami@example.com');
  await button(dialog(page), 'operators.add_submit').click();
  await page.locator('.secret-once').waitFor();
  await page.getByRole('link', { name: 'Sami' }).waitFor();
  await settled(page);
  await page.getByRole('link', { name: 'Sami' }).click();
  await heading(page, 'Sami').waitFor();
  await settled(page);
  await page.getByRole('radio', { name: t('role.auditor') }).check();
  await says(page, t('operators.access_ends'));
  await button(page, 'save').click();
  await noticed(page, 'operators.saved');
  await settled(page);
  await button(page, 'operators.disable').click();
  await button(dialog(page), 'operators.disable').click();
  await says(page.locator('.page-title'), t('operators.disabled'));
  await dialog(page).waitFor({ state: 'detached' });
  await settled(page);
  await button(page, 'operators.delete').click();
  await field(dialog(page), 'confirm.name').fill('sami@example.com');
  await button(dialog(page), 'operators.delete').click();
  await page.waitForURL('**/operators');
  await page.getByRole('link', { name: 'Omar' }).waitFor();
  await page.getByRole('link', { name: 'Sami' }).waitFor({ state: 'detached' });
});

test('a role that is taken away ends the session at once', async () => {
  const page = await given.browser.page({ operator: people.nobody, path: `/e/${OTHER_SANDBOX}/applications` });
  await heading(page, t('nav.applications')).waitFor();
  await given.server.cli('operator', 'set', 'noor@example.com', '--disable');
  await page.getByRole('link', { name: t('nav.keys') }).click();
  await heading(dialog(page), t('login.again_title')).waitFor();
});
