// Taking back the tokens that an application has already.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { button, dialog, field, noticed, says } from './lib/browser.mjs';
import { PRODUCTION, poll } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const NAME = 'Ledger of the bank';
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

async function newToken() {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: app.client_id, client_secret: app.client_secret, scope: 'api' });
  const answer = await ask('/oauth2/token', { 'content-type': 'application/x-www-form-urlencoded' }, form.toString());
  return answer.status === 200 ? JSON.parse(answer.text).access_token : undefined;
}

const verified = async (token) => (await ask(`/oauth2/verify?audience=${encodeURIComponent('https://api.leantech.me')}`, { authorization: `Bearer ${token}` })).status;

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
