// oauth4webapi: RFC 8414 discovery, a token by both methods, the challenge of a refusal.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { verifyToken } from './verify.mjs';

const input = JSON.parse(process.argv[2]);
const issuer = new URL(input.issuer);

for (const algorithm of ['oauth2', 'oidc']) {
  const response = await oauth.discoveryRequest(issuer, { algorithm });
  const server = await oauth.processDiscoveryResponse(issuer, response);
  assert.ok(server.grant_types_supported.includes('client_credentials'));

  for (const method of ['client_secret_basic', 'client_secret_post']) {
    const client = { client_id: input.client_id, client_secret: input.client_secret, token_endpoint_auth_method: method };
    const parameters = new URLSearchParams({ scope: input.scope });
    const answer = await oauth.clientCredentialsGrantRequest(server, client, parameters);
    const tokens = await oauth.processClientCredentialsResponse(server, client, answer);
    assert.ok(!oauth.isOAuth2Error(tokens), JSON.stringify(tokens));
    assert.equal(tokens.scope, input.scope);
    await verifyToken(tokens.access_token, {
      jwksUri: server.jwks_uri,
      issuer: input.issuer,
      audience: input.audience,
      algorithm: input.algorithm,
      typ: input.typ,
      clientId: input.client_id,
    });

    const stranger = { ...client, client_secret: 'wrong' };
    const refusal = await oauth.clientCredentialsGrantRequest(server, stranger, parameters);
    const challenges = oauth.parseWwwAuthenticateChallenges(refusal);
    assert.equal(challenges[0].scheme, 'basic');

    const bad = new URLSearchParams({ scope: 'nonsense' });
    const answerToBad = await oauth.clientCredentialsGrantRequest(server, client, bad);
    const error = await oauth.processClientCredentialsResponse(server, client, answerToBad);
    assert.ok(oauth.isOAuth2Error(error));
    assert.equal(error.error, 'invalid_scope');
  }
}

// The check that a resource server written with this library makes of an RFC 9068 token.
if (input.typ === 'at+jwt') {
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' });
  const server = await oauth.processDiscoveryResponse(issuer, response);
  const client = { client_id: input.client_id, client_secret: input.client_secret, token_endpoint_auth_method: 'client_secret_post' };
  const answer = await oauth.clientCredentialsGrantRequest(server, client, new URLSearchParams({ scope: input.scope }));
  const { access_token: token } = await answer.json();
  const request = new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } });
  const claims = await oauth.validateJwtAccessToken(server, request, input.audience);
  assert.equal(claims.client_id, input.client_id);
  assert.equal(claims.scope, input.scope);
}
console.log('ok');
