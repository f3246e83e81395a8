/*
 * One DPoP proof by itself (RFC 9449 4.2, 4.3): form, type, algorithm, key, claims, signature. Whether it was used before, and its nonce, are
 * for whoever has a memory (oauth/dpop.h). Pure.
 */
#ifndef LA_OAUTH_PROOF_H
#define LA_OAUTH_PROOF_H

#include "jose/key_cache.h"

/* What a proof has to say, and when that is asked. */
typedef struct la_dpop_demand {
    la_slice method;       /* htm */
    unsigned n_targets;    /* any of them */
    la_slice targets[2];   /* htu, as la_htu_normalise writes it */
    la_slice access_token; /* that ath is the digest of; absent at the token endpoint */
    bool fapi;             /* FAPI 2.0: PS256, ES256 and EdDSA alone */
    la_slice client_id;    /* whose request it is; for the memory of used proofs */
    bool nonce_required;   /* one of ours, of the same place */
    bool is_resource;      /* a protected resource asks: its nonces are others than the token endpoint's (RFC 9449 9) */
    int64_t now_s;
    int64_t lifetime_s; /* how old it may be */
} la_dpop_demand;

typedef struct la_proof {
    la_jwt *jwt;                        /* the caller's: la_proof_done. Slices live as long */
    la_slice jti, htm, htu, ath, nonce; /* absent where they are not there */
    int64_t iat_s;
    uint8_t jkt[LA_THUMBPRINT_BYTES]; /* of its key */
} la_proof;

/* Checks the DPoP field of a request, of which there is at least one line; client_id, nonce_required and is_resource are not looked at. `cache` may be
 * NULL. DPOP_… codes, NO_MEMORY, SERVER_ERROR. Give *ret back in any case. */
la_result la_proof_check(la_slice field, unsigned n_lines, const la_dpop_demand *demand, la_key_cache *cache,
                         la_proof *ret);
void la_proof_done(la_proof *p);

#endif
