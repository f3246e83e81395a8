/*
 * The same token again, where an environment wants that: the same client that asks for the same within a few seconds gets the token that it has,
 * while at least half of its lifetime is left. What was revoked meanwhile is not given again.
 */
#ifndef LA_OAUTH_REUSE_H
#define LA_OAUTH_REUSE_H

#include "oauth/scope.h"

/* What makes two requests the same; made once a request. */
typedef struct la_reuse {
    uint8_t key[LA_REUSE_KEY_BYTES];
    bool wanted; /* the environment gives tokens again */
} la_reuse;

/* `outcome` has scope, binding and credential tag. What was exchanged lives as long as its subject, and is never given again. */
void la_reuse_begin(const la_token_context *context, const la_application_record *application, const la_grant *grant,
                    const la_token_outcome *outcome, la_reuse *ret);

/* `customer_id` absent: the token is for none. The token to be given again, and how long it still lives; false where a new one is to be made. It lives as long as the arena. */
bool la_reuse_find(const la_token_context *context, const la_application_record *application, const la_reuse *reuse,
                   const la_token_outcome *outcome, la_slice customer_id, la_slice *ret_token, uint32_t *ret_left_s);

/* Keeps a token that was made. `token` and `jti` are copied. */
void la_reuse_keep(const la_token_context *context, const la_reuse *reuse, la_slice token, la_slice jti,
                   uint32_t lifetime_s);

#endif
