/* Scope policy: from the requested scope to what a token may say, or to why not (RFC 6749 3.3). */
#ifndef LA_OAUTH_SCOPE_H
#define LA_OAUTH_SCOPE_H

#include "oauth/token.h"

/* More than any environment defines; a request cannot be granted more. */
#define LA_SCOPE_TOKENS_MAX 16

typedef struct la_grant {
    unsigned n_scopes;
    la_slice scopes[LA_SCOPE_TOKENS_MAX]; /* as requested, each once */
    la_slice audience;
    uint32_t lifetime_s;  /* the shortest of the scopes */
    la_slice customer_id; /* absent unless the token is a customer's */
} la_grant;

/* Fails with a SCOPE_… code. Slices of the grant point into `requested` and the configuration. */
la_result la_scope_decide(const la_token_context *context, const la_application_record *application, la_slice requested,
                          la_grant *ret);

#endif
