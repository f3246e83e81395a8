// Client certificates of an application: issued once, downloaded, listed, revoked; for whom there is no key, and who may only look.
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { axe, button, dialog, field, heading, noticed, says, settled, sticksOut } from './lib/browser.mjs';
import { PRODUCTION, SANDBOX } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const NAME = 'Ledger of the bank';
let admin;
let auditor;
let live;
let trial;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
  auditor = await server.addOperator('omar@example.com', 'auditor', [], 'Omar');
  live = await server.createApplication(PRODUCTION, NAME);
  trial = await server.createApplication(SANDBOX, 'Of a trial');
});

const open = (operator, environment, app, options = {}) => given.browser.page({ operator, path: `/e/${environment}/applications/${app.client_id}`, ...options });

async function saved(page, key) {
  const download = page.waitForEvent('download');
  await button(page, key).first().click();
  const chunks = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('issue, save, revoke by the typed name', async () => {
  const page = await open(admin, PRODUCTION, live);
  await says(page, t('cert.none'));
  await button(page, 'cert.issue').first().click();
  await button(dialog(page), 'cert.issue_submit').click();
  await heading(page, t('cert.issued_title')).waitFor();
  await says(page, t('cert.issued_warning'));
  const key = createPrivateKey(await saved(page, 'cert.save_key'));
  const certificate = new X509Certificate(await saved(page, 'cert.save_certificate'));
  const authority = new X509Certificate(await saved(page, 'cert.save_chain'));
  assert.ok(certificate.checkPrivateKey(key) && certificate.verify(authority.publicKey));
  assert.ok(certificate.subject.includes(live.client_id));
  await button(page, 'cert.stored').click();
  await heading(page, t('cert.issued_title')).waitFor({ state: 'detached' });

  await page.reload();
  await settled(page);
  await says(page, certificate.subject.split('\n').reverse().join(','));
  assert.equal(await button(page, 'cert.save_key').count(), 0, 'the key is gone with the page');
  await page.getByRole('button', { name: /^Revoke \d+$/ }).last().click();
  await says(dialog(page), t('environment.production'));
  await field(dialog(page), 'confirm.name').fill(NAME);
  await button(dialog(page), 'cert.revoke').click();
  await noticed(page, 'cert.revoked_done');
});

test('a request that is none is said at its field; a phone has room for it', async () => {
  const page = await open(admin, SANDBOX, trial, { width: 375, height: 760 });
  await button(page, 'cert.issue').first().click();
  await field(dialog(page), 'cert.request').fill('-----BEGIN NONSENSE-----');
  await button(dialog(page), 'cert.issue_submit').click();
  await dialog(page).getByRole('alert').first().waitFor();
  assert.deepEqual(await axe(page), []);
  assert.deepEqual(await sticksOut(page), []);
});

test('an auditor looks and changes nothing', async () => {
  const page = await open(auditor, SANDBOX, trial);
  await heading(page, t('cert.title')).waitFor();
  await settled(page);
  assert.equal(await button(page, 'cert.issue').count(), 0);
});
