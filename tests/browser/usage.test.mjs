// Usage: an application that asks for far more than it needs is told so; the chart is looked at closer by mouse and by button.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { button, says, settled } from './lib/browser.mjs';
import { ROOT, SANDBOX, poll } from './lib/server.mjs';
import { en, t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const NAME = 'A token for every call';
// From 100 on the server says something.
const TOKENS = 120;
let admin;
const given = walk({}, async ({ server }) => {
  admin = await server.addOperator('amal@example.com', 'admin', [], 'Amal');
  const { client_id: id, client_secret: secret } = await server.createApplication(SANDBOX, NAME);
  const ask = () => fetch(`http://${SANDBOX}.localhost:${server.port}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret, scope: 'api' }),
  }).then((answer) => answer.ok);
  await poll(ask, 'the application gets a token');
  for (let i = 1; i < TOKENS; i++) assert.ok(await ask());
  // They are written every second: some of them may have been before the last one was asked for.
  await poll(async () => (await server.json('usage', '--environment', SANDBOX, '--from', '1h')).advice.some((a) => a.tokens === TOKENS), 'the tokens are counted');
});

test('too many tokens: whose, how many would have done, and what to do', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/usage` });
  const advice = page.getByRole('region', { name: t('usage.advice') });
  await says(advice, NAME);
  await says(advice, t('usage.advice_what'));
  assert.match(await advice.innerText(), new RegExp(`got ${TOKENS} tokens.*About [1-9] would have done.*1 hour`));
  await advice.getByRole('link', { name: NAME }).click();
  await page.getByRole('heading', { name: NAME }).waitFor();
});

const isZoomedAt = (url) => url.searchParams.has('from');

/** The seconds that the address names; null for the range that moves along with the time. */
function spanOf(page) {
  const query = new URL(page.url()).searchParams;
  return query.has('from') ? (Date.parse(query.get('to')) - Date.parse(query.get('from'))) / 1000 : null;
}

test('zoom by dragging across the chart, and back', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/usage` });
  await settled(page);
  const plot = page.locator('.chart .u-over').first();
  await plot.scrollIntoViewIfNeeded();
  const isZoomed = () => spanOf(page) !== null;
  // Charts and tables above take their places one after the other: it is taken hold of once it stays where it is, and again where it moved
  // or was drawn anew under the mouse.
  let box = null;
  await poll(async () => {
    if (isZoomed()) return true;
    const [before, now] = [box, await plot.boundingBox()];
    box = now;
    if (!before || !now || before.x !== now.x || before.y !== now.y || before.width !== now.width) return false;
    const { x, y, width, height } = box;
    await page.mouse.move(x + width / 4, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width / 2, y + height / 2, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(isZoomedAt, { timeout: 5000 }).catch(() => {});
    return isZoomed();
  }, 'a part of the chart is chosen');
  // A quarter of three hours.
  const seconds = spanOf(page);
  assert.ok(Math.abs(seconds - 45 * 60) <= 5 * 60, `${seconds} s`);
  await button(page, 'usage.back').click();
  await page.waitForURL((url) => !isZoomedAt(url));
  await page.locator('.chart canvas').first().waitFor();
});

test('zoom by buttons; the address keeps what is looked at', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/usage` });
  await settled(page);
  await button(page, 'usage.zoom_in').click();
  await page.waitForURL(isZoomedAt);
  const half = spanOf(page);
  assert.ok(Math.abs(half - 90 * 60) <= 120, `${half} s`);
  await page.reload();
  await settled(page);
  assert.equal(spanOf(page), half);
  await button(page, 'usage.zoom_out').click();
  await page.waitForURL((url) => url.searchParams.get('from') !== null && Date.parse(url.searchParams.get('to')) - Date.parse(url.searchParams.get('from')) > half * 1000);
});

test('how long answers took, in the table as well', async () => {
  const page = await given.browser.page({ operator: admin, path: `/e/${SANDBOX}/usage` });
  await page.getByRole('region', { name: t('usage.latency') }).locator('.chart canvas').waitFor();
  await button(page, 'usage.view_table').click();
  const table = page.getByRole('table', { name: t('usage.tokens') });
  await table.getByText(/^[\d.,]+ ms$/).first().waitFor();
});

// Of the resource's side and of further endpoints, which are not counted here.
const ELSEWHERE = /^(?:no_route|no_crl|misdirected|introspection_not_allowed|resource_unsaid|token_\w+|bearer_\w+)$/;

test('every reason that a client can be refused for is explained, and none that there is not', () => {
  const table = readFileSync(join(ROOT, 'src/base/result.def'), 'utf8');
  const reasons = [...table.matchAll(/^LA_RESULT\((\w+), "/gm)].map(([, code]) => code.toLowerCase()).filter((code) => !ELSEWHERE.test(code));
  assert.ok(reasons.length > 80);
  const same = Object.fromEntries([...readFileSync(join(ROOT, 'web/src/pages/usage/reasons.tsx'), 'utf8').matchAll(/(\w+): '(\w+)'/g)].map(([, from, to]) => [from, to]));
  assert.deepEqual(reasons.filter((reason) => !(`reason.${same[reason] ?? reason}` in en)), []);
  const known = [...reasons, ...Object.values(same), 'other'];
  assert.deepEqual(Object.keys(en).filter((key) => key.startsWith('reason.') && !known.includes(key.slice('reason.'.length))), []);
});
