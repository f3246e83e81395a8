/* Verification of our own access tokens, with the keys that an environment publishes. Made once a snapshot, good on any thread. */
#ifndef LA_JOSE_VERIFIER_H
#define LA_JOSE_VERIFIER_H

#include "jose/jwt.h"

typedef struct la_verifier la_verifier; /* immutable, counted */

/* Of the public JWKs as la_key_record has them; n may be 0, and then nothing verifies. A key that this build cannot use is passed over.
 * CORRUPT, CRYPTO, NO_MEMORY. */
la_result la_verifier_new(const la_slice *public_jwks, size_t n, la_verifier **ret);
la_verifier *la_verifier_hold(const la_verifier *v); /* takes NULL */
la_verifier *la_verifier_free(la_verifier *v);       /* takes NULL; returns NULL */

/*
 * Reads the token and checks its signature and type: at+jwt (RFC 9068 4), or, with `spring`, none or JWT, as the Spring profile has it.
 * Its header must have the kid of a published key, as ours all have. Claims are the caller's to check: iss and exp in any case. INVALID,
 * TOO_LARGE, NO_MEMORY. The caller frees *ret.
 */
la_result la_verifier_check(const la_verifier *v, la_slice compact, bool spring, la_jwt **ret);

#endif
