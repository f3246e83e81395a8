import assert from 'node:assert/strict';
import test from 'node:test';
import { METHODS, TOKEN_EXCHANGE, algorithmsOf, changeOf, formOf, hasSecrets, isLimit, readable, sendsSecret, signsAssertions, usesCertificates } from '../src/lib/registration';

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

test('rights and limits: only what differs, and in the words of the API', () => {
  const set = { ...EMPTY, exchange: true, audiences: ' https://a.example\n\nhttps://b.example ', limit: ' 60 ' };
  const change = { grant_types: ['client_credentials', TOKEN_EXCHANGE], introspection_audiences: ['https://a.example', 'https://b.example'], requests_per_minute: 60 };
  assert.deepEqual(changeOf('client_secret', EMPTY, set), change);
  assert.deepEqual(changeOf('client_secret', set, EMPTY), { grant_types: ['client_credentials'], introspection_audiences: [], requests_per_minute: 0 });
  // Written otherwise, but the same.
  assert.deepEqual(changeOf('client_secret', set, { ...set, audiences: 'https://a.example https://b.example', limit: '060' }), {});
  assert.deepEqual(changeOf('client_secret', EMPTY, { ...EMPTY, limit: '0' }), {});
  assert.deepEqual(['', '0', ' 12 ', '-1', '1.5', '1e3', 'many'].map(isLimit), [true, true, true, false, false, false, false]);
});

test('what assertions are signed with goes with the methods that sign, and not over to another', () => {
  const pinned = { ...EMPTY, algorithm: 'PS256', tokenEndpointAudience: true };
  const change = { token_endpoint_auth_signing_alg: 'PS256', allow_token_endpoint_audience: true };
  assert.deepEqual(changeOf('private_key_jwt', EMPTY, pinned), change);
  assert.deepEqual(changeOf('private_key_jwt', pinned, EMPTY), { token_endpoint_auth_signing_alg: null, allow_token_endpoint_audience: false });
  assert.deepEqual(changeOf('client_secret', EMPTY, pinned), {});
  assert.deepEqual(changeOf('client_secret_jwt', pinned, pinned), { token_endpoint_auth_signing_alg: null });
  assert.deepEqual(changeOf('client_secret_jwt', pinned, { ...pinned, algorithm: 'HS384' }), { token_endpoint_auth_signing_alg: 'HS384' });
  assert.deepEqual(algorithmsOf('client_secret_jwt', 'PS256'), ['HS256', 'HS384', 'HS512']);
  assert.ok(!algorithmsOf('private_key_jwt', '').includes('ML-DSA-44') && algorithmsOf('private_key_jwt', 'ML-DSA-44').includes('ML-DSA-44'));
});

test('the form gives back what is registered', () => {
  const nothing = { jwks: null, jwks_uri: null, tls_client_auth_subject_dn: null, tls_client_auth_san_dns: null, tls_client_auth_san_uri: null, tls_client_auth_san_ip: null, tls_client_auth_san_email: null,
    token_endpoint_auth_signing_alg: null, dpop_bound_access_tokens: false, tls_client_certificate_bound_access_tokens: false, fapi: false, allow_token_endpoint_audience: false,
    grant_types: ['client_credentials'], introspection_audiences: [], requests_per_minute: 0 };
  assert.deepEqual(formOf(nothing), EMPTY);
  const registered = { ...nothing, token_endpoint_auth_signing_alg: 'ES256', allow_token_endpoint_audience: true, grant_types: ['client_credentials', TOKEN_EXCHANGE], introspection_audiences: ['https://a.example'], requests_per_minute: 7 };
  assert.deepEqual({ ...nothing, ...changeOf('private_key_jwt', EMPTY, formOf(registered)) }, registered);
});

test('what a method has', () => {
  assert.deepEqual(METHODS.filter(signsAssertions), ['client_secret_jwt', 'private_key_jwt']);
  assert.deepEqual(METHODS.filter(hasSecrets), ['client_secret', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt']);
  assert.deepEqual(METHODS.filter(sendsSecret), ['client_secret', 'client_secret_basic', 'client_secret_post']);
  assert.deepEqual(METHODS.filter(usesCertificates), ['tls_client_auth', 'self_signed_tls_client_auth']);
});
