/* The parts of the running server that its threads share. Made and freed by serve.c. */
#ifndef LA_SERVER_DAEMON_H
#define LA_SERVER_DAEMON_H

#include "server/http/http.h"
#include "server/jwks/jwks_fetch.h"
#include "server/metrics/health.h"
#include "server/metrics/metrics.h"
#include "server/revocation/revoker.h"
#include "server/snapshot/snapshot.h"
#include "server/tables/rate_limit.h"
#include "server/tables/replay.h"
#include "server/tables/throttle.h"
#include "server/tables/token_reuse.h"
#include "server/usage/tally.h"
#include "server/usage/upgrades.h"

#include <uv.h>

typedef struct la_worker la_worker;
typedef struct la_follower la_follower;
typedef struct la_admin_thread la_admin_thread;
typedef struct la_admin_api la_admin_api;

#define LA_ENDPOINT_CHARS 120 /* "127.0.0.1:8080", "[::1]:8080", "unix:/path" */

/* One address that tokens are served at. */
typedef struct la_listener {
    la_endpoint endpoint;
    bool asks_for_certificate;
    char environment[LA_ENVIRONMENT_NAME_MAX + 1]; /* "": Host decides */
    char address[LA_ENDPOINT_CHARS];               /* as bound */
    bool is_bound;                                 /* by this process; its path, where it has one, goes with it */
    int activated_fd;                              /* from systemd; -1: none, or given out to the loops */
    int *fds;                                      /* by loop; -1 where the loop has taken it */
} la_listener;

#define LA_LISTENERS_MAX (LA_ENVIRONMENTS_MAX + 2)

typedef struct la_daemon {
    /* immutable while threads run */
    const char *config_path;
    la_shared_config *started_with; /* options that need a restart stay as here */
    la_master_key *master_key;
    la_registry *registry;
    int64_t started_at_s;
    char admin_address[LA_ENDPOINT_CHARS];
    unsigned n_listeners;
    la_listener listeners[LA_LISTENERS_MAX];
    unsigned n_workers;
    la_worker **workers;
    la_follower *follower;
    unsigned n_tallies; /* one a worker, and the last for the administration's thread */
    la_tally *tallies;

    /* shared, each safe by itself */
    la_http_census *census;
    la_throttle *throttle;
    la_replay *replay;
    la_jwks_fetch *jwks_fetch;
    la_rate_limit *rate_limit;
    la_token_reuse *token_reuse;
    la_metrics *metrics;
    la_upgrades *upgrades;
    la_revoker *revoker;
    la_tls_shared tls;
    la_health health;

    /* the main thread's */
    uv_loop_t loop;
    uv_async_t wake;
    uv_signal_t signals[3];
    uv_timer_t watchdog;
    uint64_t watchdog_us;
    la_http_census *admin_census;
    la_http_server *admin;
    la_admin_thread *admin_thread;
    la_admin_api *admin_api; /* that thread's, while it runs */
    char admin_headers[1024];
    la_snapshot *snapshot;
    _Atomic(la_snapshot *) next_snapshot;
    atomic_uint n_workers_ended;
    bool loop_is_up;
    bool stopping;
    bool rest_is_stopped;
    bool closing;
} la_daemon;

/* Hands a snapshot to all loops; holds it as often as needed, takes nothing. By the housekeeping thread, and before the loops
 * run. */
void la_daemon_publish(la_daemon *d, la_snapshot *s);

/* The administration closes the store soon where its files are not in their place. By the housekeeping thread, and before the
 * loops run. */
void la_daemon_let_go_of_store(la_daemon *d);

/* Any thread, as long as the main loop is up: it looks for a new snapshot, for answers of the admin API and for threads that
 * ended. */
void la_daemon_wake(la_daemon *d);

#endif
