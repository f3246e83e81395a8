/*
 * Token exchange (RFC 8693), to narrow: a backend that holds a token of scope api gets one for a customer that its application owns,
 * and never the reverse. The subject is the application itself, so there is no actor.
 */
#ifndef LA_OAUTH_EXCHANGE_H
#define LA_OAUTH_EXCHANGE_H

#include "oauth/access_token.h"
#include "oauth/scope.h"

#define LA_GRANT_TOKEN_EXCHANGE LA_SLICE("urn:ietf:params:oauth:grant-type:token-exchange")

/*
 * Reads the subject token of a request and judges it: ours, valid, of scope api, issued to this application (RFC 8693 2.1). The EXCHANGE_… codes,
 * all of them invalid_request (2.2.2); NO_MEMORY, SERVER_ERROR. Give *ret back (la_access_token_done), also after a failure.
 */
la_result la_exchange_read_subject(const la_token_context *context, const la_form *form,
                                   const la_application_record *application, la_access_token *ret);

/*
 * Holds the grant within the subject token: for one customer of the application's own, no longer than the subject lives, and where the
 * subject is bound, to the same key. SCOPE_…, RESOURCE_NOT_ALLOWED, EXCHANGE_BINDING.
 */
la_result la_exchange_narrow(const la_token_context *context, const la_form *form,
                             const la_application_record *application, const la_access_token *subject,
                             const la_binding *binding, la_grant *grant);

#endif
