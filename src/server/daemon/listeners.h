/* Where tokens are served and administration answers: from the configuration, or sockets that systemd hands over. */
#ifndef LA_SERVER_LISTENERS_H
#define LA_SERVER_LISTENERS_H

#include "server/daemon/daemon.h"

/*
 * Fills the daemon's listeners. A handed-over socket named `token`, `mtls`, `admin` or like an environment takes the place of that
 * address; unnamed ones count as token, then admin. *ret_admin_fd: the administration's, -1 where it binds its own.
 */
la_result la_listeners_collect(la_daemon *d, int *ret_admin_fd);

/* Opens them all, a socket for each loop. IO with a clear detail where an address is taken. */
la_result la_listeners_open(la_daemon *d);
void la_listeners_close(la_daemon *d); /* those that no loop has taken, and the memory */

/* The address that a socket listens at, "127.0.0.1:8080". */
void la_listener_format(int fd, const la_endpoint *otherwise, char ret[LA_ENDPOINT_CHARS]);

#endif
