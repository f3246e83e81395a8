/*
 * DPoP proofs (RFC 9449): whether the one that a request brought proves that its sender holds a key, here, now and for the first time;
 * and the nonces that proofs may have to hold. At the token endpoint and where a protected resource asks. Pure.
 */
#ifndef LA_OAUTH_DPOP_H
#define LA_OAUTH_DPOP_H

#include "oauth/proof.h"
#include "oauth/token.h"

/*
 * Checks the DPoP field of a request, of which there is at least one line; now and how old it may be are the context's. `ret_jkt` is the thumbprint of its key; `ret_nonce`, where
 * it is set (also with a failure), is to be sent as DPoP-Nonce. DPOP_… codes, OVERLOADED, NO_MEMORY, SERVER_ERROR.
 */
la_result la_dpop_check(const la_token_context *context, la_slice proof, unsigned n_lines, const la_dpop_demand *demand,
                        uint8_t ret_jkt[LA_THUMBPRINT_BYTES], la_slice *ret_nonce);

/* ---- dpop_nonce.c ---- */

#define LA_DPOP_NONCE_CHARS 32

/* A nonce of now, as text in the arena; absent where there is no memory. */
la_slice la_dpop_nonce_new(const la_token_context *context, bool is_resource);

typedef enum la_dpop_nonce_state { LA_NONCE_INVALID, LA_NONCE_FRESH, LA_NONCE_AGING } la_dpop_nonce_state;

/* AGING: it is taken, and a new one should be given out with the answer. */
la_dpop_nonce_state la_dpop_nonce_check(const la_token_context *context, la_slice nonce, bool is_resource);

/* The algorithms of proofs, as a JSON array, for the metadata, and space-separated for `algs` of a challenge (RFC 9449 5.1, 7.1). */
void la_dpop_write_algorithms(bool fapi, la_buffer *ret_json);
void la_dpop_write_algs(bool fapi, la_buffer *ret);

#endif
