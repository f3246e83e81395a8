// An application from the button that makes it to a token, by a real client and in the page; and the code that the page gives.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { button, dialog, field, heading, noticed, pressUntil, says, settled, sticksOut, visit } from './lib/browser.mjs';
import { askToken } from './lib/client.mjs';
import { PRODUCTION, ROOT, SANDBOX, poll } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const run = promisify(execFile);
let admin;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
});
const CUSTOMER = '5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c';

/** Creates it by the form, and gives what a client needs of it. */
async function create(page, environment, name) {
  await visit(page, `/e/${environment}/applications`);
  await page.getByRole('button', { name: t('app.create') }).first().click();
  await field(dialog(page), 'app.name').fill(name);
  await button(dialog(page), 'app.create_submit').click();
  await page.waitForURL(/\/applications\/[0-9a-f-]{36}$/);
  await page.locator('.secret-once').waitFor();
  await settled(page);
  return {
    issuer: `http://${environment}.localhost:${given.server.port}`,
    client_id: await page.locator('.application-id code').innerText(),
    client_secret: await page.locator('.secret-value code').innerText(),
  };
}

test('create an application and get a token with a real client', async () => {
  const page = await given.browser.page({ operator: admin, path: '/' });
  await page.waitForURL('**/applications');
  const client = await create(page, SANDBOX, 'Payments backend');
  await heading(page, 'Payments backend').waitFor();
  assert.match(client.client_secret, /^las_test_[0-9A-Za-z]{20,}$/);
  // The registry follows the store; a client that is quicker asks again.
  const { claims } = await poll(async () => { const got = await askToken(client); return got.claims && got; }, 'the new application gets a token');
  assert.equal(claims.client_id, client.client_id);
  assert.equal(claims.iss, client.issuer);
  const wrong = await askToken({ ...client, client_secret: `${client.client_secret}x` });
  assert.equal(wrong.error, 'invalid_client');
});

test('get a token in the page: decoded claims, each with its meaning', async () => {
  const page = await given.browser.page({ operator: admin, path: '/' });
  const client = await create(page, SANDBOX, 'Tried in the page');
  assert.equal(await field(page, 'trial.secret').inputValue(), client.client_secret);
  // The registry follows the store.
  await pressUntil(button(page, 'trial.submit'), page.getByText('Here is a token for'));
  const claims = page.getByRole('table', { name: t('token.claims') });
  for (const [name, value] of [['iss', client.issuer], ['client_id', client.client_id], ['scope', 'api']]) {
    const row = claims.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
    await says(row, value);
    await says(row, t(`claim.${name}`));
  }
  await says(page.getByRole('table', { name: t('token.header') }), 'at+jwt');
  await page.getByRole('timer').waitFor();

  await field(page, 'trial.scope').selectOption('customer');
  await button(page, 'trial.submit').click();
  await says(page, t('trial.customer_missing'));
  await field(page, 'trial.customer').fill(CUSTOMER);
  await button(page, 'trial.submit').click();
  await says(claims, `customer.${CUSTOMER}`);

  await field(page, 'trial.secret').fill('las_test_wrong');
  await button(page, 'trial.submit').click();
  await says(page.getByRole('alert'), 'invalid_client');
  assert.equal(await field(page, 'trial.secret').inputValue(), 'las_test_wrong');
});

test('the secret is shown once', async () => {
  const page = await given.browser.page({ operator: admin, path: '/', permissions: ['clipboard-read', 'clipboard-write'] });
  const client = await create(page, PRODUCTION, 'Shown once');
  await says(page, t('secret.new_warning_production'));
  await page.locator('.secret-once').getByRole('button', { name: t('copy.what', { what: t('secret.client_secret') }) }).click();
  await noticed(page, 'copy.done');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), client.client_secret);
  await page.reload();
  await heading(page, 'Shown once').waitFor();
  await settled(page);
  assert.ok(!(await page.content()).includes(client.client_secret));
  assert.ok(!(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).includes(client.client_secret));
});

// Java and Go need compilers of their own; that those programs are well formed is tested where they are made.
const PROGRAMS = [
  { id: 'curl', command: (file) => ['sh', file], name: 'token.sh' },
  { id: 'python', command: (file) => ['/usr/bin/python3', file], name: 'get_token.py' },
  { id: 'node', command: (file) => [process.execPath, '--require', join(ROOT, 'tests/interop/localhost.cjs'), file], name: 'token.mjs' },
];

for (const { id, command, name } of PROGRAMS) {
  test(`the code for ${id} works as it stands in the page`, async () => {
    const page = await given.browser.page({ operator: admin, path: '/' });
    const client = await create(page, SANDBOX, `Code for ${id}`);
    await page.getByRole('checkbox', { name: t('snippet.put_in') }).check();
    await says(page.locator('.copy-block').first(), client.client_secret);
    const setting = await page.locator('.copy-block code').first().textContent();
    const [, variable, value] = /^export (\w+)='?([^']+?)'?\s*$/.exec(setting);
    assert.equal(value, client.client_secret);
    const label = { curl: 'curl', python: 'Python', node: 'Node.js' }[id];
    await page.getByRole('tab', { name: label, exact: true }).click();
    await page.getByRole('tabpanel', { name: label, exact: true }).waitFor();
    const program = await page.locator('[role=tabpanel] code').textContent();
    assert.ok(program.includes(client.client_id) && !program.includes(client.client_secret));
    const file = join(given.server.home, name);
    writeFileSync(file, program);
    // A name below localhost is this machine, whatever its resolver knows of it.
    if (id === 'python') writeFileSync(file, `import socket\n_ask = socket.getaddrinfo\nsocket.getaddrinfo = lambda host, *a, **k: _ask("127.0.0.1" if str(host).endswith("localhost") else host, *a, **k)\n${program}`);
    const environment = { ...Object.fromEntries(Object.entries(process.env).filter(([n]) => !/proxy/i.test(n))), [variable]: value };
    const [words, ...rest] = command(file);
    const { stdout } = await poll(() => run(words, rest, { env: environment }).catch(() => null), 'the program gets a token');
    assert.match(stdout, /eyJ[\w-]+\.[\w-]+\.[\w-]+/);
  });
}

test('search, status, and nothing found', async () => {
  for (const name of ['Alpha of the list', 'Beta of the list']) await given.server.createApplication('sandbox-ksa', name);
  const page = await given.browser.page({ operator: admin, path: '/e/sandbox-ksa/applications' });
  await page.getByRole('link', { name: 'Beta of the list' }).waitFor();
  await field(page, 'app.search').fill('ALPHA');
  await page.getByRole('link', { name: 'Beta of the list' }).waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Alpha of the list' }).waitFor();
  await page.waitForURL((url) => url.searchParams.get('q') === 'ALPHA');
  await page.reload();
  await settled(page);
  assert.equal(await field(page, 'app.search').inputValue(), 'ALPHA');
  await field(page, 'app.search').fill('no such thing');
  await says(page, t('app.none_found'));
  await button(page, 'app.clear_filter').click();
  await page.getByRole('link', { name: 'Alpha of the list' }).waitFor();
  await field(page, 'app.status').selectOption('false');
  await says(page, t('app.none_found'));
});

// Names are other people's input: they are shown, not obeyed.
const HOSTILE = {
  html: '<img src=x onerror="document.title=1"><b>bold</b> & "quotes"',
  template: '{{constructor}} ${1+1} {name} %s',
  long: 'W'.repeat(200),
  'long words of Arabic': 'مدفوعات '.repeat(11).trim(),
};

for (const [kind, name] of Object.entries(HOSTILE)) {
  test(`a name of ${kind} is shown as it is`, async () => {
    const page = await given.browser.page({ operator: admin, path: '/', width: 375, height: 700 });
    const client = await create(page, SANDBOX, name);
    await heading(page, name.trim()).waitFor();
    assert.equal(await page.locator('h1 b, h1 img').count(), 0);
    const addresses = [`/e/${SANDBOX}/applications/${client.client_id}`, `/e/${SANDBOX}/applications`, '/audit'];
    for (const path of addresses) {
      await visit(page, path);
      await says(page, name.trim());
      assert.equal(await page.locator('main b, main img').count(), 0);
      assert.deepEqual(await sticksOut(page), [], path);
      assert.match(await page.title(), /leanauth$/);
    }
    await visit(page, addresses[0]);
    await button(page, 'app.delete').click();
    await says(dialog(page), name.trim());
    assert.deepEqual(await sticksOut(page), []);
  });
}

test('a name that would turn the text around it is refused or kept apart', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications` });
  const name = '\u202egnitset rof\u202c \u2066abc';
  await page.getByRole('button', { name: t('app.create') }).first().click();
  await field(dialog(page), 'app.name').fill(name);
  await button(dialog(page), 'app.create_submit').click();
  await page.locator('.field-error, .secret-once').first().waitFor();
  if (await page.locator('.field-error').count()) {
    assert.equal(await field(dialog(page), 'app.name').inputValue(), name);
    return;
  }
  await page.goto(`/e/${SANDBOX}/applications`);
  const cell = page.getByRole('link', { name: /gnitset/ });
  await cell.waitFor();
  assert.equal(await cell.locator('bdi').count(), 1, 'it stands in an element of its own direction');
});

test('a name of more than 200 bytes is refused by the server and stays in the form', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications` });
  const name = 'ش'.repeat(101);
  await page.getByRole('button', { name: t('app.create') }).first().click();
  await field(dialog(page), 'app.name').fill(name);
  await button(dialog(page), 'app.create_submit').click();
  await dialog(page).locator('.field-error').waitFor();
  assert.equal(await field(dialog(page), 'app.name').inputValue(), name);
});

test('production: its colour and its name at the top, and the name typed to confirm', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/applications` });
  const band = page.locator('.environment-band');
  const look = () => band.evaluate((e) => getComputedStyle(e).backgroundColor);
  await says(band, t('environment.sandbox'));
  const calm = await look();
  await page.getByLabel(t('environment.label')).selectOption(PRODUCTION);
  await page.waitForURL(`**/e/${PRODUCTION}/applications`);
  await says(band, t('environment.production'));
  await says(band, t('environment.production_hint'));
  assert.notEqual(await look(), calm);
  const client = await create(page, PRODUCTION, 'To be deleted');
  await band.waitFor();

  await button(page, 'app.delete').click();
  await says(dialog(page), t('confirm.production', { environment: PRODUCTION }));
  await field(dialog(page), 'confirm.name').fill('to be deleted');
  await button(dialog(page), 'app.delete').click();
  await says(dialog(page), t('confirm.wrong_name'));
  await field(dialog(page), 'confirm.name').fill('To be deleted');
  await button(dialog(page), 'app.delete').click();
  await noticed(page, 'app.deleted_done');
  await page.waitForURL(`**/e/${PRODUCTION}/applications`);
  await poll(async () => (await askToken(client)).error === 'invalid_client', 'its credentials are refused');

  // A sandbox asks once, without typing.
  await create(page, SANDBOX, 'Deleted at once');
  await button(page, 'app.delete').click();
  await button(dialog(page), 'app.delete').waitFor();
  assert.equal(await dialog(page).getByRole('textbox').count(), 0);
  await button(dialog(page), 'app.delete').click();
  await noticed(page, 'app.deleted_done');
});
