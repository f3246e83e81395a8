/* A whole environment for the protocol's tests: a real registry, a real key, a real hasher; only the clock is given. */
#ifndef LA_TESTS_OAUTH_FIXTURE_H
#define LA_TESTS_OAUTH_FIXTURE_H

#include "unit.h"

#include "oauth/token.h"

#define NOW_S 1800000000
#define HERE 1 /* environment ids */
#define ELSEWHERE 2
#define CUSTOMER "a1b2c3d4-e5f6-7890-abcd-ef0123456789"

typedef struct fixture {
    char *dir;
    la_registry *registry;
    la_registry_view *view;
    la_hasher *hasher;
    la_key *key;
    la_signer *signer;
    la_verifier *verifier; /* of that key */
    la_issuer *issuer;
    la_arena *arena;
    la_random random;
    la_scope_policy scopes[2];
    la_environment_config environment;
    la_token_context context;
} fixture;

/* Applications: "svc one" (secret "p+w:d=/%"), "basic-only", "post-only", "disabled", "no-scope", "expired", "imported"
 * (bcrypt) with secret "right", all of HERE; "other" of ELSEWHERE. "svc one" owns the customer CUSTOMER. */
fixture *fixture_new(const char *algorithm, la_token_profile profile);
void fixture_free(fixture *f);

/* One request; `body` and `authorization` may be NULL. Gives the outcome; the response body is in fixture_body. */
la_token_outcome fixture_post(fixture *f, const char *body, const char *authorization);
extern char fixture_body[LA_TOKEN_RESPONSE_MAX + 1];

#endif
