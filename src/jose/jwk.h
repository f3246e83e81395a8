/*
 * Public JWKs (RFC 7517, RFC 7518 6, RFC 8037 2): read strictly, written in one order, thumbprinted (RFC 7638). For the
 * files of this folder.
 */
#ifndef LA_JOSE_JWK_H
#define LA_JOSE_JWK_H

#include "base/buffer.h"
#include "jose/algorithm.h"
#include "model/model.h"

#include <jansson.h>

#define LA_JWK_MEMBER_MAX 512 /* bytes: the modulus of RSA 4096 */

typedef struct la_jwk_part {
    size_t n;
    uint8_t p[LA_JWK_MEMBER_MAX];
} la_jwk_part;

/* EC: x and y; OKP: x, and nothing; RSA: n and e. */
typedef struct la_public_key {
    const char *kty; /* "EC", "RSA", "OKP": literals */
    const char *crv; /* a literal; NULL for RSA */
    la_jwk_part first;
    la_jwk_part second;
} la_public_key;

/* Reads the members that `a` needs. INVALID where kty or crv are others, a member is missing, not base64url, of another
 * width (RFC 7518 6.2.1.2, 6.3.1), or the RSA key is weak: under 2048 or over 4096 bits, e even or under 65537. */
la_result la_public_key_read(const json_t *jwk, const la_algorithm *a, la_public_key *ret);

/* An OpenSSL key of it (not for OKP), the point checked to be on its curve. INVALID, CRYPTO, NO_MEMORY. */
la_result la_public_key_to_evp(const la_public_key *k, const la_algorithm *a, EVP_PKEY **ret);

/* The members of an OpenSSL key. */
la_result la_public_key_from_evp(const EVP_PKEY *pkey, const la_algorithm *a, la_public_key *ret);

/* {"kty":…,"use":"sig","alg":…,"kid":…, members}. */
void la_public_key_write_jwk(const la_public_key *k, const char *alg, const char *kid, la_buffer *ret);

/* RFC 7638 3 with SHA-256: 43 characters and a zero byte. */
la_result la_public_key_thumbprint(const la_public_key *k, char ret[LA_KID_CHARS + 1]);

#endif
