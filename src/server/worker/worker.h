/*
 * One token event loop on a thread of its own: its listeners, connections, registry view, signers, counters. Everything on the
 * token path belongs to it alone, or is immutable, or is an atomic.
 */
#ifndef LA_SERVER_WORKER_H
#define LA_SERVER_WORKER_H

#include "oauth/introspect.h"
#include "server/daemon/daemon.h"
#include "server/jwks/jwks_waits.h"
#include "server/proxies/forged.h"
#include "server/worker/offload.h"
#include "server/worker/token_desk.h"

struct la_worker {
    la_daemon *daemon;
    unsigned index;
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t wake;
    uv_timer_t log_timer;       /* runs only while log lines wait */
    uv_timer_t last_used_timer; /* runs only while uses wait */
    uv_timer_t usage_timer;     /* runs only while counts wait */
    la_http_server *http;
    la_serving *serving;
    la_counters *counters; /* its tally's */
    la_offload offload;
    unsigned revocations_waiting; /* for the store */
    la_jwks_waits jwks_waits;
    la_forged forged;
    la_token_desk desk;
    struct la_status_cache
        *status_cache; /* server/revocation/status_cache.h; NULL before the first list that is asked for */
    char body[LA_INTROSPECTION_MAX]; /* also of token responses, which are shorter */

    /* from other threads */
    _Atomic(la_snapshot *) next_snapshot;
    atomic_bool drain;
    _Atomic uint64_t beats_asked, beats_given; /* the watchdog's: a loop that turns gives what was asked */
    uv_mutex_t wake_lock;                      /* of wake_open */
    bool wake_open;

    bool loop_is_up;
    bool thread_is_up;
    bool drained;
    bool closing;
};

/*
 * Makes a worker with its loop, which takes its sockets of the daemon's listeners; nothing runs yet. `first` is held as needed.
 * `handler` gets the worker with each request.
 */
la_result la_worker_new(la_daemon *d, unsigned index, la_snapshot *first, la_http_handler handler, la_worker **ret);

/* Starts the thread. */
la_result la_worker_start(la_worker *w);

/* Any thread: it takes over this snapshot (holds it), drains, or answers the watchdog. */
void la_worker_give_snapshot(la_worker *w, la_snapshot *s);
void la_worker_drain(la_worker *w);
void la_worker_ask_beat(la_worker *w, uint64_t beat);

/* Any thread: its loop looks what there is for it, answers of the revoker among it. */
void la_worker_wake(la_worker *w);

/* Waits for the thread. */
void la_worker_join(la_worker *w);
la_worker *la_worker_free(la_worker *w); /* after join, or where it was never started; takes NULL */

/* ---- for the handlers, on its thread ---- */
/* A line was gathered: it is written within 100 ms. */
void la_worker_note_log(la_worker *w);
/* Something was noted in its tally: it is handed over in its time. */
void la_worker_note_tally(la_worker *w);
/* A slow check, a fetch or a revocation ended; the loop may have waited for it to stop. */
void la_worker_note_slow_work_done(la_worker *w);

#endif
