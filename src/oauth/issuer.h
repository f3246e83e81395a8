/* Writes the token response of one environment: claims, signature, JSON. See la_issuer_new in oauth/token.h. */
#ifndef LA_OAUTH_ISSUER_H
#define LA_OAUTH_ISSUER_H

#include "oauth/scope.h"

const la_environment_config *la_issuer_environment(const la_issuer *i);
uint16_t la_issuer_environment_id(const la_issuer *i);

/*
 * Mints a token for the grant and writes the whole successful response (RFC 6749 5.1) to `ret_body`; the granted scope, as one text
 * that lives as long as the arena, to `ret_scope`. NO_SIGNING_KEY, NO_MEMORY, SERVER_ERROR; then `ret_body` holds nothing of use.
 */
la_result la_issuer_write_response(const la_token_context *context, const la_grant *grant, la_slice client_id,
                                   la_buffer *ret_body, la_slice *ret_scope);

#endif
