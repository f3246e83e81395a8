// Replacing a secret by the guided path while a real client works with it, and what is left of that in Usage and Audit.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { button, dialog, field, heading, noticed, says, settled, visit } from './lib/browser.mjs';
import { askToken } from './lib/client.mjs';
import { PRODUCTION, poll } from './lib/server.mjs';
import { pattern, t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const run = promisify(execFile);
const NAME = 'Ledger of the bank';
let admin;
let old;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
  const made = await server.createApplication(PRODUCTION, NAME);
  old = { issuer: `http://${PRODUCTION}.localhost:${server.port}`, client_id: made.client_id, client_secret: made.client_secret };
});

const works = async (client) => 'claims' in await askToken(client);
const step = (page) => page.locator('.step.now h3');

test('rotate while a client works, then revoke the old secret', async () => {
  await poll(() => works(old), 'the application gets a token');
  const page = await given.browser.page({ operator: admin, path: `/e/${PRODUCTION}/applications/${old.client_id}` });
  // The page's clock is ours, so that the hours of waiting pass at once.
  await page.clock.install({ time: new Date() });
  await page.reload();
  await settled(page);
  await page.getByRole('link', { name: t('app.tab_rotation') }).click();
  await says(step(page), t('rotation.add'));
  await settled(page);

  await button(page, 'secret.add').click();
  await button(dialog(page), 'secret.add_submit').click();
  const young = { ...old, client_secret: await page.locator('.secret-value code').innerText() };
  assert.notEqual(young.client_secret, old.client_secret);

  await says(step(page), t('rotation.deploy'));
  await says(page, t('rotation.waiting'));
  assert.ok(await works(old), 'the old one goes on working');
  await poll(() => works(young), 'the new one works beside it');

  // Written by the server first, so that few steps of the page's clock lead there: too many would lead past it.
  const uses = async () => (await given.server.json('secret', 'list', old.client_id, '--environment', PRODUCTION)).secrets.map((s) => s.last_used_at);
  await poll(async () => (await uses()).every(Boolean), 'the first use of the new secret is known');
  // Every ten seconds the page looks by itself.
  await page.clock.fastForward(11_000);
  await says(step(page), t('rotation.watch'));
  await page.locator('.step').nth(1).getByText(pattern('rotation.last_used')).waitFor();
  await page.locator('.step').nth(2).getByText(pattern('rotation.last_used')).waitFor();
  await page.getByRole('progressbar', { name: t('rotation.progress') }).waitFor();

  await page.clock.fastForward('06:00:00');
  await says(step(page), t('rotation.revoke'));
  await settled(page);
  await button(page, 'rotation.revoke_old').click();
  await says(dialog(page), t('environment.production'));
  await field(dialog(page), 'confirm.name').fill(NAME);
  await button(dialog(page), 'secret.revoke').click();
  await noticed(page, 'secret.revoked_done');
  await says(step(page), t('rotation.add'));

  await poll(async () => (await askToken(old)).error === 'invalid_client', 'the old secret is refused');
  assert.ok(await works(young));
  await visit(page, `/e/${PRODUCTION}/applications/${old.client_id}`);
  const row = page.getByRole('row').filter({ hasText: t('secret.state_revoked') });
  await row.first().waitFor();
});

test('the refusal is in Usage, with what to do', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${PRODUCTION}/applications/${old.client_id}/usage` });
  const reasons = page.getByRole('table', { name: t('usage.reasons') });
  await poll(async () => {
    await settled(page);
    if (await reasons.getByText('client_secret_wrong', { exact: true }).count()) return true;
    await page.reload();
    return false;
  }, 'the refusal is counted');
  await says(reasons, t('do.client_secret_wrong'));
  const numbers = await page.locator('.numbers').innerText();
  assert.match(numbers, /Issued\s+[1-9]/);
  assert.match(numbers, /Refused\s+[1-9]/);
  await page.locator('.chart canvas').first().waitFor();
  await button(page, 'usage.view_table').click();
  const table = page.getByRole('table', { name: t('usage.tokens') });
  await table.getByRole('row').nth(1).waitFor();
  await page.goto(`/e/${PRODUCTION}/usage`);
  await says(page.getByRole('table', { name: t('usage.applications') }), NAME);
});

test('the revocation is in the log, and the log is whole', async () => {
  const page = await given.browser.page({ operator: admin, path: '/audit?action=secret.revoke' });
  const event = page.getByRole('row').filter({ hasText: t('action.secret.revoke') });
  await event.first().waitFor();
  assert.equal(await event.count(), 1);
  await says(event, 'Amal');
  await event.getByRole('button').click();
  await says(dialog(page), t('audit.previous_hash'));
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  await button(page, 'audit.verify').click();
  await page.getByText(pattern('audit.whole')).waitFor();

  const download = page.waitForEvent('download');
  await button(page, 'audit.export').click();
  await dialog(page).getByRole('link', { name: t('download') }).click();
  const stream = await (await download).createReadStream();
  let text = '';
  for await (const chunk of stream) text += chunk;
  const actions = text.trim().split('\n').map((line) => JSON.parse(line).action);
  assert.ok(actions.includes('secret.revoke') && actions[0] === 'audit.begin', actions.join(' '));
  assert.ok(!text.includes(old.client_secret));
});

test('a log that was altered is told, with the first event that is wrong', async () => {
  await run('sqlite3', ['-cmd', '.timeout 60000', join(given.server.home, 'leanauth.db'), "UPDATE audit_event SET address = '203.0.113.9' WHERE sequence = 3"]);
  const page = await given.browser.page({ operator: admin, path: '/audit' });
  await button(page, 'audit.verify').click();
  await says(page, t('audit.broken'));
  await says(page, t('audit.broken_at', { number: 3 }));
  await button(page, 'audit.open_event').click();
  await heading(dialog(page), t('audit.event', { count: 3 })).waitFor();
});
