/* Reading the configuration again (SIGHUP): what may change while running, and what needs a restart. */
#ifndef LA_SERVER_RELOAD_H
#define LA_SERVER_RELOAD_H

#include "server/snapshot/snapshot.h"

/*
 * Loads the file and keeps the options that need a restart (addresses, workers, paths, limits.connections, the flush interval) as
 * `started_with` has them, with a log line for each that was changed. INVALID, IO, NO_MEMORY with a detail.
 */
la_result la_reload(const char *path, const la_shared_config *started_with, la_shared_config **ret);

#endif
