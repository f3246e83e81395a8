// An application that authenticates by a key or a certificate: made, shown, changed, and each wrong field named where it stands.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { axe, button, dialog, field, focused, heading, overlaps, says, settled, sticksOut, visit } from './lib/browser.mjs';
import { SANDBOX, poll } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const CUSTOMER = '5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
let admin;
let other;
let developer;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
  other = await server.addOperator('badr@example.com', 'admin', [], 'Badr');
  developer = await server.addOperator('omar@example.com', 'developer', [SANDBOX], 'Omar');
});
const pathOf = (app) => `/e/${SANDBOX}/applications/${app.client_id}`;

/** Asks the server as the application; gives status and body. */
async function ask(app, path, form) {
  const answer = await fetch(`http://${SANDBOX}.localhost:${given.server.port}/oauth2/${path}`, {
    method: 'POST', body: new URLSearchParams({ client_id: app.client_id, client_secret: app.client_secret, ...form }),
  });
  return { status: answer.status, body: await answer.json() };
}

const tokenOf = (app) => poll(async () => (await ask(app, 'token', { grant_type: 'client_credentials', scope: 'api' })).body.access_token, 'the application gets a token');

/** The form of an application that is there, with its rarely needed part open. */
async function edit(page) {
  await dialog(page).waitFor({ state: 'detached' });
  await settled(page);
  await page.getByRole('button', { name: t('edit'), exact: true }).click();
  const more = dialog(page).locator('details.more');
  if (!(await more.evaluate((e) => e.open))) await dialog(page).getByText(t('registration.more')).click();
  await field(dialog(page), 'registration.binding').waitFor();
}

const jwk = (part) => ({ ...generateKeyPairSync('ec', { namedCurve: 'P-256' })[part].export({ format: 'jwk' }), kid: 'of-the-page' });
const setOf = (part) => JSON.stringify({ keys: [jwk(part)] });

async function begin(page, method) {
  await visit(page, `/e/${SANDBOX}/applications`);
  await page.getByRole('button', { name: t('app.create') }).first().click();
  await field(dialog(page), 'app.name').fill(`by ${method}`);
  await dialog(page).getByText(t('app.more')).click();
  await field(dialog(page), 'app.auth_method').selectOption(method);
}

test('a key: refused while it is a private one, then registered, and no secret is made', async () => {
  const page = await given.browser.page({ operator: admin, path: '/' });
  await begin(page, 'private_key_jwt');
  await field(dialog(page), 'registration.keys').fill('{"keys": [');
  await button(dialog(page), 'app.create_submit').click();
  await says(dialog(page).locator('.field-error'), t('registration.keys_unreadable'));
  await field(dialog(page), 'registration.keys').fill(setOf('privateKey'));
  await button(dialog(page), 'app.create_submit').click();
  await says(dialog(page).locator('.field-error'), 'private member');
  await field(dialog(page), 'registration.keys').fill(setOf('publicKey'));
  await dialog(page).getByText(t('registration.more')).click();
  await field(dialog(page), 'registration.binding').selectOption('dpop');
  await button(dialog(page), 'app.create_submit').click();
  await page.waitForURL(/\/applications\/[0-9a-f-]{36}$/);
  await heading(page, 'by private_key_jwt').waitFor();
  await settled(page);
  assert.equal(await page.locator('.secret-once').count(), 0);
  assert.equal(await page.getByRole('heading', { name: t('secret.title'), exact: true }).count(), 0);
  assert.equal(await page.getByRole('link', { name: t('app.tab_rotation') }).count(), 0);
  await says(page.locator('main'), t('auth.private_key_jwt'));
  await says(page.locator('main'), t('registration.binding_dpop'));

  await page.getByRole('button', { name: t('edit'), exact: true }).click();
  assert.match(await field(dialog(page), 'registration.keys').inputValue(), /of-the-page/);
  await field(dialog(page), 'registration.keys').fill('https://client.example.com/keys');
  await button(dialog(page), 'save').click();
  await says(page.locator('main'), 'https://client.example.com/keys');
});

test('a certificate: its subject, and a program that shows it', async () => {
  const page = await given.browser.page({ operator: admin, path: '/' });
  await begin(page, 'tls_client_auth');
  await field(dialog(page), 'registration.subject').selectOption('tls_client_auth_san_dns');
  await field(dialog(page), 'registration.subject_value').fill('*.bank.example');
  await button(dialog(page), 'app.create_submit').click();
  await dialog(page).locator('.field-error').waitFor();
  await field(dialog(page), 'registration.subject_value').fill('core.bank.example');
  await button(dialog(page), 'app.create_submit').click();
  await page.waitForURL(/\/applications\/[0-9a-f-]{36}$/);
  await says(page.locator('main'), 'core.bank.example');
  await says(page.locator('.copy-block'), '--cert client.crt --key client.key');
});

test('token exchange: refused, registered in the page, and then a client trades its token', async () => {
  const app = await given.server.createApplication(SANDBOX, 'Trades tokens');
  await given.server.cli('customer', 'add', app.client_id, CUSTOMER, '--environment', SANDBOX);
  const token = await tokenOf(app);
  const trade = () => ask(app, 'token', { grant_type: EXCHANGE, subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', scope: `customer.${CUSTOMER}` });
  assert.equal((await trade()).body.error, 'unauthorized_client');

  const page = await given.browser.page({ operator: admin, path: pathOf(app) });
  await edit(page);
  await page.getByRole('checkbox', { name: t('registration.exchange') }).check();
  await says(dialog(page), t('registration.exchange_hint'));
  await button(dialog(page), 'save').click();
  await says(page.locator('.facts'), t('registration.exchange'));
  const traded = await poll(async () => { const { status, body } = await trade(); return status === 200 && body; }, 'the token is traded');
  assert.equal(traded.scope, `customer.${CUSTOMER}`);

  await edit(page);
  await page.getByRole('checkbox', { name: t('registration.exchange') }).uncheck();
  await button(dialog(page), 'save').click();
  await page.locator('.facts').getByText(t('registration.exchange')).waitFor({ state: 'detached' });
  await poll(async () => (await trade()).body.error === 'unauthorized_client', 'it may no more');
});

test('introspection and a limit: what is wrong at its field, then a right that works', async () => {
  const app = await given.server.createApplication(SANDBOX, 'A resource server');
  const token = await tokenOf(app);
  assert.equal((await ask(app, 'introspect', { token })).body.error, 'unauthorized_client');
  const { aud } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  const page = await given.browser.page({ operator: admin, path: pathOf(app) });
  await edit(page);
  await field(dialog(page), 'registration.introspects').fill('no audience');
  await field(dialog(page), 'registration.limit').fill('many');
  await button(dialog(page), 'save').click();
  await says(dialog(page).locator('.field-error'), t('registration.limit_wrong'));
  await focused(page, '[aria-invalid=true]');
  await field(dialog(page), 'registration.limit').fill('99999999');
  await button(dialog(page), 'save').click();
  await says(dialog(page).locator('.field-error'), 'absolute URI');
  await says(dialog(page).locator('.field-error'), 'from 0 to 1000000');
  await focused(page, 'textarea[aria-invalid=true]');
  assert.equal(await field(dialog(page), 'registration.introspects').inputValue(), 'no audience');
  // The audiences of the environment are named, so that none has to be looked up.
  assert.ok((await dialog(page).innerText()).includes(String(aud)));
  await field(dialog(page), 'registration.introspects').fill(`${aud}\nurn:of:another\n`);
  await field(dialog(page), 'registration.limit').fill('600');
  await button(dialog(page), 'save').click();
  await says(page.locator('.facts'), `${aud} urn:of:another`);
  await says(page.locator('.facts'), '600');
  await poll(async () => (await ask(app, 'introspect', { token })).body.active === true, 'it may ask');

  // Nobody but an admin changes it from now on, nor is offered what only an admin sets.
  const theirs = await given.browser.page({ operator: developer, path: pathOf(app) });
  await says(theirs, t('app.admin_only_introspects'));
  await settled(theirs);
  assert.equal(await theirs.getByRole('button', { name: t('edit'), exact: true }).count(), 0);
  const plain = await given.server.createApplication(SANDBOX, 'Of a developer');
  await visit(theirs, pathOf(plain));
  await edit(theirs);
  assert.equal(await field(dialog(theirs), 'registration.introspects').count(), 0);
  await theirs.getByRole('checkbox', { name: t('registration.exchange') }).check();
  await button(dialog(theirs), 'save').click();
  await says(theirs.locator('.facts'), t('registration.exchange'));
});

test('assertions: one algorithm and the older audience, and neither outlives the method', async () => {
  const page = await given.browser.page({ operator: admin, path: '/' });
  await begin(page, 'private_key_jwt');
  await field(dialog(page), 'registration.keys').fill(setOf('publicKey'));
  await dialog(page).getByText(t('registration.more')).click();
  await page.getByRole('checkbox', { name: t('registration.fapi') }).check();
  await field(dialog(page), 'registration.algorithm').selectOption('RS256');
  await page.getByRole('checkbox', { name: t('registration.audience_endpoint') }).check();
  // FAPI has neither: said at both.
  await button(dialog(page), 'app.create_submit').click();
  await says(dialog(page).locator('.field-error'), 'FAPI 2.0 allows PS256, ES256 and EdDSA');
  await says(dialog(page).locator('.field-error'), 'the issuer as the one audience');
  await page.getByRole('checkbox', { name: t('registration.fapi') }).uncheck();
  await field(dialog(page), 'registration.algorithm').selectOption('ES256');
  await button(dialog(page), 'app.create_submit').click();
  await page.waitForURL(/\/applications\/[0-9a-f-]{36}$/);
  await says(page.locator('.facts'), 'ES256');
  await says(page.locator('.facts'), t('registration.audience_endpoint'));

  await edit(page);
  assert.equal(await field(dialog(page), 'registration.algorithm').inputValue(), 'ES256');
  await field(dialog(page), 'app.auth_method').selectOption('client_secret_jwt');
  assert.equal(await field(dialog(page), 'registration.algorithm').inputValue(), '');
  await field(dialog(page), 'app.auth_method').selectOption('tls_client_auth');
  await field(dialog(page), 'registration.algorithm').waitFor({ state: 'detached' });
  await button(dialog(page), 'save').click();
  await says(page.locator('.facts'), t('auth.tls_client_auth'));
  await page.locator('.facts').getByText(t('registration.audience_endpoint')).waitFor({ state: 'detached' });
});

test('two at once: what the other one registered is told, and what was typed is kept', async () => {
  const app = await given.server.createApplication(SANDBOX, 'Of two');
  const first = await given.browser.page({ operator: other, path: pathOf(app) });
  const second = await given.browser.page({ operator: admin, path: pathOf(app) });
  for (const page of [first, second]) await edit(page);
  await field(dialog(first), 'registration.limit').fill('60');
  await first.getByRole('checkbox', { name: t('registration.exchange') }).check();
  await button(dialog(first), 'save').click();
  await dialog(first).waitFor({ state: 'detached' });

  await field(dialog(second), 'registration.introspects').fill('urn:typed');
  await field(dialog(second), 'registration.limit').fill('90');
  await button(dialog(second), 'save').click();
  const conflict = dialog(second).getByRole('alert');
  await says(conflict, t('conflict.title'));
  assert.deepEqual(await conflict.locator('dt').allInnerTexts(), [t('registration.grants'), t('registration.limit')]);
  assert.deepEqual(await conflict.locator('del').allInnerTexts(), [t('none'), t('none')]);
  assert.deepEqual(await conflict.locator('ins').allInnerTexts(), [t('registration.exchange'), '60']);
  assert.deepEqual(await axe(second), []);
  assert.equal(await field(dialog(second), 'registration.introspects').inputValue(), 'urn:typed');
  await button(conflict, 'conflict.overwrite').click();
  await dialog(second).waitFor({ state: 'detached' });
  // Mine on top of theirs: what only the other one changed stays.
  for (const fact of ['urn:typed', '90', t('registration.exchange')]) await says(second.locator('.facts'), fact);
});

test('all of the form without a mouse', async () => {
  const app = await given.server.createApplication(SANDBOX, 'By keyboard');
  const page = await given.browser.page({ operator: admin, path: pathOf(app) });
  await page.getByRole('button', { name: t('edit'), exact: true }).focus();
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  const tabTo = async (wanted) => {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => { const e = document.activeElement; return (e.labels?.[0] ?? e).textContent.trim(); });
      if (at === wanted) return;
    }
    assert.fail(`"${wanted}" is not reached`);
  };
  await tabTo(t('registration.more'));
  await page.keyboard.press('Enter');
  await tabTo(t('registration.exchange'));
  await page.keyboard.press('Space');
  await tabTo(t('registration.limit'));
  await page.keyboard.type('12');
  await page.keyboard.press('Enter');
  await says(page.locator('.facts'), t('registration.exchange'));
  await says(page.locator('.facts'), '12');
});

test('self-signed certificates may be in a key set behind a URL', async () => {
  const page = await given.browser.page({ operator: admin, path: '/' });
  await begin(page, 'self_signed_tls_client_auth');
  await says(dialog(page), t('registration.keys_hint_certificate'));
  await field(dialog(page), 'registration.keys').fill('http://client.example.com/keys');
  await button(dialog(page), 'app.create_submit').click();
  await dialog(page).locator('.field-error').waitFor();
  await focused(page, 'textarea[aria-invalid=true]');
  await field(dialog(page), 'registration.keys').fill('https://client.example.com/keys');
  await button(dialog(page), 'app.create_submit').click();
  await page.waitForURL(/\/applications\/[0-9a-f-]{36}$/);
  await says(page.locator('.facts'), 'https://client.example.com/keys');
});

for (const language of ['en', 'ar']) {
  test(`the forms of every method are fit for everybody (${language})`, async () => {
    const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications`, width: 375, height: 800, language });
    await settled(page);
    await page.locator('.page-head button').first().click();
    await dialog(page).locator('details.more summary').first().waitFor();
    for (const summary of await dialog(page).locator('details.more summary').all()) await summary.click();
    const methods = dialog(page).locator('select').first();
    for (const method of await methods.locator('option').evaluateAll((all) => all.map((o) => o.value))) {
      await methods.selectOption(method);
      assert.deepEqual(await axe(page), [], method);
      assert.deepEqual(await sticksOut(page), [], method);
      assert.deepEqual(await overlaps(page), [], method);
    }
  });
}
