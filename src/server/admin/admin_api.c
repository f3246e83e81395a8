#include "server/admin/admin_api.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/admin/admin_thread.h"
#include "server/metrics/request_log.h"
#include "server/worker/token_desk.h"

#include <stdlib.h>

#define ARENA_FIRST_BYTES 32768
#define ARENA_MAX_BYTES 1048576

/* A person mistypes a password a few times; a program that guesses does not stop there. */
static const la_throttle_limits login_limits = {.per_client = 10, .per_address = 60};

struct la_admin_api {
    la_daemon *daemon;
    la_throttle *logins;
    la_token_desk desk;
    la_arena *arena;
    _Atomic(la_snapshot *) next_snapshot;

    /* the thread's */
    la_serving *serving;
    la_shared_config *config; /* of `api`, which reads it */
    la_api *api;
    la_slice request_id; /* of the request that is worked on */
};

/* ---- what the API asks of the daemon ---- */

static bool is_throttled(void *self, la_slice address, la_slice who, uint32_t *ret_retry_after_s)
{
    la_admin_api *a = self;

    return la_throttle_is_blocked(a->logins, login_limits, address, who, la_clock_monotonic_us(), ret_retry_after_s);
}

static void note_failed_login(void *self, la_slice address, la_slice who)
{
    la_admin_api *a = self;

    la_throttle_note_failure(a->logins, login_limits, address, who, la_clock_monotonic_us());
}

/* This thread may wait for a slow hash; the view must not, so the hash is copied out of the map. */
static la_slow_verdict verify_slow_hash(la_admin_api *a, const la_token_outcome *outcome)
{
    char hash[LA_SLOW_HASH_MAX];
    size_t n = outcome->slow_hash.n < sizeof hash ? outcome->slow_hash.n : sizeof hash;

    memcpy(hash, outcome->slow_hash.p, n);
    la_registry_view_rest(a->desk.view);
    la_count(&a->desk.tally->counters->slow_hashes, 1);
    return la_slow_hash_verify((la_slice){hash, n}, outcome->slow_secret) ? LA_SLOW_RIGHT : LA_SLOW_WRONG;
}

static int judge(la_admin_api *a, unsigned environment, la_slice form, la_slice client_address, la_buffer *ret_body)
{
    la_token_outcome outcome;
    la_token_request request = {
        .body = form,
        .content_type = LA_SLICE("application/x-www-form-urlencoded"),
    };
    la_token_case c = {
        .desk = &a->desk,
        .serving = a->serving,
        .environment = environment,
        .client_address = client_address,
        .request_id = a->request_id,
        .started_us = la_clock_monotonic_us(),
    };

    la_token_case_judge(&c, &request, a->arena, ret_body, &outcome);
    while (outcome.result.code == LA_PENDING &&
           outcome.wait == LA_WAIT_SLOW_HASH) { /* more than once only where another hash has come meanwhile */
        request.slow_secret_id = outcome.slow_secret_id;
        request.slow_verdict = verify_slow_hash(a, &outcome);
        la_token_case_judge(&c, &request, a->arena, ret_body, &outcome);
    }
    if (outcome.result.code == LA_PENDING) { /* trials are made with secrets; this thread waits for nobody's server */
        outcome.result = la_error(LA_OVERLOADED);
        la_oauth_write_error(LA_OVERLOADED, ret_body);
    }
    la_registry_view_rest(a->desk.view);
    (void)la_token_case_note(&c, &outcome); /* the thread writes its lines after each request */
    la_wipe(outcome.digest, sizeof outcome.digest);
    return la_token_status(outcome.result.code);
}

static int issue_token(void *self, la_slice environment, la_slice form, la_slice client_address, la_buffer *ret_body)
{
    la_admin_api *a = self;
    const la_snapshot *s = a->serving->snapshot;
    int status = la_token_status(LA_MISDIRECTED);
    unsigned i = 0;

    while (i < s->n_environments && !la_slice_equal(s->environments[i].config->name, environment))
        i++;
    if (i < s->n_environments)
        status = judge(a, i, form, client_address, ret_body);
    else
        la_oauth_write_error(LA_MISDIRECTED, ret_body);
    la_arena_reset(a->arena);
    return status;
}

/* ---- the newest snapshot ---- */

static la_result take_config(la_admin_api *a, la_shared_config *config)
{
    la_api_hooks hooks = {
        .self = a,
        .is_throttled = is_throttled,
        .note_failed_login = note_failed_login,
        .issue_token = issue_token,
    };
    la_api *fresh;

    if (a->config == config)
        return la_ok();
    LA_TRY(la_api_new(&config->config, a->daemon->master_key, &hooks, &fresh));
    la_api_free(a->api);
    la_shared_config_release(a->config);
    a->api = fresh;
    a->config = la_shared_config_hold(config);
    return la_ok();
}

static la_result take_snapshot(la_admin_api *a, la_snapshot *s)
{
    la_serving *serving;

    LA_TRY(la_serving_new(a->daemon, s, &serving));
    la_serving_release(a->serving);
    a->serving = serving;
    return take_config(a, serving->snapshot->config);
}

static void refresh(void *self)
{
    la_admin_api *a = self;
    la_snapshot *next = atomic_exchange_explicit(&a->next_snapshot, NULL, memory_order_acquire);

    la_api_look_at_store(a->api);
    if (next && !la_is_ok(take_snapshot(a, next)))
        la_log(LA_LOG_ERROR, "snapshot_failed", "the admin API keeps its former configuration and keys: %s",
               la_detail());
}

void la_admin_api_give_snapshot(la_admin_api *a, la_snapshot *s)
{
    la_snapshot_release(atomic_exchange_explicit(&a->next_snapshot, la_snapshot_hold(s), memory_order_acq_rel));
}

/* ---- a request ---- */

static void handle(void *self, const la_api_request *request, la_api_response *ret)
{
    la_admin_api *a = self;
    int64_t started_us = la_clock_monotonic_us();

    a->request_id = request->request_id;
    la_api_handle(a->api, request, ret);
    la_request_log_admin(a->config->config.log_requests, &(la_admin_log_entry){
                                                             .request_id = request->request_id,
                                                             .path = request->path,
                                                             .address = request->client_address,
                                                             .status = ret->status,
                                                             .duration_us = la_clock_monotonic_us() - started_us,
                                                         });
    a->request_id = LA_NO_SLICE;
    /* What a trial left. Where the other side is not ready for it yet, it goes with the next request. */
    (void)la_last_used_hand_over(a->desk.tally->last_used);
    (void)la_usage_hand_over(a->desk.tally->usage);
}

static void wake(void *self)
{
    la_daemon_wake(self);
}

la_result la_admin_api_make_thread(la_admin_api *a, la_admin_thread **ret)
{
    la_admin_work work = {.self = a, .refresh = refresh, .handle = handle};

    return la_admin_thread_new(&work, wake, a->daemon, ret);
}

/* ---- life ---- */

static la_result set_up(la_admin_api *a, la_snapshot *first)
{
    a->logins = la_throttle_new(la_clock_monotonic_us());
    a->arena = la_arena_new(ARENA_FIRST_BYTES, ARENA_MAX_BYTES);
    if (!a->logins || !a->arena)
        return la_fail(LA_NO_MEMORY, "out of memory");
    LA_TRY(la_token_desk_open(a->daemon, a->daemon->n_tallies - 1, &a->desk));
    return take_snapshot(a, la_snapshot_hold(first));
}

la_result la_admin_api_new(la_daemon *d, la_snapshot *first, la_admin_api **ret)
{
    la_admin_api *a = calloc(1, sizeof *a);
    la_result r;

    if (!a)
        return la_fail(LA_NO_MEMORY, "out of memory");
    a->daemon = d;
    r = set_up(a, first);
    if (!la_is_ok(r)) {
        la_admin_api_free(a);
        return r;
    }
    *ret = a;
    return la_ok();
}

la_admin_api *la_admin_api_free(la_admin_api *a)
{
    if (!a)
        return NULL;
    la_api_free(a->api);
    la_shared_config_release(a->config);
    la_serving_release(a->serving);
    la_snapshot_release(atomic_exchange(&a->next_snapshot, NULL));
    la_token_desk_close(&a->desk);
    la_arena_free(a->arena);
    la_throttle_free(a->logins);
    free(a);
    return NULL;
}
