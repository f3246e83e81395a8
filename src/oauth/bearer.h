/*
 * The protected resource's side (RFC 6750, RFC 9449 7, RFC 8705 3): whether the token that a request to a resource carries may be
 * taken there. A proxy in front of the resource asks. Pure.
 */
#ifndef LA_OAUTH_BEARER_H
#define LA_OAUTH_BEARER_H

#include "oauth/access_token.h"

/* The request to the resource, as far as somebody who may be believed tells of it. */
typedef struct la_bearer_request {
    la_slice authorization;
    unsigned n_authorization; /* field lines */
    la_slice dpop;
    unsigned n_dpop;
    const uint8_t *client_thumbprint; /* of the client's certificate; NULL: it showed none */
    bool sees_certificates;           /* whether one that it showed would be known */
    la_slice method;                  /* absent where nobody says */
    la_slice url;                     /* the same */
    la_slice audience;                /* whom the token has to be for */
    la_slice scope; /* space-separated, as RFC 6749 3.3 writes it: all that it needs; absent: none in particular */
} la_bearer_request;

typedef struct la_bearer_outcome {
    la_result result;
    la_access_token token; /* of which everything holds, where the result is OK; else what is known */
    bool wants_dpop;       /* the challenge is that of DPoP */
    la_slice dpop_nonce;   /* to be sent as DPoP-Nonce; absent: none */
} la_bearer_outcome;

/* OK, or a TOKEN_… or DPOP_… code, RESOURCE_UNSAID where `request` lacks what is needed to tell, OVERLOADED, NO_MEMORY, SERVER_ERROR. Give the
 * outcome's token back (la_access_token_done). */
void la_bearer_check(const la_token_context *context, const la_verifier *verifier, const la_bearer_request *request,
                     la_bearer_outcome *ret);

/* The HTTP status that a protected resource answers with: 200, 401, 403, 400, 500 or 503. */
int la_bearer_status(const la_bearer_outcome *outcome);

/* The value of WWW-Authenticate for a 401 or 403 (RFC 6750 3, RFC 9449 7.1): one line, because not every proxy hands on two. */
void la_bearer_write_challenge(const la_token_context *context, const la_bearer_request *request,
                               const la_bearer_outcome *outcome, la_buffer *ret);

#endif
