// private_key_jwt by openid-client and by oauth4webapi 2, which names the token endpoint beside the issuer as an audience unless it is told
// otherwise: that is for applications that were registered for it.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import { Issuer } from 'openid-client';
import { verifyToken } from './verify.mjs';

const input = JSON.parse(process.argv[2]);
const issuerAlone = { aud: input.issuer };

async function check(token, jwksUri) {
  await verifyToken(token, {
    jwksUri,
    issuer: input.issuer,
    audience: input.audience,
    algorithm: 'ES256',
    typ: 'at+jwt',
    clientId: input.client_id,
  });
}

async function withOpenidClient() {
  const issuer = await Issuer.discover(input.issuer);
  assert.ok(issuer.metadata.token_endpoint_auth_methods_supported.includes('private_key_jwt'));
  const client = new issuer.Client(
    { client_id: input.client_id, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: input.alg },
    { keys: [input.jwk] },
  );
  const grant = (clientAssertionPayload) =>
    client.grant({ grant_type: 'client_credentials', scope: 'api' }, { clientAssertionPayload });
  await check((await grant(issuerAlone)).access_token, issuer.metadata.jwks_uri);
  await check((await grant({})).access_token, issuer.metadata.jwks_uri);
  const jti = 'the same each time ' + Date.now();
  await grant({ ...issuerAlone, jti });
  await assert.rejects(grant({ ...issuerAlone, jti }), (error) => error.error === 'invalid_client');
}

async function withOauth4webapi() {
  const issuer = new URL(input.issuer);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' }));
  const parameters = {
    ES256: { name: 'ECDSA', namedCurve: 'P-256' },
    PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
    RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    EdDSA: { name: 'Ed25519' },
  }[input.alg];
  const key = await webcrypto.subtle.importKey('jwk', input.jwk, parameters, false, ['sign']);
  const ask = async (modify) => {
    const client = {
      client_id: input.client_id,
      token_endpoint_auth_method: 'private_key_jwt',
    };
    const clientPrivateKey = { key, kid: input.jwk.kid, ...(modify ? { [oauth.modifyAssertion]: (_, payload) => Object.assign(payload, modify) } : {}) };
    const answer = await oauth.clientCredentialsGrantRequest(server, client, new URLSearchParams({ scope: 'api' }), { clientPrivateKey });
    return oauth.processClientCredentialsResponse(server, client, answer);
  };
  await check((await ask(issuerAlone)).access_token, server.jwks_uri);
  const usual = await ask();
  if (input.legacy) {
    await check(usual.access_token, server.jwks_uri);
  } else {
    assert.ok(oauth.isOAuth2Error(usual) && usual.error === 'invalid_client');
  }
}

await withOpenidClient();
await withOauth4webapi();
console.log('ok');
