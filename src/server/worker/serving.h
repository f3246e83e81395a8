/*
 * A snapshot as one loop serves it: a signer and an issuer of its own for each environment. Counted, because a request that
 * waits for slow work ends under the snapshot under which it began; one thread.
 */
#ifndef LA_SERVER_SERVING_H
#define LA_SERVER_SERVING_H

#include "oauth/token.h"
#include "server/daemon/daemon.h"

typedef struct la_serving {
    unsigned references;
    la_snapshot *snapshot;
    int listener_environments
        [LA_LISTENERS_MAX]; /* by index of the daemon's listeners: index of the environment; -1: Host decides;
                                                    -2: it is no longer configured */
    struct {
        la_signer *signer; /* NULL: no key */
        la_issuer *issuer;
        la_verdicts *verdicts; /* of the snapshot's trust */
    } environments[];
} la_serving;

/* Takes the snapshot, also on failure. NO_MEMORY, CRYPTO. */
la_result la_serving_new(const la_daemon *d, la_snapshot *snapshot, la_serving **ret);
la_serving *la_serving_hold(la_serving *s);
void la_serving_release(la_serving *s); /* takes NULL */

#endif
