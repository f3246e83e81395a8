// DPoP by openid-client and by oauth4webapi: a bound token with and without a nonce, a request to a protected resource, and what jose
// and oauth4webapi make of the token on the resource's side.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT, calculateJwkThumbprint, exportJWK } from 'jose';
import * as oauth from 'oauth4webapi';
import { Issuer } from 'openid-client';
import { verifyToken } from './verify.mjs';

const input = JSON.parse(process.argv[2]);
const resource = `${input.issuer}/oauth2/verify?audience=${encodeURIComponent(input.audience)}&scope=api`;
// What a proxy in front of the resource would say of the request that the library makes.
const proxied = { 'X-Original-Method': 'GET', 'X-Original-URI': resource };

async function check(token, jwksUri, jwk) {
  const claims = await verifyToken(token, {
    jwksUri,
    issuer: input.issuer,
    audience: input.audience,
    algorithm: 'ES256',
    typ: 'at+jwt',
    clientId: input.client_id,
  });
  assert.deepEqual(claims.cnf, { jkt: await calculateJwkThumbprint(jwk) });
}

async function withOpenidClient() {
  const issuer = await Issuer.discover(input.issuer);
  assert.ok(issuer.metadata.dpop_signing_alg_values_supported.includes('ES256'));
  const client = new issuer.Client({
    client_id: input.client_id,
    client_secret: input.client_secret,
    token_endpoint_auth_method: 'client_secret_basic',
  });
  const keys = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    PS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    EdDSA: generateKeyPairSync('ed25519'),
  };
  for (const key of Object.values(keys)) {
    const DPoP = key.privateKey;
    const tokens = await client.grant({ grant_type: 'client_credentials', scope: 'api' }, { DPoP });
    assert.equal(tokens.token_type, 'DPoP');
    await check(tokens.access_token, issuer.metadata.jwks_uri, await exportJWK(key.publicKey));
    const answer = await client.requestResource(resource, tokens, { method: 'GET', headers: proxied, DPoP });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['x-auth-client-id'], input.client_id);
    assert.equal(answer.headers['x-auth-binding'], 'dpop');
    const thief = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const refusal = await client.requestResource(resource, tokens, { method: 'GET', headers: proxied, DPoP: thief });
    assert.equal(refusal.statusCode, 401);
    const bearer = await client.requestResource(resource, tokens.access_token, { method: 'GET', headers: proxied });
    assert.equal(bearer.statusCode, 401);
    assert.match(bearer.headers['www-authenticate'], /^DPoP /);
  }
}

async function withOauth4webapi() {
  const issuer = new URL(input.issuer);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' }));
  const client = { client_id: input.client_id, client_secret: input.client_secret, token_endpoint_auth_method: 'client_secret_post' };
  const DPoP = await oauth.generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(DPoP.publicKey);
  let challenges = 0;

  async function grant() {
    const answer = await oauth.clientCredentialsGrantRequest(server, client, new URLSearchParams({ scope: 'api' }), { DPoP });
    const tokens = await oauth.processClientCredentialsResponse(server, client, answer);
    if (!oauth.isOAuth2Error(tokens)) return tokens;
    assert.equal(tokens.error, 'use_dpop_nonce'); // the library has taken the nonce from the response
    assert.equal(answer.status, 400);
    challenges += 1;
    assert.ok(challenges < 2);
    return grant();
  }
  const tokens = await grant();
  assert.equal(challenges, input.nonce ? 1 : 0);
  assert.equal(tokens.token_type.toLowerCase(), 'dpop');
  await check(tokens.access_token, server.jwks_uri, jwk);

  async function ask(pair) {
    return oauth.protectedResourceRequest(tokens.access_token, 'GET', new URL(resource), new Headers(proxied), null, { DPoP: pair });
  }
  let answer = await ask(DPoP);
  if (input.nonce) {
    assert.equal(answer.status, 401);
    assert.equal(oauth.parseWwwAuthenticateChallenges(answer)[0].parameters.error, 'use_dpop_nonce');
    answer = await ask(DPoP);
  }
  assert.equal(answer.status, 200);
  const thief = await ask(await oauth.generateKeyPair('ES256', { extractable: true }));
  assert.equal(thief.status, 401);
  assert.equal(oauth.parseWwwAuthenticateChallenges(thief)[0].scheme, 'dpop');

  // A resource server that was written with this library takes the token, with a proof that jose has made.
  const url = 'https://api.example/accounts';
  const proof = await new SignJWT({ jti: randomUUID(), htm: 'GET', htu: url, ath: createHash('sha256').update(tokens.access_token).digest('base64url') })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .setIssuedAt()
    .sign(DPoP.privateKey);
  const request = new Request(url, { headers: { authorization: `DPoP ${tokens.access_token}`, dpop: proof } });
  const claims = await oauth.validateJwtAccessToken(server, request, input.audience);
  assert.equal(claims.client_id, input.client_id);
}

await withOpenidClient();
await withOauth4webapi();
console.log('ok');
