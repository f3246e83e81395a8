/*
 * What introspection (RFC 7662 2.1) and revocation (RFC 7009 2.1) have in common: a client that authenticates as it does for a token, and
 * a token that it asks about. A hint says nothing that the token does not say itself, so it is never looked at.
 */
#ifndef LA_OAUTH_TOKEN_HOLDER_H
#define LA_OAUTH_TOKEN_HOLDER_H

#include "oauth/access_token.h"

/*
 * The order is that of the token endpoint: origin, media type, form, what must be there, who asks. OK with the application and the token
 * as it was sent, which live as long as the view is awake and the arena; else a code with a wire error, or PENDING.
 */
la_result la_token_holder_read(const la_token_context *context, const la_token_request *request,
                               la_token_outcome *outcome, la_application_record *ret_application, la_slice *ret_token);

#endif
