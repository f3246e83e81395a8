/* What key.c and signer.c share of a key. */
#ifndef LA_JOSE_KEY_INTERNAL_H
#define LA_JOSE_KEY_INTERNAL_H

#include "jose/jwk.h"
#include "jose/key.h"

#include <stdatomic.h>

struct la_key {
    atomic_uint references; /* the maker's, and one of each signer */
    const la_algorithm *algorithm;
    EVP_PKEY *pkey;  /* EC, RSA, ML-DSA; never changed after it was made */
    uint8_t *secret; /* in locked memory: Ed25519: seed and public key; ML-DSA: the seed */
    char kid[LA_KID_CHARS + 1];
    size_t jwk_n;
    char jwk[LA_JWK_MAX];
};

la_key *la_key_reference(la_key *k);

#endif
