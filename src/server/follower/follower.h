/*
 * The housekeeping thread, the only one that waits for the store: follows the change feed into the registry, keeps the signing
 * keys, makes snapshots, takes new configurations, writes last-used times and upgraded secrets. The token loops never wait for it.
 */
#ifndef LA_SERVER_FOLLOWER_H
#define LA_SERVER_FOLLOWER_H

#include "server/daemon/daemon.h"

/*
 * On the calling thread: opens the store, feeds the registry, and makes the first snapshot (held by the caller). Without a
 * database file the registry serves, if it can. A detail says what is wrong otherwise.
 */
la_result la_follower_new(la_daemon *d, la_follower **ret, la_snapshot **ret_first);

la_result la_follower_start(la_follower *f);

/* Any thread: a configuration to be taken (takes the reference). What comes of it is logged. */
void la_follower_give_config(la_follower *f, la_shared_config *c);

/* Any thread: there are orders in the daemon's revoker. */
void la_follower_note_order(la_follower *f);

/* Stops and joins the thread; then, on the calling thread, writes the last-used times that the loops still hold. The loops must have
 * ended. */
void la_follower_stop(la_follower *f);
la_follower *la_follower_free(la_follower *f); /* takes NULL */

#endif
