import assert from 'node:assert/strict';
import test from 'node:test';
import { METHODS, changeOf, formOf, hasSecrets, readable, sendsSecret, usesCertificates } from '../src/lib/registration';

const EMPTY = formOf(null);
const KEYS = { keys: [{ kty: 'EC' }] };

test('a form that nobody touched changes nothing', () => {
  for (const method of METHODS) assert.deepEqual(changeOf(method, EMPTY, EMPTY), {});
});

test('keys go as a URL or as a set, and only where the method has any', () => {
  assert.deepEqual(changeOf('private_key_jwt', EMPTY, { ...EMPTY, keys: ' https://a.example/keys ' }), { jwks_uri: 'https://a.example/keys' });
  assert.deepEqual(changeOf('self_signed_tls_client_auth', EMPTY, { ...EMPTY, keys: JSON.stringify(KEYS) }), { jwks: KEYS });
  assert.deepEqual(changeOf('private_key_jwt', { ...EMPTY, keys: 'https://a.example' }, EMPTY), { jwks: null, jwks_uri: null });
  assert.deepEqual(changeOf('client_secret', EMPTY, { ...EMPTY, keys: 'https://a.example' }), {});
  assert.ok(readable('https://a') && readable('{"keys":[]}') && !readable('{keys}'));
});

test('one subject, replaced or taken away', () => {
  const dns = { ...EMPTY, subject: 'tls_client_auth_san_dns' as const, subjectValue: 'a.example' };
  assert.deepEqual(changeOf('tls_client_auth', EMPTY, dns), { tls_client_auth_san_dns: 'a.example' });
  assert.deepEqual(changeOf('tls_client_auth', dns, { ...dns, subject: 'tls_client_auth_subject_dn', subjectValue: 'CN=a' }), { tls_client_auth_subject_dn: 'CN=a' });
  assert.deepEqual(changeOf('tls_client_auth', dns, { ...dns, subjectValue: '' }), { tls_client_auth_san_dns: null });
  assert.deepEqual(changeOf('private_key_jwt', EMPTY, dns), {});
});

test('a token is bound in one way', () => {
  assert.deepEqual(changeOf('client_secret', EMPTY, { ...EMPTY, binding: 'dpop' }), { dpop_bound_access_tokens: true, tls_client_certificate_bound_access_tokens: false });
  assert.deepEqual(changeOf('client_secret', { ...EMPTY, binding: 'dpop' }, { ...EMPTY, binding: 'certificate', fapi: true }), { dpop_bound_access_tokens: false, tls_client_certificate_bound_access_tokens: true, fapi: true });
});

test('what a method has', () => {
  assert.deepEqual(METHODS.filter(hasSecrets), ['client_secret', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt']);
  assert.deepEqual(METHODS.filter(sendsSecret), ['client_secret', 'client_secret_basic', 'client_secret_post']);
  assert.deepEqual(METHODS.filter(usesCertificates), ['tls_client_auth', 'self_signed_tls_client_auth']);
});
