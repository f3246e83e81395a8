/*
 * What a thread needs to issue tokens, and what it notes of them afterwards: a registry view, random numbers, counters, last-used
 * times. Each token loop has one, and the administration's thread has one for token trials, so that both run the same code.
 */
#ifndef LA_SERVER_TOKEN_DESK_H
#define LA_SERVER_TOKEN_DESK_H

#include "server/worker/serving.h"

typedef struct la_token_desk {
    la_daemon *daemon;
    la_tally *tally; /* one of the daemon's; notes are this thread's alone */
    la_registry_view *view;
    la_key_cache *key_cache;
    la_random random;
    struct la_status_desk *status; /* oauth/status.h */
} la_token_desk;

/* `tally_index` as in the daemon's list. */
la_result la_token_desk_open(la_daemon *d, unsigned tally_index, la_token_desk *ret);
void la_token_desk_close(la_token_desk *d); /* also one that was never opened */

/* One token request at a desk. The caller keeps what it points to. */
typedef struct la_token_case {
    la_token_desk *desk;
    la_serving *serving;
    unsigned environment; /* index in the snapshot */
    la_slice client_address;
    const uint8_t *client_thumbprint; /* of the client's certificate; NULL where there is none */
    la_slice request_id;
    int64_t started_us;     /* la_clock_monotonic_us */
    uint32_t retry_after_s; /* out: where the throttle or the limit of requests refused */
    int64_t now_s;          /* out: of the judgement */
    la_arena *arena;        /* out: of the request */
} la_token_case;

/* What oauth/ has to know to judge it. The view is awake afterwards, also with a failure: la_registry_view_rest. */
la_result la_token_case_open(la_token_case *c, la_arena *arena, la_token_context *ret);

/*
 * Judges the request and writes the answer's body, as la_token_issue does. The view is awake afterwards, because a PENDING
 * outcome points into it: la_registry_view_rest when it was looked at. Otherwise the outcome is to be noted.
 */
void la_token_case_judge(la_token_case *c, const la_token_request *request, la_arena *arena, la_buffer *ret_body,
                         la_token_outcome *ret_outcome);

/* Of a client that authenticated, or failed to: throttle, last-used times, upgrades, refusals that an operator should see. */
void la_token_case_note_client(const la_token_case *c, const la_token_outcome *outcome);

/* That, and usage, counters and log of a token request. True where a log line was gathered. */
bool la_token_case_note(const la_token_case *c, const la_token_outcome *outcome);

/* The HTTP status of an answer. */
int la_token_status(la_code code);

#endif
