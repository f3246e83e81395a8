#include "server/usage/usage_ledger.h"

#include <stdlib.h>

enum { FIRST_BITS = 8 };

/* Counts by key: a dense array and its index, as in usage_book.c, but growing. */
typedef struct part {
    unsigned bits; /* room for 2^bits entries; 0: nothing is allocated */
    size_t n;
    la_usage_entry *entries;
    uint32_t *index;
} part;

struct la_usage_ledger {
    unsigned bits;
    part gathering;          /* what comes */
    la_usage_entry *leaving; /* what is being written; the older part */
    size_t n_leaving, written, offered;
    bool is_due; /* what has been gathered */
    uint64_t dropped;
};

la_usage_ledger *la_usage_ledger_new(unsigned bits)
{
    la_usage_ledger *l = calloc(1, sizeof *l);

    if (l)
        l->bits = bits;
    return l;
}

static void part_done(part *p)
{
    free(p->entries);
    free(p->index);
    *p = (part){0};
}

la_usage_ledger *la_usage_ledger_free(la_usage_ledger *l)
{
    if (!l)
        return NULL;
    part_done(&l->gathering);
    free(l->leaving);
    free(l);
    return NULL;
}

/* The slot of the key: that of its entry, or the free one where it would go. */
static uint32_t *find(const part *p, uint64_t application_id, uint64_t what)
{
    size_t mask = ((size_t)2 << p->bits) - 1;
    uint64_t mixed = (application_id + what * UINT64_C(0xD6E8FEB86659FD93)) * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(mixed >> (63 - p->bits));

    while (p->index[i] &&
           (p->entries[p->index[i] - 1].application_id != application_id || p->entries[p->index[i] - 1].what != what))
        i = (i + 1) & mask;
    return &p->index[i];
}

static bool grow(part *p)
{
    part larger = {.bits = p->bits ? p->bits + 1 : FIRST_BITS, .n = p->n};

    larger.entries = calloc((size_t)1 << larger.bits, sizeof *larger.entries);
    larger.index = calloc((size_t)2 << larger.bits, sizeof *larger.index);
    if (!larger.entries || !larger.index) {
        part_done(&larger);
        return false;
    }
    for (size_t i = 0; i < p->n; i++) {
        larger.entries[i] = p->entries[i];
        *find(&larger, p->entries[i].application_id, p->entries[i].what) = (uint32_t)i + 1;
    }
    part_done(p);
    *p = larger;
    return true;
}

static void drop(la_usage_ledger *l, const la_usage_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(la_usage_outcome(entries[i].what) & LA_USAGE_LATENCY))
            l->dropped += entries[i].count;
}

static int compare(const void *a, const void *b)
{
    const la_usage_entry *x = a, *y = b;

    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    return x->application_id < y->application_id ? -1 : x->application_id > y->application_id;
}

/* What was gathered becomes what leaves; what of that was left over is lost. */
static void set_apart(la_usage_ledger *l)
{
    if (l->written < l->n_leaving)
        drop(l, l->leaving + l->written, l->n_leaving - l->written);
    free(l->leaving);
    l->leaving = l->gathering.entries;
    l->n_leaving = l->gathering.n;
    l->written = l->offered = 0;
    free(l->gathering.index);
    l->gathering = (part){0};
    if (l->n_leaving)
        qsort(l->leaving, l->n_leaving, sizeof *l->leaving, compare);
}

static bool has_room(const part *p)
{
    return p->bits && p->n < (size_t)1 << p->bits;
}

static void add(la_usage_ledger *l, const la_usage_entry *e)
{
    part *p = &l->gathering;
    uint32_t *slot = p->bits ? find(p, e->application_id, e->what) : NULL;

    if (slot && *slot) {
        p->entries[*slot - 1].count += e->count;
        return;
    }
    if (!has_room(p)) {
        if (p->bits >= l->bits)
            set_apart(l);
        if (!grow(p)) {
            drop(l, e, 1);
            return;
        }
        slot = find(p, e->application_id, e->what);
    }
    p->entries[p->n++] = *e;
    *slot = (uint32_t)p->n;
}

void la_usage_ledger_add(la_usage_ledger *l, const la_usage_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(l, &entries[i]);
}

void la_usage_ledger_make_due(la_usage_ledger *l)
{
    l->is_due = true;
}

size_t la_usage_ledger_next(la_usage_ledger *l, const la_usage_entry **ret)
{
    /* Half of the room is for what comes while the rest is written. */
    bool is_full = l->gathering.n > ((size_t)1 << l->bits) / 2;

    if (l->written == l->n_leaving && (l->is_due || is_full)) {
        set_apart(l);
        l->is_due = false;
    }
    l->offered = l->n_leaving - l->written < LA_USAGE_BATCH ? l->n_leaving - l->written : LA_USAGE_BATCH;
    *ret = l->offered ? l->leaving + l->written : NULL;
    return l->offered;
}

void la_usage_ledger_written(la_usage_ledger *l)
{
    l->written += l->offered;
    l->offered = 0;
}

size_t la_usage_ledger_waiting(const la_usage_ledger *l)
{
    return l->gathering.n + l->n_leaving - l->written;
}

uint64_t la_usage_ledger_dropped(const la_usage_ledger *l)
{
    return l->dropped;
}
