/* Sets of a few entries, a lock for some sets each. Each call of put also looks through one set for tokens that are over, so that none
 * stays in memory for long while there is traffic. */
#include "server/tables/token_reuse.h"

#include "base/secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { WAYS = 4, SETS = LA_TOKEN_REUSE_ENTRIES / WAYS, LOCKS = 64 };

typedef struct entry {
    uint8_t key[LA_TOKEN_REUSE_KEY_BYTES];
    int64_t issued_at_s, expires_at_s;
    int64_t until_s; /* no longer given again from here on */
    char *token;     /* NULL: the entry is free */
    size_t n;
} entry;

struct la_token_reuse {
    uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* scopes and audiences are chosen by clients: the set must not be */
    atomic_uint n, next_sweep;
    atomic_size_t bytes;
    pthread_mutex_t locks[LOCKS];
    entry sets[SETS][WAYS];
};

la_token_reuse *la_token_reuse_new(void)
{
    la_token_reuse *r = calloc(1, sizeof *r); /* so large that only what is used takes memory */

    if (!r)
        return NULL;
    la_random_bytes(r->hash_key, sizeof r->hash_key);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&r->locks[i], NULL);
    return r;
}

static void drop(la_token_reuse *r, entry *e)
{
    if (!e->token)
        return;
    la_wipe(e->token, e->n);
    free(e->token);
    atomic_fetch_sub_explicit(&r->bytes, e->n, memory_order_relaxed);
    atomic_fetch_sub_explicit(&r->n, 1, memory_order_relaxed);
    la_wipe(e, sizeof *e);
}

la_token_reuse *la_token_reuse_free(la_token_reuse *r)
{
    if (!r)
        return NULL;
    /* An empty one is not walked through: its pages were never there. */
    for (size_t i = 0; i < LA_TOKEN_REUSE_ENTRIES && atomic_load(&r->n); i++)
        drop(r, &r->sets[i / WAYS][i % WAYS]);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&r->locks[i]);
    free(r);
    return NULL;
}

uint32_t la_token_reuse_entries(const la_token_reuse *r)
{
    return atomic_load_explicit(&r->n, memory_order_relaxed);
}

static uint32_t set_of(const la_token_reuse *r, const uint8_t key[LA_TOKEN_REUSE_KEY_BYTES])
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t bits;

    crypto_shorthash(hash, key, LA_TOKEN_REUSE_KEY_BYTES, r->hash_key);
    memcpy(&bits, hash, sizeof bits);
    return bits % SETS;
}

static pthread_mutex_t *lock_of(la_token_reuse *r, uint32_t set)
{
    return &r->locks[set % LOCKS];
}

/* Where the clock was set back behind its issue, a token would be of the future. */
static bool is_usable(const entry *e, int64_t now_s)
{
    return e->token && now_s >= e->issued_at_s && now_s < e->until_s;
}

/* The last moment at which half of the lifetime is left, or the end of the time of reuse, whichever comes first. */
static int64_t until_of(const la_reused_token *t, uint32_t reuse_s)
{
    int64_t half_s = t->issued_at_s + (t->expires_at_s - t->issued_at_s) / 2 + 1;
    int64_t end_s = t->issued_at_s + reuse_s;

    return half_s < end_s ? half_s : end_s;
}

static entry *find(la_token_reuse *r, uint32_t set, const uint8_t key[LA_TOKEN_REUSE_KEY_BYTES])
{
    for (int i = 0; i < WAYS; i++)
        if (r->sets[set][i].token && memcmp(r->sets[set][i].key, key, LA_TOKEN_REUSE_KEY_BYTES) == 0)
            return &r->sets[set][i];
    return NULL;
}

bool la_token_reuse_find(la_token_reuse *r, const uint8_t key[LA_TOKEN_REUSE_KEY_BYTES], int64_t now_s, la_arena *arena,
                         la_reused_token *ret)
{
    uint32_t set = set_of(r, key);
    la_reused_token found = {0};
    entry *e;

    pthread_mutex_lock(lock_of(r, set));
    e = find(r, set, key);
    if (e && is_usable(e, now_s))
        found = (la_reused_token){la_arena_copy(arena, (la_slice){e->token, e->n}), e->issued_at_s, e->expires_at_s};
    pthread_mutex_unlock(lock_of(r, set));
    if (!found.token.p)
        return false;
    *ret = found;
    return true;
}

static void sweep(la_token_reuse *r, int64_t now_s)
{
    uint32_t set = atomic_fetch_add_explicit(&r->next_sweep, 1, memory_order_relaxed) % SETS;

    pthread_mutex_lock(lock_of(r, set));
    for (int i = 0; i < WAYS; i++)
        if (!is_usable(&r->sets[set][i], now_s))
            drop(r, &r->sets[set][i]);
    pthread_mutex_unlock(lock_of(r, set));
}

/* That of the key, else a free one, else the one that is over first. */
static entry *choose(la_token_reuse *r, uint32_t set, const uint8_t key[LA_TOKEN_REUSE_KEY_BYTES])
{
    entry *best = find(r, set, key);

    for (int i = 0; i < WAYS && !best; i++)
        best = r->sets[set][i].token ? NULL : &r->sets[set][i];
    if (best)
        return best;
    best = &r->sets[set][0];
    for (int i = 1; i < WAYS; i++)
        if (r->sets[set][i].until_s < best->until_s)
            best = &r->sets[set][i];
    return best;
}

static void fill(la_token_reuse *r, entry *e, const uint8_t key[LA_TOKEN_REUSE_KEY_BYTES], const la_reused_token *t,
                 int64_t until_s)
{
    size_t before = atomic_fetch_add_explicit(&r->bytes, t->token.n, memory_order_relaxed);

    if (before + t->token.n <= LA_TOKEN_REUSE_BYTES)
        e->token = malloc(t->token.n);
    if (!e->token) {
        atomic_fetch_sub_explicit(&r->bytes, t->token.n, memory_order_relaxed);
        return;
    }
    memcpy(e->token, t->token.p, t->token.n);
    memcpy(e->key, key, sizeof e->key);
    e->n = t->token.n;
    e->issued_at_s = t->issued_at_s;
    e->expires_at_s = t->expires_at_s;
    e->until_s = until_s;
    atomic_fetch_add_explicit(&r->n, 1, memory_order_relaxed);
}

void la_token_reuse_put(la_token_reuse *r, const uint8_t key[LA_TOKEN_REUSE_KEY_BYTES], const la_reused_token *token,
                        uint32_t reuse_s, int64_t now_s)
{
    uint32_t set = set_of(r, key);
    int64_t until_s = until_of(token, reuse_s);
    entry *e;

    if (token->token.n == 0 || token->token.n > LA_TOKEN_REUSE_TOKEN_MAX)
        return;
    sweep(r, now_s);
    pthread_mutex_lock(lock_of(r, set));
    e = choose(r, set, key);
    drop(r, e);
    if (until_s > now_s)
        fill(r, e, key, token, until_s);
    pthread_mutex_unlock(lock_of(r, set));
}
