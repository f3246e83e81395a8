/* A table is a dense array of entries, and an index of it with open addressing that is at most half full; so an almost empty one
 * touches little memory, however many it could hold. */
#include "server/usage/usage_book.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAMED_REFUSALS_MAX = LA_USAGE_REFUSALS_MAX * 3 / 4 };

typedef struct table {
    size_t n, n_refusals;
    bool is_early;
    la_usage_entry *entries;
    uint32_t *index; /* of entries, from 1; 0: free */
    la_usage_refusal refusals[LA_USAGE_REFUSALS_MAX];
} table;

struct la_usage_book {
    unsigned index_bits;     /* twice as many slots as entries */
    table *active;           /* the loop's */
    _Atomic(table *) handed; /* loop to writer */
    _Atomic(table *) spare;  /* writer to loop */
    table *taken;            /* the writer's */
};

static table *table_free(table *t)
{
    if (t) {
        free(t->entries);
        free(t->index);
    }
    free(t);
    return NULL;
}

static table *table_new(unsigned index_bits)
{
    table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->entries = calloc((size_t)1 << (index_bits - 1), sizeof *t->entries);
    t->index = calloc((size_t)1 << index_bits, sizeof *t->index);
    return t->entries && t->index ? t : table_free(t);
}

la_usage_book *la_usage_book_new(unsigned bits)
{
    la_usage_book *b = calloc(1, sizeof *b);

    if (!b)
        return NULL;
    b->index_bits = bits + 1;
    b->active = table_new(b->index_bits);
    atomic_init(&b->spare, table_new(b->index_bits));
    if (!b->active || !atomic_load(&b->spare))
        return la_usage_book_free(b);
    return b;
}

la_usage_book *la_usage_book_free(la_usage_book *b)
{
    if (!b)
        return NULL;
    table_free(b->active);
    table_free(b->taken);
    table_free(atomic_load(&b->handed));
    table_free(atomic_load(&b->spare));
    free(b);
    return NULL;
}

/* Where an entry's search begins. */
static size_t home_of(const la_usage_book *b, uint64_t application_id, uint64_t what)
{
    uint64_t mixed = (application_id + what * UINT64_C(0xD6E8FEB86659FD93)) * UINT64_C(0x9E3779B97F4A7C15);

    return (size_t)(mixed >> (64 - b->index_bits));
}

static bool hand_over(la_usage_book *b, bool is_early)
{
    table *spare = atomic_exchange_explicit(&b->spare, NULL, memory_order_acquire);

    if (!spare)
        return false;
    b->active->is_early = is_early;
    atomic_store_explicit(&b->handed, b->active, memory_order_release);
    b->active = spare;
    return true;
}

bool la_usage_note(la_usage_book *b, uint64_t application_id, uint64_t what)
{
    table *t = b->active;
    size_t mask = ((size_t)1 << b->index_bits) - 1;
    size_t i = home_of(b, application_id, what);

    for (; t->index[i]; i = (i + 1) & mask) {
        la_usage_entry *e = &t->entries[t->index[i] - 1];

        if (e->application_id == application_id && e->what == what) {
            e->count++;
            return true;
        }
    }
    if (t->n > mask / 2)
        return hand_over(b, true) && la_usage_note(b, application_id, what);
    t->entries[t->n] = (la_usage_entry){application_id, what, 1};
    t->index[i] = (uint32_t)++t->n;
    return true;
}

/* That of the same client; else a new one, as long as there is room for its kind. */
static la_usage_refusal *find_refusal(table *t, uint16_t environment_id, la_code code, la_slice client_id)
{
    for (size_t i = 0; i < t->n_refusals; i++) {
        la_usage_refusal *r = &t->refusals[i];

        if (r->environment_id == environment_id && r->code == code && la_slice_is(client_id, r->client_id))
            return r;
    }
    if (t->n_refusals >= (client_id.n ? NAMED_REFUSALS_MAX : LA_USAGE_REFUSALS_MAX))
        return NULL;
    la_usage_refusal *r = &t->refusals[t->n_refusals++];
    *r = (la_usage_refusal){.environment_id = environment_id, .code = code};
    snprintf(r->client_id, sizeof r->client_id, "%.*s", LA_FMT(client_id));
    return r;
}

void la_usage_note_refusal(la_usage_book *b, uint16_t environment_id, la_code code, la_slice client_id,
                           la_slice address, int64_t at_s)
{
    la_usage_refusal *r = find_refusal(b->active, environment_id, code, client_id);

    if (!r && client_id.n)
        r = find_refusal(b->active, environment_id, code, LA_SLICE(""));
    if (!r)
        return;
    if (r->count++ == 0)
        r->first_at_s = at_s;
    r->last_at_s = at_s;
    snprintf(r->address, sizeof r->address, "%.*s", LA_FMT(address));
}

bool la_usage_is_empty(const la_usage_book *b)
{
    return b->active->n == 0 && b->active->n_refusals == 0;
}

bool la_usage_hand_over(la_usage_book *b)
{
    return la_usage_is_empty(b) || hand_over(b, false);
}

bool la_usage_take(la_usage_book *b, la_usage_noted *ret)
{
    table *t = atomic_exchange_explicit(&b->handed, NULL, memory_order_acquire);

    if (!t)
        return false;
    b->taken = t;
    *ret = (la_usage_noted){t->entries, t->n, t->refusals, t->n_refusals, t->is_early};
    return true;
}

/* An entry lies between its home and the next free slot. Clearing from each home up to there leaves nothing behind, whichever entry
 * comes first, and touches no more of the index than was used. */
static void clear_index(const la_usage_book *b, table *t)
{
    size_t mask = ((size_t)1 << b->index_bits) - 1;

    for (size_t e = 0; e < t->n; e++)
        for (size_t i = home_of(b, t->entries[e].application_id, t->entries[e].what); t->index[i]; i = (i + 1) & mask)
            t->index[i] = 0;
}

void la_usage_give_back(la_usage_book *b)
{
    table *t = b->taken;

    if (!t)
        return;
    clear_index(b, t);
    t->n = t->n_refusals = 0;
    b->taken = NULL;
    atomic_store_explicit(&b->spare, t, memory_order_release);
}
