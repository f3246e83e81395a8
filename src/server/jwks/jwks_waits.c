#include "server/jwks/jwks_waits.h"

#include <stdlib.h>

struct la_jwks_wait {
    la_jwks_wait *next;
    la_jwks_waits *waits;
    la_jwks_waits_resume resume;
    void *self;
};

la_result la_jwks_waits_init(la_jwks_waits *w, la_jwks_fetch *fetch, void (*wake)(void *self), void *self)
{
    if (uv_mutex_init(&w->lock) != 0)
        return la_fail(LA_NO_MEMORY, "out of memory");
    w->fetch = fetch;
    w->wake = wake;
    w->self = self;
    return la_ok();
}

void la_jwks_waits_done(la_jwks_waits *w)
{
    if (w->fetch)
        uv_mutex_destroy(&w->lock);
}

/* On the fetching thread. */
static void ended(void *self)
{
    la_jwks_wait *wait = self;
    la_jwks_waits *w = wait->waits;

    uv_mutex_lock(&w->lock);
    wait->next = w->ended;
    w->ended = wait;
    /* Under the lock: once it is open, the loop may take the last one and go. */
    w->wake(w->self);
    uv_mutex_unlock(&w->lock);
}

la_result la_jwks_waits_add(la_jwks_waits *w, la_slice uri, la_jwks_waits_resume resume, void *self)
{
    la_jwks_wait *wait;
    la_result r;

    if (w->waiting >= LA_JWKS_WAITS_MAX)
        return la_error(LA_OVERLOADED);
    wait = malloc(sizeof *wait);
    if (!wait)
        return la_error(LA_NO_MEMORY);
    *wait = (la_jwks_wait){.waits = w, .resume = resume, .self = self};
    r = la_jwks_fetch_start(w->fetch, uri, ended, wait);
    if (!la_is_ok(r)) {
        free(wait);
        return r;
    }
    w->waiting++;
    return la_ok();
}

void la_jwks_waits_go_on(la_jwks_waits *w)
{
    la_jwks_wait *list;

    if (w->waiting == 0)
        return;
    uv_mutex_lock(&w->lock);
    list = w->ended;
    w->ended = NULL;
    uv_mutex_unlock(&w->lock);
    while (list) {
        la_jwks_wait *wait = list;

        list = wait->next;
        w->waiting--;
        wait->resume(wait->self);
        free(wait);
    }
}
