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
#include "jose/key_cache.h"
#include "jose/verifier.h"
#include "jose/wrap.h"
#include "registry/registry.h"
#include "x509/verdicts.h"

/* The answer to a slow hash question that an earlier call of la_token_issue left open. */
typedef enum la_slow_verdict { LA_SLOW_NOT_ASKED = 0, LA_SLOW_RIGHT, LA_SLOW_WRONG } la_slow_verdict;

/* One environment as this thread serves it; made once per configuration and key change (oauth/issuer.c). */
typedef struct la_issuer la_issuer;

/* Prepares what all tokens of an environment share. Borrows `config` and `signer`. NULL: no memory. */
la_issuer *la_issuer_new(const la_environment_config *config, uint16_t environment_id, la_signer *signer);
la_issuer *la_issuer_free(la_issuer *i);

/* What the request brought, as bytes. Absent headers have p == NULL. Also of the other endpoints at which clients authenticate. */
typedef struct la_token_request {
    la_slice body;
    la_slice content_type;
    la_slice authorization;
    unsigned n_authorization; /* field lines */
    bool has_origin;
    la_slice dpop; /* the first of them (RFC 9449 4.1); empty is not absent */
    unsigned n_dpop;
    la_slice client_certificate;      /* DER; the client has proven that the key is its own. Absent where it has none */
    const uint8_t *client_thumbprint; /* SHA-256 of that, LA_THUMBPRINT_BYTES; NULL: nobody has computed it yet */
    const la_slice *client_chain;     /* DER of what it sent behind that */
    size_t n_client_chain;
    la_slow_verdict slow_verdict;
    uint64_t slow_secret_id; /* the secret that the verdict is about */
} la_token_request;

/* Whether further attempts of this client from this address are refused for now (conformance: CA-24). */
typedef struct la_throttle_query {
    bool (*is_blocked)(void *self, la_slice client_id);
    void *self;
} la_throttle_query;

/* What a jti was seen in. */
typedef enum la_replay_kind { LA_REPLAY_ASSERTION, LA_REPLAY_DPOP } la_replay_kind;

/*
 * A jti is used once until expires_at_s (RFC 7523 3 item 7, RFC 9449 11.1); `issuer` is the client_id, or the thumbprint of the
 * proof's key. `client_id` is whose request it is of, and who has to share the room with others. OK the first time, REPLAYED after it,
 * OVERLOADED where no room is left, or none for this client: then nothing may be taken on trust.
 * One table for all threads, so exact under parallel requests; a store that nodes share can stand behind the same call.
 */
typedef struct la_replay_query {
    la_result (*use)(void *self, la_replay_kind kind, uint16_t environment_id, la_slice client_id, la_slice issuer,
                     la_slice jti, int64_t expires_at_s, int64_t now_s);
    void *self;
} la_replay_query;

/* Where a client stands in its limit of requests; what the x-ratelimit- headers say. */
typedef struct la_limit_state {
    uint32_t limit; /* requests a minute; 0: none, and the rest says nothing */
    uint32_t remaining;
    uint32_t reset_s;       /* until `remaining` is all of the burst again */
    uint32_t retry_after_s; /* where it was refused */
} la_limit_state;

/* Takes one request of the application from its token bucket; false: there is none left. `burst` 0: as many as per minute. Sets
 * remaining, reset_s and retry_after_s. */
typedef struct la_limit_query {
    bool (*take)(void *self, uint64_t application_id, uint32_t per_minute, uint32_t burst, la_limit_state *ret);
    void *self;
} la_limit_query;

/*
 * The key set behind a registered jwks_uri (RFC 7591 2). OK with its text, which lives as long as the request; PENDING where it has to be
 * fetched first; UNAVAILABLE where that failed lately. `unknown_kid`: the set that is there lacks the key, fetch a newer one if
 * that may be asked again already (else OK with the same text).
 */
typedef struct la_key_source {
    la_result (*find)(void *self, la_slice uri, bool unknown_kid, la_slice *ret_jwks);
    void *self;
} la_key_source;

/* A token that was issued to the same client for the same, and may be given again. `key` is a digest of all that makes it the same.
 * `find` gives its text and times, or false; the text is copied into the arena by whoever implements it. */
#define LA_REUSE_KEY_BYTES 32
typedef struct la_reuse_query {
    bool (*find)(void *self, const uint8_t key[LA_REUSE_KEY_BYTES], int64_t now_s, la_arena *arena, la_slice *ret_token,
                 int64_t *ret_issued_s, int64_t *ret_expires_s);
    void (*put)(void *self, const uint8_t key[LA_REUSE_KEY_BYTES], la_slice token, int64_t issued_s, int64_t expires_s,
                uint32_t reuse_s);
    void *self;
} la_reuse_query;

/* How a token is bound to its client's key (RFC 7800 3.1): exactly one member of cnf. */
typedef enum la_binding_kind { LA_BINDING_NONE = 0, LA_BINDING_CERTIFICATE, LA_BINDING_DPOP } la_binding_kind;

typedef struct la_binding {
    la_binding_kind kind;
    uint8_t thumbprint[LA_THUMBPRINT_BYTES]; /* x5t#S256 (RFC 8705 3.1) or jkt (RFC 9449 6.1) */
} la_binding;

/* What a PENDING request waits for. */
typedef enum la_token_wait { LA_WAIT_SLOW_HASH = 0, LA_WAIT_KEY_SET } la_token_wait;

typedef struct la_token_context {
    const la_issuer *issuer;
    la_registry_view *view; /* awake */
    const la_hasher *hasher;
    const la_verifier *verifier;     /* of our own tokens; NULL: there is nothing to read any with */
    const la_master_key *master_key; /* unwraps the secrets of client_secret_jwt; NULL: there are none */
    la_random *random;
    const la_trust *trust;         /* whose client certificates count here (RFC 8705 2.1); NULL: nobody's */
    la_verdicts *verdicts;         /* what was found of them lately; NULL: nothing is remembered */
    la_arena *arena;               /* of this request */
    la_throttle_query throttle;    /* is_blocked NULL: none */
    la_replay_query replay;        /* use NULL: nothing that must be used once is taken */
    la_limit_query limit;          /* take NULL: none */
    la_key_source keys;            /* find NULL: no jwks_uri is fetched */
    la_key_cache *key_cache;       /* of this thread; NULL: each key is prepared anew */
    la_reuse_query reuse;          /* find NULL: each request gets a token of its own */
    struct la_status_desk *status; /* of this thread, oauth/status.h; NULL: tokens are on no status list */
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
        application_id; /* the one that the request named, also where it was refused; 0: none of this environment */
    uint64_t secret_id; /* the secret that was right, else 0 */
    uint64_t certificate_id; /* the certificate that proved who asks, where the store has a row of it; else 0 */
    uint32_t credential_tag; /* of whatever proved it (model.h) */
    la_binding binding;      /* of the token that was issued */
    la_limit_state limit;    /* of the application; limit.limit 0: it has none, or was not asked */
    la_slice dpop_nonce;     /* to be sent as DPoP-Nonce (RFC 9449 8); lives as long as the arena; absent: none */
    bool upgrade_secret;     /* it was a slow hash: store `digest` in its place */
    uint8_t digest[LA_DIGEST_BYTES];
    la_token_wait wait;   /* result PENDING: what has to be done first, off the loop */
    la_slice key_set_uri; /* LA_WAIT_KEY_SET: fetch it and call again */
    la_slice slow_hash;   /* LA_WAIT_SLOW_HASH: check slow_secret against it and call again with the verdict */
    la_slice slow_secret;
    uint64_t slow_secret_id; /* whose hash that is; goes back with the verdict */
} la_token_outcome;

/* Room that the response body needs at most: claims and scope, and 6170 characters of signature with ML-DSA-87. */
#define LA_TOKEN_RESPONSE_MAX 16384

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
