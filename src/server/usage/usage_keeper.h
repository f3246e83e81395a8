/*
 * What the housekeeping thread does with the counts of all loops: adds them up, and writes them to the store a little at a time;
 * refusals that belong in the audit log go there. Also what usage and sessions need now and then: rolling up, forgetting.
 */
#ifndef LA_SERVER_USAGE_KEEPER_H
#define LA_SERVER_USAGE_KEEPER_H

#include "admin/commands.h"
#include "server/metrics/health.h"
#include "server/usage/tally.h"

typedef struct la_usage_keeper la_usage_keeper;

la_usage_keeper *la_usage_keeper_new(void);                /* NULL: no memory */
la_usage_keeper *la_usage_keeper_free(la_usage_keeper *k); /* takes NULL; returns NULL */

/* Takes what the threads have handed over. Cheap where there is nothing; the store may be away. */
void la_usage_keeper_collect(la_usage_keeper *k, const la_tally *tallies, unsigned n, la_health *health);

/* The next batch of counts, and the refusals that are due. What fails comes again. */
la_result la_usage_keeper_write(la_usage_keeper *k, la_commands *c, la_health *health, int64_t now_s);

/* Once a minute, and as long as there is more to do: minutes that are over become hours and days, and what is past its time goes. */
la_result la_usage_keeper_tidy(la_usage_keeper *k, la_commands *c, int64_t now_s);

/* At the end, when the threads of the tallies have ended: collects what they still had and writes everything. `c` NULL: the store
 * cannot be reached, and what is lost is logged. */
void la_usage_keeper_finish(la_usage_keeper *k, la_commands *c, const la_tally *tallies, unsigned n, la_health *health,
                            int64_t now_s);

#endif
