import assert from 'node:assert/strict';
import test from 'node:test';
import { setLanguage } from '../src/i18n';
import { clock, dateTime, duration, relative } from '../src/lib/time';

// The page is not there; only its two attributes are asked for.
(globalThis as { document?: unknown }).document = { documentElement: {} };
process.env.TZ = 'Asia/Dubai';

test('times are in the zone of the viewer', () => {
  assert.equal(dateTime('2026-11-24T22:09:47Z'), '25 Nov 2026, 02:09');
  assert.equal(dateTime('2026-11-24T20:09:47Z', true), '25 Nov 2026, 00:09:47');
});

test('how long ago, in whole units and never in seconds', () => {
  const now = Date.parse('2026-11-24T12:00:00Z');
  const at = (seconds: number): string => relative(new Date(now + seconds * 1000), now);
  assert.equal(at(-59), 'now');
  assert.equal(at(-60), '1 minute ago');
  assert.equal(at(-3599), '59 minutes ago');
  assert.equal(at(-7200), '2 hours ago');
  assert.equal(at(-86_400), 'yesterday');
  assert.equal(at(30 * 60), 'in 30 minutes');
  assert.equal(at(-3 * 31_557_600), '3 years ago');
});

test('a span has two units at most, and never none', () => {
  assert.equal(duration(0), '0 seconds');
  assert.equal(duration(1), '1 second');
  assert.equal(duration(3600), '1 hour');
  assert.equal(duration(5430), '1 hour 30 minutes');
  assert.equal(duration(86_400 + 59), '1 day');
  assert.equal(duration(90_061), '1 day 1 hour');
  assert.equal(duration(-5), '0 seconds');
});

test('a countdown', () => {
  assert.deepEqual([0, -1, 59.9, 60, 3599, 3600, 36_061].map(clock), ['00:00', '00:00', '00:59', '01:00', '59:59', '1:00:00', '10:01:01']);
});

test('Arabic has Latin digits and the Gregorian calendar', async () => {
  await setLanguage('ar');
  assert.match(dateTime('2026-11-24T20:09:47Z'), /25.*2026.*00:09/);
  assert.match(duration(7200), /ساعتان/);
  await setLanguage('en');
});
