#include "server/http/census.h"

#include "base/secret.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#define STRIPES 64
#define BUCKETS 4096 /* bucket i belongs to the lock i % STRIPES */

typedef struct entry {
    struct entry *next;
    la_census_key key;
    uint32_t n;
} entry;

struct la_http_census {
    atomic_uint most, most_per_address, n;
    uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* peers choose their addresses: they must not choose the bucket */
    pthread_mutex_t locks[STRIPES];
    entry *buckets[BUCKETS];
};

la_http_census *la_http_census_new(uint32_t most, uint32_t most_per_address)
{
    la_http_census *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    la_http_census_set_limits(c, most, most_per_address);
    la_random_bytes(c->hash_key, sizeof c->hash_key);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_init(&c->locks[i], NULL);
    return c;
}

la_http_census *la_http_census_free(la_http_census *c)
{
    if (!c)
        return NULL;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (c->buckets[i]) {
            entry *e = c->buckets[i];
            c->buckets[i] = e->next;
            free(e);
        }
    }
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&c->locks[i]);
    free(c);
    return NULL;
}

void la_http_census_set_limits(la_http_census *c, uint32_t most, uint32_t most_per_address)
{
    atomic_store_explicit(&c->most, most, memory_order_relaxed);
    atomic_store_explicit(&c->most_per_address, most_per_address, memory_order_relaxed);
}

uint32_t la_http_census_connections(const la_http_census *c)
{
    return atomic_load_explicit(&c->n, memory_order_relaxed);
}

la_census_key la_census_key_of(const struct sockaddr *address)
{
    la_census_key key = {.bytes = {(uint8_t)address->sa_family}};
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        memcpy(key.bytes + 1, &v4.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(key.bytes + 1, &v6.sin6_addr, 8);
    }
    return key;
}

static uint32_t bucket_of(const la_http_census *c, const la_census_key *key)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, key->bytes, sizeof key->bytes, c->hash_key);
    uint32_t value;
    memcpy(&value, hash, sizeof value);
    return value % BUCKETS;
}

static entry **find(la_http_census *c, uint32_t bucket, const la_census_key *key)
{
    entry **at = &c->buckets[bucket];
    while (*at && memcmp((*at)->key.bytes, key->bytes, sizeof key->bytes) != 0)
        at = &(*at)->next;
    return at;
}

static bool enter_address(la_http_census *c, uint32_t bucket, const la_census_key *key)
{
    entry **at = find(c, bucket, key);
    if (!*at) {
        entry *e = calloc(1, sizeof *e);
        if (!e)
            return false;
        e->key = *key;
        *at = e;
    } else if (key->bytes[0] != AF_UNIX &&
               (*at)->n >= atomic_load_explicit(&c->most_per_address, memory_order_relaxed)) {
        return false;
    }
    (*at)->n++;
    return true;
}

bool la_census_enter(la_http_census *c, const la_census_key *key)
{
    uint32_t before = atomic_fetch_add_explicit(&c->n, 1, memory_order_relaxed);
    bool entered = false;
    if (before < atomic_load_explicit(&c->most, memory_order_relaxed)) {
        uint32_t bucket = bucket_of(c, key);
        pthread_mutex_lock(&c->locks[bucket % STRIPES]);
        entered = enter_address(c, bucket, key);
        pthread_mutex_unlock(&c->locks[bucket % STRIPES]);
    }
    if (!entered)
        atomic_fetch_sub_explicit(&c->n, 1, memory_order_relaxed);
    return entered;
}

void la_census_leave(la_http_census *c, const la_census_key *key)
{
    uint32_t bucket = bucket_of(c, key);
    pthread_mutex_lock(&c->locks[bucket % STRIPES]);
    entry **at = find(c, bucket, key);
    if (*at && --(*at)->n == 0) {
        entry *e = *at;
        *at = e->next;
        free(e);
    }
    pthread_mutex_unlock(&c->locks[bucket % STRIPES]);
    atomic_fetch_sub_explicit(&c->n, 1, memory_order_relaxed);
}
