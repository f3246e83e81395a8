/*
 * What the tests of client assertions share: a fixture with applications of every kind ("ec", "rsa" and "both" by their keys; "legacy", which
 * may name the token endpoint; "fapi"; "pinned" to EdDSA; "off"; "fetched" by a jwks_uri; "keyless", "weird"; "mac", "short", "lapsed" and "moved" by
 * secrets; "away" in another environment; "fapi-secret"), and requests of theirs.
 */
#ifndef LA_TESTS_OAUTH_ASSERTION_KIT_H
#define LA_TESTS_OAUTH_ASSERTION_KIT_H

#include "prover.h"

#define ISSUER "https://issuer.example"
#define TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define URI "https://client.example/jwks"                                   /* of "fetched" */
#define SECRET "las_test_0123456789012345678901234567890123456789012345678" /* 58 characters, as ours are */
#define TO_US ",\"aud\":\"" ISSUER "\""

typedef struct assertion_kit {
    fixture *f;
    prover ec, rsa, okp, other; /* `other` is nobody's */
    struct {
        la_slice text, newer;
        bool is_pending, is_gone;
        unsigned asked, asked_for_unknown;
    } source; /* of "fetched": what its set is, and what the fetcher says */
    char last_body[LA_TOKEN_RESPONSE_MAX + 1];
} assertion_kit;
extern assertion_kit kit;

int kit_set_up(void **state);
int kit_tear_down(void **state);
int kit_forget(void **state); /* before each test: nothing was fetched or used, FAPI is off, the clock is right */

/* The text of a key set of one or two keys (`b` may be NULL), in the i-th of six buffers; 0 to 2 are the registered ones. */
la_slice kit_set_of(unsigned i, const prover *a, const prover *b);
/* A request with this assertion and `more` behind it in the body. */
la_token_outcome kit_post(la_slice assertion, const char *more);
/* The alg of the key, and these members. In a static buffer, as the next one. */
const char *kit_header_of(const prover *p, const char *more);
/* iss, sub and jti as they should be, exp in a minute, and these members. */
const char *kit_claims_of(const char *client_id, const char *more);
/* What a request ends with whose assertion this key has signed. */
la_code kit_code_of(prover *p, const char *header_more, const char *claims);
/* Of row `i` of a table. */
void kit_check(size_t i, la_code code, la_code expected);

#endif
