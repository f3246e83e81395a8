// openid-client: discovery by issuer, a token by client_secret_basic and by client_secret_post.
import assert from 'node:assert/strict';
import { Issuer, errors } from 'openid-client';
import { verifyToken } from './verify.mjs';

const input = JSON.parse(process.argv[2]);

for (const url of [input.issuer, input.issuer + '/.well-known/oauth-authorization-server']) {
  const issuer = await Issuer.discover(url);
  assert.equal(issuer.metadata.issuer, input.issuer);
  for (const method of ['client_secret_basic', 'client_secret_post']) {
    const client = new issuer.Client({
      client_id: input.client_id,
      client_secret: input.client_secret,
      token_endpoint_auth_method: method,
    });
    const tokens = await client.grant({ grant_type: 'client_credentials', scope: input.scope });
    assert.equal(tokens.token_type.toLowerCase(), 'bearer');
    assert.equal(tokens.scope, input.scope);
    assert.ok(tokens.expires_in > 0);
    await verifyToken(tokens.access_token, {
      jwksUri: issuer.metadata.jwks_uri,
      issuer: input.issuer,
      audience: input.audience,
      algorithm: input.algorithm,
      typ: input.typ,
      clientId: input.client_id,
    });

    await assert.rejects(client.grant({ grant_type: 'client_credentials', scope: 'nonsense' }), (error) => {
      assert.ok(error instanceof errors.OPError);
      assert.equal(error.error, 'invalid_scope');
      assert.ok(error.error_description.endsWith('.'));
      return true;
    });
    const stranger = new issuer.Client({ client_id: input.client_id, client_secret: 'wrong', token_endpoint_auth_method: method });
    await assert.rejects(stranger.grant({ grant_type: 'client_credentials', scope: input.scope }), (error) => {
      assert.equal(error.error, 'invalid_client');
      return true;
    });
  }
}
console.log('ok');
