/* Scope policy: from the requested scope to what a token may say, or to why not (RFC 6749 3.3). */
#ifndef LA_OAUTH_SCOPE_H
#define LA_OAUTH_SCOPE_H

#include "oauth/form.h"
#include "oauth/token.h"

/* More than any environment defines; a request cannot be granted more. */
#define LA_SCOPE_TOKENS_MAX 16

typedef struct la_grant {
    unsigned n_scopes;
    la_slice scopes[LA_SCOPE_TOKENS_MAX]; /* as requested, each once */
    const la_scope_policy *policies[LA_SCOPE_TOKENS_MAX];
    unsigned n_audiences;
    la_slice audiences[LA_RESOURCES_MAX]; /* one, unless `resource` named several */
    bool has_resource;                    /* the audiences are those that were asked for */
    bool is_exchange;                     /* by token exchange */
    uint32_t lifetime_s;                  /* the shortest of the scopes */
    la_slice customer_id;                 /* absent unless the token is a customer's */
} la_grant;

/* Fails with a SCOPE_… code. Slices of the grant point into `requested` and the configuration. */
la_result la_scope_decide(const la_token_context *context, const la_application_record *application, la_slice requested,
                          la_grant *ret);

/* Whether it reads as RFC 6749 3.3 writes a scope: tokens with one space in between, so that it has nothing that a header field or a quoted string
 * would have to escape. */
bool la_scope_is_list(la_slice scopes);

/* resource.c: narrows the grant's audiences to the resources that were asked for (RFC 8707 2), within what each of its scopes
 * allows. RESOURCE_SYNTAX, RESOURCE_NOT_ALLOWED. */
la_result la_resource_decide(const la_form *form, la_grant *grant);

#endif
