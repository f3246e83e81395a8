// Token exchange (RFC 8693) by openid-client and by oauth4webapi: an api token becomes one for a customer, a bound one stays bound, never the reverse.
import assert from 'node:assert/strict';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import * as oauth from 'oauth4webapi';
import { Issuer } from 'openid-client';
import { verifyToken } from './verify.mjs';

const input = JSON.parse(process.argv[2]);
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const narrow = { subject_token_type: ACCESS_TOKEN, scope: input.scope };

async function check(tokens, jwksUri, jwk) {
  assert.equal(tokens.issued_token_type, ACCESS_TOKEN);
  assert.equal(tokens.scope, input.scope);
  const claims = await verifyToken(tokens.access_token, {
    jwksUri,
    issuer: input.issuer,
    audience: input.audience,
    algorithm: 'ES256',
    typ: 'at+jwt',
    clientId: input.client_id,
  });
  assert.equal(`customer.${claims.customer_id}`, input.scope);
  assert.deepEqual(claims.cnf, jwk ? { jkt: await calculateJwkThumbprint(jwk) } : undefined);
}

async function withOpenidClient() {
  const issuer = await Issuer.discover(input.issuer);
  assert.ok(issuer.metadata.grant_types_supported.includes(EXCHANGE));
  const client = new issuer.Client({ client_id: input.client_id, client_secret: input.client_secret, token_endpoint_auth_method: 'client_secret_basic' });
  const api = await client.grant({ grant_type: 'client_credentials', scope: 'api' });
  const tokens = await client.grant({ grant_type: EXCHANGE, subject_token: api.access_token, ...narrow });
  await check(tokens, issuer.metadata.jwks_uri);
  await assert.rejects(
    client.grant({ grant_type: EXCHANGE, subject_token: tokens.access_token, subject_token_type: ACCESS_TOKEN, scope: 'api' }),
    (error) => error.error === 'invalid_scope',
  );
  await assert.rejects(client.grant({ grant_type: EXCHANGE, subject_token: `${api.access_token}A`, ...narrow }), (error) => error.error === 'invalid_request');
}

async function withOauth4webapi() {
  const issuer = new URL(input.issuer);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' }));
  const client = { client_id: input.client_id, client_secret: input.client_secret, token_endpoint_auth_method: 'client_secret_post' };
  const DPoP = await oauth.generateKeyPair('ES256', { extractable: true });
  const grant = async (type, parameters, options) => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await oauth.genericTokenEndpointRequest(server, client, type, new URLSearchParams(parameters), options);
      const tokens = await oauth.processClientCredentialsResponse(server, client, answer); // this release has none of its own for other grants
      if (!oauth.isOAuth2Error(tokens) || tokens.error !== 'use_dpop_nonce' || attempt) return tokens;
    }
  };
  const bearer = await grant('client_credentials', { scope: 'api' });
  await check(await grant(EXCHANGE, { subject_token: bearer.access_token, ...narrow }), server.jwks_uri);
  const bound = await grant('client_credentials', { scope: 'api' }, { DPoP });
  await check(await grant(EXCHANGE, { subject_token: bound.access_token, ...narrow }, { DPoP }), server.jwks_uri, await exportJWK(DPoP.publicKey));
  const thief = { DPoP: await oauth.generateKeyPair('ES256') };
  for (const options of [{}, thief]) {
    const refusal = await grant(EXCHANGE, { subject_token: bound.access_token, ...narrow }, options);
    assert.ok(oauth.isOAuth2Error(refusal));
    assert.equal(refusal.error, 'invalid_request');
  }
}

await withOpenidClient();
await withOauth4webapi();
console.log('ok');
