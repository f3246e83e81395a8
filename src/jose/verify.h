/*
 * Verification of a compact JWS (RFC 7515 7.1) against a JWK set, as a resource server does it. Strict
 * (RFC 8725): algorithm from an allowlist and checked against the key, no embedded keys, no crit.
 */
#ifndef LA_JOSE_VERIFY_H
#define LA_JOSE_VERIFY_H

#include "base/result.h"
#include "base/slice.h"

#include <jansson.h>

#define LA_JWS_MAX 16384       /* bytes of a compact JWS: ML-DSA-87 takes 6170 for its signature */
#define LA_JWKS_MAX 65536      /* bytes of a JWK set's text */
#define LA_JWKS_KEYS_MAX 64    /* keys in a set */
#define LA_JWKS_ATTEMPTS_MAX 8 /* signatures that one token may cost */

typedef struct la_jws {
    json_t *header;  /* owned by the caller after success: json_decref both */
    json_t *payload; /* any JSON value; NULL where the payload is not JSON */
} la_jws;

/*
 * Checks form, algorithm, key and signature. `jwks` is a JWK set object or a single JWK. INVALID with a detail that
 * names the failed check. Claims (exp, aud…) are the caller's to check.
 *
 * A key fits where kty, crv, alg, use and key_ops allow the header's alg, and its kid is the header's where that has one (a
 * single JWK without a kid is taken for the caller's choice). TOO_LARGE past the limits above; NO_MEMORY.
 */
la_result la_jws_verify(la_slice compact, const json_t *jwks, la_jws *ret);

/* Reads the text of a JWK set or of a JWK: at most LA_JWKS_MAX bytes, a JSON object, no member twice. The caller owns *ret
 * (json_decref). INVALID, TOO_LARGE. */
la_result la_jwks_parse(la_slice text, json_t **ret);

/* RFC 7638 thumbprint of a JWK, 43 characters and a zero byte. INVALID where members are missing or
 * malformed, and for symmetric keys. */
la_result la_jwk_thumbprint(const json_t *jwk, char ret[44]);

#endif
