/*
 * POST /oauth2/token (RFC 6749 3.2, 4.4): the coordinator. It calls the stages in order: form, client
 * authentication, grant, scope policy, claims, signature, response, and holds no rule of its own. Pure: what it decides
 * follows from its arguments; no socket, no database, no clock of its own.
 */
#ifndef LA_OAUTH_TOKEN_H
#define LA_OAUTH_TOKEN_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/secret.h"
#include "config/config.h"
#include "jose/hasher.h"
#include "jose/key.h"
#include "registry/registry.h"

/* The answer to a slow hash question that an earlier call of la_token_issue left open. */
typedef enum la_slow_verdict { LA_SLOW_NOT_ASKED = 0, LA_SLOW_RIGHT, LA_SLOW_WRONG } la_slow_verdict;

/* One environment as this thread serves it; made once per configuration and key change (oauth/issuer.c). */
typedef struct la_issuer la_issuer;

/* Prepares what all tokens of an environment share. Borrows `config` and `signer`. NULL: no memory. */
la_issuer *la_issuer_new(const la_environment_config *config, uint16_t environment_id, la_signer *signer);
la_issuer *la_issuer_free(la_issuer *i);

/* What the request brought, as bytes. Absent headers have p == NULL. */
typedef struct la_token_request {
    la_slice body;
    la_slice content_type;
    la_slice authorization;
    unsigned n_authorization; /* field lines */
    bool has_origin;
    la_slow_verdict slow_verdict;
    uint64_t slow_secret_id; /* the secret that the verdict is about */
} la_token_request;

/* Whether further attempts of this client from this address are refused for now (conformance: CA-24). */
typedef struct la_throttle_query {
    bool (*is_blocked)(void *self, la_slice client_id);
    void *self;
} la_throttle_query;

typedef struct la_token_context {
    const la_issuer *issuer;
    la_registry_view *view; /* awake */
    const la_hasher *hasher;
    la_random *random;
    la_arena *arena;            /* of this request */
    la_throttle_query throttle; /* is_blocked NULL: none */
    const uint16_t
        *environment_ids; /* all there are, to tell in the log a client of another environment; may be NULL */
    unsigned n_environment_ids;
    int64_t now_s;
} la_token_context;

/* What happened, for the response's head, the log, the metrics and last-used times. */
typedef struct la_token_outcome {
    la_result result; /* OK, or the row of result.def that was answered */
    la_slice
        client_id; /* of an application, or what looks like one's id; else absent. Lives as long as the arena and the request */
    la_slice
        attempted_client_id; /* of the credentials, whoever that is: for the throttle, never for a log. Absent without any */
    la_slice scope;          /* granted; absent unless OK */
    bool is_customer;
    bool failed_authentication; /* counts toward the throttle */
    uint64_t
        application_id;  /* the one that the request named, also where it was refused; 0: none of this environment */
    uint64_t secret_id;  /* the secret that was right, else 0 */
    bool upgrade_secret; /* it was a slow hash: store `digest` in its place */
    uint8_t digest[LA_DIGEST_BYTES];
    la_slice slow_hash; /* result PENDING: check slow_secret against it off the loop and call again with the verdict */
    la_slice slow_secret;
    uint64_t slow_secret_id; /* whose hash that is; goes back with the verdict */
} la_token_outcome;

/* Room that the response body needs at most. */
#define LA_TOKEN_RESPONSE_MAX 8192

/*
 * Decides and writes the JSON body of the answer (RFC 6749 5.1, 5.2) to `ret_body`. The status is that of
 * la_result_info_of(outcome->result.code). With PENDING the body is empty and the same request is to be given again, with
 * the verdict, once it is known; the view may have been refreshed in between. It is PENDING again where the application has another
 * slow hash by then.
 */
void la_token_issue(const la_token_context *context, const la_token_request *request, la_buffer *ret_body,
                    la_token_outcome *ret_outcome);

/* Writes {"error":…,"error_description":…} of a code with a wire error. */
void la_oauth_write_error(la_code code, la_buffer *ret_body);

/* The documents that resource servers and clients read. `keys` are those to be published now. */
void la_oauth_write_jwks(const la_slice *public_jwks, size_t n, la_buffer *ret);   /* RFC 7517 5 */
void la_oauth_write_metadata(const la_environment_config *config, la_buffer *ret); /* RFC 8414 2 */

#endif
