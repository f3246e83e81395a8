/*
 * What the housekeeping thread knows of the store and the registry, as the administration's loop reads it: one writer,
 * relaxed atomics, no lock.
 */
#ifndef LA_SERVER_HEALTH_H
#define LA_SERVER_HEALTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct la_health {
    _Atomic int64_t reached_at_ms; /* when the registry last agreed with the store, ms since 1970; 0: never known */
    atomic_bool store_up;
    atomic_bool filled;        /* the registry can be served from */
    atomic_bool draining;      /* SIGTERM came */
    _Atomic uint64_t sequence; /* of the change feed */
    _Atomic uint64_t applications;
    _Atomic uint64_t items;     /* feed items applied since the start */
    _Atomic uint64_t rebuilds;  /* registry rebuilt from scratch since the start */
    _Atomic uint64_t snapshots; /* made since the start */
    _Atomic uint64_t reloads;
    _Atomic uint64_t reloads_refused;
    _Atomic uint64_t last_used_written;
    _Atomic uint64_t usage_written;
    _Atomic uint64_t usage_waiting;
    _Atomic uint64_t usage_dropped;
    _Atomic uint64_t secrets_upgraded;
    _Atomic uint64_t housekeeping_failures;
} la_health;

/* Seconds since the store was last reached; -1 where that is not known. */
int64_t la_health_stale_s(const la_health *h, int64_t now_ms);

/* Whether this node should get traffic. `max_stale_s` 0: however stale. */
bool la_health_is_ready(const la_health *h, uint32_t max_stale_s, int64_t now_ms);

#endif
