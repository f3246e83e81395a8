/*
 * The main thread: starts everything in order, serves the administration's listener, answers signals, stops everything in the
 * opposite order. Holds no token logic; see worker.h for the token loops and follower.h for all that waits for the store.
 */
#include "server/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/admin/admin_api.h"
#include "server/admin/admin_host.h"
#include "server/admin/admin_thread.h"
#include "server/daemon/daemon.h"
#include "server/daemon/listeners.h"
#include "server/daemon/notify.h"
#include "server/daemon/tls_listeners.h"
#include "server/follower/follower.h"
#include "server/routes/routes.h"
#include "server/snapshot/reload.h"
#include "server/worker/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    ADMIN_CONNECTIONS = 256,
    ADMIN_DRAIN_MS = 500,
    ADMIN_HEADER_BYTES = 16384,
    ADMIN_BODY_BYTES = 65536,
    DESCRIPTORS_BESIDES = 128
};

/* ---- snapshots reach all loops ---- */

void la_daemon_wake(la_daemon *d)
{
    uv_async_send(&d->wake);
}

void la_daemon_publish(la_daemon *d, la_snapshot *s)
{
    la_snapshot_release(atomic_exchange_explicit(&d->next_snapshot, la_snapshot_hold(s), memory_order_acq_rel));
    la_daemon_wake(d);
    for (unsigned i = 0; i < d->n_workers; i++)
        la_worker_give_snapshot(d->workers[i], s);
    la_admin_api_give_snapshot(d->admin_api, s);
    la_admin_thread_nudge(d->admin_thread);
}

void la_daemon_let_go_of_store(la_daemon *d)
{
    if (d->admin_thread)
        la_admin_thread_nudge(d->admin_thread);
}

/* ---- the administration's listener ---- */

/* As a browser names it: scheme, host and port; absent where it is not configured. */
static la_slice admin_origin(const la_daemon *d)
{
    return la_slice_of(d->snapshot->config->config.admin_origin);
}

static void write_admin_headers(la_daemon *d)
{
    la_buffer b;

    la_buffer_init_fixed(&b, d->admin_headers, sizeof d->admin_headers);
    la_admin_headers_write(admin_origin(d), &b);
    la_http_server_set_headers(d->admin, la_buffer_slice(&b));
}

/* What is sensible for token requests may be too little for the API. */
static la_limits_config admin_limits(la_limits_config limits)
{
    if (limits.header_bytes < ADMIN_HEADER_BYTES)
        limits.header_bytes = ADMIN_HEADER_BYTES;
    if (limits.body_bytes < ADMIN_BODY_BYTES)
        limits.body_bytes = ADMIN_BODY_BYTES;
    return limits;
}

static void note_admin_refused(void *self, la_code code, la_slice client_address, const char *request_id)
{
    (void)self, (void)code, (void)client_address, (void)request_id;
}

static la_result open_admin(la_daemon *d, int fd)
{
    const la_config *c = &d->started_with->config;
    la_limits_config limits = admin_limits(c->limits);

    d->admin_census = la_http_census_new(ADMIN_CONNECTIONS, ADMIN_CONNECTIONS);
    if (!d->admin_census)
        return la_fail(LA_NO_MEMORY, "out of memory");
    LA_TRY(la_http_server_new(&d->loop, &limits, d->admin_census, la_routes_serve_admin, note_admin_refused, d,
                              &d->admin));
    write_admin_headers(d);
    if (fd < 0) {
        if (!c->admin.address)
            return la_ok();
        LA_TRY(la_http_bind_all(&c->admin, 1, &fd));
    }
    la_listener_format(fd, &c->admin, d->admin_address);
    LA_TRY(la_http_listen(d->admin, fd, NULL));
    la_tls_listeners_apply_admin(d);
    return la_ok();
}

/* ---- stopping ---- */

static void close_handles(void *self)
{
    la_daemon *d = self;

    if (d->closing)
        return;
    d->closing = true;
    uv_close((uv_handle_t *)&d->wake, NULL);
    for (size_t i = 0; i < sizeof d->signals / sizeof d->signals[0]; i++)
        uv_close((uv_handle_t *)&d->signals[i], NULL);
    uv_close((uv_handle_t *)&d->watchdog, NULL);
}

/* After the last worker and the admin API: the follower writes what they left, then the loop runs out. */
static void stop_rest(la_daemon *d)
{
    for (unsigned i = 0; i < d->n_workers; i++)
        la_worker_join(d->workers[i]);
    la_admin_thread_deliver(d->admin_thread);
    la_follower_stop(d->follower);
    la_log(LA_LOG_INFO, "stopped", "all connections are closed and everything is written");
    la_log_flush();
    la_http_server_drain(d->admin, ADMIN_DRAIN_MS, close_handles, d);
}

static void start_stopping(la_daemon *d, const char *why)
{
    int64_t drain_us = (int64_t)d->snapshot->config->config.limits.drain_timeout_s * 1000000;

    d->stopping = true;
    atomic_store(&d->health.draining, true);
    la_notify("STOPPING=1");
    la_log(LA_LOG_INFO, "stopping", "%s: open requests are answered, then the server ends", why);
    la_log_flush();
    for (unsigned i = 0; i < d->n_workers; i++)
        la_worker_drain(d->workers[i]);
    la_admin_thread_stop(d->admin_thread, la_clock_monotonic_us() + drain_us);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
    la_daemon *d = handle->data;

    if (d->stopping) {
        la_log(LA_LOG_WARN, "stopped_at_once", "a second signal came");
        la_log_flush();
        _exit(1);
    }
    start_stopping(d, number == SIGTERM ? "SIGTERM" : "SIGINT");
}

static void on_reload_signal(uv_signal_t *handle, int number)
{
    la_daemon *d = handle->data;
    la_shared_config *c;

    (void)number;
    if (d->stopping)
        return;
    if (la_is_ok(la_reload(d->config_path, d->started_with, &c))) {
        la_follower_give_config(d->follower, c);
    } else {
        atomic_fetch_add(&d->health.reloads_refused, 1);
        la_log(LA_LOG_ERROR, "config_refused", "the former configuration stays: %s", la_detail());
    }
    la_log_flush();
}

static void on_wake(uv_async_t *async)
{
    la_daemon *d = async->data;
    la_snapshot *next = atomic_exchange_explicit(&d->next_snapshot, NULL, memory_order_acquire);

    if (next) {
        la_snapshot_release(d->snapshot);
        d->snapshot = next;
        la_tls_listeners_apply_admin(d);
        write_admin_headers(d);
    }
    la_admin_thread_deliver(d->admin_thread);
    if (d->stopping && !d->rest_is_stopped && atomic_load(&d->n_workers_ended) == d->n_workers &&
        la_admin_thread_has_ended(d->admin_thread)) {
        d->rest_is_stopped = true;
        stop_rest(d);
    }
}

/* systemd hears of us as long as every token loop turns: each has to give the beat that was asked of it last time. */
static void on_watchdog(uv_timer_t *timer)
{
    la_daemon *d = timer->data;
    bool all_turn = true;

    for (unsigned i = 0; i < d->n_workers && !d->stopping; i++) {
        la_worker *w = d->workers[i];
        uint64_t asked = atomic_load(&w->beats_asked);

        all_turn = all_turn && atomic_load(&w->beats_given) == asked;
        la_worker_ask_beat(w, asked + 1);
    }
    if (all_turn)
        la_notify("WATCHDOG=1");
}

/* ---- starting ---- */

static la_result open_loop(la_daemon *d)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

    if (uv_loop_init(&d->loop) != 0)
        return la_fail(LA_NO_MEMORY, "cannot make an event loop");
    d->loop_is_up = true;
    if (uv_async_init(&d->loop, &d->wake, on_wake) != 0)
        return la_fail(LA_NO_MEMORY, "cannot make an event loop");
    d->wake.data = d->watchdog.data = d;
    uv_timer_init(&d->loop, &d->watchdog);
    for (size_t i = 0; i < 3; i++) {
        uv_signal_init(&d->loop, &d->signals[i]);
        d->signals[i].data = d;
        uv_signal_start(&d->signals[i], i == 2 ? on_reload_signal : on_stop_signal, numbers[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    return la_ok();
}

static void raise_descriptor_limit(const la_limits_config *limits)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < (rlim_t)limits->connections + DESCRIPTORS_BESIDES)
        la_log(LA_LOG_WARN, "descriptor_limit",
               "limits.connections is %u, but this process may open only %llu files; raise LimitNOFILE or ulimit -n",
               limits->connections, (unsigned long long)limit.rlim_cur);
}

/* Slow hashes get half of the cores, unless somebody decided otherwise. */
static void size_worker_pool(unsigned n_workers)
{
    char text[16];

    snprintf(text, sizeof text, "%u", n_workers / 2 ? n_workers / 2 : 1);
    (void)setenv("UV_THREADPOOL_SIZE", text, 0);
}

static void wake_worker(void *self, unsigned index)
{
    la_daemon *d = self;

    la_worker_wake(d->workers[index]);
}

static void wake_follower(void *self)
{
    la_daemon *d = self;

    la_follower_note_order(d->follower);
}

static la_result make_shared_parts(la_daemon *d)
{
    const la_config *c = &d->started_with->config;

    d->n_workers = c->workers;
    size_worker_pool(d->n_workers);
    d->census = la_http_census_new(c->limits.connections, c->limits.connections_per_address);
    d->throttle = la_throttle_new(la_clock_monotonic_us());
    d->replay = la_replay_new(c->replay_max_entries);
    d->rate_limit = la_rate_limit_new();
    d->token_reuse = la_token_reuse_new();
    d->metrics = la_metrics_new(d->n_workers);
    d->upgrades = la_upgrades_new();
    d->revoker = la_revoker_new(d->n_workers, &(la_revoker_hooks){d, wake_worker, wake_follower});
    d->tls.tickets = la_tls_tickets_new();
    d->workers = calloc(d->n_workers, sizeof(la_worker *));
    d->tallies = calloc(d->n_workers + 1, sizeof(la_tally));
    if (!d->replay || !d->rate_limit || !d->token_reuse || !d->revoker)
        return la_fail(LA_NO_MEMORY, "out of memory");
    if (!d->census || !d->throttle || !d->metrics || !d->upgrades || !d->tls.tickets || !d->workers || !d->tallies)
        return la_fail(LA_NO_MEMORY, "out of memory");
    LA_TRY(la_jwks_fetch_new(&c->jwks_fetch, &d->jwks_fetch));
    while (d->n_tallies <= d->n_workers) {
        la_tally_size size = d->n_tallies < d->n_workers ? LA_TALLY_OF_LOOP : LA_TALLY_OF_ADMINISTRATION;
        la_tally *tally = &d->tallies[d->n_tallies++];

        LA_TRY(la_tally_open(la_metrics_counters(d->metrics, d->n_tallies - 1), size, tally));
    }
    return la_ok();
}

static la_result load_config(la_daemon *d)
{
    la_config *loaded = NULL;

    LA_TRY(la_config_load(d->config_path, &loaded));
    d->started_with = la_shared_config_new(loaded);
    if (!d->started_with)
        return la_fail(LA_NO_MEMORY, "out of memory");
    la_log_set_level((la_log_level)d->started_with->config.log_level);
    return la_ok();
}

static la_result make_workers(la_daemon *d)
{
    for (unsigned i = 0; i < d->n_workers; i++)
        LA_TRY(la_worker_new(d, i, d->snapshot, la_routes_serve_tokens, &d->workers[i]));
    return la_ok();
}

static la_result start_threads(la_daemon *d)
{
    for (unsigned i = 0; i < d->n_workers; i++)
        LA_TRY(la_worker_start(d->workers[i]));
    LA_TRY(la_admin_thread_start(d->admin_thread));
    return la_follower_start(d->follower);
}

static la_result set_up(la_daemon *d)
{
    const la_config *c;
    int admin_fd = -1;

    LA_TRY(load_config(d));
    c = &d->started_with->config;
    raise_descriptor_limit(&c->limits);
    LA_TRY(make_shared_parts(d));
    LA_TRY(la_listeners_collect(d, &admin_fd));
    LA_TRY(open_loop(d));
    LA_TRY(la_master_key_load(c->master_key_path, &d->master_key));
    LA_TRY(la_registry_open(c->registry_path, &d->registry));
    LA_TRY(la_follower_new(d, &d->follower, &d->snapshot));
    LA_TRY(la_listeners_open(d));
    LA_TRY(make_workers(d));
    LA_TRY(la_admin_api_new(d, d->snapshot, &d->admin_api));
    LA_TRY(la_admin_api_make_thread(d->admin_api, &d->admin_thread));
    LA_TRY(open_admin(d, admin_fd));
    return start_threads(d);
}

static void say_ready(la_daemon *d, int64_t started_us)
{
    la_log_begin(LA_LOG_INFO, "ready");
    for (unsigned i = 0; i < d->n_listeners; i++) {
        char name[64];

        if (d->listeners[i].asks_for_certificate)
            snprintf(name, sizeof name, "mtls_listen");
        else
            snprintf(name, sizeof name, i ? "listen_%s" : "listen", d->listeners[i].environment);
        la_log_text(name, la_slice_of(d->listeners[i].address));
    }
    la_log_text("admin", la_slice_of(d->admin_address));
    la_log_text("version", LA_SLICE(LA_VERSION));
    la_log_int("workers", d->n_workers);
    la_log_int("environments", d->snapshot->n_environments);
    la_log_int("applications", (int64_t)atomic_load(&d->health.applications));
    la_log_text("store", atomic_load(&d->health.store_up) ? LA_SLICE("up") : LA_SLICE("down"));
    la_log_int("start_us", la_clock_monotonic_us() - started_us);
    la_log_end();
    la_log_flush();
    la_notify("READY=1");
    d->watchdog_us = la_notify_watchdog_us();
    if (d->watchdog_us)
        uv_timer_start(&d->watchdog, on_watchdog, 0, d->watchdog_us / 2000 ? d->watchdog_us / 2000 : 1);
}

/* Whatever of it was started. Threads that run are drained first. */
static void tear_down(la_daemon *d)
{
    unsigned n = d->workers ? d->n_workers : 0;

    if (d->revoker)
        la_revoker_close(d->revoker); /* nobody writes any more */
    for (unsigned i = 0; i < n; i++)
        if (d->workers[i] && d->workers[i]->thread_is_up) {
            la_worker_drain(d->workers[i]);
            la_worker_join(d->workers[i]);
        }
    if (d->admin_thread && !d->rest_is_stopped)
        la_admin_thread_stop(d->admin_thread, 0);
    if (d->loop_is_up && !d->closing) {
        if (d->admin)
            la_http_server_drain(d->admin, 0, close_handles, d);
        else
            close_handles(d);
        uv_run(&d->loop, UV_RUN_DEFAULT);
    }
    la_admin_thread_free(d->admin_thread);
    la_admin_api_free(d->admin_api);
    la_follower_free(d->follower);
    for (unsigned i = 0; i < n; i++)
        la_worker_free(d->workers[i]);
    la_http_server_free(d->admin);
    if (d->loop_is_up)
        (void)uv_loop_close(&d->loop);
    la_snapshot_release(d->snapshot);
    la_snapshot_release(atomic_exchange(&d->next_snapshot, NULL));
    la_listeners_close(d);
    la_http_census_free(d->admin_census);
    la_http_census_free(d->census);
    la_throttle_free(d->throttle);
    la_jwks_fetch_free(d->jwks_fetch);
    la_replay_free(d->replay);
    la_rate_limit_free(d->rate_limit);
    la_token_reuse_free(d->token_reuse);
    la_metrics_free(d->metrics);
    la_upgrades_free(d->upgrades);
    la_revoker_free(d->revoker);
    la_tls_tickets_free(d->tls.tickets);
    for (unsigned i = 0; i < d->n_tallies; i++)
        la_tally_close(&d->tallies[i]);
    free(d->tallies);
    free(d->workers);
    la_registry_free(d->registry);
    la_master_key_free(d->master_key);
    la_shared_config_release(d->started_with);
    uv_library_shutdown();
}

static void say_failed(void)
{
    if (isatty(STDERR_FILENO))
        la_log_set_plain(true);
    la_log(LA_LOG_ERROR, "start_failed", "%s", la_detail()[0] ? la_detail() : "out of memory");
    la_log_flush();
    la_log_set_plain(false);
}

int la_serve(const char *config_path)
{
    int64_t started_us = la_clock_monotonic_us();
    la_daemon *d = calloc(1, sizeof *d);
    la_result r = la_error(LA_NO_MEMORY);

    if (!d)
        goto done;
    d->config_path = config_path;
    d->started_at_s = la_clock_now_s();
    r = la_secret_setup();
    if (la_is_ok(r))
        r = set_up(d);
    if (la_is_ok(r)) {
        say_ready(d, started_us);
        uv_run(&d->loop, UV_RUN_DEFAULT);
    }
done:
    if (!la_is_ok(r))
        say_failed();
    if (d)
        tear_down(d);
    free(d);
    return la_is_ok(r) ? 0 : 1;
}
