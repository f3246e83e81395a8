// The programs that the Integration page gives, run as they stand: curl, Python and Node.js, for each way to authenticate and each way to
// bind a token.
import { button, dialog, field, says, settled } from './lib/browser.mjs';
import { obstacle, options, place, prepare, programOf, runProgram, selfSigned } from './lib/programs.mjs';
import { OTHER_SANDBOX, SANDBOX } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

let admin;
const given = walk(options, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
});
const open = (app, more = {}) => given.browser.page({ operator: admin, path: `/e/${app.environment}/applications/${app.client_id}`, ...more });

const WAYS = [
  ['client_secret', { bound: 'dpop' }, 'trial.bound_dpop'],
  ['client_secret_basic', { bound: 'certificate' }, 'trial.bound_certificate'],
  ['client_secret_basic', { bound: 'dpop', environment: OTHER_SANDBOX }, 'trial.bound_dpop'],
  ['client_secret_jwt', {}, 'trial.by_secret'],
  ['private_key_jwt', { key: 'ES256' }, 'trial.by_key'],
  ['private_key_jwt', { key: 'ES512' }, 'trial.by_key'],
  ['private_key_jwt', { key: 'EdDSA' }, 'trial.by_key'],
  ['private_key_jwt', { key: 'PS256' }, 'trial.by_key'],
  ['private_key_jwt', { key: 'RS256' }, 'trial.by_key'],
  ['private_key_jwt', { key: 'ES256', bound: 'certificate' }, 'trial.by_key'],
  // A nonce is wanted here, so each program asks twice.
  ['private_key_jwt', { key: 'ES256', bound: 'dpop', environment: OTHER_SANDBOX }, 'trial.by_key'],
  ['tls_client_auth', {}, 'trial.by_certificate'],
  ['self_signed_tls_client_auth', {}, 'trial.by_certificate'],
];

for (const [method, how, why] of WAYS) {
  test(`${[method, ...Object.values(how)].join(', ')}: the programs get a token, and the page says why it cannot`, async (context) => {
    const app = await prepare(given.server, method, how);
    const page = await open(app);
    await says(page, t(why));
    assert.equal(await button(page, 'trial.submit').count(), 0);
    for (const language of ['curl', 'python', 'node']) {
      const missing = obstacle(language);
      if (missing) context.diagnostic(`note: not run: ${missing}`);
      else await runProgram(app, language, await programOf(page, language));
    }
  });
}

test('a self-signed certificate is registered in the page, and curl gets a token with it', async () => {
  const app = { ...(await prepare(given.server, 'client_secret')), bound: 'certificate' };
  selfSigned(app.folder, 'client', 'made by the application');
  const page = await open(app);
  await page.getByRole('button', { name: t('edit'), exact: true }).click();
  await field(dialog(page), 'app.auth_method').selectOption('self_signed_tls_client_auth');
  await button(dialog(page), 'save').click();
  await says(page, t('trial.by_certificate'));
  await says(page, t('cert.none'));
  await dialog(page).waitFor({ state: 'detached' });
  await settled(page);
  await button(page, 'cert.register').first().click();
  await button(dialog(page), 'cert.register_submit').click();
  await says(dialog(page), t('cert.pem_missing'));
  await field(dialog(page), 'cert.pem').fill(readFileSync(join(place, 'server.key'), 'utf8'));
  await button(dialog(page), 'cert.register_submit').click();
  await dialog(page).locator('.field-error').filter({ hasNotText: t('cert.pem_missing') }).waitFor();
  await field(dialog(page), 'cert.pem').fill(readFileSync(join(app.folder, 'client.crt'), 'utf8'));
  await button(dialog(page), 'cert.register_submit').click();
  await dialog(page).waitFor({ state: 'detached' });
  await says(page.getByRole('table', { name: t('cert.title') }), 'CN=made by the application');
  await runProgram({ ...app, client_secret: null }, 'curl', await programOf(page, 'curl'));
  // What it looks like to whoever runs the server: used, and live.
  await page.reload();
  await settled(page);
  await says(page.getByRole('table', { name: t('cert.title') }), t('secret.state_live'));
});

test('the scope that is chosen is in the program, also where the page cannot ask', async () => {
  const app = await prepare(given.server, 'private_key_jwt', { key: 'ES256' });
  const page = await open(app);
  await field(page, 'trial.scope').selectOption('customer');
  await field(page, 'trial.customer').fill('5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c');
  assert.match(await programOf(page, 'node'), /customer\.5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c/);
  assert.match(await programOf(page, 'curl'), /scope=customer\.5f3c2a10/);
  assert.ok(SANDBOX === app.environment);
});
