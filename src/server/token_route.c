/*
 * POST /oauth2/token over HTTP: gives the request to oauth/ and its outcome to whoever wants to know: response, counters, log,
 * throttle, last-used times. Holds no protocol rule.
 */
#include "base/clock.h"
#include "server/request_log.h"
#include "server/routes.h"
#include "server/worker.h"

#include <stdio.h>

#define NO_STORE "Cache-Control: no-store\r\nPragma: no-cache\r\n"

/* One token request, in its exchange's arena where it has to outlive the call. */
typedef struct token_call {
    la_worker *worker;
    la_http_exchange *exchange;
    la_serving *serving;
    unsigned environment;
    int64_t started_us;
    uint32_t retry_after_s; /* where the throttle refused */
    la_slow_verdict verdict;
} token_call;

static la_throttle_limits throttle_limits(const token_call *c)
{
    const la_limits_config *limits = &c->serving->snapshot->config->config.limits;

    return (la_throttle_limits){limits->failed_auth_per_minute, limits->failed_auth_per_address_per_minute};
}

static bool is_blocked(void *self, la_slice client_id)
{
    token_call *c = self;

    return la_throttle_is_blocked(c->worker->daemon->throttle, throttle_limits(c),
                                  la_http_request_of(c->exchange)->client_address, client_id, c->started_us,
                                  &c->retry_after_s);
}

static void note_outcome(token_call *c, const la_token_outcome *outcome, int64_t now_s)
{
    la_worker *w = c->worker;
    const la_http_request *request = la_http_request_of(c->exchange);
    const la_snapshot_environment *e = &c->serving->snapshot->environments[c->environment];
    int64_t ended_us = la_clock_monotonic_us();
    la_request_log_entry entry = {
        .request_id = la_slice_of(request->request_id),
        .environment = e->config->name,
        .address = request->client_address,
        .certificate = request->client_certificate,
        .outcome = outcome,
        .duration_us = ended_us - c->started_us,
    };

    la_counters_note_duration(w->counters, entry.duration_us);
    if (outcome->result.code == LA_OK)
        la_count(&w->counters->issued[e->metrics_slot][la_token_class_of(outcome)], 1);
    else
        la_count(&w->counters->refused[e->metrics_slot][outcome->result.code], 1);
    if (outcome->failed_authentication)
        la_throttle_note_failure(w->daemon->throttle, throttle_limits(c), request->client_address, outcome->client_id,
                                 ended_us);
    if (outcome->secret_id)
        la_worker_note_use(w, outcome->secret_id, now_s);
    if (outcome->upgrade_secret && outcome->secret_id)
        la_upgrades_add(w->daemon->upgrades, outcome->secret_id, outcome->digest);
    if (la_request_log_token(c->serving->snapshot->config->config.log_requests, &entry))
        la_worker_note_log(w);
}

static void respond(const token_call *c, la_code code, la_slice body)
{
    const la_result_info *info = la_result_info_of(code);
    char headers[128];
    la_http_response response = {
        .status = info->http_status,
        .content_type = LA_SLICE("application/json"),
        .headers = LA_SLICE(NO_STORE),
        .body = body,
    };

    if (code != LA_OK && !info->wire)
        response.status = la_result_info_of(LA_SERVER_ERROR)->http_status; /* as the body says */
    if (response.status == 401) {
        response.headers = la_slice_of(c->serving->snapshot->environments[c->environment].refusal_headers);
    } else if (response.status == 429 || response.status == 503) {
        snprintf(headers, sizeof headers, NO_STORE "Retry-After: %u\r\n", c->retry_after_s ? c->retry_after_s : 1);
        response.headers = la_slice_of(headers);
    }
    la_http_respond(c->exchange, &response);
}

static void resume(void *self, bool is_right);

/* Leaves the request open until its slow hash is checked; false where that cannot be. */
static bool wait_for_slow_hash(token_call *c, la_token_outcome *outcome)
{
    token_call *kept = la_arena_take(la_http_arena(c->exchange), sizeof *kept);
    la_result r = la_error(LA_NO_MEMORY);

    if (kept) {
        *kept = *c;
        r = la_offload_verify(&c->worker->offload, outcome->slow_hash, outcome->slow_secret, resume, kept);
    }
    if (!la_is_ok(r)) {
        outcome->result = r;
        return false;
    }
    kept->serving = la_serving_hold(c->serving);
    la_count(&c->worker->counters->slow_hashes, 1);
    atomic_store_explicit(&c->worker->counters->slow_hashes_waiting, c->worker->offload.waiting, memory_order_relaxed);
    return true;
}

/* True where an answer was given, false where it has to wait. */
static bool issue(token_call *c)
{
    la_worker *w = c->worker;
    const la_http_request *request = la_http_request_of(c->exchange);
    la_token_outcome outcome = {0};
    la_buffer body;
    la_token_context context = {
        .issuer = c->serving->environments[c->environment].issuer,
        .view = w->view,
        .hasher = la_snapshot_hasher(c->serving->snapshot),
        .random = &w->random,
        .arena = la_http_arena(c->exchange),
        .throttle = {is_blocked, c},
        .now_s = la_clock_now_s(),
    };
    la_token_request token_request = {
        .body = request->body,
        .content_type = request->content_type,
        .authorization = request->authorization,
        .n_authorization = request->n_authorization,
        .has_origin = request->origin.p != NULL,
        .slow_verdict = c->verdict,
    };

    la_buffer_init_fixed(&body, w->body, sizeof w->body);
    outcome.result = la_registry_view_refresh(w->view);
    if (la_is_ok(outcome.result)) {
        la_token_issue(&context, &token_request, &body, &outcome);
        /* The slow hash points into the map: it is copied before the view rests. */
        if (outcome.result.code == LA_PENDING) {
            bool waits = wait_for_slow_hash(c, &outcome);

            if (waits) {
                la_registry_view_rest(w->view);
                return false;
            }
            la_oauth_write_error(outcome.result.code, &body);
        }
        la_registry_view_rest(w->view);
    } else {
        la_oauth_write_error(LA_SERVER_ERROR, &body);
    }
    note_outcome(c, &outcome, context.now_s);
    respond(c, outcome.result.code, la_buffer_slice(&body));
    la_wipe(outcome.digest, sizeof outcome.digest);
    return true;
}

static void resume(void *self, bool is_right)
{
    token_call c = *(const token_call *)self; /* the arena goes with the answer */
    la_worker *w = c.worker;

    atomic_store_explicit(&w->counters->slow_hashes_waiting, w->offload.waiting, memory_order_relaxed);
    c.verdict = is_right ? LA_SLOW_RIGHT : LA_SLOW_WRONG;
    (void)issue(&c);
    la_serving_release(c.serving);
    la_worker_note_offload_done(w);
}

void la_token_handle(const la_route_call *call)
{
    la_worker *w = call->self;
    token_call c = {
        .worker = w,
        .exchange = call->exchange,
        .serving = w->serving,
        .environment = call->environment,
        .started_us = la_clock_monotonic_us(),
    };

    (void)issue(&c);
}
