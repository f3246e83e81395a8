/*
 * A request to an endpoint at which clients authenticate: token, introspection, revocation. What they have in common over HTTP: what the
 * request brings, waiting for slow work, and the lines of the answer. token_route.c has the common part.
 */
#ifndef LA_SERVER_CLIENT_CALL_H
#define LA_SERVER_CLIENT_CALL_H

#include "oauth/introspect.h"
#include "server/routes/routes.h"
#include "server/worker/worker.h"

typedef struct la_client_call la_client_call;

typedef struct la_client_endpoint {
    /* Decides and writes the body, as la_token_case_judge: the view is awake afterwards, and with PENDING the same comes again. */
    void (*judge)(la_client_call *c, const la_token_request *request, la_buffer *ret_body,
                  la_token_outcome *ret_outcome);
    /* Notes it and answers, now or later. The view rests; the outcome and the body are gone afterwards. */
    void (*finish)(la_client_call *c, const la_token_outcome *outcome, la_slice body);
} la_client_endpoint;

/* In its exchange's arena where it has to outlive the call. */
struct la_client_call {
    const la_client_endpoint *endpoint;
    la_worker *worker;
    la_http_exchange *exchange;
    la_token_case judged;
    la_slow_verdict verdict;
    uint64_t slow_secret_id;          /* whose hash is, or was, checked */
    unsigned n_fetches;               /* of key sets */
    la_introspection introspection;   /* of that endpoint */
    la_revocation_record *revocation; /* of that endpoint, in the arena */
};

void la_client_call_start(const la_route_call *call, const la_client_endpoint *endpoint);

/* Status and lines as the outcome says, not to be cached. An absent content type: no body. */
void la_client_call_respond(const la_client_call *c, const la_token_outcome *outcome, la_slice content_type,
                            la_slice body);

#endif
