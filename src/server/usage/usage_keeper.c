#include "server/usage/usage_keeper.h"

#include "admin/audit.h"
#include "admin/operators.h"
#include "base/log.h"
#include "server/usage/noted_refusals.h"
#include "server/usage/usage_ledger.h"
#include "store/audit.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIDY_EVERY_S = 60 };

_Static_assert(LA_USAGE_BUCKETS == LA_METRICS_BUCKETS + 1, "usage keeps the histogram of the metrics");

struct la_usage_keeper {
    la_usage_ledger *ledger;
    la_noted_refusals *refusals;
    int64_t next_tidy_s;
    la_usage_count counts[LA_USAGE_BATCH];
    la_usage_latency latencies[LA_USAGE_BATCH];
};

la_usage_keeper *la_usage_keeper_new(void)
{
    la_usage_keeper *k = calloc(1, sizeof *k);

    if (!k)
        return NULL;
    k->ledger = la_usage_ledger_new(LA_USAGE_LEDGER_BITS);
    k->refusals = la_noted_refusals_new();
    return k->ledger && k->refusals ? k : la_usage_keeper_free(k);
}

la_usage_keeper *la_usage_keeper_free(la_usage_keeper *k)
{
    if (!k)
        return NULL;
    la_usage_ledger_free(k->ledger);
    la_noted_refusals_free(k->refusals);
    free(k);
    return NULL;
}

static void publish_gauges(const la_usage_keeper *k, la_health *health)
{
    atomic_store_explicit(&health->usage_waiting, la_usage_ledger_waiting(k->ledger), memory_order_relaxed);
    atomic_store_explicit(&health->usage_dropped, la_usage_ledger_dropped(k->ledger), memory_order_relaxed);
}

static bool collect(la_usage_keeper *k, const la_tally *tally)
{
    la_usage_noted noted;

    if (!la_usage_take(tally->usage, &noted))
        return false;
    la_usage_ledger_add(k->ledger, noted.entries, noted.n);
    if (!noted.is_early)
        la_usage_ledger_make_due(k->ledger);
    la_noted_refusals_add(k->refusals, noted.refusals, noted.n_refusals);
    la_usage_give_back(tally->usage);
    return true;
}

void la_usage_keeper_collect(la_usage_keeper *k, const la_tally *tallies, unsigned n, la_health *health)
{
    bool any = false;

    for (unsigned i = 0; i < n; i++)
        any = collect(k, &tallies[i]) || any;
    if (any)
        publish_gauges(k, health);
}

/* ---- writing ---- */

static void add_latency(la_usage_keeper *k, const la_usage_entry *e, size_t *n)
{
    uint16_t environment_id = la_usage_environment(e->what);
    int64_t minute = la_usage_minute(e->what);
    la_usage_latency *last = *n ? &k->latencies[*n - 1] : NULL;

    /* They come in order, so those of one environment and minute follow each other. */
    if (!last || last->environment_id != environment_id || last->minute != minute) {
        last = &k->latencies[(*n)++];
        *last = (la_usage_latency){.environment_id = environment_id, .minute = minute};
    }
    last->buckets[la_usage_outcome(e->what) - LA_USAGE_LATENCY] += e->count;
}

static void add_count(la_usage_keeper *k, const la_usage_entry *e, size_t *n)
{
    la_usage_count *c = &k->counts[(*n)++];
    la_code code = (la_code)la_usage_outcome(e->what);

    *c = (la_usage_count){
        .environment_id = la_usage_environment(e->what),
        .application_id = e->application_id,
        .minute = la_usage_minute(e->what),
        .count = e->count,
    };
    snprintf(c->outcome, sizeof c->outcome, "%s", code == LA_OK ? "issued" : la_result_info_of(code)->name);
}

static la_result write_counts(la_usage_keeper *k, la_store *store, la_health *health)
{
    const la_usage_entry *entries;
    size_t n = la_usage_ledger_next(k->ledger, &entries);
    size_t n_counts = 0, n_latencies = 0;

    if (n == 0)
        return la_ok();
    for (size_t i = 0; i < n; i++)
        if (la_usage_outcome(entries[i].what) & LA_USAGE_LATENCY)
            add_latency(k, &entries[i], &n_latencies);
        else
            add_count(k, &entries[i], &n_counts);
    LA_TRY(la_store_add_usage(store, k->counts, n_counts, k->latencies, n_latencies));
    la_usage_ledger_written(k->ledger);
    atomic_fetch_add(&health->usage_written, n_counts);
    publish_gauges(k, health);
    return la_ok();
}

static la_result write_refusals(la_usage_keeper *k, la_commands *c, int64_t now_s, bool at_once)
{
    const la_usage_refusal *due[LA_NOTED_MAX];
    la_noted_refusal noted[LA_NOTED_MAX];
    size_t n = la_noted_refusals_next(k->refusals, now_s, at_once, due);

    if (n == 0)
        return la_ok();
    for (size_t i = 0; i < n; i++)
        noted[i] = (la_noted_refusal){
            .environment_id = due[i]->environment_id,
            .code = due[i]->code,
            .client_id = la_slice_of(due[i]->client_id),
            .address = la_slice_of(due[i]->address),
            .count = due[i]->count,
            .first_at_s = due[i]->first_at_s,
            .last_at_s = due[i]->last_at_s,
        };
    LA_TRY(la_command_note_refusals(c, noted, n));
    la_noted_refusals_written(k->refusals, now_s);
    return la_ok();
}

la_result la_usage_keeper_write(la_usage_keeper *k, la_commands *c, la_health *health, int64_t now_s)
{
    LA_TRY(write_counts(k, c->store, health));
    return write_refusals(k, c, now_s, false);
}

la_result la_usage_keeper_tidy(la_usage_keeper *k, la_commands *c, int64_t now_s)
{
    la_usage_retention keep = {
        .minutes_s = c->config->usage_keep_minutes_s,
        .hours_s = c->config->usage_keep_hours_s,
        .days_s = c->config->usage_keep_days_s,
    };
    bool more = false;

    if (now_s < k->next_tidy_s && k->next_tidy_s - now_s <= TIDY_EVERY_S) /* a clock may be set back */
        return la_ok();
    k->next_tidy_s = now_s + TIDY_EVERY_S;
    LA_TRY(la_command_expire_sessions(c, now_s));
    LA_TRY(la_store_roll_usage(c->store, now_s, &keep, &more));
    if (more)
        k->next_tidy_s = now_s;
    return la_ok();
}

/* ---- the end ---- */

static la_result write_all(la_usage_keeper *k, la_commands *c, la_health *health, int64_t now_s)
{
    la_usage_ledger_make_due(k->ledger);
    while (la_usage_ledger_waiting(k->ledger) > 0)
        LA_TRY(write_counts(k, c->store, health));
    return write_refusals(k, c, now_s, true);
}

void la_usage_keeper_finish(la_usage_keeper *k, la_commands *c, const la_tally *tallies, unsigned n, la_health *health,
                            int64_t now_s)
{
    la_result r = la_error(LA_UNAVAILABLE);

    /* What is on its way first: that gives back the table that the thread needs to hand over the rest. */
    la_usage_keeper_collect(k, tallies, n, health);
    for (unsigned i = 0; i < n; i++)
        (void)la_usage_hand_over(tallies[i].usage);
    la_usage_keeper_collect(k, tallies, n, health);
    if (c)
        r = write_all(k, c, health, now_s);
    if (!la_is_ok(r) && la_usage_ledger_waiting(k->ledger) > 0)
        la_log(LA_LOG_WARN, "usage_lost", "usage counts were not written: %s",
               c ? la_detail() : "the store cannot be reached");
}
