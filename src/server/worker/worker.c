#include "server/worker/worker.h"

#include "base/log.h"
#include "base/secret.h"
#include "server/daemon/tls_listeners.h"
#include "server/metrics/request_log.h"
#include "server/revocation/status_cache.h"

#include <stdlib.h>

enum { LOG_FLUSH_MS = 100, RETRY_MS = 1000 };

static void note_refused(void *self, la_code code, la_slice client_address, const char *request_id)
{
    la_worker *w = self;

    la_count(&w->counters->http_refused[code], 1);
    if (la_request_log_refused(w->serving->snapshot->config->config.log_requests, code, client_address,
                               la_slice_of(request_id)))
        la_worker_note_log(w);
}

static void flush_log(uv_timer_t *timer)
{
    (void)timer;
    la_log_flush();
}

void la_worker_note_log(la_worker *w)
{
    if (!w->closing && !uv_is_active((const uv_handle_t *)&w->log_timer))
        uv_timer_start(&w->log_timer, flush_log, LOG_FLUSH_MS, 0);
}

static void hand_over_last_used(uv_timer_t *timer)
{
    la_worker *w = timer->data;

    if (!la_last_used_hand_over(w->desk.tally->last_used))
        uv_timer_start(timer, hand_over_last_used, RETRY_MS, 0);
}

static void hand_over_usage(uv_timer_t *timer)
{
    la_worker *w = timer->data;

    if (!la_usage_hand_over(w->desk.tally->usage))
        uv_timer_start(timer, hand_over_usage, RETRY_MS, 0);
}

void la_worker_note_tally(la_worker *w)
{
    if (w->closing)
        return;
    if (!uv_is_active((const uv_handle_t *)&w->last_used_timer) && !la_last_used_is_empty(w->desk.tally->last_used))
        uv_timer_start(&w->last_used_timer, hand_over_last_used,
                       (uint64_t)w->daemon->started_with->config.last_used_flush_s * 1000, 0);
    if (!uv_is_active((const uv_handle_t *)&w->usage_timer))
        uv_timer_start(&w->usage_timer, hand_over_usage,
                       (uint64_t)w->serving->snapshot->config->config.usage_flush_s * 1000, 0);
}

/* ---- snapshots, draining ---- */

static void take_snapshot(la_worker *w)
{
    la_snapshot *next = atomic_exchange_explicit(&w->next_snapshot, NULL, memory_order_acquire);
    la_serving *serving;

    if (!next)
        return;
    if (!la_is_ok(la_serving_new(w->daemon, next, &serving))) {
        la_log(LA_LOG_ERROR, "snapshot_failed", "a loop keeps its former configuration and keys: %s", la_detail());
        return;
    }
    la_serving_release(w->serving);
    w->serving = serving;
    la_http_server_set_limits(w->http, &serving->snapshot->config->config.limits);
    la_tls_listeners_apply(w->daemon, serving->snapshot, w->http);
}

static void close_if_done(la_worker *w)
{
    if (!w->drained || w->offload.waiting > 0 || w->jwks_waits.waiting > 0 || w->revocations_waiting > 0 || w->closing)
        return;
    w->closing = true;
    uv_mutex_lock(&w->wake_lock);
    w->wake_open = false;
    uv_mutex_unlock(&w->wake_lock);
    uv_close((uv_handle_t *)&w->wake, NULL);
    uv_close((uv_handle_t *)&w->log_timer, NULL);
    uv_close((uv_handle_t *)&w->last_used_timer, NULL);
    uv_close((uv_handle_t *)&w->usage_timer, NULL);
}

void la_worker_note_slow_work_done(la_worker *w)
{
    close_if_done(w);
}

static void on_drained(void *self)
{
    la_worker *w = self;

    w->drained = true;
    close_if_done(w);
}

static void on_wake(uv_async_t *async)
{
    la_worker *w = async->data;

    atomic_store(&w->beats_given, atomic_load(&w->beats_asked));
    la_jwks_waits_go_on(&w->jwks_waits);
    take_snapshot(w);
    la_revoker_deliver(w->daemon->revoker, w->index);
    if (atomic_exchange(&w->drain, false))
        la_http_server_drain(w->http, (uint64_t)w->serving->snapshot->config->config.limits.drain_timeout_s * 1000,
                             on_drained, w);
}

void la_worker_wake(la_worker *w)
{
    uv_mutex_lock(&w->wake_lock);
    if (w->wake_open)
        uv_async_send(&w->wake);
    uv_mutex_unlock(&w->wake_lock);
}

static void wake_for_keys(void *self)
{
    la_worker_wake(self);
}

void la_worker_give_snapshot(la_worker *w, la_snapshot *s)
{
    la_snapshot_release(atomic_exchange_explicit(&w->next_snapshot, la_snapshot_hold(s), memory_order_acq_rel));
    la_worker_wake(w);
}

void la_worker_drain(la_worker *w)
{
    atomic_store(&w->drain, true);
    la_worker_wake(w);
}

void la_worker_ask_beat(la_worker *w, uint64_t beat)
{
    atomic_store(&w->beats_asked, beat);
    la_worker_wake(w);
}

/* ---- life ---- */

static void run(void *self)
{
    la_worker *w = self;

    uv_run(&w->loop, UV_RUN_DEFAULT);
    la_log_flush();
    atomic_fetch_add(&w->daemon->n_workers_ended, 1);
    la_daemon_wake(w->daemon);
}

static la_result listen_all(la_worker *w)
{
    for (unsigned i = 0; i < w->daemon->n_listeners; i++) {
        la_listener *l = &w->daemon->listeners[i];
        int fd = l->fds[w->index];

        l->fds[w->index] = -1;
        LA_TRY(la_http_listen(w->http, fd, l));
    }
    return la_ok();
}

static la_result open_loop(la_worker *w)
{
    if (uv_loop_init(&w->loop) != 0)
        return la_fail(LA_NO_MEMORY, "cannot make an event loop");
    w->loop_is_up = true;
    if (uv_async_init(&w->loop, &w->wake, on_wake) != 0)
        return la_fail(LA_NO_MEMORY, "cannot make an event loop");
    w->wake_open = true;
    w->wake.data = w->log_timer.data = w->last_used_timer.data = w->usage_timer.data = w;
    uv_timer_init(&w->loop, &w->log_timer);
    uv_timer_init(&w->loop, &w->last_used_timer);
    uv_timer_init(&w->loop, &w->usage_timer);
    w->offload.loop = &w->loop;
    return la_ok();
}

static la_result set_up(la_worker *w, la_snapshot *first, la_http_handler handler)
{
    LA_TRY(open_loop(w));
    LA_TRY(la_jwks_waits_init(&w->jwks_waits, w->daemon->jwks_fetch, wake_for_keys, w));
    LA_TRY(la_token_desk_open(w->daemon, w->index, &w->desk));
    LA_TRY(la_serving_new(w->daemon, la_snapshot_hold(first), &w->serving));
    LA_TRY(la_http_server_new(&w->loop, &first->config->config.limits, w->daemon->census, handler, note_refused, w,
                              &w->http));
    la_http_server_set_tls_counters(w->http, &w->counters->tls);
    LA_TRY(listen_all(w));
    la_tls_listeners_apply(w->daemon, first, w->http);
    return la_ok();
}

la_result la_worker_new(la_daemon *d, unsigned index, la_snapshot *first, la_http_handler handler, la_worker **ret)
{
    la_worker *w = calloc(1, sizeof *w);
    la_result r;

    if (!w)
        return la_fail(LA_NO_MEMORY, "out of memory");
    w->daemon = d;
    w->index = index;
    w->counters = d->tallies[index].counters;
    if (uv_mutex_init(&w->wake_lock) != 0) {
        free(w);
        return la_fail(LA_NO_MEMORY, "out of memory");
    }
    r = set_up(w, first, handler);
    if (!la_is_ok(r)) {
        la_worker_free(w);
        return r;
    }
    *ret = w;
    return la_ok();
}

la_result la_worker_start(la_worker *w)
{
    if (uv_thread_create(&w->thread, run, w) != 0)
        return la_fail(LA_IO, "cannot start a thread");
    w->thread_is_up = true;
    return la_ok();
}

void la_worker_join(la_worker *w)
{
    if (w->thread_is_up)
        uv_thread_join(&w->thread);
    w->thread_is_up = false;
}

/* A loop that never ran on a thread of its own still has its handles. */
static void close_unstarted(la_worker *w)
{
    if (w->http)
        la_http_server_drain(w->http, 0, on_drained, w);
    else if (w->wake_open)
        on_drained(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

la_worker *la_worker_free(la_worker *w)
{
    if (!w)
        return NULL;
    if (w->loop_is_up && !w->closing)
        close_unstarted(w);
    la_http_server_free(w->http);
    if (w->loop_is_up && uv_loop_close(&w->loop) != 0)
        la_log(LA_LOG_WARN, "loop_not_closed", "an event loop ended with open handles");
    la_serving_release(w->serving);
    la_snapshot_release(atomic_exchange(&w->next_snapshot, NULL));
    la_token_desk_close(&w->desk);
    la_status_cache_free(w->status_cache);
    la_jwks_waits_done(&w->jwks_waits);
    uv_mutex_destroy(&w->wake_lock);
    la_wipe(w, sizeof *w);
    free(w);
    return NULL;
}
