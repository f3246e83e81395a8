/*
 * What the token loops leave for the store: last-used times, and imported secrets that turned out right. Written by the
 * housekeeping thread, a little at a time, so that the change feed never waits for long behind it.
 */
#ifndef LA_SERVER_HOUSEKEEPING_H
#define LA_SERVER_HOUSEKEEPING_H

#include "admin/commands.h"
#include "server/metrics/health.h"
#include "server/usage/last_used.h"
#include "server/usage/upgrades.h"

/* Writes the next batch of what a loop handed over. What fails comes again. */
la_result la_housekeeping_write_uses(la_store *store, la_last_used_book *book, la_health *health);

/* At the end, when the loop is gone: writes all that it still had. `store` NULL: there is none, and what is lost is logged. */
void la_housekeeping_write_all_uses(la_store *store, la_last_used_book *book, la_health *health);

/* Stores at most `most` of the waiting digests; *ret_changed where the feed moved by it. What fails comes again. */
la_result la_housekeeping_upgrade(la_commands *c, la_upgrades *upgrades, unsigned most, la_health *health,
                                  bool *ret_changed);

#endif
