/* One GET of a key set, as careful as jwks_fetch.h says. For jwks_fetch.c. */
#ifndef LA_SERVER_JWKS_TRANSFER_H
#define LA_SERVER_JWKS_TRANSFER_H

#include "base/buffer.h"
#include "config/config.h"
#include "server/jwks/freshness.h"

#include <curl/curl.h>

typedef struct la_jwks_transfer {
    const la_jwks_fetch_config *config;
    CURL *curl;
    struct curl_slist *fields; /* of the request */
    la_buffer body;
    la_freshness freshness;
    size_t header_bytes;
    bool is_forbidden; /* the name led to an address that is not allowed */
    bool has_long_header;
    char error[CURL_ERROR_SIZE];
} la_jwks_transfer;

/* Ready to be added to a multi handle, with `private` as its CURLOPT_PRIVATE. `uri` is copied. NO_MEMORY. */
la_result la_jwks_transfer_init(la_jwks_transfer *t, const la_jwks_fetch_config *config, const char *uri,
                                void *private);
void la_jwks_transfer_done(la_jwks_transfer *t);

/* The URI as logs show it: without user, query and fragment, which could be secrets. */
void la_jwks_uri_show(const char *uri, la_buffer *ret);

/* Whether it brought a key set, and for how many seconds that counts. INVALID with a detail for the log. */
la_result la_jwks_transfer_judge(la_jwks_transfer *t, CURLcode code, uint32_t *ret_max_age_s);

#endif
