/*
 * Whose client certificates an environment accepts: its trust anchors and CRLs, read from their files, and its own authority, from the
 * registry. Immutable, counted, part of a snapshot. Knows files; no socket, no store.
 */
#ifndef LA_SERVER_CLIENT_TRUST_H
#define LA_SERVER_CLIENT_TRUST_H

#include "config/config.h"
#include "server/tls/file_stamp.h"
#include "x509/trust.h"

#include <stdatomic.h>

typedef struct la_client_trust {
    atomic_uint references;
    la_trust *trust;        /* NULL: nobody's certificates count */
    la_file_stamp files;    /* when they were read */
    la_file_stamp contents; /* of all that it was made of; equal ones are the same trust */
} la_client_trust;

/*
 * `own`: DER of the environment's authority; absent where it has none. `former` (may be NULL) is given back, held, where nothing
 * changed, and also, with a line in the log, where a file is unfit now: unless `strict`, when that is a failure (IO, INVALID with
 * a detail). NO_MEMORY.
 */
la_result la_client_trust_load(const la_environment_config *e, la_slice own, la_client_trust *former, bool strict,
                               la_client_trust **ret);
la_client_trust *la_client_trust_hold(la_client_trust *t);
void la_client_trust_release(la_client_trust *t); /* any thread; takes NULL */

/* How an environment's files look now. */
la_file_stamp la_client_trust_stamp(const la_environment_config *e);

#endif
