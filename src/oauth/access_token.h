/*
 * An access token of this server, read back: what introspection, revocation, token exchange and a protected resource ask about it. The
 * signature says that it is ours, the registry that it still holds.
 */
#ifndef LA_OAUTH_ACCESS_TOKEN_H
#define LA_OAUTH_ACCESS_TOKEN_H

#include "jose/verifier.h"
#include "oauth/token.h"

/* Slices live as long as `jwt` and the arena. */
typedef struct la_access_token {
    la_jwt *jwt; /* the caller's: la_access_token_done */
    la_slice client_id;
    la_slice subject;
    la_slice scope;       /* space-separated, whatever the profile */
    la_slice customer_id; /* absent but in a customer token of RFC 9068's profile */
    la_slice jti;
    int64_t issued_s;
    int64_t expires_s;
    bool has_credential_tag; /* the Spring profile's have none */
    uint32_t credential_tag;
    la_binding binding;
    uint64_t application_id;
    bool fapi; /* its application follows FAPI 2.0, whatever the environment does */
} la_access_token;

/*
 * Reads and judges a token: ours, of this environment, not expired, its application there and enabled, its customer still the application's
 * where customers are registered, nothing of it revoked. Audience,
 * scope and binding are the caller's to check. TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED (with *ret filled in, both of them), NO_MEMORY,
 * SERVER_ERROR. Give *ret back in any case.
 */
la_result la_access_token_read(const la_token_context *context, const la_verifier *verifier, la_slice compact,
                               la_access_token *ret);
void la_access_token_done(la_access_token *t);

/* Whether a token of ours is revoked: by itself, with its application, its credential (`credential_tag` NULL: it names none) or its customer
 * (absent: it has none). TOKEN_REVOKED; or whatever keeps the registry from being read. */
la_result la_revocations_check(const la_token_context *context, uint64_t application_id, la_slice jti,
                               const uint32_t *credential_tag, la_slice customer_id, int64_t issued_s);

/* Whether `audience` is one of those it is for. */
bool la_access_token_is_for(const la_access_token *t, la_slice audience);

#endif
