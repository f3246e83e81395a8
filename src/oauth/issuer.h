/* Writes the token response of one environment: claims, signature, JSON. See la_issuer_new in oauth/token.h. */
#ifndef LA_OAUTH_ISSUER_H
#define LA_OAUTH_ISSUER_H

#include "oauth/scope.h"

#define LA_ISSUER_JTI_BYTES 20 /* behind the base64url of RFC 9068's profile; the last four are the credential tag */

const la_environment_config *la_issuer_environment(const la_issuer *i);
uint16_t la_issuer_environment_id(const la_issuer *i);

/* Of the key that signs; absent where there is none. */
la_slice la_issuer_kid(const la_issuer *i);

/* What htu of a proof for the token endpoint is compared with (oauth/htu.h): its URL, and where there is one its mTLS alias. */
unsigned la_issuer_token_targets(const la_issuer *i, la_slice ret[2]);

/*
 * Mints a token for the grant, with the binding and the credential tag of the outcome, or gives the same again (oauth/reuse.h), and writes
 * the whole successful response (RFC 6749 5.1, RFC 8693 2.2.1) to `ret_body`; the granted scope, as one text that lives as long as the arena,
 * to the outcome. NO_SIGNING_KEY, NO_MEMORY, SERVER_ERROR; then `ret_body` holds nothing of use.
 */
la_result la_issuer_write_response(const la_token_context *context, const la_application_record *application,
                                   const la_grant *grant, la_token_outcome *outcome, la_buffer *ret_body);

/* Signs claims with the environment's key as a compact JWS of that typ (RFC 8725 3.11: never one that passes for an access token), behind
 * what `ret` has. NO_SIGNING_KEY, SERVER_ERROR. */
la_result la_issuer_sign(const la_issuer *i, la_slice typ, la_slice claims, la_buffer *ret);

#endif
