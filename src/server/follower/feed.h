/* Brings the registry to where the store is: the one place that knows both. */
#ifndef LA_SERVER_FEED_H
#define LA_SERVER_FEED_H

#include "registry/registry.h"
#include "store/store.h"

typedef struct la_feed_outcome {
    uint64_t items;
    bool rebuilt;      /* from scratch: the registry was empty, or stood in another database or another past */
    bool snapshot_due; /* an environment, the pepper or a key changed */
} la_feed_outcome;

/* Applies all that the registry lacks, in batches of whole changes. On failure the registry keeps a state that the store once
 * had. *ret tells what was applied, also then; `from_store` tells whether the store failed or the registry did. */
la_result la_feed_apply(la_registry *registry, la_store *store, la_feed_outcome *ret, bool *ret_from_store);

#endif
