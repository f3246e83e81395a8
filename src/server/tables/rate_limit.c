/*
 * The generic cell rate algorithm (ITU-T I.371 annex A): a bucket is one number, the time at which it is full again. A request moves it
 * on by the time that one request's share of a minute takes; it is allowed where that is no further away than a whole burst. Being one
 * number, a compare-and-swap makes it exact, and a time that is past is a full bucket.
 */
#include "server/tables/rate_limit.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    BUCKETS_PER_LINE = 8, /* of 64 bytes */
    LINES = LA_RATE_LIMIT_BUCKETS / BUCKETS_PER_LINE,
    SECOND_US = 1000000,
    MINUTE_US = 60 * SECOND_US,
};

struct la_rate_limit {
    _Atomic int64_t *full_at_us;
};

la_rate_limit *la_rate_limit_new(void)
{
    la_rate_limit *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    /* So large that the system gives it as pages that are zero and not there yet. */
    l->full_at_us = calloc(LA_RATE_LIMIT_BUCKETS, sizeof *l->full_at_us);
    return l->full_at_us ? l : la_rate_limit_free(l);
}

la_rate_limit *la_rate_limit_free(la_rate_limit *l)
{
    if (l)
        free(l->full_at_us);
    free(l);
    return NULL;
}

/* Neighbours in number are on lines of their own, so that two busy applications do not fight for one. */
static _Atomic int64_t *bucket_of(la_rate_limit *l, uint64_t application_id)
{
    return &l->full_at_us[application_id % LINES * BUCKETS_PER_LINE + application_id / LINES % BUCKETS_PER_LINE];
}

static uint32_t seconds_of(int64_t us)
{
    int64_t s = us <= 0 ? 0 : (us - 1) / SECOND_US + 1;

    return s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

la_rate_answer la_rate_limit_take(la_rate_limit *l, uint64_t application_id, la_rate rate, int64_t now_us)
{
    /* Rounded up, so that no minute has more than its number; finer than a microsecond there is none. */
    int64_t step_us = rate.per_minute ? (MINUTE_US - 1) / rate.per_minute + 1 : 0;
    int64_t whole_us = step_us * (rate.burst ? rate.burst : rate.per_minute);
    int64_t full_at_us, next_us;
    _Atomic int64_t *bucket;

    if (step_us == 0)
        return (la_rate_answer){.allowed = true};
    bucket = bucket_of(l, application_id);
    full_at_us = atomic_load_explicit(bucket, memory_order_relaxed);
    do {
        next_us = full_at_us > now_us ? full_at_us : now_us;
        /* Emptier than empty, after the limit was changed: what was empty by another measure is empty by this one. */
        if (next_us > now_us + whole_us)
            next_us = now_us + whole_us;
        if (next_us + step_us > now_us + whole_us)
            return (la_rate_answer){.reset_s = seconds_of(next_us - now_us),
                                    .retry_after_s = seconds_of(next_us + step_us - whole_us - now_us)};
        next_us += step_us;
    } while (!atomic_compare_exchange_weak_explicit(bucket, &full_at_us, next_us, memory_order_relaxed,
                                                    memory_order_relaxed));
    return (la_rate_answer){.allowed = true,
                            .remaining = (uint32_t)((now_us + whole_us - next_us) / step_us),
                            .reset_s = seconds_of(next_us - now_us)};
}
