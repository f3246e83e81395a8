import assert from 'node:assert/strict';
import test from 'node:test';
import type { Secret } from '../src/api/types';
import { rotationOf } from '../src/lib/rotation';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const at = (minutesAgo: number): string => new Date(NOW - minutesAgo * 60_000).toISOString();
const secret = (id: string, made: number, used: number | null, state: Secret['state'] = 'live'): Secret => ({
  secret_id: id, hint: id, state, created_at: at(made), expires_at: null, revoked_at: null, last_used_at: used === null ? null : at(used),
});
const of = (...secrets: Secret[]): { step: number; old: string | undefined; young: string | undefined } => {
  const r = rotationOf(secrets, 3600, NOW);
  return { step: r.step, old: r.old?.secret_id, young: r.young?.secret_id };
};

test('the steps follow from what the secrets were used for', () => {
  const old = secret('old', 9000, 1);
  assert.deepEqual(of(), { step: 1, old: undefined, young: undefined });
  assert.deepEqual(of(old, secret('gone', 10, null, 'revoked')), { step: 1, old: 'old', young: undefined });
  assert.deepEqual(of(secret('new', 200, null), old), { step: 2, old: 'old', young: 'new' });
  assert.deepEqual(of(secret('new', 200, 5), old), { step: 3, old: 'old', young: 'new' });
  assert.deepEqual(of(secret('new', 200, 5), secret('old', 9000, 89)), { step: 3, old: 'old', young: 'new' });
  assert.deepEqual(of(secret('new', 200, 5), secret('old', 9000, 90)), { step: 4, old: 'old', young: 'new' });
});

test('an old secret that was never used is not quiet before the new one could take over', () => {
  assert.equal(of(secret('new', 10, 5), secret('old', 9000, null)).step, 3);
  assert.equal(of(secret('new', 100, 5), secret('old', 9000, null)).step, 4);
});

test('a short lifetime does not make the wait too short', () => {
  assert.equal(rotationOf([secret('a', 100, 4), secret('b', 50, 1)], 10, NOW).step, 3);
  assert.equal(rotationOf([secret('a', 100, 5), secret('b', 50, 1)], 10, NOW).step, 4);
});
