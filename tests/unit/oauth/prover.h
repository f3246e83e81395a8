/* A client that makes DPoP proofs with a key of its own. */
#ifndef LA_TESTS_OAUTH_PROVER_H
#define LA_TESTS_OAUTH_PROVER_H

#include "fixture.h"

#define TOKEN_URL "https://issuer.example/oauth2/token"

typedef struct prover {
    la_key *key;
    la_signer *signer;
    uint8_t jkt[LA_THUMBPRINT_BYTES];
    char jwk[LA_JWK_MAX];
    char proof[LA_JWT_MAX];
} prover;

void prover_init(prover *p, const char *algorithm);
void prover_done(prover *p);

/* A signed JWT of this header and these claims, as they are. Lives until the next. */
la_slice prover_sign(prover *p, const char *header, const char *claims);

/* A right proof for the token endpoint with this jti and iat, and these further members (",\"nonce\":…"; may be ""). */
la_slice prover_proof(prover *p, const char *jti, int64_t iat_s, const char *more);

/* A table of used jti that is as simple as can be; `context` uses it from now on. */
void prover_remember(la_token_context *context);

#endif
