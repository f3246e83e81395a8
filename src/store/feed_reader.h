/* The reading side of the feed, shared by feed.c and feed_application.c and nobody else. */
#ifndef LA_STORE_FEED_READER_H
#define LA_STORE_FEED_READER_H

#include "store/sqlite_internal.h"

typedef struct la_feed_reader {
    la_store *store;
    la_feed_fn each;
    void *self;
    unsigned items;
    bool any_certificates; /* there are live ones, so that each application must be asked for its own */
} la_feed_reader;

la_result la_feed_give(la_feed_reader *f, const la_feed_item *item);

/* Before applications are read: whether any has certificates. */
la_result la_feed_find_certificates(la_feed_reader *f);

/* Its columns are the ones that feed_application.c numbers. */
#define LA_SELECT_APPLICATIONS                                                                               \
    "SELECT a.application_id, a.environment_id, a.client_id, a.enabled, a.auth_method, a.scopes,"            \
    " a.registration, a.version, a.created_at_s, s.number, s.expires_at_s, s.digest, s.slow_hash, s.wrapped" \
    " FROM application AS a LEFT JOIN secret AS s ON s.application_id = a.application_id AND s.revoked_at_s = 0"

/* All of a LA_SELECT_APPLICATIONS, which is in order of application_id. */
la_result la_feed_give_applications(la_feed_reader *f, la_sql *q);

#endif
