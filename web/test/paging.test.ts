import assert from 'node:assert/strict';
import test from 'node:test';
import { queryString } from '../src/api/client';
import { appendPage } from '../src/lib/query';

const row = (id: string): { id: string } => ({ id });

test('a further page is added, and a row that moved onto it stays where it was', () => {
  const joined = appendPage([row('a'), row('b')], [row('b'), row('c')], (r) => r.id);
  assert.deepEqual(joined.map((r) => r.id), ['a', 'b', 'c']);
  assert.deepEqual(appendPage([], [], (r: { id: string }) => r.id), []);
});

test('a query has what is set, escaped; a cursor is passed on as it came', () => {
  assert.equal(queryString({ q: '', cursor: null, enabled: undefined }), '');
  assert.equal(queryString({ enabled: false, limit: 50 }), '?enabled=false&limit=50');
  assert.equal(queryString({ q: 'a&b=ü', cursor: 'x+/=_-' }), '?q=a%26b%3D%C3%BC&cursor=x%2B%2F%3D_-');
});
