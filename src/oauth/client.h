/* Client authentication (RFC 6749 2.3): which method a request uses, and whether the client proved itself. */
#ifndef LA_OAUTH_CLIENT_H
#define LA_OAUTH_CLIENT_H

#include "oauth/form.h"
#include "oauth/token.h"

/* What a request brought to authenticate with. */
typedef struct la_credentials {
    la_auth_method
        method; /* LA_AUTH_CLIENT_SECRET_BASIC or …_POST; LA_AUTH_TLS_CLIENT for a certificate, by whichever of its two methods */
    la_slice client_id;
    la_slice client_secret;
} la_credentials;

/*
 * Finds the credentials and checks them. On success `ret_application` is the application, enabled and registered for the method
 * used; its slices live as long as the view is awake. Fills in client_id, application_id, secret_id, failed_authentication and the
 * slow fields of `outcome`. Fails with a CLIENT_… code, FORM_ENCODING or PENDING.
 */
la_result la_client_authenticate(const la_token_context *context, const la_token_request *request, const la_form *form,
                                 la_token_outcome *outcome, la_application_record *ret_application);

/* Fills in client_id and application_id of a request that is refused whoever sent it, as far as it says who that is. Checks
 * nothing. */
void la_client_recognise(const la_token_context *context, const la_token_request *request, la_token_outcome *outcome);

/* client_basic.c: the Authorization header (RFC 7617 2 with the form encoding of RFC 6749 2.3.1). */
la_result la_client_read_basic(la_slice authorization, la_arena *arena, la_credentials *ret);

/* client_secret.c: checks credentials of either secret method against the registry. */
la_result la_client_check_secret(const la_token_context *context, const la_token_request *request,
                                 const la_credentials *credentials, la_token_outcome *outcome,
                                 la_application_record *ret_application);

/* client_tls.c: checks the certificate that the client showed against what the application registered (RFC 8705 2). */
la_result la_client_check_certificate(const la_token_context *context, const la_token_request *request,
                                      la_slice client_id, la_token_outcome *outcome,
                                      la_application_record *ret_application);

/* client_secret.c: finds the application that credentials name, for every method alike. Where there is none, *ret_application is
 * nobody's, and the result is CLIENT_UNKNOWN, or CLIENT_OTHER_ENVIRONMENT where another environment has it. */
la_result la_client_find(const la_token_context *context, la_slice client_id, la_token_outcome *outcome,
                         la_application_record *ret_application);

#endif
