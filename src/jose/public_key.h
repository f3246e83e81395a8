/*
 * Public keys of others, prepared: read and checked once (RFC 8725 3.4, RFC 7518 3.3), and then good for any number of
 * signatures, on any thread. The header's jwk, jku, x5u, x5c never choose one: a DPoP proof's jwk is the one exception (jwt.h).
 */
#ifndef LA_JOSE_PUBLIC_KEY_H
#define LA_JOSE_PUBLIC_KEY_H

#include "base/slice.h"
#include "jose/algorithm.h"
#include "model/model.h"

#define LA_JWK_TEXT_MAX 16384 /* bytes of one JWK's text, certificate included */

typedef struct la_public_key la_public_key; /* immutable, counted */

enum {
    LA_JWK_THOROUGH =
        1, /* also that an RSA modulus is no prime and has no small factor: 4 ms for 2048 bits, 23 for 4096 */
    LA_JWK_CERTIFICATE = 2, /* takes the first certificate of x5c, which must be of this key (RFC 7517 4.7) */
};

/*
 * Of a JWK's text. INVALID, and says why: symmetric and private keys (also with a public half: it is no secret any more), weak RSA (under
 * 2048 bits, over 4096, small or even exponent, a known bad generator), points off their curve, alg that does not fit, use
 * or key_ops for something else. CRYPTO, NO_MEMORY, TOO_LARGE.
 */
la_result la_public_key_parse(la_slice jwk, unsigned flags, la_public_key **ret);

la_public_key *la_public_key_hold(const la_public_key *k); /* one reference more; takes NULL */
la_public_key *la_public_key_free(la_public_key *k);       /* takes NULL; returns NULL */

la_slice la_public_key_id(const la_public_key *k);                 /* its kid; absent where it has none */
const uint8_t *la_public_key_thumbprint(const la_public_key *k);   /* RFC 7638, LA_THUMBPRINT_BYTES */
const char *la_public_key_thumbprint_text(const la_public_key *k); /* in base64url */
la_slice la_public_key_certificate(const la_public_key *k);        /* DER of x5c; absent without LA_JWK_CERTIFICATE */
const la_algorithm *la_public_key_algorithm(
    const la_public_key *k); /* the only one, where its alg names it; else NULL */

/* Whether it may verify what is signed with `a`: its type, curve, and alg where it has one. */
bool la_public_key_fits(const la_public_key *k, const la_algorithm *a);

/* Checks the signature of `input`. INVALID where it is wrong, or the key does not fit. CRYPTO, NO_MEMORY. */
la_result la_public_key_verify(const la_public_key *k, const la_algorithm *a, la_slice input, la_slice signature);

#endif
