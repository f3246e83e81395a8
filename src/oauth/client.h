/* Client authentication (RFC 6749 2.3): which method a request uses, and whether the client proved itself. */
#ifndef LA_OAUTH_CLIENT_H
#define LA_OAUTH_CLIENT_H

#include "jose/jwt.h"
#include "oauth/form.h"
#include "oauth/token.h"

/* What a request brought to authenticate with. */
typedef struct la_credentials {
    la_auth_method
        method; /* LA_AUTH_CLIENT_SECRET_BASIC or …_POST; for an assertion LA_AUTH_PRIVATE_KEY_JWT or LA_AUTH_CLIENT_SECRET_JWT, by its
                              alg; LA_AUTH_TLS_CLIENT for a certificate, by whichever of its two methods */
    la_slice client_id;
    la_slice client_secret; /* of a secret's methods */
    la_jwt *assertion;      /* of an assertion's: read and not verified; la_jwt_free, also after a failure */
} la_credentials;

/*
 * Finds the credentials and checks them. On success `ret_application` is the application, enabled and registered for the method
 * used; its slices live as long as the view is awake. Fills in client_id, application_id, secret_id, credential_tag,
 * failed_authentication and the fields of what is waited for of `outcome`. Fails with a CLIENT_… or ASSERTION_… code, REPLAYED, FORM_ENCODING,
 * OVERLOADED or PENDING.
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

/* client_assertion.c: client_assertion and its type, with the client_id that it claims (RFC 7523 2.2). Believes nothing. */
la_result la_client_read_assertion(const la_form *form, la_arena *arena, la_credentials *ret);

/* client_assertion.c: checks it against the registry, and uses up its jti (RFC 7523 3). */
la_result la_client_check_assertion(const la_token_context *context, const la_credentials *credentials,
                                    la_token_outcome *outcome, la_application_record *ret_application);

/* client_tls.c: checks the certificate that the client showed against what the application registered (RFC 8705 2). */
la_result la_client_check_certificate(const la_token_context *context, const la_token_request *request,
                                      la_slice client_id, la_token_outcome *outcome,
                                      la_application_record *ret_application);

/* ---- client_keys.c: as la_key_set_parse with LA_KEY_SET_FETCHED; the caller gives *ret back with la_key_set_free ---- */

/* The set that the application registered inline; registration.jwks must be there. */
la_result la_client_registered_keys(const la_token_context *context, const la_application_record *a, la_key_set **ret);

/* The set of this text, which la_client_fetch_keys() gave. */
la_result la_client_fetched_keys(const la_token_context *context, la_slice text, la_key_set **ret);

/* The text behind a jwks_uri, as la_key_source has it. PENDING, with what is waited for in the outcome; `refusal` where there is none;
 * OVERLOADED, NO_MEMORY. */
la_result la_client_fetch_keys(const la_token_context *context, la_slice uri, bool unknown_key, la_code refusal,
                               la_token_outcome *outcome, la_slice *ret);

/* ---- client_lookup.c ---- */

/* The application of that name, noted in the outcome. NOT_FOUND, SERVER_ERROR. */
la_result la_client_look_up(const la_token_context *context, la_slice client_id, la_token_outcome *outcome,
                            la_application_record *ret);

/* For the log: whether another environment has it. To be asked after every failure, so that the time tells neither an unknown client
 * from a wrong credential nor where it is known. */
bool la_client_is_elsewhere(const la_token_context *context, la_slice client_id);

/* What an unknown client is refused with. */
la_result la_client_refuse_unknown(bool is_elsewhere, la_slice client_id, la_token_outcome *outcome);

bool la_client_secret_is_live(const la_secret_record *s, int64_t now_s);

#endif
