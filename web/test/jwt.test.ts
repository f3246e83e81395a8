import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeToken, numericDate } from '../src/lib/jwt';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a token is read, whatever is in its claims', () => {
  const claims = { sub: 'ü–ع', exp: 1795492302, deep: { a: [1] } };
  const token = `${part({ alg: 'ES256' })}.${part(claims)}.c2ln`;
  assert.deepEqual(decodeToken(` ${token}\n`), { header: { alg: 'ES256' }, claims });
});

test('what is not a signed token with JSON claims is none', () => {
  const header = part({ alg: 'ES256' });
  for (const text of ['', 'a', 'a.b', `${header}.${header}`, `${header}..x`, `${header}.${part('text')}.x`, `${header}.${part([1])}.x`,
    `${header}.${part(null)}.x`, `${header}.e30=.x`, `${header}.{}.x`, `${header}.${Buffer.from('{"a":"\xff"}', 'latin1').toString('base64url')}.x`, `a.b.c.d.e`]) {
    assert.equal(decodeToken(text), null, text);
  }
});

test('times are numbers', () => {
  assert.equal(numericDate({ exp: 10.5 }, 'exp'), 10500);
  assert.equal(numericDate({ exp: '10' }, 'exp'), null);
  assert.equal(numericDate({}, 'exp'), null);
});
