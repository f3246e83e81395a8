/* An open-addressing table of 16-byte entries at most half full; the writer turns it into a sorted array in place. */
#include "server/usage/last_used.h"

#include "store/store.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef struct table {
    size_t n;       /* uses in it */
    size_t written; /* writer: how many of the sorted array are done */
    bool sorted;
    la_last_used slots[]; /* secret_id 0: free */
} table;

struct la_last_used_book {
    unsigned slot_bits;      /* twice as many slots as uses: a fuller table probes for too long */
    table *active;           /* the loop's */
    _Atomic(table *) handed; /* loop to writer */
    _Atomic(table *) spare;  /* writer to loop */
    table *writing;          /* the writer's */
};

static size_t slots_of(const la_last_used_book *b)
{
    return (size_t)1 << b->slot_bits;
}

static size_t table_bytes(const la_last_used_book *b)
{
    return sizeof(table) + slots_of(b) * sizeof(la_last_used);
}

la_last_used_book *la_last_used_book_new(unsigned bits)
{
    la_last_used_book *b = calloc(1, sizeof *b);

    if (!b)
        return NULL;
    b->slot_bits = bits + 1;
    b->active = calloc(1, table_bytes(b));
    atomic_init(&b->spare, calloc(1, table_bytes(b)));
    if (!b->active || !atomic_load(&b->spare))
        return la_last_used_book_free(b);
    return b;
}

la_last_used_book *la_last_used_book_free(la_last_used_book *b)
{
    if (!b)
        return NULL;
    free(b->active);
    free(b->writing);
    free(atomic_load(&b->handed));
    free(atomic_load(&b->spare));
    free(b);
    return NULL;
}

bool la_last_used_note(la_last_used_book *b, uint64_t secret_id, int64_t at_s)
{
    table *t = b->active;
    size_t i = (size_t)((secret_id * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - b->slot_bits));

    if (secret_id == 0)
        return true;
    while (t->slots[i].secret_id != secret_id) {
        if (t->slots[i].secret_id == 0) {
            if (t->n == slots_of(b) / 2)
                return false;
            t->n++;
            t->slots[i].secret_id = secret_id;
            break;
        }
        i = (i + 1) & (slots_of(b) - 1);
    }
    if (t->slots[i].at_s < at_s)
        t->slots[i].at_s = at_s;
    return true;
}

bool la_last_used_is_empty(const la_last_used_book *b)
{
    return b->active->n == 0;
}

bool la_last_used_hand_over(la_last_used_book *b)
{
    table *spare;

    if (b->active->n == 0)
        return true;
    spare = atomic_exchange_explicit(&b->spare, NULL, memory_order_acquire);
    if (!spare)
        return false;
    atomic_store_explicit(&b->handed, b->active, memory_order_release);
    b->active = spare;
    return true;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const la_last_used *)a)->secret_id;
    uint64_t y = ((const la_last_used *)b)->secret_id;

    return x < y ? -1 : x > y;
}

static void sort(table *t, size_t n_slots)
{
    size_t to = 0;

    for (size_t from = 0; from < n_slots; from++)
        if (t->slots[from].secret_id)
            t->slots[to++] = t->slots[from];
    qsort(t->slots, t->n, sizeof t->slots[0], compare);
    t->sorted = true;
}

const la_last_used *la_last_used_next(la_last_used_book *b, size_t *ret_n)
{
    table *t = b->writing;

    if (!t)
        t = b->writing = atomic_exchange_explicit(&b->handed, NULL, memory_order_acquire);
    *ret_n = 0;
    if (!t)
        return NULL;
    if (!t->sorted)
        sort(t, slots_of(b));
    *ret_n = t->n - t->written < LA_LAST_USED_BATCH ? t->n - t->written : LA_LAST_USED_BATCH;
    return t->slots + t->written;
}

void la_last_used_written(la_last_used_book *b, size_t n)
{
    table *t = b->writing;

    if (!t)
        return;
    t->written += n;
    if (t->written < t->n)
        return;
    b->writing = NULL;
    /* Compacting left copies behind the array, so all of it is cleared. */
    memset(t, 0, table_bytes(b));
    atomic_store_explicit(&b->spare, t, memory_order_release);
}
