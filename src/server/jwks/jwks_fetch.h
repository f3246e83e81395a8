/*
 * The key sets behind registered jwks_uris (RFC 7591 2): fetched by libcurl on a thread of its own, which starts with the first of them, and
 * kept for as long as their own headers say, within bounds. One for all threads of the process; bounded by its places, the size of a
 * set, and how many are under way.
 *
 * What a client may make this server do is little: one GET by https, to an address that is public unless it was allowed (asked of
 * what the name resolved to when the socket is made, so that no second answer of the DNS counts), without a redirect, in a
 * bounded time, for a bounded size; and the same URI not again before min_refresh_s are over, whatever kid anybody invents.
 */
#ifndef LA_SERVER_JWKS_FETCH_H
#define LA_SERVER_JWKS_FETCH_H

#include "base/arena.h"
#include "base/result.h"
#include "config/config.h"

typedef struct la_jwks_fetch la_jwks_fetch;

/* Borrows the configuration. NO_MEMORY. */
la_result la_jwks_fetch_new(const la_jwks_fetch_config *config, la_jwks_fetch **ret);
la_jwks_fetch *la_jwks_fetch_free(la_jwks_fetch *f); /* ends what is under way; takes NULL; returns NULL */

/* See la_key_source in oauth/token.h; the text is a copy in the arena. Any thread. OK, PENDING, UNAVAILABLE, NO_MEMORY. */
la_result la_jwks_fetch_find(la_jwks_fetch *f, la_slice uri, bool unknown_kid, la_arena *arena, int64_t now_us,
                             la_slice *ret);

/* On the fetching thread, once the answer is there or there is none: it must not wait for anything. */
typedef void (*la_jwks_fetch_done)(void *self);

/* Fetches it, or joins whoever does already. OVERLOADED where too much is under way, NO_MEMORY; `done` is not called then. Any thread. */
la_result la_jwks_fetch_start(la_jwks_fetch *f, la_slice uri, la_jwks_fetch_done done, void *self);

/* For the metrics. */
uint64_t la_jwks_fetch_count(const la_jwks_fetch *f);
uint64_t la_jwks_fetch_failures(const la_jwks_fetch *f);

#endif
