/*
 * The guard against guessing (RFC 6749 2.3.1, 10.10): how many failed authentications an address may make per minute,
 * in all and for one client_id. Approximate by design: a fixed table of relaxed atomics that all threads share, no
 * lock, no allocation. Keys hold the address, so nobody can lock a client out from another address; a success resets
 * nothing, so a guesser cannot buy attempts with credentials of its own. Knows nothing of HTTP or of clients.
 */
#ifndef LA_SERVER_THROTTLE_H
#define LA_SERVER_THROTTLE_H

#include "base/slice.h"

#include <stdint.h>

typedef struct la_throttle la_throttle;

/* Failures per minute; 0: no limit. */
typedef struct la_throttle_limits {
    uint32_t per_client;  /* of one address and one client_id */
    uint32_t per_address; /* of one address; an IPv6 address counts as its /64 */
} la_throttle_limits;

/* `now_us` here and below: microseconds that never run backwards. NULL: no memory. */
la_throttle *la_throttle_new(int64_t now_us);
la_throttle *la_throttle_free(la_throttle *t); /* takes NULL; returns NULL */

/* Whether a further attempt is refused, and for how many seconds (at least 1). `client_id` may be absent. Costs one load while
 * nothing failed lately. */
bool la_throttle_is_blocked(la_throttle *t, la_throttle_limits limits, la_slice address, la_slice client_id,
                            int64_t now_us, uint32_t *ret_retry_after_s);

/* Counts a failed authentication. */
void la_throttle_note_failure(la_throttle *t, la_throttle_limits limits, la_slice address, la_slice client_id,
                              int64_t now_us);

#endif
