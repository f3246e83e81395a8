import assert from 'node:assert/strict';
import test from 'node:test';
import { isOwnPath, match, paths } from '../src/lib/router';

test('a path is taken apart, and put together again', () => {
  const pattern = '/e/:environment/applications/:client_id/:tab?';
  assert.deepEqual(match(pattern, '/e/prod/applications/1/rotation'), { environment: 'prod', client_id: '1', tab: 'rotation' });
  assert.deepEqual(match(pattern, '/e/prod/applications/1'), { environment: 'prod', client_id: '1' });
  assert.equal(match(pattern, '/e/prod/applications'), null);
  assert.equal(match(pattern, '/e/prod/applications/1/rotation/x'), null);
  assert.equal(match(pattern, '/e/prod/keys/1'), null);
  assert.equal(match('/e/:environment/keys', '/e/%zz/keys'), null);
  const path = paths.application('a/b', 'c d', 'usage');
  assert.deepEqual(match(pattern, path), { environment: 'a/b', client_id: 'c d', tab: 'usage' });
  assert.equal(paths.application('e', 'c', 'integration'), '/e/e/applications/c');
});

test('only a path of this site is returned to', () => {
  assert.deepEqual(['/audit', '/e/x/keys?a=1'].map(isOwnPath), [true, true]);
  assert.deepEqual(['/\t/evil.example', '/\n/evil.example', '/a\r/b', '/\u0000/x'].map(isOwnPath), new Array(4).fill(false));
  assert.deepEqual([null, '', 'audit', '//evil.example', '/\\evil.example', 'https://evil.example', '/login'].map(isOwnPath), new Array(7).fill(false));
});
