// Signing in where the server requires a second factor: from the password that was printed to the first page, and back again.
import assert from 'node:assert/strict';
import { button, field, focused, heading, says, settled, signIn, signOut, visit } from './lib/browser.mjs';
import { totp } from './lib/server.mjs';
import { t } from './lib/texts.mjs';
import { test, walk } from './lib/walk.mjs';

const given = walk({ requireTotp: true });
const EMAIL = 'admin@localhost';
const kept = { secret: '', codes: [], used: '' };
const known = () => ({ email: EMAIL, password: given.server.firstPassword });

async function enterCode(page, code) {
  // Six digits are sent as soon as they are there.
  await field(page, 'totp.code').fill(code);
}

async function atHome(page) {
  await heading(page, t('nav.applications')).waitFor();
  await settled(page);
}

test('a wrong password is told, and what was typed stays', async () => {
  const page = await given.browser.page({ path: '/' });
  await page.waitForURL('**/login');
  await signIn(page, { email: EMAIL, password: 'not the password at all' });
  await says(page.getByRole('alert'), t('login.wrong'));
  assert.equal(await field(page, 'login.email').inputValue(), EMAIL);
  await signIn(page, { email: 'nobody@example.com', password: 'not the password at all' });
  await says(page.getByRole('alert'), t('login.wrong'));
  assert.deepEqual(await page.context().cookies(), []);
});

test('fields that are empty are named, and nothing is sent', async () => {
  const page = await given.browser.page({ path: '/login' });
  let sent = 0;
  page.on('request', (request) => { sent += request.method() === 'POST' ? 1 : 0; });
  await button(page, 'login.submit').click();
  await says(page, t('login.email_missing'));
  await says(page, t('login.password_missing'));
  await focused(page, '[name=email]');
  assert.equal(sent, 0);
});

test('the first login sets up the second factor', async () => {
  const page = await given.browser.page({ path: '/audit' });
  await signIn(page, { email: EMAIL, password: given.server.firstPassword });
  await heading(page, t('login.enroll_title')).waitFor();
  const qr = page.getByRole('img', { name: t('totp.qr') });
  await qr.waitFor();
  // Rejects what cannot be drawn.
  await qr.evaluate((image) => image.decode());
  assert.ok(await qr.evaluate((image) => image.naturalWidth > 0), 'the QR code is drawn');
  kept.secret = await page.locator('.code-copy code').innerText();
  assert.match(kept.secret.replace(/\s/g, ''), /^[A-Z2-7]{32,}$/);
  await enterCode(page, '000000');
  await button(page, 'totp.confirm').click();
  await says(page, t('totp.wrong'));
  await enterCode(page, await totp(kept.secret));
  await button(page, 'totp.confirm').click();

  await heading(page, t('recovery.title')).waitFor();
  kept.codes = await page.locator('.recovery-codes code').allInnerTexts();
  assert.equal(new Set(kept.codes).size, 10);
  const download = page.waitForEvent('download');
  await button(page, 'download').click();
  assert.equal((await download).suggestedFilename(), 'leanauth-recovery-codes.txt');
  assert.ok(await button(page, 'login.continue').isDisabled(), 'going on wants them kept');
  await page.getByLabel(t('recovery.kept')).check();
  await button(page, 'login.continue').click();

  await heading(page, t('nav.audit')).waitFor();
  await page.waitForURL('**/audit');
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.secure, cookie.sameSite], ['__Host-leanauth-session', true, true, 'Strict']);
  await signOut(page);
  assert.deepEqual(await page.context().cookies(), []);
  await page.goto('/audit');
  await page.waitForURL('**/login?return=%2Faudit');
});

test('login with a code', async () => {
  const page = await given.browser.page({ path: '/login' });
  await signIn(page, known());
  await heading(page, t('totp.title')).waitFor();
  await enterCode(page, '123456');
  await says(page.getByRole('alert'), t('totp.wrong'));
  // The one of this moment was used when it was set up.
  kept.used = await totp(kept.secret, 1);
  await enterCode(page, kept.used);
  await atHome(page);
});

test('the same code a second time is refused', async () => {
  const page = await given.browser.page({ path: '/login' });
  await signIn(page, known());
  await enterCode(page, kept.used);
  await says(page.getByRole('alert'), t('totp.wrong'));
  await heading(page, t('totp.title')).waitFor();
});

test('login with a recovery code, once', async () => {
  const page = await given.browser.page({ path: '/login' });
  const withCode = async (code) => {
    await signIn(page, known());
    await button(page, 'totp.use_recovery').click();
    await field(page, 'totp.recovery_code').fill(code);
    await button(page, 'login.continue').click();
  };
  await withCode(kept.codes[3]);
  await atHome(page);
  await visit(page, '/profile');
  await says(page, t('profile.codes_left', { count: 9 }));
  await signOut(page);
  await withCode(kept.codes[3]);
  await says(page.getByRole('alert'), t('totp.recovery_wrong'));
});

test('an operator that an admin adds chooses a password at the first login', async () => {
  const page = await given.browser.page({ path: '/login' });
  await signIn(page, known());
  await button(page, 'totp.use_recovery').click();
  await field(page, 'totp.recovery_code').fill(kept.codes[4]);
  await button(page, 'login.continue').click();
  await atHome(page);
  await page.getByRole('link', { name: t('nav.operators') }).click();
  await heading(page, t('nav.operators')).waitFor();
  await settled(page);
  await button(page, 'operators.add').click();
  await field(page, 'operators.name').fill('Huda');
  await field(page, 'operators.email').fill('huda@example.com');
  await button(page, 'operators.add_submit').click();
  const password = await page.locator('.secret-once code').innerText();
  const other = await given.browser.page({ path: '/login' });
  await signIn(other, { email: 'huda@example.com', password });
  await heading(other, t('login.change_title')).waitFor();
  // Nothing else is open before.
  const status = await other.evaluate(async () => (await fetch('/admin/v1/environments')).status);
  assert.equal(status, 403);
  const CHOSEN = 'nine red lanterns by the door';
  const choose = async (chosen, repeated = chosen) => {
    await field(other, 'password.new').fill(chosen);
    await field(other, 'password.repeat').fill(repeated);
    await button(other, 'password.submit').click();
  };
  await choose('too short');
  await says(other, t('password.too_short', { count: 12 }));
  await choose(CHOSEN, `${CHOSEN}?`);
  await says(other, t('password.differs'));
  // One that everybody knows is refused by the server, which alone has the list.
  await choose('password1234');
  await other.locator('.field-error, [role=alert]').filter({ hasNotText: t('password.differs') }).first().waitFor();
  assert.equal(await field(other, 'password.new').inputValue(), 'password1234');
  await choose(CHOSEN);
  await heading(other, t('login.enroll_title')).waitFor();

  const again = await given.browser.page({ path: '/login' });
  await signIn(again, { email: 'huda@example.com', password });
  await says(again.getByRole('alert'), t('login.wrong'));
});
