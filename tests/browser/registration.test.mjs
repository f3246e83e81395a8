// An application that authenticates by a key or a certificate: made, shown, changed, and each wrong field named where it stands.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { axe, button, dialog, field, heading, says, settled, sticksOut } from './lib/browser.mjs';
import { SANDBOX } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

let admin;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
});

const jwk = (part) => ({ ...generateKeyPairSync('ec', { namedCurve: 'P-256' })[part].export({ format: 'jwk' }), kid: 'of-the-page' });
const setOf = (part) => JSON.stringify({ keys: [jwk(part)] });

async function begin(page, method) {
  await page.goto(`/e/${SANDBOX}/applications`);
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
  await says(page.locator('.copy-block'), '--cert client.pem --key client.key');
});

for (const language of ['en', 'ar']) {
  test(`the forms of every method are fit for everybody (${language})`, async () => {
    const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications`, width: 375, height: 800, language });
    await settled(page);
    await page.locator('.page-head button').first().click();
    await dialog(page).locator('details.more summary').click();
    const methods = dialog(page).locator('select').first();
    for (const method of await methods.locator('option').evaluateAll((all) => all.map((o) => o.value))) {
      await methods.selectOption(method);
      assert.deepEqual(await axe(page), [], method);
      assert.deepEqual(await sticksOut(page), [], method);
    }
  });
}
