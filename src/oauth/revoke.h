/*
 * POST /oauth2/revoke (RFC 7009): the decision. What is to be revoked is made durable by whoever serves, before the client is answered. Pure.
 */
#ifndef LA_OAUTH_REVOKE_H
#define LA_OAUTH_REVOKE_H

#include "oauth/token_holder.h"

/*
 * OK: `ret->kind` says whether there is anything to do: LA_REVOKED_TOKEN, or 0, where the token is none of ours, or does not hold any more,
 * which is a success as well (RFC 7009 2.2). Texts of *ret live in the arena. Another client's token is TOKEN_OF_ANOTHER, and goes on being
 * good. On failure the error is written to `ret_body`; a success has no body. With PENDING the same request is to be given again.
 */
void la_revoke_decide(const la_token_context *context, const la_verifier *verifier, const la_token_request *request,
                      la_buffer *ret_body, la_token_outcome *ret_outcome, la_revocation_record *ret);

#endif
