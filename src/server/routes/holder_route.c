/*
 * POST /oauth2/introspect and POST /oauth2/revoke over HTTP: the decision is that of oauth/, what is to be durable goes through the revoker. Holds no
 * protocol rule.
 */
#include "oauth/introspect.h"
#include "oauth/revoke.h"

#include "base/clock.h"
#include "base/secret.h"
#include "server/metrics/request_log.h"
#include "server/routes/client_call.h"

static const la_snapshot_environment *environment_of(const la_client_call *c)
{
    return &c->judged.serving->snapshot->environments[c->judged.environment];
}

/* What an endpoint did, for the log and the metrics. */
static void note(la_client_call *c, const la_token_outcome *outcome, la_holder_endpoint endpoint, const char *what)
{
    la_counters *counters = c->worker->counters;
    unsigned slot = environment_of(c)->metrics_slot;
    la_holder_log_entry entry = {
        .event = endpoint == LA_HOLDER_INTROSPECTION ? "introspection" : "revocation",
        .request_id = c->judged.request_id,
        .environment = environment_of(c)->config->name,
        .address = c->judged.client_address,
        .client_id = outcome->client_id,
        .code = outcome->result.code,
        .what = what,
        .duration_us = la_clock_monotonic_us() - c->judged.started_us,
    };

    if (outcome->result.code == LA_OK && endpoint == LA_HOLDER_INTROSPECTION)
        la_count(&counters->introspected[slot][c->introspection.is_active], 1);
    else if (outcome->result.code == LA_OK)
        la_count(&counters->revoked[slot], c->revocation->kind != 0);
    else
        la_count(&counters->holder_refused[endpoint][outcome->result.code], 1);
    la_token_case_note_client(&c->judged, outcome);
    la_worker_note_tally(c->worker);
    if (la_request_log_holder(c->judged.serving->snapshot->config->config.log_requests, &entry))
        la_worker_note_log(c->worker);
}

/* ---- introspection ---- */

static void judge_introspection(la_client_call *c, const la_token_request *request, la_buffer *ret_body,
                                la_token_outcome *ret_outcome)
{
    la_token_context context;
    la_result r = la_token_case_open(&c->judged, la_http_arena(c->exchange), &context);

    if (la_is_ok(r)) {
        la_introspect(&context, environment_of(c)->verifier, request, la_http_request_of(c->exchange)->accept, ret_body,
                      ret_outcome, &c->introspection);
        return;
    }
    *ret_outcome = (la_token_outcome){.result = r};
    la_oauth_write_error(LA_SERVER_ERROR, ret_body);
}

static void finish_introspection(la_client_call *c, const la_token_outcome *outcome, la_slice body)
{
    la_slice type = c->introspection.is_signed ? LA_SLICE("application/token-introspection+jwt")
                                               : LA_SLICE("application/json");

    note(c, outcome, LA_HOLDER_INTROSPECTION, c->introspection.is_active ? "active" : "inactive");
    la_client_call_respond(c, outcome, type, body);
}

static const la_client_endpoint introspection_endpoint = {judge_introspection, finish_introspection};

void la_introspect_handle(const la_route_call *call)
{
    la_client_call_start(call, &introspection_endpoint);
}

/* ---- revocation ---- */

static void judge_revocation(la_client_call *c, const la_token_request *request, la_buffer *ret_body,
                             la_token_outcome *ret_outcome)
{
    la_token_context context;
    la_result r;

    c->revocation = la_arena_take(la_http_arena(c->exchange), sizeof *c->revocation);
    r = c->revocation ? la_token_case_open(&c->judged, la_http_arena(c->exchange), &context) : la_error(LA_NO_MEMORY);
    if (la_is_ok(r)) {
        la_revoke_decide(&context, environment_of(c)->verifier, request, ret_body, ret_outcome, c->revocation);
        return;
    }
    *ret_outcome = (la_token_outcome){.result = r};
    la_oauth_write_error(r.code, ret_body);
}

/* A success has no body (RFC 7009 2.2). */
static void answer_revocation(la_client_call *c, const la_token_outcome *outcome, la_slice body)
{
    bool is_done = outcome->result.code == LA_OK;

    note(c, outcome, LA_HOLDER_REVOCATION, is_done && c->revocation->kind ? "revoked" : "nothing_to_do");
    la_client_call_respond(c, outcome, is_done ? LA_NO_SLICE : LA_SLICE("application/json"), body);
}

static void answer_failure(la_client_call *c, la_token_outcome *outcome, la_code code)
{
    char memory[1024];
    la_buffer body;

    /* A store that is away, and a disk that is full, are this server's to solve: the client has to come again. */
    outcome->result = la_error(code == LA_NO_MEMORY ? LA_NO_MEMORY : LA_OVERLOADED);
    la_buffer_init_fixed(&body, memory, sizeof memory);
    la_oauth_write_error(outcome->result.code, &body);
    answer_revocation(c, outcome, la_buffer_slice(&body));
}

/* A call whose revocation is on its way to the store. */
typedef struct waiting_call {
    la_client_call call;
    la_token_outcome outcome; /* its texts are in the arena, or the request's */
} waiting_call;

static void on_written(void *self, la_result r)
{
    waiting_call w = *(const waiting_call *)self; /* the arena goes with the answer */
    la_worker *worker = w.call.worker;
    la_serving *serving = w.call.judged.serving;

    worker->revocations_waiting--;
    if (la_is_ok(r))
        answer_revocation(&w.call, &w.outcome, LA_NO_SLICE);
    else
        answer_failure(&w.call, &w.outcome, r.code);
    la_wipe(w.outcome.digest, sizeof w.outcome.digest); /* the arena wipes the other one */
    la_serving_release(serving);
    la_worker_note_slow_work_done(worker);
}

static la_result submit(la_client_call *c, const la_token_outcome *outcome)
{
    la_arena *arena = la_http_arena(c->exchange);
    waiting_call *kept = la_arena_take(arena, sizeof *kept);
    la_slice client_id = la_arena_copy(arena, outcome->client_id); /* the map changes meanwhile */
    la_revocation_order order = {
        .record = *c->revocation,
        .client_id = client_id,
        .address = c->judged.client_address,
        .request_id = c->judged.request_id,
    };

    if (!kept || !client_id.p)
        return la_error(LA_NO_MEMORY);
    *kept = (waiting_call){.call = *c, .outcome = *outcome};
    kept->outcome.client_id = client_id;
    LA_TRY(la_revoker_submit(c->worker->daemon->revoker, c->worker->index, &order, on_written, kept));
    c->worker->revocations_waiting++;
    kept->call.judged.serving = la_serving_hold(c->judged.serving);
    return la_ok();
}

static void finish_revocation(la_client_call *c, const la_token_outcome *outcome, la_slice body)
{
    la_token_outcome failed = *outcome;
    la_result r;

    if (outcome->result.code != LA_OK || !c->revocation->kind) {
        answer_revocation(c, outcome, body);
        return;
    }
    r = submit(c, outcome);
    if (!la_is_ok(r))
        answer_failure(c, &failed, r.code);
}

static const la_client_endpoint revocation_endpoint = {judge_revocation, finish_revocation};

void la_revoke_handle(const la_route_call *call)
{
    la_client_call_start(call, &revocation_endpoint);
}
