/* Which TLS context is whose, and whose word counts: the snapshot's contexts and proxies, given to the transport of a loop. */
#ifndef LA_SERVER_TLS_LISTENERS_H
#define LA_SERVER_TLS_LISTENERS_H

#include "server/daemon/daemon.h"

/* On the loop's thread, at its start and for each new snapshot. */
void la_tls_listeners_apply(const la_daemon *d, const la_snapshot *s, la_http_server *http);

/* The same for the administration's address. */
void la_tls_listeners_apply_admin(la_daemon *d);

#endif
