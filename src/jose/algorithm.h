/*
 * The signing algorithms (RFC 7518 3.1, RFC 8037 3.1, RFC 9964 3) as one table of constant structs. OpenSSL's EVP
 * and libsodium do the cryptography; nothing here does.
 */
#ifndef LA_JOSE_ALGORITHM_H
#define LA_JOSE_ALGORITHM_H

#include "base/result.h"
#include "base/slice.h"

#include <stdint.h>

#define LA_SIGNATURE_MAX 4627 /* bytes: ML-DSA-87; RSA 4096 has 512 */

/* What the keys of an algorithm are, and so which code handles them. */
typedef enum la_key_kind { LA_KEY_EC, LA_KEY_RSA, LA_KEY_OKP, LA_KEY_OCT, LA_KEY_AKP } la_key_kind;

/* Sets of algorithms, to be joined by |. What a token may be signed with is always the caller's to say (RFC 8725 3.1). */
enum {
    LA_ALGORITHMS_SIGNING = 1,    /* what this server signs with */
    LA_ALGORITHMS_ASYMMETRIC = 2, /* what it accepts of others: those and RS384, RS512, PS384, PS512, ES512, Ed25519 */
    LA_ALGORITHMS_FAPI = 4,       /* FAPI 2.0 Security Profile 5.4.1 */
    LA_ALGORITHMS_HMAC = 8,       /* for client_secret_jwt alone */
};

typedef struct la_algorithm {
    const char *name; /* JWA name as in `alg` */
    la_key_kind kind;
    const char *kty;        /* "EC", "RSA", "OKP", "oct", "AKP" */
    const char *curve;      /* JWK crv, NULL for RSA, oct and AKP */
    const char *group;      /* OpenSSL's name of the curve, NULL but for EC */
    const char *digest;     /* OpenSSL's name; NULL where the algorithm hashes itself */
    size_t bytes;           /* EC: of x, y, r, s; OKP: of x; oct: of the digest; AKP: of pub; 0 for RSA */
    size_t signature_bytes; /* AKP; 0 for the others, where it follows from the key */
    bool pss;
    unsigned sets; /* LA_ALGORITHMS_…, those that it is in */
} la_algorithm;

/* The algorithm of that name, if it is in one of the sets. NULL where it is not, or the linked OpenSSL does not have it (ML-DSA:
 * before 3.5). Exact case. */
const la_algorithm *la_algorithm_find_in(la_slice name, unsigned sets);

/* Those of the sets, in the table's order, for listings; NULL past the end. */
const la_algorithm *la_algorithm_at_in(unsigned sets, size_t i);

/* True where the name is of one of the sets, but the linked OpenSSL does not have it: for a message that helps. */
bool la_algorithm_is_missing(la_slice name, unsigned sets);

/* The set of what this server signs with. */
const la_algorithm *la_algorithm_find(la_slice name);
const la_algorithm *la_algorithm_at(size_t i);

/* The set of what is accepted of others. */
const la_algorithm *la_algorithm_find_verifiable(la_slice name);

#endif
