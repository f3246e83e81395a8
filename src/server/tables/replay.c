/*
 * A shard is a hash table of chains over one array of entries, and a heap of the same entries by their end: what is over is on top. A
 * digest always belongs to the same shard, so the shard's lock makes "look and add" one step.
 */
#include "server/tables/replay.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/tables/keyed_digest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    SHARDS = 64,
    FIRST_CAPACITY = 16,
    DROPPED_A_CALL = 2,       /* more than come in, so that what is over does not pile up */
    DROPPED_WHERE_FULL = 256, /* at a time, of a shard that another one needs room of */
    ATTEMPTS = 4,
    CLIENTS = 16384, /* counters of them; who meets another in one shares with it */
    SHARE = 7,       /* times what is free: what one client may hold */
    LINE_EVERY_US = 10000000
};

typedef struct entry {
    la_keyed_digest digest;
    int64_t expires_at_s;
    uint32_t next;   /* in its chain, or of the free ones; from 1, 0: none */
    uint32_t client; /* its counter */
} entry;

typedef struct shard {
    pthread_mutex_t lock;
    _Atomic int64_t earliest_s; /* end of the heap's top; INT64_MAX: empty. Written under the lock */
    int64_t forgotten_s;        /* the latest end of what was dropped */
    entry *entries;
    uint32_t *buckets; /* capacity of them: a power of two */
    uint32_t *heap;    /* n of them */
    uint32_t capacity, n, free;
} shard;

struct la_replay {
    uint32_t max_entries;
    atomic_uint n;
    atomic_uint held[CLIENTS]; /* of n, by client */
    _Atomic uint64_t refused_full;
    _Atomic int64_t next_line_us;
    uint8_t key[LA_KEYED_DIGEST_KEY_BYTES];
    shard shards[SHARDS];
};

la_replay *la_replay_new(uint32_t max_entries)
{
    la_replay *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->max_entries = max_entries;
    la_random_bytes(r->key, sizeof r->key);
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&r->shards[i].lock, NULL);
        atomic_init(&r->shards[i].earliest_s, INT64_MAX);
        r->shards[i].forgotten_s = INT64_MIN;
    }
    return r;
}

la_replay *la_replay_free(la_replay *r)
{
    if (!r)
        return NULL;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&r->shards[i].lock);
        free(r->shards[i].entries);
        free(r->shards[i].buckets);
        free(r->shards[i].heap);
    }
    la_wipe(r->key, sizeof r->key);
    free(r);
    return NULL;
}

uint64_t la_replay_entries(const la_replay *r)
{
    return atomic_load_explicit(&r->n, memory_order_relaxed);
}

uint64_t la_replay_refused_full(const la_replay *r)
{
    return atomic_load_explicit(&r->refused_full, memory_order_relaxed);
}

/* ---- a shard, under its lock ---- */

static uint32_t *bucket_of(const shard *s, const la_keyed_digest *digest)
{
    return &s->buckets[la_keyed_digest_bits(digest, 4) & (s->capacity - 1)];
}

static bool holds(const shard *s, const la_keyed_digest *digest)
{
    for (uint32_t i = s->capacity ? *bucket_of(s, digest) : 0; i; i = s->entries[i - 1].next)
        if (la_keyed_digest_equal(&s->entries[i - 1].digest, digest))
            return true;
    return false;
}

static int64_t end_of(const shard *s, uint32_t heap_at)
{
    return s->entries[s->heap[heap_at] - 1].expires_at_s;
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t kept = *a;

    *a = *b;
    *b = kept;
}

static void heap_add(shard *s, uint32_t number)
{
    uint32_t at = s->n++;

    for (s->heap[at] = number; at && end_of(s, at) < end_of(s, (at - 1) / 2); at = (at - 1) / 2)
        swap(&s->heap[at], &s->heap[(at - 1) / 2]);
}

static uint32_t heap_take(shard *s)
{
    uint32_t number = s->heap[0], at = 0;

    s->heap[0] = s->heap[--s->n];
    for (;;) {
        uint32_t least = at, child = 2 * at + 1;

        for (uint32_t i = child; i < s->n && i < child + 2; i++)
            if (end_of(s, i) < end_of(s, least))
                least = i;
        if (least == at)
            return number;
        swap(&s->heap[at], &s->heap[least]);
        at = least;
    }
}

static void note_earliest(shard *s)
{
    atomic_store_explicit(&s->earliest_s, s->n ? end_of(s, 0) : INT64_MAX, memory_order_relaxed);
}

static void unlink_entry(shard *s, uint32_t number)
{
    uint32_t *at = bucket_of(s, &s->entries[number - 1].digest);

    while (*at != number)
        at = &s->entries[*at - 1].next;
    *at = s->entries[number - 1].next;
    s->entries[number - 1].next = s->free;
    s->free = number;
}

static void give_back(la_replay *r, uint32_t client)
{
    atomic_fetch_sub_explicit(&r->held[client], 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&r->n, 1, memory_order_relaxed);
}

/* Room for one more, where there is some; with `shares`, of this client's share. */
static bool reserve(la_replay *r, uint32_t client, bool shares)
{
    uint32_t n = atomic_fetch_add_explicit(&r->n, 1, memory_order_relaxed);
    uint64_t held = atomic_fetch_add_explicit(&r->held[client], 1, memory_order_relaxed);

    if (n < r->max_entries && (!shares || held < (uint64_t)SHARE * (r->max_entries - n)))
        return true;
    give_back(r, client);
    return false;
}

/* Forgets what is over; gives how many. */
static uint32_t drop(la_replay *r, shard *s, int64_t now_s, uint32_t most)
{
    uint32_t dropped = 0;

    while (dropped < most && s->n && end_of(s, 0) <= now_s) {
        int64_t end_s = end_of(s, 0);
        uint32_t number = heap_take(s);

        s->forgotten_s = end_s > s->forgotten_s ? end_s : s->forgotten_s;
        give_back(r, s->entries[number - 1].client);
        unlink_entry(s, number);
        dropped++;
    }
    note_earliest(s);
    return dropped;
}

/* Twice as many entries. What was there stays where it fails. */
static bool grow(shard *s)
{
    uint32_t capacity = s->capacity ? s->capacity * 2 : FIRST_CAPACITY;
    entry *entries = realloc(s->entries, capacity * sizeof *entries);
    uint32_t *heap, *buckets;

    if (!entries)
        return false;
    s->entries = entries;
    heap = realloc(s->heap, capacity * sizeof *heap);
    if (!heap)
        return false;
    s->heap = heap;
    buckets = calloc(capacity, sizeof *buckets);
    if (!buckets)
        return false;
    free(s->buckets);
    s->buckets = buckets;
    for (uint32_t i = s->capacity; i < capacity; i++) {
        s->entries[i].next = s->free;
        s->free = i + 1;
    }
    s->capacity = capacity;
    for (uint32_t i = 0; i < s->n; i++) {
        entry *e = &s->entries[s->heap[i] - 1];
        uint32_t *bucket = bucket_of(s, &e->digest);

        e->next = *bucket;
        *bucket = s->heap[i];
    }
    return true;
}

static bool add(la_replay *r, shard *s, const la_keyed_digest *digest, uint32_t client, bool shares,
                int64_t expires_at_s)
{
    uint32_t number, *bucket;

    if (!reserve(r, client, shares))
        return false;
    if (!s->free && !grow(s)) {
        give_back(r, client);
        return false;
    }
    number = s->free;
    s->free = s->entries[number - 1].next;
    bucket = bucket_of(s, digest);
    s->entries[number - 1] = (entry){*digest, expires_at_s, *bucket, client};
    *bucket = number;
    heap_add(s, number);
    note_earliest(s);
    return true;
}

static la_replay_verdict take(la_replay *r, shard *s, const la_keyed_digest *digest, uint32_t client, bool shares,
                              int64_t expires_at_s, int64_t now_s)
{
    if (holds(s, digest) || expires_at_s <= s->forgotten_s || expires_at_s <= now_s)
        return LA_REPLAY_USED;
    drop(r, s, now_s, DROPPED_A_CALL);
    return add(r, s, digest, client, shares, expires_at_s) ? LA_REPLAY_FIRST : LA_REPLAY_FULL;
}

/* ---- all of them ---- */

/* Makes room in the first shard that has some. */
static bool drop_anywhere(la_replay *r, int64_t now_s)
{
    for (size_t i = 0; i < SHARDS; i++) {
        shard *s = &r->shards[i];
        uint32_t dropped;

        if (atomic_load_explicit(&s->earliest_s, memory_order_relaxed) > now_s)
            continue;
        pthread_mutex_lock(&s->lock);
        dropped = drop(r, s, now_s, DROPPED_WHERE_FULL);
        pthread_mutex_unlock(&s->lock);
        if (dropped)
            return true;
    }
    return false;
}

static void note_full(la_replay *r)
{
    int64_t now_us = la_clock_monotonic_us();
    int64_t next_us = atomic_load_explicit(&r->next_line_us, memory_order_relaxed);
    uint64_t refused = atomic_fetch_add_explicit(&r->refused_full, 1, memory_order_relaxed) + 1;

    if (now_us < next_us || !atomic_compare_exchange_strong(&r->next_line_us, &next_us, now_us + LINE_EVERY_US))
        return;
    la_log_begin(LA_LOG_ERROR, "replay_full");
    la_log_int("entries", (int64_t)la_replay_entries(r));
    la_log_int("max_entries", r->max_entries);
    la_log_int("refused", (int64_t)refused);
    la_log_text("message", LA_SLICE("no room to remember that an assertion or proof was used, so it was refused: raise "
                                    "replay.max_entries, or have clients make assertions that expire sooner"));
    la_log_end();
}

/* The same client in two environments is two. */
static uint32_t client_of(const la_replay *r, const la_replay_key *key)
{
    uint8_t scope[2] = {(uint8_t)(key->environment_id >> 8), (uint8_t)key->environment_id};
    la_slice parts[] = {{(const char *)scope, sizeof scope}, key->client_id};
    la_keyed_digest digest = la_keyed_digest_of(r->key, parts, 2);

    return la_keyed_digest_bits(&digest, 0) % CLIENTS;
}

la_replay_verdict la_replay_take(la_replay *r, const la_replay_key *key, int64_t expires_at_s, int64_t now_s)
{
    uint8_t scope[3] = {key->kind, (uint8_t)(key->environment_id >> 8), (uint8_t)key->environment_id};
    la_slice parts[] = {{(const char *)scope, sizeof scope}, key->issuer, key->jti};
    la_keyed_digest digest = la_keyed_digest_of(r->key, parts, 3);
    shard *s = &r->shards[la_keyed_digest_bits(&digest, 0) % SHARDS];
    uint32_t client = client_of(r, key);
    la_replay_verdict verdict = LA_REPLAY_FULL;

    /* The room that was made for this one may go to another. What is over counts for nobody's share: who makes room may take a place. */
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        pthread_mutex_lock(&s->lock);
        verdict = take(r, s, &digest, client, attempt == 0, expires_at_s, now_s);
        pthread_mutex_unlock(&s->lock);
        if (verdict != LA_REPLAY_FULL || !drop_anywhere(r, now_s))
            break;
    }
    if (verdict == LA_REPLAY_FULL)
        note_full(r);
    return verdict;
}
