/*
 * The jti of a client assertion or a DPoP proof is used once (OIDC Core 9; RFC 7523 3 item 7; RFC 9449 11.1). Exact for all threads of
 * the process; the memory of one process, which a restart empties and other nodes do not see (oauth/token.h has the interface that a
 * shared store can take over).
 *
 * Fails closed: what cannot be remembered is refused, and so is what may have been forgotten. An entry is forgotten once the
 * time until which it counts is over; where the clock is set back after that, everything that ends no later than what was forgotten is taken
 * for used. So a clock that is set back lets no replay in, and one that ran ahead for a while refuses nothing for longer than what was
 * remembered would have lasted.
 *
 * Shared: one client may hold seven times what is free. So it fills seven eighths of the table alone, a second one most of what is left
 * then, and there is always room for somebody who has little.
 *
 * Bounded: by the entries, 40 bytes each (up to twice that while a table grows), and by their ends. One lock a shard of the table, held for
 * well under a microsecond (longer where the shard's table doubles): what comes here has just cost a signature check of fifty. A call
 * drops two entries that are over, so there is neither a timer nor a pause. Give what was verified alone: entries must cost a
 * valid signature of a known client.
 */
#ifndef LA_SERVER_REPLAY_H
#define LA_SERVER_REPLAY_H

#include "base/slice.h"

#include <stdint.h>

typedef struct la_replay la_replay;

/* What is used once, and whose it is. Keys of different kinds, environments or issuers never meet. */
typedef struct la_replay_key {
    uint16_t environment_id;
    uint8_t kind;       /* what the jti was seen in: as the caller numbers that */
    la_slice client_id; /* who has to share; not part of what is used */
    la_slice issuer;    /* an assertion's client_id; the thumbprint of a proof's key */
    la_slice jti;
} la_replay_key;

typedef enum la_replay_verdict {
    LA_REPLAY_FIRST, /* and remembered */
    LA_REPLAY_USED,  /* or forgotten, so that nobody can tell; or over already */
    LA_REPLAY_FULL   /* cannot be remembered, for want of room, of this client's share of it, or of memory */
} la_replay_verdict;

/* At most `max_entries` at a time. NULL: no memory. */
la_replay *la_replay_new(uint32_t max_entries);
la_replay *la_replay_free(la_replay *r); /* takes NULL; returns NULL */

/* Any thread. `expires_at_s` is the first second in which the caller refuses the same bytes for their age alone, so its leeway is
 * in it. Seconds since 1970. */
la_replay_verdict la_replay_take(la_replay *r, const la_replay_key *key, int64_t expires_at_s, int64_t now_s);

/* For the metrics. */
uint64_t la_replay_entries(const la_replay *r);
uint64_t la_replay_refused_full(const la_replay *r);

#endif
