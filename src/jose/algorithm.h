/*
 * The signing algorithms (RFC 7518 3.1, RFC 8037 3.1) as one table of constant structs. OpenSSL's EVP
 * and libsodium do the cryptography; nothing here does.
 */
#ifndef LA_JOSE_ALGORITHM_H
#define LA_JOSE_ALGORITHM_H

#include "base/result.h"
#include "base/slice.h"

#include <openssl/evp.h>
#include <stdint.h>

#define LA_SIGNATURE_MAX 512 /* bytes: RSA 4096 */

typedef struct la_algorithm {
    const char *name;        /* JWA name as in `alg` */
    const char *kty;         /* "EC", "RSA", "OKP" */
    const char *curve;       /* JWK crv, NULL for RSA */
    const char *group;       /* OpenSSL's name of the curve, NULL for RSA and OKP */
    const char *digest;      /* OpenSSL's name; NULL where the algorithm hashes itself */
    size_t coordinate_bytes; /* EC: of x, y, r, s; OKP: of x; 0 for RSA */
    bool pss;
} la_algorithm;

/* What this server signs with. NULL where this build does not have it. Exact case (RFC 8725 3.1). */
const la_algorithm *la_algorithm_find(la_slice name);

/* The table of those, for listings. */
const la_algorithm *la_algorithm_at(size_t i); /* NULL past the end */

/* Those, and what is accepted of others in verification only: RS384, RS512, PS384, PS512, ES512, Ed25519 (RFC 9864). */
const la_algorithm *la_algorithm_find_verifiable(la_slice name);

#endif
