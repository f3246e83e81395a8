/*
 * The durable side of revocations that clients asked for (server/revocation/revoker.h), on the thread that talks to the store: many at once as one transaction
 * with their audit events, then into the registry, then the answers. Also which of them are worth an event: one of an application a
 * minute, and at most LA_REVOCATION_EVENTS_MAX a minute of all, so that no client fills a log that keeps everything for ever. The others are counted in
 * the next event of that application, and in the metrics; the revocations themselves are all in the store.
 */
#ifndef LA_SERVER_REVOCATION_KEEPER_H
#define LA_SERVER_REVOCATION_KEEPER_H

#include "admin/commands.h"
#include "server/revocation/revoker.h"

#define LA_REVOCATION_EVENTS_MAX 256
#define LA_REVOCATION_EVENT_EVERY_S 60

typedef struct la_revocation_keeper la_revocation_keeper;

la_revocation_keeper *la_revocation_keeper_new(void);                     /* NULL: no memory */
la_revocation_keeper *la_revocation_keeper_free(la_revocation_keeper *k); /* takes NULL */

/* Makes a batch of orders durable; nothing of it, where that fails. *ret_n: how many were taken; they wait for la_revoker_finish. `c` NULL: the store is
 * away, and UNAVAILABLE where there are orders. */
la_result la_revocation_keeper_write(la_revocation_keeper *k, la_revoker *revoker, la_commands *c, int64_t now_s,
                                     size_t *ret_n);

#endif
