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
#include <openssl/evp.h>

#define LA_JWK_MEMBER_MAX 2592 /* bytes: pub of ML-DSA-87; the modulus of RSA 4096 has 512 */

typedef struct la_jwk_part {
    size_t n;
    uint8_t p[LA_JWK_MEMBER_MAX];
} la_jwk_part;

/* EC: x and y; OKP: x, and nothing; RSA: n and e; AKP: pub, and nothing. */
typedef struct la_jwk_members {
    la_key_kind kind;
    const char *kty; /* "EC", "RSA", "OKP", "AKP": literals */
    const char *crv; /* a literal; NULL for RSA and AKP */
    const char *alg; /* AKP only: its alg is a member of the key like any other (RFC 9964 3) */
    la_jwk_part first;
    la_jwk_part second;
} la_jwk_members;

/* Whether the key may verify what is signed with `a` (RFC 8725 3.1): kty, crv, and alg where it has one. INVALID, and says why not. */
la_result la_jwk_check_fit(const json_t *jwk, const la_algorithm *a);

/* INVALID where use or key_ops (RFC 7517 4.2, 4.3) say that the key is for something else than verifying. */
la_result la_jwk_check_use(const json_t *jwk);

/* A string member; absent (p NULL) where there is none, or it is no string. */
la_slice la_jwk_text(const json_t *jwk, const char *name);

/* Reads the members that `a` needs. INVALID where kty or crv are others, a member is missing, not base64url, of another
 * width (RFC 7518 6.2.1.2, 6.3.1), or the RSA key is weak: under 2048 or over 4096 bits, e even or under 65537. */
la_result la_jwk_members_read(const json_t *jwk, const la_algorithm *a, la_jwk_members *ret);

/* An OpenSSL key of it (not for OKP), the point checked to be on its curve. INVALID, CRYPTO, NO_MEMORY. */
la_result la_jwk_members_to_evp(const la_jwk_members *k, const la_algorithm *a, EVP_PKEY **ret);

/* The members of an OpenSSL key. */
la_result la_jwk_members_from_evp(const EVP_PKEY *pkey, const la_algorithm *a, la_jwk_members *ret);

/* {"kty":…,"use":"sig","alg":…,"kid":…, members}. */
void la_jwk_members_write(const la_jwk_members *k, const char *alg, const char *kid, la_buffer *ret);

/* RFC 7638 3 with SHA-256. */
la_result la_jwk_members_thumbprint(const la_jwk_members *k, uint8_t ret[LA_THUMBPRINT_BYTES]);

/* As text: 43 characters and a zero byte. */
void la_jwk_thumbprint_text(const uint8_t thumbprint[LA_THUMBPRINT_BYTES], char ret[LA_KID_CHARS + 1]);

#endif
