/*
 * Counters of the token loops and their Prometheus text. Each loop has counters of its own, which nobody else writes, so
 * counting is a load and a store without a lock prefix; the reader sums them with relaxed loads. docs/operations.md lists
 * every metric.
 */
#ifndef LA_SERVER_METRICS_H
#define LA_SERVER_METRICS_H

#include "base/buffer.h"
#include "base/result.h"
#include "server/metrics/health.h"
#include "server/tls/tls.h"

#include <stdatomic.h>
#include <stdint.h>

/* Environments keep their slot for the life of the process, also when the configuration drops them; past the last slot they
 * share it. */
#define LA_METRICS_SLOTS 96
#define LA_METRICS_BUCKETS 14

typedef enum la_token_class { LA_CLASS_API, LA_CLASS_CUSTOMER, LA_CLASS_OTHER, LA_CLASS_COUNT } la_token_class;
const char *la_token_class_name(la_token_class c);

typedef enum la_document_kind { LA_DOCUMENT_JWKS, LA_DOCUMENT_METADATA, LA_DOCUMENT_KINDS } la_document_kind;

/* Endpoints at which clients ask about a token. */
typedef enum la_holder_endpoint {
    LA_HOLDER_INTROSPECTION,
    LA_HOLDER_REVOCATION,
    LA_HOLDER_ENDPOINTS
} la_holder_endpoint;

typedef struct la_counters {
    _Atomic uint64_t issued[LA_METRICS_SLOTS][LA_CLASS_COUNT];
    _Atomic uint64_t refused[LA_METRICS_SLOTS][LA_CODE_COUNT];  /* at the token endpoint */
    _Atomic uint64_t verified[LA_METRICS_SLOTS][LA_CODE_COUNT]; /* tokens that protected resources asked about */
    _Atomic uint64_t introspected[LA_METRICS_SLOTS][2];         /* inactive, active */
    _Atomic uint64_t revoked[LA_METRICS_SLOTS];                 /* by clients */
    _Atomic uint64_t holder_refused[LA_HOLDER_ENDPOINTS][LA_CODE_COUNT];
    _Atomic uint64_t status_lists, status_lists_signed;
    _Atomic uint64_t http_refused[LA_CODE_COUNT]; /* before any endpoint was reached */
    _Atomic uint64_t documents[LA_DOCUMENT_KINDS];
    _Atomic uint64_t documents_not_modified[LA_DOCUMENT_KINDS];
    _Atomic uint64_t duration_bucket[LA_METRICS_BUCKETS + 1]; /* the last: longer than all */
    _Atomic uint64_t duration_sum_us;
    _Atomic uint64_t slow_hashes;
    _Atomic uint64_t slow_hashes_waiting;
    _Atomic uint64_t last_used_dropped;
    _Atomic uint64_t forged_certificates; /* header fields that only a proxy may send */
    la_tls_counters tls;
    _Atomic uint64_t usage_dropped;
} la_counters;

/* By the counter's only writer. */
static inline void la_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

/* Which bucket of a latency histogram a request that took so long belongs to: < LA_METRICS_BUCKETS + 1. */
unsigned la_metrics_bucket(int64_t us);

/* Adds a request that took so long to the histogram. Gives its bucket. */
unsigned la_counters_note_duration(la_counters *c, int64_t us);

typedef struct la_metrics la_metrics;

/* NULL: no memory. */
la_metrics *la_metrics_new(unsigned n_workers);
la_metrics *la_metrics_free(la_metrics *m);
/* By worker; after the last one come those of the administration's thread. */
la_counters *la_metrics_counters(la_metrics *m, unsigned index);

/* The slot of an environment's name; one thread calls it. */
unsigned la_metrics_slot(la_metrics *m, la_slice environment);

/* Client certificates of an environment that end soon: how many, and the first end (0: none). The same thread. */
void la_metrics_note_expiring(la_metrics *m, la_slice environment, uint64_t n, int64_t soonest_s);

/* A signing key as the gauges show it. */
typedef struct la_metrics_key {
    la_slice environment;
    la_slice algorithm;
    la_slice kid;          /* absent where the environment has no key */
    int64_t next_change_s; /* when the next key takes over, seconds since 1970; INT64_MAX: not planned */
} la_metrics_key;

/* A certificate as the gauges show it. */
typedef struct la_metrics_certificate {
    la_slice name;
    int64_t not_after_s;
} la_metrics_certificate;

/* What is read from elsewhere at the moment of asking. */
typedef struct la_metrics_gauges {
    const la_health *health;
    const la_metrics_key *keys;
    unsigned n_keys;
    const la_metrics_certificate *certificates;
    unsigned n_certificates;
    uint64_t certificates_loaded, certificates_refused;
    uint64_t jwks_fetches, jwks_fetch_failures;
    uint64_t replay_entries, replay_refused_full;
    uint32_t tokens_kept; /* for reuse */
    unsigned revocations_waiting;
    uint32_t connections;
    int64_t now_ms;
    int64_t started_at_s;
} la_metrics_gauges;

/* The Prometheus text exposition format 0.0.4. */
void la_metrics_write(la_metrics *m, const la_metrics_gauges *gauges, la_buffer *ret);

#endif
