/* Which connection waits for what, until when. One timer a loop, armed for the earliest deadline and otherwise left alone. */
#include "server/http/connection.h"

static uint64_t duration_ms(const la_http_server *s, la_http_wait wait)
{
    switch (wait) {
    case LA_WAIT_REQUEST:
    case LA_WAIT_WRITE:
        return (uint64_t)s->limits.request_timeout_s * 1000;
    case LA_WAIT_IDLE:
        return (uint64_t)s->limits.idle_timeout_s * 1000;
    case LA_WAIT_LINGER:
        return LA_HTTP_LINGER_MS;
    case LA_WAIT_HANDLER:
    case LA_WAIT_COUNT:
    default:
        return 0;
    }
}

static void unlink_connection(la_http_connection *c)
{
    la_http_list *list = &c->server->lists[c->wait];
    if (c->previous)
        c->previous->next = c->next;
    else
        list->first = c->next;
    if (c->next)
        c->next->previous = c->previous;
    else
        list->last = c->previous;
    c->previous = c->next = NULL;
    c->wait = LA_WAIT_COUNT;
}

void la_http_wait_none(la_http_connection *c)
{
    if (c->wait != LA_WAIT_COUNT)
        unlink_connection(c);
}

static void on_timer(uv_timer_t *timer);

static void arm_for(la_http_server *s, uint64_t due_ms)
{
    if (s->timer_due_ms && s->timer_due_ms <= due_ms)
        return;
    uint64_t now = uv_now(s->loop);
    s->timer_due_ms = due_ms;
    uv_timer_start(&s->timer, on_timer, due_ms > now ? due_ms - now : 1, 0);
}

void la_http_wait_for(la_http_connection *c, la_http_wait wait)
{
    la_http_server *s = c->server;
    la_http_wait_none(c);
    la_http_list *list = &s->lists[wait];
    c->wait = wait;
    c->previous = list->last;
    if (list->last)
        list->last->next = c;
    else
        list->first = c;
    list->last = c;
    if (wait == LA_WAIT_HANDLER)
        return;
    c->deadline_ms = uv_now(s->loop) + duration_ms(s, wait);
    arm_for(s, c->deadline_ms);
}

/* After the timer ran, or when the end of a drain became known. */
void la_http_timer_arm(la_http_server *s)
{
    if (uv_is_closing((uv_handle_t *)&s->timer))
        return;
    for (int wait = 0; wait < LA_WAIT_HANDLER; wait++) {
        if (s->lists[wait].first)
            arm_for(s, s->lists[wait].first->deadline_ms);
    }
    if (s->draining)
        arm_for(s, s->drain_due_ms);
}

static void on_timer(uv_timer_t *timer)
{
    la_http_server *s = timer->data;
    uint64_t now = uv_now(s->loop);
    s->timer_due_ms = 0;
    for (int wait = 0; wait < LA_WAIT_HANDLER; wait++) {
        la_http_list *list = &s->lists[wait];
        while (list->first && list->first->deadline_ms <= now)
            la_http_connection_expired(list->first);
    }
    if (s->draining && s->drain_due_ms <= now)
        la_http_server_cut(s);
    la_http_server_check_drained(s);
    la_http_timer_arm(s);
}
