/*
 * The admin API as the daemon runs it: one instance for the present configuration, the throttle of logins, and token trials that
 * run the code of the token endpoint. All of it belongs to the administration's thread, once that runs.
 */
#ifndef LA_SERVER_ADMIN_API_H
#define LA_SERVER_ADMIN_API_H

#include "server/daemon/daemon.h"

/* `first` is held. */
la_result la_admin_api_new(la_daemon *d, la_snapshot *first, la_admin_api **ret);
la_admin_api *la_admin_api_free(la_admin_api *a); /* takes NULL; returns NULL */

/* Any thread: the snapshot to take over at the next refresh (holds it). */
void la_admin_api_give_snapshot(la_admin_api *a, la_snapshot *s);

/* The work of the administration's thread, and the wake-up of the main loop for its answers. */
la_result la_admin_api_make_thread(la_admin_api *a, la_admin_thread **ret);

#endif
