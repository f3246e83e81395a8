/*
 * How many refusals go to the audit log: those that matter, and never so many that somebody could fill the disk with them.
 * What is over the rate is counted, and the count is in the next event.
 */
#ifndef LA_API_REFUSALS_H
#define LA_API_REFUSALS_H

#include "base/slice.h"

#include <stdint.h>

#define LA_API_REFUSALS_PER_MINUTE 20
#define LA_API_REFUSALS_KNOWN 64

typedef struct la_api_refusals {
    int64_t minute;
    unsigned this_minute;
    uint64_t unwritten; /* since the last event */
    /* Throttled logins that were noted lately: each once. */
    uint64_t known[LA_API_REFUSALS_KNOWN];
    int64_t known_at_s[LA_API_REFUSALS_KNOWN];
    unsigned next;
} la_api_refusals;

/* Whether one more may be written now; then *ret_unwritten is how many were not since the last. */
bool la_api_refusals_take(la_api_refusals *r, int64_t now_s, uint64_t *ret_unwritten);

/* Whether this one (address and who) was not seen for some minutes. */
bool la_api_refusals_is_new(la_api_refusals *r, la_slice address, la_slice who, int64_t now_s);

#endif
