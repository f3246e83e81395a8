/*
 * The TLS contexts of a configuration: made from its certificate files, immutable, counted, part of a snapshot. What cannot be
 * loaded again keeps its former certificate. Knows files and the configuration; no socket.
 */
#ifndef LA_SERVER_TLS_SET_H
#define LA_SERVER_TLS_SET_H

#include "base/buffer.h"
#include "server/tls/file_stamp.h"
#include "server/tls/tls_context.h"

#define LA_TLS_NAME_CHARS 64 /* "environments.NAME" */
#define LA_TLS_WARN_S (30 * 86400)

/* Lives as long as the process; each part is safe by itself. */
typedef struct la_tls_shared {
    la_tls_tickets *tickets;
    _Atomic uint64_t loaded;  /* certificates */
    _Atomic uint64_t refused; /* certificates that were not fit to take the place of the former */
} la_tls_shared;

typedef struct la_tls_slot {
    char name[LA_TLS_NAME_CHARS];
    la_tls_files files;  /* of the slot's own */
    la_file_stamp stamp; /* of the files when they were tried last */
    la_certificate *certificate;
} la_tls_slot;

typedef struct la_tls_set {
    atomic_uint references;
    la_tls_context *listen; /* NULL here and below: not configured */
    la_tls_context *mtls;
    la_tls_context *admin;
    la_tls_context **environments; /* for their own addresses; by index of the configuration */
    unsigned n_environments;
    unsigned n_slots;
    la_tls_slot slots[];
} la_tls_set;

/*
 * `former` (may be NULL) gives what did not change, and what goes on where a file is unfit now. INVALID, IO with a detail where a
 * certificate has no former, or an address has to speak TLS and has no certificate; NO_MEMORY.
 */
la_result la_tls_set_new(const la_config *config, la_tls_set *former, la_tls_shared *shared, la_tls_set **ret);
la_tls_set *la_tls_set_hold(la_tls_set *s);
void la_tls_set_release(la_tls_set *s); /* any thread; takes NULL */

/* Whether the files look as they did when it was made. */
bool la_tls_set_is_current(const la_tls_set *s);

/* Whether files changed since, in a way that lasted from one call to the next: half of a renewal is not taken. One thread. */
typedef struct la_tls_watch {
    int64_t next_look_us, next_warning_s;
    la_file_stamp seen;
    const la_tls_set *warned_of;
} la_tls_watch;
bool la_tls_watch_look(la_tls_watch *w, const la_tls_set *s, int64_t now_us);

/* Once a day, and for each new set: a line for each certificate that ends within LA_TLS_WARN_S. */
void la_tls_watch_warn(la_tls_watch *w, const la_tls_set *s, int64_t now_s);

#endif
