/*
 * Loading a configuration: the document, its shape, libcyaml, the defaults, what options must be to each other, in this order.
 */
#include "config/config.h"

#include "base/arena.h"
#include "config/check.h"
#include "config/document.h"
#include "config/fill.h"
#include "config/schema.h"
#include "config/shape.h"

#include <stdlib.h>

#define FIRST_BYTES 4096
#define MAX_BYTES (16 * 1024 * 1024)

/* What la_config_load gives out is the first member. */
typedef struct holder {
    la_config config;
    la_arena *arena; /* everything that the config points to */
} holder;

static la_result fill_and_check(const la_document *d, const raw_root *raw, la_config **ret)
{
    holder *h = calloc(1, sizeof *h);
    la_arena *arena = la_arena_new(FIRST_BYTES, MAX_BYTES);
    la_result r = la_fail(LA_NO_MEMORY, "%s: out of memory", d->file);
    if (h && arena)
        r = la_config_fill(d->file, raw, arena, &h->config);
    if (la_is_ok(r))
        r = la_config_check(d, &h->config);
    if (!la_is_ok(r)) {
        la_arena_free(arena);
        free(h);
        return r;
    }
    h->arena = arena;
    *ret = &h->config;
    return r;
}

la_result la_config_load(const char *file, la_config **ret)
{
    la_document d;
    raw_root *raw = NULL;
    la_result r = la_document_read(file, &d);
    if (la_is_ok(r))
        r = la_shape_check(&d);
    if (la_is_ok(r))
        r = la_schema_load(file, (la_slice){d.text, d.text_bytes}, &raw);
    if (la_is_ok(r))
        r = fill_and_check(&d, raw, ret);
    la_schema_free(raw);
    la_document_done(&d);
    return r;
}

la_config *la_config_free(la_config *c)
{
    holder *h = (holder *)c;
    if (h) {
        la_arena_free(h->arena);
        free(h);
    }
    return NULL;
}

const la_environment_config *la_config_environment(const la_config *c, la_slice name)
{
    for (unsigned i = 0; i < c->n_environments; i++)
        if (la_slice_equal(c->environments[i].name, name))
            return &c->environments[i];
    return NULL;
}

uint32_t la_environment_longest_lifetime_s(const la_environment_config *e)
{
    uint32_t longest_s = e->api.lifetime_s > e->customer.lifetime_s ? e->api.lifetime_s : e->customer.lifetime_s;
    for (unsigned i = 0; i < e->n_scopes; i++)
        if (e->scopes[i].lifetime_s > longest_s)
            longest_s = e->scopes[i].lifetime_s;
    return longest_s;
}
