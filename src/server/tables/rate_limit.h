/*
 * A token bucket an application: how many requests a minute it may make, and how many of them at once. Shared by all threads; exact
 * however many of them ask at the same time; no lock, no allocation, no hash, one cache line. Knows no HTTP and no configuration:
 * the limit comes with the question, so that a new one counts from the next request on.
 *
 * The buckets are an array, and an application's is found by its number (the row of the store, from 1): there is nothing to evict, and an
 * application that asks for nothing has a full bucket and no memory. Two applications whose numbers are LA_RATE_LIMIT_BUCKETS apart
 * have one bucket together: both may get less than their limit, and never more.
 */
#ifndef LA_SERVER_RATE_LIMIT_H
#define LA_SERVER_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LA_RATE_LIMIT_BUCKETS (1u << 20) /* 8 MiB of address space; memory is taken page by page as buckets are used */

typedef struct la_rate_limit la_rate_limit;

typedef struct la_rate {
    uint32_t per_minute; /* 0: no limit */
    uint32_t burst;      /* what a full bucket holds; 0: as many as per minute */
} la_rate;

/* What the response's head says (X-RateLimit-Limit, -Remaining, -Reset; Retry-After of RFC 9110 10.2.3). */
typedef struct la_rate_answer {
    bool allowed;
    uint32_t remaining;     /* requests that would be allowed at once after this one */
    uint32_t reset_s;       /* until the bucket is full again, rounded up; 0: it is */
    uint32_t retry_after_s; /* until the next request is allowed: at least 1 where this one was not, else 0 */
} la_rate_answer;

/* NULL: no memory. */
la_rate_limit *la_rate_limit_new(void);
la_rate_limit *la_rate_limit_free(la_rate_limit *l); /* takes NULL; returns NULL */

/* Takes one out of the bucket of an application, where there is one. Any thread. `now_us`: microseconds that never run
 * backwards. A refused request takes nothing. With no limit it is allowed, and the rest of the answer is 0. */
la_rate_answer la_rate_limit_take(la_rate_limit *l, uint64_t application_id, la_rate rate, int64_t now_us);

#endif
