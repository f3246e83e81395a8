/*
 * Memory of one request: taken piece by piece, given back at once. The first `first_bytes` are kept
 * between requests, so that the token path allocates nothing. Bounded by max_bytes.
 */
#ifndef LA_BASE_ARENA_H
#define LA_BASE_ARENA_H

#include "base/slice.h"

#include <stdint.h>

typedef struct la_arena la_arena;

/* NULL where memory is exhausted. */
la_arena *la_arena_new(size_t first_bytes, size_t max_bytes);
la_arena *la_arena_free(la_arena *a); /* wipes it; takes NULL; returns NULL */

/* Aligned to 16 bytes, not cleared; NULL past max_bytes or where memory is exhausted. */
void *la_arena_take(la_arena *a, size_t bytes);

/* A copy that lives as long as the arena's content; p is NULL where memory is exhausted. */
la_slice la_arena_copy(la_arena *a, la_slice s);

/* Wipes what was used (it held secrets) and makes all of it free again. */
void la_arena_reset(la_arena *a);

#endif
