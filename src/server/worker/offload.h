/*
 * Slow password hashes (imported secrets), checked on libuv's worker pool on copies in secret memory, so that no event loop
 * waits for one. Bounded per loop. The pool's threads run at a lower priority: tokens come first.
 */
#ifndef LA_SERVER_OFFLOAD_H
#define LA_SERVER_OFFLOAD_H

#include "base/result.h"
#include "base/slice.h"

#include <uv.h>

#define LA_OFFLOAD_MAX 64 /* waiting or running, of one loop */

typedef struct la_offload {
    uv_loop_t *loop;
    unsigned waiting;
} la_offload;

/* On the loop's thread; also called, with false, where the work was cancelled. */
typedef void (*la_offload_done)(void *self, bool is_right);

/* OVERLOADED where too many wait, NO_MEMORY; `done` is not called then. Copies both slices. */
la_result la_offload_verify(la_offload *o, la_slice hash, la_slice secret, la_offload_done done, void *self);

#endif
