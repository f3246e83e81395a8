import assert from 'node:assert/strict';
import test from 'node:test';
import { differences, divideDetail, shown } from '../src/lib/difference';

test('each member is added, removed, changed or the same', () => {
  const found = differences({ name: 'A', enabled: true, gone: 1 }, { name: 'B', enabled: true, fresh: null });
  assert.deepEqual(found, [
    { name: 'name', kind: 'changed', before: 'A', after: 'B' },
    { name: 'enabled', kind: 'same', before: 'true', after: 'true' },
    { name: 'gone', kind: 'removed', before: '1', after: null },
    { name: 'fresh', kind: 'added', before: null, after: 'null' },
  ]);
});

test('nested members are named by their way', () => {
  assert.deepEqual(differences({ limits: { rate: 1, burst: 2 } }, { limits: { rate: 3, burst: 2 } }).map((d) => [d.name, d.kind]), [
    ['limits.rate', 'changed'],
    ['limits.burst', 'same'],
  ]);
});

test('lists of words read as words, others as they are', () => {
  assert.equal(shown(['api', 'customer']), 'api customer');
  assert.equal(shown(['two words', '']), '["two words",""]');
  assert.equal(shown([]), '');
  assert.equal(shown({}), '{}');
});

test('a text that says true is not told apart from the value, but one that was absent is', () => {
  assert.equal(differences({ a: '' }, { a: '' })[0]?.kind, 'same');
  assert.equal(differences({}, { a: '' })[0]?.kind, 'added');
});

test('an event of creation has an after alone, one of deletion a before alone', () => {
  assert.deepEqual(divideDetail({ after: { name: 'A' } }).changes.map((c) => c.kind), ['added']);
  assert.deepEqual(divideDetail({ before: { name: 'A' } }).changes.map((c) => c.kind), ['removed']);
});

test('what else the detail says is further detail', () => {
  assert.deepEqual(divideDetail({ count: 3, where: { host: 'x' } }), { changes: [], further: [{ name: 'count', value: '3' }, { name: 'where.host', value: 'x' }] });
  assert.deepEqual(divideDetail({}), { changes: [], further: [] });
});

test('a before that is no object is further detail of nothing', () => {
  assert.deepEqual(divideDetail({ before: 'x', after: null }), { changes: [], further: [] });
});
