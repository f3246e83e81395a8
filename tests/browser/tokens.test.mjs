// Taking back the tokens that an application has already.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { button, dialog, field, noticed, says } from './lib/browser.mjs';
import { PRODUCTION, poll } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const NAME = 'Ledger of the bank';
const CUSTOMERS = ['0f3c8a3e-5e0e-4d53-93a8-5b9df5a3a3a1', '0f3c8a3e-5e0e-4d53-93a8-5b9df5a3a3a2'];
let admin;
let app;
let base;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
  app = await server.createApplication(PRODUCTION, NAME);
  base = `http://127.0.0.1:${server.port}`;
});

const ask = (path, more = {}, body = undefined) => new Promise((resolve, reject) => {
  // node:http, because fetch lets nobody say the Host
  request(base + path, { method: body ? 'POST' : 'GET', headers: { host: `${PRODUCTION}.localhost`, ...more } }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; }).on('end', () => resolve({ status: answer.statusCode, text }));
  }).on('error', reject).end(body);
});

async function newToken(scope = 'api') {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: app.client_id, client_secret: app.client_secret, scope });
  const answer = await ask('/oauth2/token', { 'content-type': 'application/x-www-form-urlencoded' }, form.toString());
  return answer.status === 200 ? JSON.parse(answer.text).access_token : undefined;
}

const verified = async (token, audience = 'https://api.leantech.me') => (await ask(`/oauth2/verify?audience=${encodeURIComponent(audience)}`, { authorization: `Bearer ${token}` })).status;

test('an administrator revokes all tokens of an application', async () => {
  let token;
  await poll(async () => { token = await newToken(); return token; }, 'the application gets a token');
  assert.equal(await verified(token), 200);

  const page = await given.browser.page({ operator: admin, path: `/e/${PRODUCTION}/applications/${app.client_id}/rotation` });
  await button(page, 'tokens.revoke_all').click();
  await says(dialog(page), t('tokens.revoke_effect'));
  await field(dialog(page), 'confirm.name').fill(NAME);
  await button(dialog(page), 'tokens.revoke_all').click();
  await noticed(page, 'tokens.revoked_done');
  await poll(async () => (await verified(token)) === 401, 'the token is refused');
});

test('the tokens of one customer are revoked, and go with the customer', async () => {
  const ofOne = (token) => verified(token, 'https://sdk.leantech.me');
  let token;
  let other;
  const tab = await given.browser.page({ operator: admin, path: `/e/${PRODUCTION}/applications/${app.client_id}/customers` });
  for (const id of CUSTOMERS) {
    await button(tab, 'customer.add').first().click();
    await field(dialog(tab), 'customer.id').fill(id);
    await button(dialog(tab), 'customer.add_submit').click();
    await tab.getByRole('button', { name: `${t('customer.remove')} ${id}`, exact: true }).waitFor();
  }
  const both = async () => {
    [token, other] = [await newToken(`customer.${CUSTOMERS[0]}`), await newToken(`customer.${CUSTOMERS[1]}`)];
    return token && other;
  };
  for (const what of ['customer.revoke', 'customer.remove']) {
    // Not within the second in which tokens were revoked.
    await poll(async () => (await both()) && (await ofOne(token)) === 200 && (await ofOne(other)) === 200, 'the tokens hold');
    await tab.getByRole('button', { name: `${t(what)} ${CUSTOMERS[0]}`, exact: true }).click();
    await says(dialog(tab), t('tokens.offline'));
    await field(dialog(tab), 'confirm.name').fill(NAME);
    await button(dialog(tab), what).click();
    await noticed(tab, what === 'customer.revoke' ? 'tokens.revoked_done' : 'customer.removed_done');
    await poll(async () => (await ofOne(token)) === 401, 'the token of the one is refused');
    assert.equal(await ofOne(other), 200);
  }
});
