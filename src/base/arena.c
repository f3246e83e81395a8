#include "base/arena.h"

#include "base/secret.h"

#include <stdlib.h>

/* Pieces past the first chunk are single blocks: rare, and freed by reset. */
typedef struct block {
    struct block *next;
    size_t bytes;
    _Alignas(16) char data[];
} block;

struct la_arena {
    size_t first_bytes;
    size_t used; /* of the first chunk */
    size_t extra_bytes, max_bytes;
    block *extra;
    _Alignas(16) char first[];
};

la_arena *la_arena_new(size_t first_bytes, size_t max_bytes)
{
    la_arena *a = malloc(sizeof *a + first_bytes);
    if (!a)
        return NULL;
    *a = (la_arena){.first_bytes = first_bytes, .max_bytes = max_bytes};
    return a;
}

la_arena *la_arena_free(la_arena *a)
{
    if (a) {
        la_arena_reset(a);
        free(a);
    }
    return NULL;
}

static void *take_extra(la_arena *a, size_t bytes)
{
    if (bytes > a->max_bytes || a->first_bytes + a->extra_bytes > a->max_bytes - bytes)
        return NULL;
    block *b = malloc(sizeof *b + bytes);
    if (!b)
        return NULL;
    b->next = a->extra;
    b->bytes = bytes;
    a->extra = b;
    a->extra_bytes += bytes;
    return b->data;
}

void *la_arena_take(la_arena *a, size_t bytes)
{
    if (bytes > SIZE_MAX - 15)
        return NULL;
    size_t rounded = (bytes + 15) & ~(size_t)15;
    if (rounded > a->first_bytes - a->used)
        return take_extra(a, rounded);
    void *p = a->first + a->used;
    a->used += rounded;
    return p;
}

la_slice la_arena_copy(la_arena *a, la_slice s)
{
    char *p = la_arena_take(a, s.n);
    if (!p)
        return LA_NO_SLICE;
    if (s.n)
        memcpy(p, s.p, s.n);
    return (la_slice){p, s.n};
}

void la_arena_reset(la_arena *a)
{
    la_wipe(a->first, a->used);
    a->used = 0;
    while (a->extra) {
        block *b = a->extra;
        a->extra = b->next;
        la_wipe(b->data, b->bytes);
        free(b);
    }
    a->extra_bytes = 0;
}
