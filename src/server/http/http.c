/* A server on a loop: its making, its draining and its end; and what a handler sees of an exchange. */
#include "server/http/connection.h"

#include "base/secret.h"

#include <stdlib.h>

static void on_timer_closed(uv_handle_t *handle)
{
    la_http_server_handle_closed(handle->data);
}

la_result la_http_server_new(uv_loop_t *loop, const la_limits_config *limits, la_http_census *census,
                             la_http_handler handler, la_http_refused refused, void *self, la_http_server **ret)
{
    la_http_server *s = calloc(1, sizeof *s);
    if (!s)
        return la_fail(LA_NO_MEMORY, "no memory for an HTTP server");
    s->loop = loop;
    s->limits = *limits;
    s->census = census;
    s->handler = handler;
    s->refused = refused;
    s->self = self;
    uv_timer_init(loop, &s->timer); /* uv_timer_init cannot fail */
    uv_timer_init(loop, &s->accept_timer);
    s->timer.data = s->accept_timer.data = s;
    s->n_handles = 2;
    *ret = s;
    return la_ok();
}

void la_http_server_set_limits(la_http_server *s, const la_limits_config *limits)
{
    s->limits = *limits;
    la_http_census_set_limits(s->census, limits->connections, limits->connections_per_address);
}

void la_http_server_set_tls_counters(la_http_server *s, la_tls_counters *counters)
{
    s->tls_counters = counters;
}

void la_http_server_set_proxies(la_http_server *s, const la_proxies_config *proxies)
{
    s->proxies = proxies->n_addresses > 0 ? proxies : NULL;
    s->proxies_version++;
}

void la_http_server_set_headers(la_http_server *s, la_slice lines)
{
    s->headers = lines;
}

static void free_memory(la_http_server *s)
{
    while (s->free_inputs) {
        void *p = s->free_inputs;
        memcpy(&s->free_inputs, p, sizeof s->free_inputs);
        free(p);
    }
    while (s->n_free_arenas > 0)
        la_arena_free(s->free_arenas[--s->n_free_arenas]);
    la_wipe(s->out, sizeof s->out); /* it held tokens */
    free(s);
}

static bool has_connections(const la_http_server *s)
{
    for (int wait = 0; wait < LA_WAIT_COUNT; wait++) {
        if (s->lists[wait].first)
            return true;
    }
    return false;
}

static void close_timers(la_http_server *s)
{
    if (uv_is_closing((uv_handle_t *)&s->timer))
        return;
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
    uv_close((uv_handle_t *)&s->accept_timer, on_timer_closed);
}

/* Ends in the callback or with the server freed: do not touch `s` after it. */
void la_http_server_check_drained(la_http_server *s)
{
    if (s->freed) {
        if (s->n_handles == 0 && s->n_detached == 0)
            free_memory(s);
        return;
    }
    if (!s->draining || has_connections(s))
        return;
    if (s->n_detached > 0 && uv_now(s->loop) < s->drain_due_ms)
        return;
    close_timers(s);
    if (s->n_handles > 0 || !s->drained)
        return;
    void (*drained)(void *self) = s->drained;
    s->drained = NULL;
    drained(s->drained_self);
}

void la_http_server_handle_closed(la_http_server *s)
{
    s->n_handles--;
    la_http_server_check_drained(s);
}

void la_http_server_cut(la_http_server *s)
{
    for (int wait = 0; wait < LA_WAIT_COUNT; wait++) {
        while (s->lists[wait].first)
            la_http_connection_close(s->lists[wait].first);
    }
}

static void drain_list(la_http_server *s, la_http_wait wait)
{
    la_http_connection *next;
    for (la_http_connection *c = s->lists[wait].first; c; c = next) {
        next = c->next; /* draining one moves or closes no other */
        la_http_connection_drain(c);
    }
}

void la_http_server_drain(la_http_server *s, uint64_t deadline_ms, void (*done)(void *self), void *self)
{
    if (s->draining)
        return;
    s->draining = true;
    s->drain_due_ms = uv_now(s->loop) + deadline_ms;
    s->drained = done;
    s->drained_self = self;
    la_http_listener_close_all(s);
    drain_list(s, LA_WAIT_IDLE);
    drain_list(s, LA_WAIT_REQUEST);
    la_http_timer_arm(s);
    la_http_server_check_drained(s);
}

la_http_server *la_http_server_free(la_http_server *s)
{
    if (!s)
        return NULL;
    s->freed = true;
    s->draining = false;
    la_http_listener_close_all(s);
    la_http_server_cut(s);
    close_timers(s);
    la_http_server_check_drained(s);
    return NULL;
}

/* ---- what a handler sees of an exchange ---- */

const la_http_request *la_http_request_of(const la_http_exchange *x)
{
    return &x->request;
}

la_arena *la_http_arena(la_http_exchange *x)
{
    return x->arena;
}

void la_http_set_data(la_http_exchange *x, void *data)
{
    x->data = data;
}

void *la_http_data(la_http_exchange *x)
{
    return x->data;
}
