#include "server/metrics/exposition.h"

#include "base/clock.h"
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LABELS_MAX = LA_ENVIRONMENT_NAME_MAX + 32 };

struct la_metrics {
    unsigned n_workers;
    unsigned n_counters;
    la_counters **counters; /* each on cache lines of its own */
    atomic_uint n_slots;
    char slot_names[LA_METRICS_SLOTS][LA_ENVIRONMENT_NAME_MAX + 1];
    _Atomic uint64_t expiring[LA_METRICS_SLOTS]; /* client certificates */
    _Atomic int64_t soonest_end_s[LA_METRICS_SLOTS];
};

static const int64_t bucket_us[LA_METRICS_BUCKETS] = {25,   50,    100,   250,   500,    1000,   2500,
                                                      5000, 10000, 25000, 50000, 100000, 250000, 1000000};
static const char *const bucket_s[LA_METRICS_BUCKETS] = {"0.000025", "0.00005", "0.0001", "0.00025", "0.0005",
                                                         "0.001",    "0.0025",  "0.005",  "0.01",    "0.025",
                                                         "0.05",     "0.1",     "0.25",   "1"};
static const char *const class_names[LA_CLASS_COUNT] = {"api", "customer", "other"};
static const char *const document_names[LA_DOCUMENT_KINDS] = {"jwks", "metadata"};

const char *la_token_class_name(la_token_class c)
{
    return class_names[c];
}

unsigned la_metrics_bucket(int64_t us)
{
    unsigned i = 0;

    while (i < LA_METRICS_BUCKETS && us > bucket_us[i])
        i++;
    return i;
}

unsigned la_counters_note_duration(la_counters *c, int64_t us)
{
    unsigned bucket = la_metrics_bucket(us);

    la_count(&c->duration_bucket[bucket], 1);
    la_count(&c->duration_sum_us, us > 0 ? (uint64_t)us : 0);
    return bucket;
}

la_metrics *la_metrics_new(unsigned n_workers)
{
    la_metrics *m = calloc(1, sizeof *m);
    size_t bytes = (sizeof(la_counters) + 127) / 128 * 128;

    if (!m)
        return NULL;
    m->n_workers = n_workers;
    m->n_counters = n_workers + 1;
    m->counters = calloc(m->n_counters, sizeof *m->counters);
    if (!m->counters)
        return la_metrics_free(m);
    for (unsigned i = 0; i < m->n_counters; i++) {
        m->counters[i] = aligned_alloc(128, bytes);
        if (!m->counters[i])
            return la_metrics_free(m);
        memset(m->counters[i], 0, bytes);
    }
    return m;
}

la_metrics *la_metrics_free(la_metrics *m)
{
    if (!m)
        return NULL;
    for (unsigned i = 0; m->counters && i < m->n_counters; i++)
        free(m->counters[i]);
    free(m->counters);
    free(m);
    return NULL;
}

la_counters *la_metrics_counters(la_metrics *m, unsigned index)
{
    return m->counters[index];
}

unsigned la_metrics_slot(la_metrics *m, la_slice environment)
{
    unsigned n = atomic_load_explicit(&m->n_slots, memory_order_relaxed);

    for (unsigned i = 0; i < n; i++)
        if (la_slice_is(environment, m->slot_names[i]))
            return i;
    if (n == LA_METRICS_SLOTS)
        return n - 1;
    snprintf(m->slot_names[n], sizeof m->slot_names[n], "%.*s", LA_FMT(environment));
    if (n == LA_METRICS_SLOTS - 1)
        snprintf(m->slot_names[n], sizeof m->slot_names[n], "others");
    atomic_store_explicit(&m->n_slots, n + 1, memory_order_release);
    return n;
}

unsigned la_metrics_slots(const la_metrics *m)
{
    return atomic_load_explicit(&m->n_slots, memory_order_acquire);
}

const char *la_metrics_slot_name(const la_metrics *m, unsigned slot)
{
    return m->slot_names[slot];
}

void la_metrics_note_expiring(la_metrics *m, la_slice environment, uint64_t n, int64_t soonest_s)
{
    unsigned slot = la_metrics_slot(m, environment);

    atomic_store_explicit(&m->expiring[slot], n, memory_order_relaxed);
    atomic_store_explicit(&m->soonest_end_s[slot], soonest_s, memory_order_relaxed);
}

/* Sum over all loops of the counter at this offset of la_counters. */
uint64_t la_metrics_sum(const la_metrics *m, size_t offset)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < m->n_counters; i++) {
        const char *counters = (const char *)m->counters[i];

        total += atomic_load_explicit((const _Atomic uint64_t *)(const void *)(counters + offset),
                                      memory_order_relaxed);
    }
    return total;
}

static const char *labels_of(const la_metrics *m, unsigned slot, const char *what, char memory[LABELS_MAX])
{
    snprintf(memory, LABELS_MAX, "environment=\"%s\",%s", m->slot_names[slot], what);
    return memory;
}

static void write_tokens(const la_metrics *m, unsigned n_slots, la_buffer *b)
{
    const char *issued = "leanauth_tokens_issued_total";
    const char *refused = "leanauth_token_refusals_total";
    char labels[LABELS_MAX];

    la_exposition_head(b, issued, "counter", "Access tokens issued.");
    for (unsigned e = 0; e < n_slots; e++)
        for (unsigned c = 0; c < LA_CLASS_COUNT; c++)
            la_buffer_add_format(b, "%s{environment=\"%s\",class=\"%s\"} %llu\n", issued, m->slot_names[e],
                                 class_names[c], (unsigned long long)SUM(issued[e][c]));
    la_exposition_head(b, refused, "counter", "Token requests refused, by reason.");
    for (unsigned e = 0; e < n_slots; e++)
        la_exposition_codes(m, offsetof(la_counters, refused[e]), refused, labels_of(m, e, "reason", labels), false, b);
}

static void write_verifications(const la_metrics *m, unsigned n_slots, la_buffer *b)
{
    const char *name = "leanauth_verifications_total";
    char labels[LABELS_MAX];

    la_exposition_head(b, name, "counter", "Access tokens that protected resources asked about, by outcome.");
    for (unsigned e = 0; e < n_slots; e++)
        la_exposition_codes(m, offsetof(la_counters, verified[e]), name, labels_of(m, e, "outcome", labels), true, b);
}

static void write_durations(const la_metrics *m, la_buffer *b)
{
    const char *name = "leanauth_token_duration_seconds";
    uint64_t so_far = 0;

    la_exposition_head(b, name, "histogram", "Time from a complete token request to its answer.");
    for (unsigned i = 0; i < LA_METRICS_BUCKETS; i++) {
        so_far += SUM(duration_bucket[i]);
        la_buffer_add_format(b, "%s_bucket{le=\"%s\"} %llu\n", name, bucket_s[i], (unsigned long long)so_far);
    }
    so_far += SUM(duration_bucket[LA_METRICS_BUCKETS]);
    la_buffer_add_format(b, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.6f\n%s_count %llu\n", name,
                         (unsigned long long)so_far, name, (double)SUM(duration_sum_us) / 1e6, name,
                         (unsigned long long)so_far);
}

static void write_http(const la_metrics *m, const la_metrics_gauges *g, la_buffer *b)
{
    const char *refused = "leanauth_http_refusals_total";
    const char *documents = "leanauth_document_responses_total";

    la_exposition_head(b, refused, "counter", "Requests refused before they reached an endpoint, by reason.");
    la_exposition_codes(m, offsetof(la_counters, http_refused), refused, "reason", false, b);
    la_exposition_head(b, documents, "counter", "Published documents answered.");
    for (unsigned i = 0; i < LA_DOCUMENT_KINDS; i++)
        la_buffer_add_format(b, "%s{document=\"%s\",status=\"200\"} %llu\n%s{document=\"%s\",status=\"304\"} %llu\n",
                             documents, document_names[i], (unsigned long long)SUM(documents[i]), documents,
                             document_names[i], (unsigned long long)SUM(documents_not_modified[i]));
    la_exposition_single(b, "leanauth_connections", "gauge", "Open connections of the token listeners.",
                         g->connections);
    la_exposition_single(b, "leanauth_slow_hashes_total", "counter",
                         "Imported password hashes checked off the event loops.", SUM(slow_hashes));
    la_exposition_single(b, "leanauth_slow_hashes_waiting", "gauge",
                         "Imported password hashes waiting for their check.", SUM(slow_hashes_waiting));
}

static uint64_t load(const _Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static void write_registry(const la_metrics *m, const la_metrics_gauges *g, la_buffer *b)
{
    const la_health *h = g->health;
    int64_t stale_s = la_health_stale_s(h, g->now_ms);

    la_exposition_single(b, "leanauth_store_up", "gauge", "1 while the store can be reached.",
                         atomic_load_explicit(&h->store_up, memory_order_relaxed));
    la_exposition_head(b, "leanauth_registry_stale_seconds", "gauge",
                       "Time since the registry last agreed with the store.");
    if (stale_s >= 0)
        la_buffer_add_format(b, "leanauth_registry_stale_seconds %lld\n", (long long)stale_s);
    else
        la_buffer_add_text(b, "leanauth_registry_stale_seconds NaN\n");
    la_exposition_single(b, "leanauth_registry_sequence", "gauge", "Position of the registry in the change feed.",
                         load(&h->sequence));
    la_exposition_single(b, "leanauth_registry_applications", "gauge", "Applications in the registry.",
                         load(&h->applications));
    la_exposition_single(b, "leanauth_registry_items_total", "counter", "Feed items applied to the registry.",
                         load(&h->items));
    la_exposition_single(b, "leanauth_registry_rebuilds_total", "counter",
                         "Times that the registry was rebuilt from scratch.", load(&h->rebuilds));
    la_exposition_single(b, "leanauth_snapshots_total", "counter",
                         "Snapshots of configuration and keys handed to the loops.", load(&h->snapshots));
    la_exposition_single(b, "leanauth_config_reloads_total", "counter", "Configurations taken after SIGHUP.",
                         load(&h->reloads));
    la_exposition_single(b, "leanauth_config_reloads_refused_total", "counter", "Configurations refused after SIGHUP.",
                         load(&h->reloads_refused));
    la_exposition_single(b, "leanauth_last_used_written_total", "counter",
                         "Last-used times of secrets written to the store.", load(&h->last_used_written));
    la_exposition_single(b, "leanauth_last_used_dropped_total", "counter",
                         "Last-used times that did not fit in an interval.", SUM(last_used_dropped));
    la_exposition_single(b, "leanauth_usage_written_total", "counter", "Usage counts written to the store.",
                         load(&h->usage_written));
    la_exposition_single(b, "leanauth_usage_waiting", "gauge", "Usage counts that wait for the store.",
                         load(&h->usage_waiting));
    la_exposition_single(b, "leanauth_usage_dropped_total", "counter", "Token requests that are in no usage count.",
                         load(&h->usage_dropped) + SUM(usage_dropped));
    la_exposition_single(b, "leanauth_secrets_upgraded_total", "counter",
                         "Imported secrets kept as a keyed digest after their first use.", load(&h->secrets_upgraded));
    la_exposition_single(b, "leanauth_housekeeping_failures_total", "counter",
                         "Housekeeping writes that failed and are tried again.", load(&h->housekeeping_failures));
}

static void write_keys(const la_metrics_gauges *g, la_buffer *b)
{
    la_exposition_head(b, "leanauth_signing_key_info", "gauge", "The key that signs: 1.");
    for (unsigned i = 0; i < g->n_keys; i++)
        if (g->keys[i].kid.p)
            la_buffer_add_format(b,
                                 "leanauth_signing_key_info{environment=\"%.*s\",algorithm=\"%.*s\",kid=\"%.*s\"} 1\n",
                                 LA_FMT(g->keys[i].environment), LA_FMT(g->keys[i].algorithm), LA_FMT(g->keys[i].kid));
    la_exposition_head(b, "leanauth_key_next_rotation_seconds", "gauge", "Time until another key signs.");
    for (unsigned i = 0; i < g->n_keys; i++) {
        const la_metrics_key *k = &g->keys[i];

        la_buffer_add_format(b, "leanauth_key_next_rotation_seconds{environment=\"%.*s\"} ", LA_FMT(k->environment));
        if (k->next_change_s == INT64_MAX)
            la_buffer_add_text(b, "+Inf\n");
        else
            la_buffer_add_format(b, "%lld\n", (long long)(k->next_change_s - g->now_ms / 1000));
    }
}

static void write_expiring(const la_metrics *m, unsigned n_slots, const la_metrics_gauges *g, la_buffer *b)
{
    const char *expiring = "leanauth_client_certificates_expiring";
    const char *soonest = "leanauth_client_certificate_expiry_seconds";

    la_exposition_head(b, expiring, "gauge", "Live client certificates that end within mtls.warn_before_s.");
    for (unsigned e = 0; e < n_slots; e++)
        la_buffer_add_format(b, "%s{environment=\"%s\"} %llu\n", expiring, m->slot_names[e],
                             (unsigned long long)load(&m->expiring[e]));
    la_exposition_head(b, soonest, "gauge", "Time until the first of them ends; absent where there is none.");
    for (unsigned e = 0; e < n_slots; e++) {
        int64_t end_s = atomic_load_explicit(&m->soonest_end_s[e], memory_order_relaxed);

        if (end_s)
            la_buffer_add_format(b, "%s{environment=\"%s\"} %lld\n", soonest, m->slot_names[e],
                                 (long long)(end_s - g->now_ms / 1000));
    }
}

static uint64_t resident_bytes(void)
{
    unsigned long long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (!f)
        return 0;
    if (fscanf(f, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    fclose(f);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void write_process(const la_metrics *m, const la_metrics_gauges *g, la_buffer *b)
{
    la_exposition_head(b, "process_cpu_seconds_total", "counter", "CPU time of the process, user and system.");
    la_buffer_add_format(b, "process_cpu_seconds_total %.6f\n", (double)la_clock_process_cpu_us() / 1e6);
    la_exposition_single(b, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    la_exposition_single(b, "process_start_time_seconds", "gauge", "Start of the process, seconds since 1970.",
                         (uint64_t)g->started_at_s);
    la_exposition_single(b, "leanauth_workers", "gauge", "Event loops for tokens.", m->n_workers);
    la_exposition_single(b, "leanauth_draining", "gauge", "1 while the server is stopping.",
                         atomic_load_explicit(&g->health->draining, memory_order_relaxed));
    la_exposition_head(b, "leanauth_build_info", "gauge", "The version that runs: 1.");
    la_buffer_add_text(b, "leanauth_build_info{version=\"" LA_VERSION "\"} 1\n");
}

void la_metrics_write(la_metrics *m, const la_metrics_gauges *gauges, la_buffer *ret)
{
    unsigned n_slots = atomic_load_explicit(&m->n_slots, memory_order_acquire);

    write_tokens(m, n_slots, ret);
    write_verifications(m, n_slots, ret);
    write_durations(m, ret);
    write_http(m, gauges, ret);
    write_registry(m, gauges, ret);
    write_keys(gauges, ret);
    la_metrics_write_tls(m, gauges, ret);
    la_metrics_write_holders(m, gauges, ret);
    write_expiring(m, n_slots, gauges, ret);
    la_metrics_write_tables(gauges, ret);
    write_process(m, gauges, ret);
}
