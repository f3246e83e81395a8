/* Access tokens of this server, shown to its own administration (RFC 6750, RFC 9068 4). */
#ifndef LA_API_TOKEN_H
#define LA_API_TOKEN_H

#include "api/call.h"

/* Whose token it is, and what it makes of them: c->who. UNAUTHENTICATED with a detail and a challenge; what the store says. */
la_result la_api_token_find(la_api_call *c, la_slice token);

/* The pieces, for tests: whether claims of a verified token are for us at now_s. UNAUTHENTICATED. Gives the client_id. */
typedef struct la_api_token_policy {
    const la_environment_config *environment;
    la_slice audience;
    int64_t now_s;
} la_api_token_policy;
la_result la_api_token_check(const la_api_token_policy *p, const json_t *header, const json_t *claims,
                             la_slice *ret_client_id, la_role *ret_role);

#endif
