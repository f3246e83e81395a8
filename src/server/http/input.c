/* Input buffers: taken when bytes come, given back when nothing is pending, so that an idle connection has none. */
#include "server/http/connection.h"

#include "base/secret.h"

#include <stdlib.h>

#define SPARE_INPUTS 64

static char *take(la_http_server *s, size_t bytes)
{
    if (bytes != LA_HTTP_INPUT_BYTES || !s->free_inputs)
        return malloc(bytes);
    void *p = s->free_inputs;
    memcpy(&s->free_inputs, p, sizeof s->free_inputs);
    s->n_free_inputs--;
    return p;
}

static void give_back(la_http_server *s, char *p, size_t capacity)
{
    if (capacity != LA_HTTP_INPUT_BYTES || s->n_free_inputs >= SPARE_INPUTS) {
        free(p);
        return;
    }
    memcpy(p, &s->free_inputs, sizeof s->free_inputs);
    s->free_inputs = p;
    s->n_free_inputs++;
}

void la_http_input_release(la_http_connection *c)
{
    if (!c->in)
        return;
    if (c->in_dirty < c->in_end)
        c->in_dirty = c->in_end;
    la_wipe(c->in, c->in_dirty);
    give_back(c->server, c->in, c->in_capacity);
    c->in = NULL;
    c->in_capacity = c->in_start = c->in_end = c->in_dirty = 0;
}

bool la_http_input_room(la_http_connection *c, size_t bytes)
{
    if (c->in_capacity - c->in_start >= bytes)
        return true;
    size_t used = c->in_end - c->in_start;
    if (c->in_dirty < c->in_end)
        c->in_dirty = c->in_end;
    if (c->in_capacity >= bytes) {
        memmove(c->in, c->in + c->in_start, used);
    } else {
        size_t capacity = bytes > LA_HTTP_INPUT_BYTES ? bytes : LA_HTTP_INPUT_BYTES;
        char *p = take(c->server, capacity);
        if (!p)
            return false;
        if (used)
            memcpy(p, c->in + c->in_start, used);
        la_http_input_release(c);
        c->in = p;
        c->in_capacity = capacity;
    }
    c->in_start = 0;
    c->in_end = used;
    return true;
}
