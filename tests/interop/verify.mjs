// What a resource server does: a token is verified by jose against the published keys.
import assert from 'node:assert/strict';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify, errors } from 'jose';

export async function verifyToken(token, { jwksUri, issuer, audience, algorithm, typ, clientId }) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const options = { issuer, audience, algorithms: [algorithm], ...(typ ? { typ } : {}), requiredClaims: ['exp', 'iat', 'sub', 'jti'] };
  const { payload, protectedHeader } = await jwtVerify(token, keys, options);
  assert.equal(payload.sub, clientId);
  assert.equal(protectedHeader.alg, algorithm);

  // The same call refuses what it should: a changed signature, another audience.
  const parts = token.split('.');
  const swapped = parts[2][10] === 'A' ? 'B' : 'A';
  const forged = [parts[0], parts[1], parts[2].slice(0, 10) + swapped + parts[2].slice(11)].join('.');
  await assert.rejects(jwtVerify(forged, keys, options), errors.JWSSignatureVerificationFailed);
  await assert.rejects(jwtVerify(token, keys, { ...options, audience: 'https://somebody.example' }), errors.JWTClaimValidationFailed);
  assert.ok(decodeProtectedHeader(token).kid);
  return payload;
}
