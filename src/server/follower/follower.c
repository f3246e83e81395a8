#include "server/follower/follower.h"

#include "admin/commands.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/follower/chores.h"
#include "server/follower/feed.h"
#include "server/revocation/revocation_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOOK_EVERY_MS = 50,
    RETRY_EVERY_US = 1000000,
    STAMP_EVERY_US = 5000000,
};

struct la_follower {
    la_daemon *daemon;
    la_shared_config *config; /* what holds */
    la_snapshot *snapshot;    /* the last one made */
    la_registry_view *view;
    la_commands commands; /* while store_is_open */
    la_chores chores;
    la_revocation_keeper *revocations;
    bool store_is_open;
    bool loss_is_logged;
    bool registry_failure_is_logged;
    bool look; /* the feed is to be read whatever the mark says */
    bool snapshot_due;
    uint64_t mark;
    la_tls_watch tls_watch;
    la_trust_watch trust_watch;
    char stamp_path[4096]; /* its modification time: when the store was last reached, for the next start */
    int64_t next_retry_us, next_stamp_us, next_snapshot_us;

    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t wake;
    bool thread_is_up;
    bool stop;                    /* under the lock */
    bool has_orders;              /* under the lock: somebody waits for a revocation */
    la_shared_config *new_config; /* under the lock */
};

/* ---- how fresh the registry is ---- */

static void note_reached(la_follower *f, int64_t now_us)
{
    int fd;

    atomic_store_explicit(&f->daemon->health.reached_at_ms, la_clock_now_us() / 1000, memory_order_relaxed);
    if (now_us < f->next_stamp_us)
        return;
    f->next_stamp_us = now_us + STAMP_EVERY_US;
    fd = open(f->stamp_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return; /* only the age after a restart without the store is lost by it */
    (void)futimens(fd, NULL);
    close(fd);
}

static void recall_reached(la_follower *f)
{
    struct stat st;

    if (stat(f->stamp_path, &st) == 0)
        atomic_store(&f->daemon->health.reached_at_ms,
                     (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
}

static void note_registry(la_follower *f)
{
    la_health *h = &f->daemon->health;
    la_feed_position position;

    if (la_is_ok(la_registry_position(f->daemon->registry, &position)))
        atomic_store(&h->sequence, position.sequence);
    atomic_store(&h->filled, la_registry_is_filled(f->daemon->registry));
    if (!la_is_ok(la_registry_view_refresh(f->view)))
        return;
    atomic_store(&h->applications, la_registry_count_applications(f->view));
    la_registry_view_rest(f->view);
}

/* ---- snapshots ---- */

static la_result make_snapshot(la_follower *f, la_shared_config *config, bool strict, la_snapshot **ret)
{
    la_snapshot_source source = {
        .config = config,
        .master_key = f->daemon->master_key,
        .view = f->view,
        .metrics = f->daemon->metrics,
        .tls = &f->daemon->tls,
        .previous = f->snapshot,
        .now_s = la_clock_now_s(),
        .strict = strict,
    };
    la_result r;

    LA_TRY(la_registry_view_refresh(f->view));
    r = la_snapshot_new(&source, ret);
    la_registry_view_rest(f->view);
    return r;
}

static void publish(la_follower *f, la_snapshot *s)
{
    la_snapshot_release(f->snapshot);
    f->snapshot = s;
    f->snapshot_due = false;
    atomic_fetch_add(&f->daemon->health.snapshots, 1);
    la_daemon_publish(f->daemon, s);
}

static void refresh_snapshot(la_follower *f, int64_t now_us)
{
    la_snapshot *s;

    if (!f->snapshot_due && la_clock_now_s() < f->snapshot->next_change_s)
        return;
    if (now_us < f->next_snapshot_us)
        return;
    if (la_is_ok(make_snapshot(f, f->config, false, &s))) {
        publish(f, s);
        f->next_snapshot_us = 0;
        return;
    }
    la_log(LA_LOG_ERROR, "snapshot_failed", "the former configuration and keys stay: %s", la_detail());
    f->next_snapshot_us = now_us + RETRY_EVERY_US;
}

/* ---- the store ---- */

static void close_store(la_follower *f)
{
    if (f->store_is_open)
        la_commands_close(&f->commands);
    f->store_is_open = false;
    atomic_store(&f->daemon->health.store_up, false);
}

static void lose_store(la_follower *f, int64_t now_us, const char *why)
{
    if (!f->loss_is_logged)
        la_log(LA_LOG_WARN, "store_lost", "%s; tokens go on from the registry", why);
    f->loss_is_logged = true;
    close_store(f);
    la_daemon_let_go_of_store(f->daemon);
    f->next_retry_us = now_us + RETRY_EVERY_US;
}

/* Reads the feed. False where store or registry failed. */
static bool follow_feed(la_follower *f, la_store *store, int64_t now_us)
{
    la_health *h = &f->daemon->health;
    la_feed_outcome outcome;
    bool from_store;
    la_result r = la_feed_apply(f->daemon->registry, store, &outcome, &from_store);

    atomic_fetch_add(&h->items, outcome.items);
    f->snapshot_due = f->snapshot_due || outcome.snapshot_due;
    if (outcome.rebuilt) {
        atomic_fetch_add(&h->rebuilds, 1);
        la_log_begin(LA_LOG_INFO, "registry_rebuilt");
        la_log_int("items", (int64_t)outcome.items);
        la_log_end();
    }
    if (outcome.items || outcome.rebuilt)
        note_registry(f);
    if (la_is_ok(r)) {
        if (f->registry_failure_is_logged)
            la_log(LA_LOG_INFO, "registry_recovered", "the registry takes changes again");
        f->registry_failure_is_logged = false;
        return true;
    }
    if (from_store) {
        lose_store(f, now_us, la_detail());
        return false;
    }
    if (!f->registry_failure_is_logged)
        la_log(LA_LOG_ERROR, "registry_failed", "changes are not taken over: %s", la_detail());
    f->registry_failure_is_logged = true;
    f->next_retry_us = now_us + RETRY_EVERY_US;
    return false;
}

static void reopen_store(la_follower *f, int64_t now_us)
{
    la_result r;

    if (now_us < f->next_retry_us)
        return;
    f->next_retry_us = now_us + RETRY_EVERY_US;
    r = la_commands_open(&f->config->config, LA_STORE_MIGRATE, &f->commands);
    if (!la_is_ok(r)) {
        /* A file that is there and cannot be used is worth more than the one line at the loss. */
        if (r.code != LA_NOT_FOUND && r.code != LA_UNAVAILABLE && la_chores_may_complain(&f->chores, now_us))
            la_log(LA_LOG_ERROR, "store_unusable", "%s", la_detail());
        la_daemon_let_go_of_store(f->daemon); /* the administration may have opened it meanwhile */
        return;
    }
    f->store_is_open = true;
    f->look = true;
    f->next_retry_us = 0;
    atomic_store(&f->daemon->health.store_up, true);
    la_log(LA_LOG_INFO, "store_back", "the store can be reached again");
    f->loss_is_logged = false;
}

static void follow_store(la_follower *f, int64_t now_us)
{
    uint64_t mark;

    la_chores_do(&f->chores, &f->commands, now_us, &f->look);
    if (!la_is_ok(la_store_change_mark(f->commands.store, &mark))) {
        lose_store(f, now_us, la_detail());
        return;
    }
    if (f->look || mark != f->mark) {
        if (f->registry_failure_is_logged && now_us < f->next_retry_us)
            return;
        if (!follow_feed(f, f->commands.store, now_us))
            return;
        f->look = false;
        f->mark = mark;
    }
    note_reached(f, now_us);
    la_chores_write_what_loops_left(&f->chores, &f->commands, now_us, &f->look);
}

/* What clients revoke. They are answered once it is durable and this node refuses those tokens, or once that has failed. */
static void write_revocations(la_follower *f)
{
    size_t n = 1;

    uv_mutex_lock(&f->lock);
    f->has_orders = false;
    uv_mutex_unlock(&f->lock);
    while (n > 0) {
        int64_t now_us = la_clock_monotonic_us();
        la_commands *c = f->store_is_open ? &f->commands : NULL;
        la_result r = la_revocation_keeper_write(f->revocations, f->daemon->revoker, c, la_clock_now_s(), &n);

        if (n == 0)
            return;
        if (!la_is_ok(r) && c)
            la_chores_complain(&f->chores, now_us, "a revocation that a client asked for was not written");
        if (la_is_ok(r) && !follow_feed(f, c->store, now_us))
            r = la_error(LA_UNAVAILABLE);
        la_revoker_finish(f->daemon->revoker, r);
    }
}

/* ---- new configurations ---- */

static la_result take_config(la_follower *f, la_shared_config *c, int64_t now_us)
{
    la_commands fresh = {0};
    la_snapshot *s;
    la_result r;

    if (f->store_is_open) {
        /* Gives new environments their id and first key, which reach the registry by the feed. */
        LA_TRY(la_commands_open(&c->config, LA_STORE_MIGRATE, &fresh));
        if (!follow_feed(f, fresh.store, now_us)) {
            la_commands_close(&fresh);
            return la_fail_context(la_error(LA_UNAVAILABLE), "the registry did not follow: ");
        }
    }
    r = make_snapshot(f, c, true, &s);
    if (!la_is_ok(r)) {
        if (f->store_is_open)
            la_commands_close(&fresh);
        return r;
    }
    if (f->store_is_open) {
        la_commands_close(&f->commands);
        f->commands = fresh;
        f->look = true;
    }
    publish(f, s);
    la_shared_config_release(f->config);
    f->config = la_shared_config_hold(c);
    la_log_set_level((la_log_level)c->config.log_level);
    return la_ok();
}

static void look_for_config(la_follower *f, int64_t now_us)
{
    la_shared_config *c;

    uv_mutex_lock(&f->lock);
    c = f->new_config;
    f->new_config = NULL;
    uv_mutex_unlock(&f->lock);
    if (!c)
        return;
    if (la_is_ok(take_config(f, c, now_us))) {
        atomic_fetch_add(&f->daemon->health.reloads, 1);
        la_log_begin(LA_LOG_INFO, "config_reloaded");
        la_log_int("environments", c->config.n_environments);
        la_log_end();
    } else {
        atomic_fetch_add(&f->daemon->health.reloads_refused, 1);
        la_log(LA_LOG_ERROR, "config_refused", "the former configuration stays: %s", la_detail());
    }
    la_shared_config_release(c);
}

/* ---- the thread ---- */

static void tick(la_follower *f)
{
    int64_t now_us = la_clock_monotonic_us();

    if (f->store_is_open && !la_store_is_present(f->commands.store))
        lose_store(f, now_us, "the database or its log is gone, was replaced or cannot be read");
    look_for_config(f, now_us);
    write_revocations(f);
    la_chores_collect(&f->chores);
    if (!f->store_is_open)
        reopen_store(f, now_us);
    if (f->store_is_open)
        follow_store(f, now_us);
    f->snapshot_due = la_tls_watch_look(&f->tls_watch, f->snapshot->tls, now_us) || f->snapshot_due;
    f->snapshot_due = la_trust_watch_look(&f->trust_watch, f->snapshot, now_us) || f->snapshot_due;
    refresh_snapshot(f, now_us);
    la_tls_watch_warn(&f->tls_watch, f->snapshot->tls, la_clock_now_s());
    la_log_flush();
}

static void run(void *self)
{
    la_follower *f = self;
    bool stop = false;

    while (!stop) {
        tick(f);
        uv_mutex_lock(&f->lock);
        if (!f->stop && !f->new_config && !f->has_orders)
            uv_cond_timedwait(&f->wake, &f->lock, (uint64_t)LOOK_EVERY_MS * 1000000);
        stop = f->stop;
        uv_mutex_unlock(&f->lock);
    }
    la_log_flush();
}

/* ---- life ---- */

/* The first look at the store. A missing database is no failure where the registry can serve. */
static la_result open_first(la_follower *f)
{
    const la_config *c = &f->config->config;
    la_feed_outcome outcome;
    bool from_store;
    la_result r = la_commands_open(c, LA_STORE_MIGRATE, &f->commands);

    if (la_is_ok(r)) {
        f->store_is_open = true;
        LA_TRY(la_feed_apply(f->daemon->registry, f->commands.store, &outcome, &from_store));
        atomic_store(&f->daemon->health.store_up, true);
        note_reached(f, la_clock_monotonic_us());
        return la_ok();
    }
    if (r.code != LA_NOT_FOUND && r.code != LA_UNAVAILABLE)
        return r;
    if (!la_registry_is_filled(f->daemon->registry))
        return la_fail_context(r, "there is no registry to serve from, and no database: ");
    recall_reached(f);
    lose_store(f, la_clock_monotonic_us(), la_detail());
    return la_ok();
}

static la_result set_up(la_follower *f, la_snapshot **ret_first)
{
    const la_config *c = &f->config->config;
    la_snapshot *s;

    if (snprintf(f->stamp_path, sizeof f->stamp_path, "%s/last-reached", c->registry_path) >= (int)sizeof f->stamp_path)
        return la_fail(LA_INVALID, "registry.path is too long");
    LA_TRY(la_registry_view_new(f->daemon->registry, &f->view));
    LA_TRY(open_first(f));
    note_registry(f);
    LA_TRY(make_snapshot(f, f->config, true, &s));
    f->snapshot = s;
    atomic_fetch_add(&f->daemon->health.snapshots, 1);
    *ret_first = la_snapshot_hold(s);
    return la_ok();
}

la_result la_follower_new(la_daemon *d, la_follower **ret, la_snapshot **ret_first)
{
    la_follower *f = calloc(1, sizeof *f);
    la_result r;

    if (!f)
        return la_fail(LA_NO_MEMORY, "out of memory");
    if (uv_mutex_init(&f->lock) != 0 || uv_cond_init(&f->wake) != 0)
        abort(); /* cannot fail on Linux */
    f->daemon = d;
    f->config = la_shared_config_hold(d->started_with);
    f->revocations = la_revocation_keeper_new();
    r = la_chores_init(&f->chores, d) && f->revocations ? set_up(f, ret_first) : la_fail(LA_NO_MEMORY, "out of memory");
    if (!la_is_ok(r)) {
        la_follower_free(f);
        return r;
    }
    *ret = f;
    return la_ok();
}

la_result la_follower_start(la_follower *f)
{
    if (uv_thread_create(&f->thread, run, f) != 0)
        return la_fail(LA_IO, "cannot start a thread");
    f->thread_is_up = true;
    return la_ok();
}

void la_follower_give_config(la_follower *f, la_shared_config *c)
{
    uv_mutex_lock(&f->lock);
    la_shared_config_release(f->new_config);
    f->new_config = c;
    uv_cond_signal(&f->wake);
    uv_mutex_unlock(&f->lock);
}

void la_follower_note_order(la_follower *f)
{
    uv_mutex_lock(&f->lock);
    f->has_orders = true;
    uv_cond_signal(&f->wake);
    uv_mutex_unlock(&f->lock);
}

void la_follower_stop(la_follower *f)
{
    uv_mutex_lock(&f->lock);
    f->stop = true;
    uv_cond_signal(&f->wake);
    uv_mutex_unlock(&f->lock);
    if (f->thread_is_up)
        uv_thread_join(&f->thread);
    f->thread_is_up = false;
    la_chores_finish(&f->chores, f->store_is_open && la_store_is_present(f->commands.store) ? &f->commands : NULL);
}

la_follower *la_follower_free(la_follower *f)
{
    if (!f)
        return NULL;
    close_store(f);
    if (f->view)
        la_registry_view_free(f->view);
    la_chores_done(&f->chores);
    la_revocation_keeper_free(f->revocations);
    la_snapshot_release(f->snapshot);
    la_shared_config_release(f->config);
    la_shared_config_release(f->new_config);
    uv_cond_destroy(&f->wake);
    uv_mutex_destroy(&f->lock);
    free(f);
    return NULL;
}
