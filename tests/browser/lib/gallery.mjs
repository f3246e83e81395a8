// Every page, and every dialog that one can open on it: the questions that are asked of all of them go through this list.
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dialog, field, settled, visit } from './browser.mjs';
import { OTHER_SANDBOX, PRODUCTION, SANDBOX, poll } from './server.mjs';

export const CUSTOMER = '5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c';

/** Something on every page: applications, secrets in each state, customers, refusals, operators. */
export async function furnish(server) {
  const admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal Haddad');
  await server.addOperator('omar@example.com', 'developer', [SANDBOX, OTHER_SANDBOX], 'Omar');
  await server.addOperator('layla@example.com', 'auditor', [], 'Layla');
  const made = await server.createApplication(SANDBOX, 'Payments backend');
  const where = ['--environment', SANDBOX];
  const added = await server.json('secret', 'add', made.client_id, ...where);
  const application = { ...made, client_secret: added.client_secret };
  const { secrets } = await server.json('secret', 'list', made.client_id, ...where);
  await server.cli('secret', 'revoke', made.client_id, secrets.find((s) => s.secret_id !== added.secret_id).secret_id, ...where);
  await server.cli('customer', 'add', application.client_id, CUSTOMER, ...where);
  const live = await server.createApplication(PRODUCTION, 'Ledger');
  for (const [environment, client] of [[SANDBOX, application], [SANDBOX, server.demoApplication(SANDBOX)], [PRODUCTION, live]]) {
    const ask = (secret) => fetch(`http://${environment}.localhost:${server.port}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client.client_id, client_secret: secret, scope: 'api' }),
    });
    await poll(async () => (await ask(client.client_secret)).ok, 'each application gets a token');
    await ask('las_test_wrong');
  }
  const jwks = join(server.home, 'keys.json');
  writeFileSync(jwks, JSON.stringify({ keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })] }));
  const byKey = await server.createApplication(SANDBOX, 'Signs', '--auth-method', 'private_key_jwt', '--jwks', jwks, '--dpop-bound', 'true');
  const byCertificate = await server.createApplication(SANDBOX, 'Has a certificate', '--auth-method', 'tls_client_auth');
  const { operators } = await server.json('operator', 'list');
  for (const environment of [SANDBOX, PRODUCTION]) {
    await poll(async () => (await server.json('usage', '--environment', environment, '--from', '1h')).reasons.length > 0, 'what was asked for is counted');
  }
  return { admin, application, live, byKey, byCertificate, operator: operators.find((o) => o.email === 'omar@example.com') };
}

// What opens a dialog is found by what it says in the page's language.
const press = (key) => (page, text) => page.getByRole('button', { name: text(key), exact: true }).first().click();
const opens = (...presses) => async (page, text) => {
  for (const one of presses) await one(page, text);
  await dialog(page).waitFor();
};

/** `text`: a text in the language of the page. */
export function gallery({ application, live, byKey, byCertificate, operator }) {
  const at = (environment, client) => `/e/${environment}/applications/${client.client_id}`;
  const app = at(SANDBOX, application);
  const inProduction = at(PRODUCTION, live);
  return [
    { name: 'applications', path: `/e/${SANDBOX}/applications` },
    { name: 'applications of production', path: `/e/${PRODUCTION}/applications` },
    { name: 'create an application', path: `/e/${SANDBOX}/applications`, open: opens(press('app.create'), unfold) },
    { name: 'nothing found', path: `/e/${SANDBOX}/applications?q=nothing` },
    { name: 'integration', path: app },
    { name: 'integration in production', path: inProduction },
    { name: 'integration by a key', path: at(SANDBOX, byKey) },
    { name: 'integration by a certificate', path: at(SANDBOX, byCertificate) },
    { name: 'issue a certificate', path: app, open: opens(press('cert.issue')) },
    { name: 'a new certificate', path: inProduction, open: async (page, text) => { await press('cert.issue')(page, text); await dialog(page).locator('[type=submit]').click(); await page.locator('.secret-once').waitFor(); } },
    { name: 'edit an application', path: app, open: opens(press('app.rename')) },
    { name: 'edit all of an application', path: app, open: opens(press('app.rename'), unfold, everyMistake) },
    { name: 'disable an application', path: app, open: opens(press('app.disable')) },
    { name: 'delete an application', path: inProduction, open: opens(press('app.delete'), (page) => dialog(page).locator('button.danger').click()) },
    { name: 'a token', path: app, open: tryToken(application.client_secret, '.token-view') },
    { name: 'a token that is refused', path: app, open: tryToken('las_test_wrong', '[role=alert]') },
    { name: 'rotation', path: `${app}/rotation` },
    { name: 'add a secret', path: `${inProduction}/rotation`, open: opens(press('secret.add')) },
    { name: 'a new secret', path: `${inProduction}/rotation`, open: freshSecret },
    { name: 'revoke a secret', path: `${inProduction}/rotation`, open: opens(press('rotation.revoke_now')) },
    { name: 'customers', path: `${app}/customers` },
    { name: 'no customer', path: `${inProduction}/customers` },
    { name: 'add a customer', path: `${app}/customers`, open: opens(press('customer.add'), (page) => dialog(page).locator('[type=submit]').click()) },
    { name: 'remove a customer', path: `${app}/customers`, open: opens((page) => page.locator('.row-actions button').first().click()) },
    { name: 'usage of an application', path: `${app}/usage` },
    { name: 'signing keys', path: `/e/${PRODUCTION}/keys` },
    { name: 'a public key', path: `/e/${PRODUCTION}/keys`, open: opens((page) => page.locator('.row-actions button').first().click()) },
    { name: 'rotate the signing key', path: `/e/${PRODUCTION}/keys`, open: opens(press('keys.rotate')) },
    { name: 'usage', path: `/e/${SANDBOX}/usage` },
    { name: 'usage as a table', path: `/e/${SANDBOX}/usage`, open: press('usage.view_table') },
    { name: 'usage of nobody', path: `/e/${OTHER_SANDBOX}/usage` },
    { name: 'audit log', path: '/audit' },
    { name: 'audit log, verified', path: '/audit', open: async (page, text) => { await press('audit.verify')(page, text); await page.locator('.notice.ok').waitFor(); } },
    { name: 'an event', path: '/audit', open: opens((page) => page.locator('.row-actions button').first().click()) },
    { name: 'export the log', path: '/audit', open: opens(press('audit.export')) },
    { name: 'operators', path: '/operators' },
    { name: 'add an operator', path: '/operators', open: opens(press('operators.add')) },
    { name: 'an operator', path: `/operators?operator=${operator.operator_id}` },
    { name: 'reset a password', path: `/operators?operator=${operator.operator_id}`, open: opens(press('operators.reset_password')) },
    { name: 'delete an operator', path: `/operators?operator=${operator.operator_id}`, open: opens(press('operators.delete')) },
    { name: 'profile', path: '/profile' },
    { name: 'set up a second factor', path: '/profile', open: opens(press('profile.totp_set_up')) },
    { name: 'the QR code', path: '/profile', open: opens(press('profile.totp_set_up'), enroll) },
    { name: 'own account', path: '/profile', open: (page) => page.locator('.account > button').click() },
    { name: 'no such page', path: '/nowhere' },
    { name: 'no such application', path: `/e/${SANDBOX}/applications/00000000-0000-4000-8000-000000000000` },
  ];
}

async function unfold(page) {
  await dialog(page).locator('summary').first().waitFor();
  for (const summary of await dialog(page).locator('summary').all()) await summary.click();
}

// What the server says at each field that it can say something at.
async function everyMistake(page, text) {
  await field(dialog(page), text('registration.introspects')).fill('no audience');
  await field(dialog(page), text('registration.limit')).fill('99999999');
  await dialog(page).locator('[type=submit]').click();
  await dialog(page).locator('.field-error').nth(1).waitFor();
}

const tryToken = (secret, shown) => async (page, text) => {
  await field(page, text('trial.secret')).fill(secret);
  await press('trial.submit')(page, text);
  await page.locator(shown).first().waitFor();
};

async function freshSecret(page, text) {
  // The most that live at once is two: it is there from the second time on.
  if (await page.getByRole('button', { name: text('secret.add'), exact: true }).count() === 0) return;
  await press('secret.add')(page, text);
  await dialog(page).locator('[type=submit]').click();
  await page.locator('.secret-once').waitFor();
}

async function enroll(page, text) {
  await field(dialog(page), text('password.current')).fill('many quiet rivers run north');
  await dialog(page).locator('[type=submit]').click();
  await dialog(page).locator('.qr').waitFor();
}

export async function show(page, { path, open }, text) {
  await visit(page, path);
  if (open) {
    await open(page, text);
    await settled(page);
  }
}
