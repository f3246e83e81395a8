// openid-client introspects and revokes; jose verifies the signed answer of RFC 9701 and a status list.
import './localhost.cjs';
import assert from 'node:assert/strict';
import zlib from 'node:zlib';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { Issuer } from 'openid-client';

const d = JSON.parse(process.argv[2]);
const issuer = await Issuer.discover(`${d.issuer}/.well-known/oauth-authorization-server`);
const keys = createRemoteJWKSet(new URL(issuer.metadata.jwks_uri));
const client = new issuer.Client({ client_id: d.client_id, client_secret: d.client_secret });
const resource = new issuer.Client({ client_id: d.rs_id, client_secret: d.rs_secret });

const grant = () => client.grant({ grant_type: 'client_credentials', scope: 'api' });
const token = (await grant()).access_token;
const other = (await grant()).access_token;

async function signed(text) {
  const response = await fetch(issuer.metadata.introspection_endpoint, {
    method: 'POST',
    headers: { accept: 'application/token-introspection+jwt' },
    body: new URLSearchParams({ token: text, client_id: d.rs_id, client_secret: d.rs_secret }),
  });
  assert.equal(response.headers.get('content-type'), 'application/token-introspection+jwt');
  const options = { issuer: d.issuer, audience: d.rs_id, typ: 'token-introspection+jwt', requiredClaims: ['iat'] };
  const { payload } = await jwtVerify(await response.text(), keys, options);
  return payload.token_introspection;
}

async function listed(text) {
  const { uri, idx } = decodeJwt(text).status.status_list;
  const response = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } });
  const { payload } = await jwtVerify(await response.text(), keys, { subject: uri, typ: 'statuslist+jwt', requiredClaims: ['exp', 'iat', 'ttl'] });
  const bits = zlib.inflateSync(Buffer.from(payload.status_list.lst, 'base64url'));
  return (bits[idx >> 3] >> (idx & 7)) & 1;
}

const { active, ...claims } = await resource.introspect(token);
assert.equal(active, true);
assert.deepEqual(claims, { token_type: 'Bearer', ...decodeJwt(token) });
assert.deepEqual(await signed(token), { active: true, ...claims });
assert.equal(await listed(token), 0);

await client.revoke(token);
assert.deepEqual(await resource.introspect(token), { active: false });
assert.deepEqual(await signed(token), { active: false });
assert.equal(await listed(token), 1);
assert.equal((await resource.introspect(other)).active, true);
assert.equal(await listed(other), 0);
await assert.rejects(resource.revoke(other), /invalid_grant/);
console.log('ok');
