/*
 * Signed status lists that were asked for lately, so that nobody can make a loop sign one without end: a list is signed anew where its bits or the
 * key changed, or where the last one is half as old as it may get. Of one loop; bounded. Knows no HTTP.
 */
#ifndef LA_SERVER_STATUS_CACHE_H
#define LA_SERVER_STATUS_CACHE_H

#include "oauth/status.h"
#include "server/snapshot/document.h"

#define LA_STATUS_CACHE_ENTRIES 64

typedef struct la_status_cache la_status_cache;

la_status_cache *la_status_cache_new(void); /* NULL: no memory */
la_status_cache *la_status_cache_free(la_status_cache *c);

/* The document of a list as its bits are now; valid until the next call. *ret_signed: it had to be signed. NO_SIGNING_KEY, SERVER_ERROR, NO_MEMORY. */
la_result la_status_cache_find(la_status_cache *c, const la_issuer *issuer, const uint8_t id[LA_STATUS_LIST_ID_BYTES],
                               const uint8_t bits[LA_STATUS_BYTES], int64_t now_s, const la_document **ret,
                               bool *ret_signed);

#endif
