/* The administration's listener, on the main loop: metrics and health, and the way to the admin API. */
#include "base/clock.h"
#include "server/admin/admin_thread.h"
#include "server/admin/problem.h"
#include "server/daemon/daemon.h"
#include "server/routes/routes.h"

#define METRICS_MAX (4 * 1024 * 1024)
#define NO_STORE LA_SLICE("Cache-Control: no-store\r\n")

static unsigned collect_keys(const la_snapshot *s, la_metrics_key *keys)
{
    for (unsigned i = 0; i < s->n_environments; i++) {
        const la_snapshot_environment *e = &s->environments[i];

        keys[i] = (la_metrics_key){.environment = e->config->name, .next_change_s = e->next_change_s};
        if (e->key) {
            keys[i].algorithm = la_slice_of(la_key_algorithm(la_shared_key_get(e->key))->name);
            keys[i].kid = la_slice_of(la_key_id(la_shared_key_get(e->key)));
        }
    }
    return s->n_environments;
}

static unsigned collect_certificates(const la_snapshot *s, la_metrics_certificate *certificates)
{
    unsigned n = s->tls ? s->tls->n_slots : 0;

    for (unsigned i = 0; i < n; i++)
        certificates[i] = (la_metrics_certificate){la_slice_of(s->tls->slots[i].name),
                                                   la_certificate_not_after_s(s->tls->slots[i].certificate)};
    return n;
}

void la_metrics_handle(const la_route_call *call)
{
    la_daemon *d = call->self;
    la_metrics_certificate certificates[LA_ENVIRONMENTS_MAX + 2];
    la_metrics_key keys[LA_ENVIRONMENTS_MAX];
    la_metrics_gauges gauges = {
        .health = &d->health,
        .keys = keys,
        .n_keys = collect_keys(d->snapshot, keys),
        .certificates = certificates,
        .n_certificates = collect_certificates(d->snapshot, certificates),
        .certificates_loaded = atomic_load(&d->tls.loaded),
        .certificates_refused = atomic_load(&d->tls.refused),
        .jwks_fetches = la_jwks_fetch_count(d->jwks_fetch),
        .jwks_fetch_failures = la_jwks_fetch_failures(d->jwks_fetch),
        .replay_entries = la_replay_entries(d->replay),
        .replay_refused_full = la_replay_refused_full(d->replay),
        .tokens_kept = la_token_reuse_entries(d->token_reuse),
        .revocations_waiting = la_revoker_waiting(d->revoker),
        .connections = la_http_census_connections(d->census),
        .now_ms = la_clock_now_us() / 1000,
        .started_at_s = d->started_at_s,
    };
    la_buffer body;

    la_buffer_init(&body, METRICS_MAX);
    la_metrics_write(d->metrics, &gauges, &body);
    if (la_buffer_ok(&body))
        la_http_respond(call->exchange, &(la_http_response){
                                            .status = 200,
                                            .content_type = LA_SLICE("text/plain; version=0.0.4; charset=utf-8"),
                                            .headers = NO_STORE,
                                            .body = la_buffer_slice(&body),
                                        });
    else
        la_respond_error(call->exchange, LA_NO_MEMORY, NULL);
    la_buffer_done(&body);
}

static void respond_json(la_http_exchange *x, int status, la_slice body)
{
    la_http_respond(x, &(la_http_response){
                           .status = status,
                           .content_type = LA_SLICE("application/json"),
                           .headers = NO_STORE,
                           .body = body,
                       });
}

void la_livez_handle(const la_route_call *call)
{
    respond_json(call->exchange, 200, LA_SLICE("{\"status\":\"alive\"}\n"));
}

void la_readyz_handle(const la_route_call *call)
{
    la_daemon *d = call->self;
    const la_health *h = &d->health;
    int64_t now_ms = la_clock_now_us() / 1000;
    int64_t stale_s = la_health_stale_s(h, now_ms);
    bool ready = la_health_is_ready(h, d->snapshot->config->config.ready_max_stale_s, now_ms);
    char memory[256];
    la_buffer body;

    la_buffer_init_fixed(&body, memory, sizeof memory);
    la_buffer_add_format(&body, "{\"status\":\"%s\",\"store\":\"%s\",\"stale_s\":",
                         ready                       ? "ready"
                         : atomic_load(&h->draining) ? "draining"
                         : !atomic_load(&h->filled)  ? "not filled"
                                                     : "stale",
                         atomic_load(&h->store_up) ? "up" : "down");
    if (stale_s >= 0)
        la_buffer_add_i64(&body, stale_s);
    else
        la_buffer_add_text(&body, "null");
    la_buffer_add_format(&body, ",\"sequence\":%llu}\n", (unsigned long long)atomic_load(&h->sequence));
    respond_json(call->exchange, ready ? 200 : 503, la_buffer_slice(&body));
}

void la_admin_api_handle(const la_route_call *call)
{
    la_daemon *d = call->self;

    la_admin_thread_submit(d->admin_thread, call->exchange);
}

void la_routes_serve_admin(void *self, la_http_exchange *x)
{
    la_daemon *d = self;
    la_route_call call = {.self = d, .exchange = x};
    const la_route *route = NULL;
    la_code code = la_routes_find_admin(la_slice_of(d->snapshot->config->config.admin_origin), la_http_request_of(x),
                                        &route);

    if (code == LA_OK)
        route->handle(&call);
    else if (code == LA_METHOD)
        la_respond_problem(x, LA_PROBLEM_METHOD, route->allow);
    else
        la_respond_problem(x, code == LA_MISDIRECTED ? LA_PROBLEM_MISDIRECTED : LA_PROBLEM_NOT_FOUND, NULL);
}
