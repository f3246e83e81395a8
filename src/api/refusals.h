/*
 * How many refusals go to the audit log: those that matter, and never so many that somebody could fill the disk with them, or hide those
 * of another behind their own. What is over the rate is counted, and the count is in the next event of the same caller. Failed logins
 * and exports of the log are rationed likewise, each apart.
 */
#ifndef LA_API_REFUSALS_H
#define LA_API_REFUSALS_H

#include "base/slice.h"

#include <stdint.h>

#define LA_API_REFUSALS_PER_CALLER 10 /* a minute */
#define LA_API_REFUSALS_PER_MINUTE 100
#define LA_API_REFUSALS_CALLERS 64 /* that are told apart at a time */

typedef struct la_api_refused_caller {
    uint64_t print; /* 0: free */
    int64_t minute; /* of the last refusal */
    unsigned this_minute;
    uint64_t unwritten; /* since the last event */
} la_api_refused_caller;

typedef struct la_api_refusals {
    int64_t minute;
    unsigned this_minute;
    la_api_refused_caller callers[LA_API_REFUSALS_CALLERS];
} la_api_refusals;

/* Whether one more of this caller ("" is one too: nobody who is known) may be written now; then *ret_unwritten is how many were
 * not since their last. */
bool la_api_refusals_take(la_api_refusals *r, la_slice caller, int64_t now_s, uint64_t *ret_unwritten);

/* Whether a throttled login, by address and email, was not seen within the last minutes: only the first is an event. */
bool la_api_refusals_is_new(la_api_refusals *r, la_slice address, la_slice who, int64_t now_s);

#endif
