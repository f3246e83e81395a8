/*
 * Each entry is one 64-bit word: 20 bits of a keyed hash and 44 bits of time, the "theoretical arrival time" of the
 * generic cell rate algorithm, which is a token bucket in one number. An entry whose time is past is free. The hash is
 * keyed (SipHash, key random to the process), so nobody can aim at the entry of somebody else.
 */
#include "server/tables/throttle.h"

#include "base/secret.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    N_SETS = 16384,
    WAYS = 4, /* entries of one set: half a cache line */
    TIME_BITS = 44,
    UNIT_SHIFT = 4, /* a unit of time is 16 us, so 44 bits last for eight years */
    UNITS_PER_MINUTE = 60 * 1000000 >> UNIT_SHIFT,
    UNITS_PER_SECOND = 1000000 >> UNIT_SHIFT,
};
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)

struct la_throttle {
    _Atomic uint64_t quiet_from; /* the latest time of any entry: from then on nothing can be blocked */
    int64_t started_us;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    _Atomic uint64_t entries[N_SETS][WAYS];
};

la_throttle *la_throttle_new(int64_t now_us)
{
    la_throttle *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->started_us = now_us;
    la_random_bytes(t->hash_key, sizeof t->hash_key);
    return t;
}

la_throttle *la_throttle_free(la_throttle *t)
{
    free(t);
    return NULL;
}

/* From 1, so that no entry in use is all zero. */
static uint64_t units_of(const la_throttle *t, int64_t now_us)
{
    int64_t us = now_us - t->started_us;

    return (us > 0 ? (uint64_t)us >> UNIT_SHIFT : 0) + 1;
}

static uint64_t hash_of(const la_throttle *t, la_slice address, la_slice client_id)
{
    unsigned char text[1 + 64 + 160];
    unsigned char digest[crypto_shorthash_BYTES];
    struct in6_addr v6;
    char zero_terminated[64];
    uint64_t hash;
    size_t n = 1;

    if (address.n >= sizeof zero_terminated)
        address.n = sizeof zero_terminated - 1;
    if (memchr(address.p ? address.p : "", ':', address.n)) {
        memcpy(zero_terminated, address.p, address.n);
        zero_terminated[address.n] = '\0';
        zero_terminated[strcspn(zero_terminated, "%")] = '\0';
        if (inet_pton(AF_INET6, zero_terminated, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6)) {
            /* Whoever has one address of a /64 has all of them. */
            memcpy(zero_terminated, &v6, 8);
            address = (la_slice){zero_terminated, 8};
        }
    }
    text[0] = (unsigned char)(client_id.p ? 1 + address.n : 0);
    memcpy(text + n, address.p ? address.p : "", address.n);
    n += address.n;
    if (client_id.p) {
        size_t most = sizeof text - n;
        size_t part = client_id.n < most ? client_id.n : most;

        memcpy(text + n, client_id.p, part);
        n += part;
    }
    crypto_shorthash(digest, text, n, t->hash_key);
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

/* The time of the entry of this hash; 0 where it has none. */
static uint64_t find(la_throttle *t, uint64_t hash)
{
    _Atomic uint64_t *set = t->entries[hash % N_SETS];

    for (int i = 0; i < WAYS; i++) {
        uint64_t entry = atomic_load_explicit(&set[i], memory_order_relaxed);

        if (entry && entry >> TIME_BITS == hash >> TIME_BITS)
            return entry & TIME_MASK;
    }
    return 0;
}

/* Units until the next attempt is allowed; 0: now. */
static uint64_t wait_of(la_throttle *t, uint32_t per_minute, uint64_t hash, uint64_t now)
{
    uint64_t step = UNITS_PER_MINUTE / (per_minute < UNITS_PER_MINUTE ? per_minute : UNITS_PER_MINUTE);
    uint64_t time = find(t, hash);
    uint64_t allowed_from = time + step > UNITS_PER_MINUTE ? time + step - UNITS_PER_MINUTE : 0;

    return allowed_from > now ? allowed_from - now : 0;
}

bool la_throttle_is_blocked(la_throttle *t, la_throttle_limits limits, la_slice address, la_slice client_id,
                            int64_t now_us, uint32_t *ret_retry_after_s)
{
    uint64_t quiet_from = atomic_load_explicit(&t->quiet_from, memory_order_relaxed);
    uint64_t now, wait = 0, other;

    if (quiet_from == 0)
        return false;
    now = units_of(t, now_us);
    if (now >= quiet_from)
        return false;
    if (limits.per_address)
        wait = wait_of(t, limits.per_address, hash_of(t, address, LA_NO_SLICE), now);
    if (limits.per_client && client_id.p) {
        other = wait_of(t, limits.per_client, hash_of(t, address, client_id), now);
        wait = wait > other ? wait : other;
    }
    if (wait == 0)
        return false;
    *ret_retry_after_s = (uint32_t)((wait + UNITS_PER_SECOND - 1) / UNITS_PER_SECOND);
    return true;
}

/* The entry to write: that of the hash, else the one that would be free first. */
static _Atomic uint64_t *choose(la_throttle *t, uint64_t hash, uint64_t *ret_entry)
{
    _Atomic uint64_t *set = t->entries[hash % N_SETS];
    _Atomic uint64_t *best = NULL;
    uint64_t best_entry = 0;

    for (int i = 0; i < WAYS; i++) {
        uint64_t entry = atomic_load_explicit(&set[i], memory_order_relaxed);

        if (entry && entry >> TIME_BITS == hash >> TIME_BITS) {
            *ret_entry = entry;
            return &set[i];
        }
        if (!best || (entry & TIME_MASK) < (best_entry & TIME_MASK)) {
            best = &set[i];
            best_entry = entry;
        }
    }
    *ret_entry = best_entry;
    return best;
}

static uint64_t add_failure(la_throttle *t, uint32_t per_minute, uint64_t hash, uint64_t now)
{
    uint64_t step = UNITS_PER_MINUTE / (per_minute < UNITS_PER_MINUTE ? per_minute : UNITS_PER_MINUTE);
    uint64_t old, time;
    _Atomic uint64_t *entry;

    /* A lost race is tried again a few times; beyond that this failure goes uncounted, which is harmless. */
    for (int attempt = 0; attempt < 8; attempt++) {
        entry = choose(t, hash, &old);
        time = old >> TIME_BITS == hash >> TIME_BITS ? old & TIME_MASK : 0;
        time = (time > now ? time : now) + step;
        if (time > now + UNITS_PER_MINUTE)
            time = now + UNITS_PER_MINUTE; /* attempts that were under way together add no more than a minute */
        if (atomic_compare_exchange_strong_explicit(entry, &old, (hash >> TIME_BITS << TIME_BITS) | (time & TIME_MASK),
                                                    memory_order_relaxed, memory_order_relaxed))
            return time;
    }
    return now;
}

void la_throttle_note_failure(la_throttle *t, la_throttle_limits limits, la_slice address, la_slice client_id,
                              int64_t now_us)
{
    uint64_t now = units_of(t, now_us);
    uint64_t latest = now, time, quiet_from;

    if (limits.per_address)
        latest = add_failure(t, limits.per_address, hash_of(t, address, LA_NO_SLICE), now);
    if (limits.per_client && client_id.p) {
        time = add_failure(t, limits.per_client, hash_of(t, address, client_id), now);
        latest = latest > time ? latest : time;
    }
    quiet_from = atomic_load_explicit(&t->quiet_from, memory_order_relaxed);
    while (quiet_from < latest)
        if (atomic_compare_exchange_weak_explicit(&t->quiet_from, &quiet_from, latest, memory_order_relaxed,
                                                  memory_order_relaxed))
            break;
}
