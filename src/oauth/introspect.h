/*
 * POST /oauth2/introspect (RFC 7662), and its signed answer (RFC 9701): whether a token holds now, and what it says. Pure.
 *
 * The right to ask is an application's registered introspection_audiences, and a token is active for it only where it is for one of those
 * (RFC 7662 4, RFC 9701 5): its own tokens are no exception. A token of the Spring profile has its client as the audience, unless `resource`
 * named one; there the audiences of its scopes count.
 */
#ifndef LA_OAUTH_INTROSPECT_H
#define LA_OAUTH_INTROSPECT_H

#include "oauth/token_holder.h"

/* Room that the body needs at most: what the claims of a token make of an answer, in base64url, and a signature of ML-DSA-87. */
#define LA_INTROSPECTION_MAX 20480
_Static_assert(LA_INTROSPECTION_MAX >= LA_TOKEN_RESPONSE_MAX, "a loop has one buffer for both");

/* What the answer is, besides its outcome. */
typedef struct la_introspection {
    bool is_active;
    bool is_signed; /* application/token-introspection+jwt, not JSON */
} la_introspection;

/*
 * Decides and writes the answer's body, as la_token_issue does; `accept` is the field of that name. With PENDING the same request is to be
 * given again. A token that does not hold is no failure: {"active":false}, and nothing else.
 */
void la_introspect(const la_token_context *context, const la_verifier *verifier, const la_token_request *request,
                   la_slice accept, la_buffer *ret_body, la_token_outcome *ret_outcome, la_introspection *ret);

#endif
