import assert from 'node:assert/strict';
import test from 'node:test';
import type { SigningKey } from '../src/api/types';
import { keyTimeline, shownKeys } from '../src/lib/key_timeline';

const DAY = 86_400_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const at = (days: number): string => new Date(START + days * DAY).toISOString();

function key(kid: string, state: SigningKey['state'], days: [number, number, number | null, number | null]): SigningKey {
  const [published, active, retires, removed] = days;
  const time = (d: number | null): string | null => (d === null ? null : at(d));
  return { kid, algorithm: 'ES256', state, published_at: at(published), activates_at: at(active), retires_at: time(retires), removed_at: time(removed), public_jwk: {} };
}

test('one key without an end fills the drawing from its publication', () => {
  const { rows, rotation, now } = keyTimeline([key('a', 'active', [0, 1, null, null])], null, START + 10 * DAY);
  assert.equal(rotation, null);
  assert.deepEqual(rows[0]?.phases.map((p) => [p.state, p.open]), [['published', false], ['active', true]]);
  assert.equal(rows[0]?.phases.at(-1)?.to, 1);
  const active = rows[0]?.phases.at(-1);
  assert.ok(active && now > active.from && now < 1);
});

test('phases of a key touch each other, and stay inside', () => {
  const keys = [key('a', 'retiring', [0, 1, 90, 91]), key('b', 'active', [89, 90, 180, 181]), key('c', 'published', [179, 180, null, null])];
  for (const { phases } of keyTimeline(keys, at(180), START + 90.5 * DAY).rows) {
    for (const [i, phase] of phases.entries()) {
      assert.ok(phase.from >= 0 && phase.to <= 1 && phase.to > phase.from);
      if (i > 0) assert.equal(phase.from, phases[i - 1]?.to);
    }
  }
});

test('a phase of minutes among months can be seen, and "now" is in the phase that the key is in', () => {
  const minute = 1 / 1440;
  const now = START + DAY;
  const key1 = key('a', 'active', [1 - 10 * minute, 1 - minute, 366, 366 + minute]);
  const { rows, now: position } = keyTimeline([key1], null, now);
  const [published, active, retiring] = rows[0]?.phases ?? [];
  assert.ok(published && active && retiring);
  assert.ok(published.to - published.from >= 0.0119);
  assert.ok(retiring.to - retiring.from >= 0.0119);
  assert.ok(position >= active.from && position <= active.to);
});

test('a key that was never published ahead has no such phase', () => {
  const { rows } = keyTimeline([key('a', 'active', [0, 0, null, null])], null, START + DAY);
  assert.deepEqual(rows[0]?.phases.map((p) => p.state), ['active']);
});

test('everything at one moment does not divide by nothing', () => {
  const drawing = keyTimeline([key('a', 'active', [0, 0, null, null])], null, START);
  assert.ok(Number.isFinite(drawing.now));
  assert.ok(drawing.rows[0]?.phases.every((p) => Number.isFinite(p.from) && Number.isFinite(p.to)));
});

test('of the removed keys only the last is drawn', () => {
  const keys = [key('a', 'removed', [0, 1, 2, 3]), key('b', 'removed', [1, 2, 3, 4]), key('c', 'active', [3, 4, null, null])];
  assert.deepEqual(shownKeys(keys).map((k) => k.kid), ['b', 'c']);
});

test('ticks are few, in order, inside, and do not touch', () => {
  for (const days of [0, 0.02, 0.5, 1, 3, 10, 45, 200, 1000, 9000]) {
    const { ticks, now } = keyTimeline([key('a', 'active', [-days, -days / 2, days / 2, days])], null, START);
    assert.ok(ticks.length <= 10);
    const positions = [...ticks.map((tick) => tick.position), now].sort((x, y) => x - y);
    assert.ok(positions.every((p, i) => p >= 0 && p <= 1 && p - (positions[i - 1] ?? -1) >= 0.119), `${days} days: ${positions}`);
  }
});

test('minutes and months can be seen side by side', () => {
  const minute = 1 / 1440;
  const { rows } = keyTimeline([key('a', 'active', [-90, -90, 20 * minute, 80 * minute]), key('b', 'published', [0, 20 * minute, null, null])], at(90), START);
  const widths = rows.flatMap((row) => row.phases.map((p) => p.to - p.from));
  assert.ok(widths.every((w) => w > 0.03), String(widths));
});
