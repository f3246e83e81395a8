import assert from 'node:assert/strict';
import test from 'node:test';
import { PRESETS, coarser, limited, moved, queryOf, rangeOf, rowsOf, seriesOf, spanOf, stepFor, timeText, totalsOf, zoomed, STEP_SECONDS } from '../src/lib/usage_range';

const NOW = Date.parse('2026-03-10T12:34:56Z') / 1000;
const length = (r: ReturnType<typeof limited>): number => ('from' in r ? r.to - r.from : 0);

test('a range survives its way through the address', () => {
  for (const range of [...PRESETS.map((preset) => ({ preset })), { from: NOW - 7200, to: NOW }]) {
    const query = new URLSearchParams(Object.entries(queryOf(range)).filter((e): e is [string, string] => e[1] !== null));
    assert.deepEqual(rangeOf(query), range);
  }
});

test('nonsense in the address is the usual range', () => {
  for (const text of ['range=5y', 'from=x&to=y', 'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from=2026-01-01T00:00:00Z', '']) {
    assert.deepEqual(rangeOf(new URLSearchParams(text)), { preset: '3h' });
  }
});

test('every span is on whole steps, within what the server gives at once, and holds the step under way', () => {
  for (const preset of PRESETS) {
    const span = spanOf({ preset }, NOW);
    const size = STEP_SECONDS[span.step];
    assert.equal(span.from % size, 0);
    assert.equal(span.to % size, 0);
    assert.ok(span.to > NOW && span.to - size <= NOW);
    assert.ok((span.to - span.from) / size <= 1500);
  }
  for (const days of [0.01, 0.99, 1, 1.01, 30, 62, 62.4, 63, 400, 1095]) {
    const span = spanOf({ from: NOW - days * 86_400, to: NOW }, NOW);
    assert.ok((span.to - span.from) / STEP_SECONDS[span.step] <= 1500, `${days} days`);
  }
});

test('steps grow with the length', () => {
  assert.deepEqual([3600, 86_400, 86_401, 60 * 86_400, 90 * 86_400].map((length) => stepFor(length)), ['minute', 'minute', 'hour', 'hour', 'day']);
});

test('what was long ago is kept in larger steps only', () => {
  const hour = (ago: number): string => spanOf({ from: NOW - ago - 3600, to: NOW - ago }, NOW).step;
  assert.deepEqual([0, 86_400, 3 * 86_400, 100 * 86_400].map(hour), ['minute', 'minute', 'hour', 'day']);
  const span = spanOf({ preset: '3h' }, NOW);
  assert.equal(coarser(span, NOW), null);
  const later = NOW + 4 * 86_400;
  const wider = coarser(span, later);
  assert.ok(wider && wider.step === 'hour' && wider.from <= span.from && wider.to >= span.to);
  assert.equal(coarser(coarser(wider, later) ?? wider, later), null);
});

test('zooming in halves, out doubles, and neither leaves what there is', () => {
  const span = spanOf({ from: NOW - 7200, to: NOW - 3600 }, NOW);
  const size = span.to - span.from;
  assert.ok(Math.abs(length(zoomed(span, 0.5, NOW)) - size / 2) <= 1);
  assert.ok(Math.abs(length(zoomed(span, 2, NOW)) - size * 2) <= 1);
  const far = moved(span, 10, NOW);
  assert.ok('to' in far && far.to <= NOW + 60);
  assert.ok(length(limited(NOW - 5, NOW, NOW)) >= 600);
});

test('steps that the server left out are nothing asked, and times that are not known', () => {
  const points = [{ at: timeText(120), issued: 5, refused: 1 }, { at: timeText(99_999), issued: 9, refused: 9 }];
  const series = seriesOf({ step: 'minute', points, latency: [{ at: timeText(180), p50_us: 1500, p95_us: 2000, p99_us: 3000 }] }, { from: 60, to: 300 });
  assert.deepEqual(series.at, [60, 120, 180, 240]);
  assert.deepEqual(series.issued, [0, 5, 0, 0]);
  assert.deepEqual(series.refused, [0, 1, 0, 0]);
  assert.deepEqual(series.p50, [null, null, 1.5, null]);
  assert.deepEqual(rowsOf(series), [2, 1]);
});

test('the share of the refused is none of nothing', () => {
  assert.deepEqual(totalsOf([]), { issued: 0, refused: 0, share: null });
  assert.deepEqual(totalsOf([{ issued: 3, refused: 1 }]), { issued: 3, refused: 1, share: 0.25 });
});
