/* Binds a token to a key of its client (RFC 7800): to that of a DPoP proof, or to that of a certificate. */
#ifndef LA_OAUTH_BINDING_H
#define LA_OAUTH_BINDING_H

#include "oauth/token.h"

/*
 * Decides the binding of the token that the request gets, and checks its proof where it has one. Fills in binding and dpop_nonce of
 * the outcome, dpop_nonce with a failure too. Fails where the application, its environment or FAPI wants a binding that the request
 * does not allow, and with the codes of la_dpop_check.
 */
la_result la_binding_decide(const la_token_context *context, const la_token_request *request,
                            const la_application_record *application, la_token_outcome *outcome);

/* The thumbprint of the request's certificate, of which there is one: what whoever took the request computed, or computed now. */
void la_binding_thumbprint(const la_token_request *request, uint8_t ret[LA_THUMBPRINT_BYTES]);

/* Whether the FAPI 2.0 Security Profile holds for the application. */
bool la_binding_is_fapi(const la_token_context *context, const la_application_record *application);

/* Writes ,"cnf":{…} with exactly one member (RFC 8705 3.1, RFC 9449 6.1); nothing without a binding. */
void la_binding_write_cnf(const la_binding *binding, la_buffer *json);

#endif
