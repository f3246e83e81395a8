// A picture of each page for the documentation: `node screenshots.mjs FOLDER`, by ./dev screenshots. The server is one of the tests',
// with a morning's worth of usage in it.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { whatIsMissing } from './lib/ready.mjs';

const missing = whatIsMissing();
if (missing) {
  process.stderr.write(`${missing}\n`);
  process.exit(1);
}
const { Browser, settled } = await import('./lib/browser.mjs');
const { furnish, show } = await import('./lib/gallery.mjs');
const { PRODUCTION, SANDBOX, Server } = await import('./lib/server.mjs');
const { t } = await import('./lib/texts.mjs');

const run = promisify(execFile);
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 375, height: 760 };
const MINUTES = 170;

/** Tokens of the minutes before now: a wave, some refusals, latencies. Without chance, so that pictures differ only where the dashboard does. */
function usageRows(environment, application) {
  const now = Math.floor(Date.now() / 60_000) * 60;
  const rows = [];
  for (let i = 1; i <= MINUTES; i++) {
    const at = now - i * 60;
    const issued = Math.round(40 + 22 * Math.sin(i / 17) + 9 * Math.sin(i / 3.1));
    const refused = i % 23 < 3 ? 4 + (i % 5) : 0;
    for (const [outcome, count] of [['issued', issued], ['client_secret_wrong', refused]]) {
      if (count === 0) continue;
      rows.push(`INSERT OR REPLACE INTO usage_total VALUES (0, ${at}, (${environment}), '${outcome}', ${count});`);
      rows.push(`INSERT OR REPLACE INTO usage_application VALUES (0, ${at}, (${environment}), (${application}), '${outcome}', ${count});`);
    }
  }
  return ['.bail on', 'BEGIN;', ...rows, 'COMMIT;'].join('\n');
}

async function fillUsage(server, { application }) {
  const sql = usageRows(`SELECT environment_id FROM environment WHERE name = '${SANDBOX}'`, `SELECT application_id FROM application WHERE client_id = '${application.client_id}'`);
  const file = join(server.home, 'usage.sql');
  writeFileSync(file, sql);
  await run('sqlite3', ['-cmd', '.timeout 5000', join(server.home, 'leanauth.db'), `.read ${file}`]);
}

async function pictures(server, browser, folder) {
  const known = await furnish(server);
  await fillUsage(server, known);
  await server.cli('key', 'rotate', '--environment', PRODUCTION);
  const app = `/e/${SANDBOX}/applications/${known.application.client_id}`;
  const live = `/e/${PRODUCTION}/applications/${known.live.client_id}`;
  const secret = async (page) => {
    await page.getByLabel(t('trial.secret'), { exact: true }).fill(known.application.client_secret);
    await page.getByRole('button', { name: t('trial.submit'), exact: true }).click();
    await page.locator('.token-view').scrollIntoViewIfNeeded();
  };
  const verify = async (page) => {
    await page.getByRole('button', { name: t('audit.verify') }).click();
    await page.locator('.notice.ok').waitFor();
  };
  const add = async (page) => {
    await page.getByRole('button', { name: t('secret.add'), exact: true }).first().click();
    await page.locator('dialog [type=submit]').click();
    await page.locator('.secret-once').waitFor();
  };
  const all = [
    { name: 'login', path: '/login', operator: null },
    { name: 'applications', path: `/e/${SANDBOX}/applications` },
    { name: 'integration', path: app },
    { name: 'integration-key', path: `/e/${SANDBOX}/applications/${known.byKey.client_id}` },
    { name: 'token', path: app, open: secret },
    { name: 'customers', path: `${app}/customers` },
    { name: 'usage', path: `/e/${SANDBOX}/usage` },
    { name: 'signing-keys', path: `/e/${PRODUCTION}/keys` },
    { name: 'audit', path: '/audit', open: verify },
    { name: 'operators', path: '/operators' },
    { name: 'profile', path: '/profile' },
    { name: 'rotation-production', path: `${live}/rotation`, open: add },
    { name: 'arabic', path: app, language: 'ar' },
    { name: 'phone-dark', path: app, theme: 'dark', ...PHONE },
  ];
  for (const { name, path, open, ...options } of all) {
    const page = await browser.page({ operator: known.admin, ...DESK, ...options });
    await show(page, { path, open }, t);
    await page.evaluate(() => document.activeElement?.blur());
    await settled(page);
    const file = join(folder, `${name}.png`);
    await page.screenshot({ path: file, caret: 'hide', animations: 'disabled' });
    execFileSync('pngquant', ['--force', '--skip-if-larger', '--strip', '--speed', '1', '--quality', '70-95', '--ext', '.png', file]);
    await browser.settle();
    process.stdout.write(`${file}\n`);
  }
}

const folder = resolve(process.argv[2] ?? 'docs/screenshots');
mkdirSync(folder, { recursive: true });
const server = await Server.start();
try {
  const browser = await Browser.start(server);
  try {
    await pictures(server, browser, folder);
  } finally {
    await browser.stop();
  }
} finally {
  await server.stop();
}
