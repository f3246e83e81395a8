/*
 * POST /oauth2/token over HTTP, and what it shares with the other endpoints of clients (client_call.h): gives the request to oauth/ and its
 * outcome to whoever wants to know: response, counters, log, throttle, last-used times. Holds no protocol rule.
 */
#include "base/clock.h"
#include "server/routes/client_call.h"

#define NO_STORE "Cache-Control: no-store\r\nPragma: no-cache\r\n"
#define FETCHES_MAX 3 /* of one request: a set, a newer one, and once more where it had got old meanwhile */
#define HEADERS_MAX 512

/* What some answers have besides the usual lines. */
static void add_headers(const la_client_call *c, const la_token_outcome *outcome, int status, la_buffer *headers)
{
    const la_token_case *judged = &c->judged;
    const la_limit_state *limit = &outcome->limit;

    if (status == 429 || status == 503)
        la_buffer_add_format(headers, "Retry-After: %u\r\n", judged->retry_after_s ? judged->retry_after_s : 1);
    if (outcome->dpop_nonce.p) /* RFC 9449 8 */
        la_buffer_add_format(headers, "DPoP-Nonce: %.*s\r\n", LA_FMT(outcome->dpop_nonce));
    if (limit->limit)
        la_buffer_add_format(headers, "x-ratelimit-limit: %u\r\nx-ratelimit-remaining: %u\r\nx-ratelimit-reset: %u\r\n",
                             limit->limit, limit->remaining, limit->reset_s);
}

void la_client_call_respond(const la_client_call *c, const la_token_outcome *outcome, la_slice content_type,
                            la_slice body)
{
    const la_token_case *judged = &c->judged;
    char memory[HEADERS_MAX];
    la_buffer headers;
    la_http_response response = {
        .status = la_token_status(outcome->result.code),
        .content_type = content_type,
        .headers = LA_SLICE(NO_STORE),
        .body = body,
    };

    if (response.status == 401)
        response.headers = la_slice_of(judged->serving->snapshot->environments[judged->environment].refusal_headers);
    if (outcome->limit.limit || outcome->dpop_nonce.p || response.status == 429 || response.status == 503) {
        la_buffer_init_fixed(&headers, memory, sizeof memory);
        la_buffer_add(&headers, response.headers);
        add_headers(c, outcome, response.status, &headers);
        response.headers = la_buffer_slice(&headers);
    }
    la_http_respond(c->exchange, &response);
}

static void resume_with_verdict(void *self, bool is_right);
static void resume_with_keys(void *self);

static la_result start_slow_work(const la_client_call *c, const la_token_outcome *outcome, la_client_call *kept)
{
    la_worker *w = c->worker;

    if (outcome->wait == LA_WAIT_KEY_SET) {
        if (kept->n_fetches++ == FETCHES_MAX)
            return la_error(LA_OVERLOADED);
        return la_jwks_waits_add(&w->jwks_waits, outcome->key_set_uri, resume_with_keys, kept);
    }
    kept->slow_secret_id = outcome->slow_secret_id;
    LA_TRY(la_offload_verify(&w->offload, outcome->slow_hash, outcome->slow_secret, resume_with_verdict, kept));
    la_count(&w->counters->slow_hashes, 1);
    atomic_store_explicit(&w->counters->slow_hashes_waiting, w->offload.waiting, memory_order_relaxed);
    return la_ok();
}

/* Leaves the request open until its slow hash is checked, or a key set is fetched; false where that cannot be. */
static bool wait_for_slow_work(const la_client_call *c, la_token_outcome *outcome)
{
    la_client_call *kept = la_arena_take(la_http_arena(c->exchange), sizeof *kept);
    la_result r = la_error(LA_NO_MEMORY);

    if (kept) {
        *kept = *c;
        r = start_slow_work(c, outcome, kept);
    }
    if (!la_is_ok(r)) {
        outcome->result = r;
        return false;
    }
    kept->judged.serving = la_serving_hold(c->judged.serving);
    return true;
}

/* Answers, unless the answer has to wait. */
static void judge(la_client_call *c)
{
    la_worker *w = c->worker;
    const la_http_request *request = la_http_request_of(c->exchange);
    la_token_outcome outcome;
    la_buffer body;
    la_token_request token_request = {
        .body = request->body,
        .content_type = request->content_type,
        .authorization = request->authorization,
        .n_authorization = request->n_authorization,
        .has_origin = request->origin.p != NULL,
        .dpop = request->dpop,
        .n_dpop = request->n_dpop,
        .client_certificate = request->client_certificate,
        .client_thumbprint = request->client_thumbprint,
        .client_chain = request->client_chain,
        .n_client_chain = request->n_client_chain,
        .slow_verdict = c->verdict,
        .slow_secret_id = c->slow_secret_id,
    };
    bool waits = false;

    la_buffer_init_fixed(&body, w->body, sizeof w->body);
    c->endpoint->judge(c, &token_request, &body, &outcome);
    /* What is waited for points into the map: it is copied before the view rests. */
    if (outcome.result.code == LA_PENDING) {
        waits = wait_for_slow_work(c, &outcome);
        if (!waits)
            la_oauth_write_error(outcome.result.code, &body);
    }
    la_registry_view_rest(w->desk.view);
    if (waits)
        return;
    c->endpoint->finish(c, &outcome, la_buffer_slice(&body));
    la_wipe(outcome.digest, sizeof outcome.digest);
}

static void resume(la_client_call *c)
{
    judge(c);
    la_serving_release(c->judged.serving);
    la_worker_note_slow_work_done(c->worker);
}

static void resume_with_verdict(void *self, bool is_right)
{
    la_client_call c = *(const la_client_call *)self; /* the arena goes with the answer */
    la_worker *w = c.worker;

    atomic_store_explicit(&w->counters->slow_hashes_waiting, w->offload.waiting, memory_order_relaxed);
    c.verdict = is_right ? LA_SLOW_RIGHT : LA_SLOW_WRONG;
    resume(&c);
}

static void resume_with_keys(void *self)
{
    la_client_call c = *(const la_client_call *)self;

    resume(&c);
}

void la_client_call_start(const la_route_call *call, const la_client_endpoint *endpoint)
{
    la_worker *w = call->self;
    const la_http_request *request = la_http_request_of(call->exchange);
    la_client_call c = {
        .endpoint = endpoint,
        .worker = w,
        .exchange = call->exchange,
        .judged =
            {
                .desk = &w->desk,
                .serving = w->serving,
                .environment = call->environment,
                .client_address = request->client_address,
                .client_thumbprint = request->client_thumbprint,
                .request_id = la_slice_of(request->request_id),
                .started_us = la_clock_monotonic_us(),
            },
    };

    judge(&c);
}

/* ---- the token endpoint ---- */

static void judge_token(la_client_call *c, const la_token_request *request, la_buffer *ret_body,
                        la_token_outcome *ret_outcome)
{
    la_token_case_judge(&c->judged, request, la_http_arena(c->exchange), ret_body, ret_outcome);
}

static void finish_token(la_client_call *c, const la_token_outcome *outcome, la_slice body)
{
    if (la_token_case_note(&c->judged, outcome))
        la_worker_note_log(c->worker);
    la_worker_note_tally(c->worker);
    la_client_call_respond(c, outcome, LA_SLICE("application/json"), body);
}

static const la_client_endpoint token_endpoint = {judge_token, finish_token};

void la_token_handle(const la_route_call *call)
{
    la_client_call_start(call, &token_endpoint);
}
