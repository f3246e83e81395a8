/*
 * Everything that the token loops need and that changes seldom: configuration, published documents, the key that signs, the
 * pepper. Immutable, counted, made by the housekeeping thread from the configuration and the registry, and handed to each loop,
 * which switches between two requests; so a request compares nothing and waits for nobody.
 */
#ifndef LA_SERVER_SNAPSHOT_H
#define LA_SERVER_SNAPSHOT_H

#include "config/config.h"
#include "jose/hasher.h"
#include "jose/verifier.h"
#include "jose/wrap.h"
#include "registry/registry.h"
#include "server/metrics/metrics.h"
#include "server/snapshot/document.h"
#include "server/snapshot/signing_keys.h"
#include "server/tls/client_trust.h"
#include "server/tls/tls_set.h"

#include <stdatomic.h>

/* A loaded configuration, shared by the snapshots made of it. */
typedef struct la_shared_config {
    atomic_uint references;
    la_config *loaded;
    la_config config; /* what holds: as loaded, except options that need a restart */
} la_shared_config;

la_shared_config *la_shared_config_new(la_config *loaded); /* takes `loaded`; NULL: no memory (then it was freed) */
la_shared_config *la_shared_config_hold(la_shared_config *c);
void la_shared_config_release(la_shared_config *c); /* takes NULL */

/* The pepper in use, shared as keys are. */
typedef struct la_shared_hasher la_shared_hasher;

typedef struct la_snapshot_environment {
    const la_environment_config *config;
    uint16_t environment_id;
    unsigned metrics_slot;
    la_shared_key *key;     /* NULL: none that signs */
    int64_t next_change_s;  /* when another key signs; INT64_MAX: not planned */
    la_client_trust *trust; /* never NULL in a whole snapshot */
    la_document documents[LA_DOCUMENT_KINDS];
    la_verifier *verifier;     /* of the environment's own tokens: the keys of its JWKS */
    char refusal_headers[192]; /* of a 401: no-store and the challenge */
} la_snapshot_environment;

typedef struct la_snapshot_host {
    la_slice name;
    unsigned environment; /* index of environments */
} la_snapshot_host;

typedef struct la_snapshot {
    atomic_uint references;
    la_shared_config *config;
    la_shared_hasher *hasher;
    la_tls_set *tls;         /* NULL where the source has no `tls` */
    int64_t next_change_s;   /* a new snapshot is due then */
    int default_environment; /* index; -1: none */
    unsigned n_hosts;
    la_snapshot_host *hosts;
    uint16_t environment_ids[LA_ENVIRONMENTS_MAX]; /* of `environments`, for look-ups in all of them */
    unsigned n_environments;                       /* as config->config.environments */
    la_snapshot_environment environments[];
} la_snapshot;

typedef struct la_snapshot_source {
    la_shared_config *config;
    const la_master_key *master_key;
    la_registry_view *view;      /* awake */
    la_metrics *metrics;         /* hands out the slots */
    la_tls_shared *tls;          /* NULL: no TLS contexts are made */
    const la_snapshot *previous; /* its keys and pepper are used again; NULL: none */
    int64_t now_s;
    bool strict; /* an environment without id or usable key is a failure (start, new configuration); otherwise its
                    former key goes on, or it refuses tokens, and the failure is logged */
} la_snapshot_source;

/* NOT_FOUND with a detail where the registry lacks pepper or environment, CRYPTO where the master key does not fit, NO_MEMORY. */
la_result la_snapshot_new(const la_snapshot_source *source, la_snapshot **ret);
la_snapshot *la_snapshot_hold(la_snapshot *s);
void la_snapshot_release(la_snapshot *s); /* any thread; takes NULL */

const la_hasher *la_snapshot_hasher(const la_snapshot *s);

/* Whether files of trust anchors or CRLs changed since, in a way that lasted from one look to the next. One thread. */
typedef struct la_trust_watch {
    int64_t next_look_us;
    la_file_stamp seen;
} la_trust_watch;
bool la_trust_watch_look(la_trust_watch *w, const la_snapshot *s, int64_t now_us);

#endif
