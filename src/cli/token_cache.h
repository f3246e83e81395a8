/* Tokens that `leanauth token` fetched, kept for their owner until shortly before they expire. */
#ifndef LA_CLI_TOKEN_CACHE_H
#define LA_CLI_TOKEN_CACHE_H

#include "base/buffer.h"

#include <jansson.h>

/* What a cached token belongs to: all that was asked for, secret included, so that a changed secret is asked again. */
typedef struct la_token_ask {
    la_slice url, client_id, client_secret, scope;
} la_token_ask;

/* The server's response as it was; NULL where there is none that is still good at now_s. The caller frees it with json_decref. */
json_t *la_token_cache_find(const la_token_ask *ask, int64_t now_s);

/* Keeps it until min(60 s, a tenth of its lifetime) before it expires. A cache that cannot be written is no failure of the command. */
void la_token_cache_put(const la_token_ask *ask, const json_t *response, int64_t now_s);

#endif
