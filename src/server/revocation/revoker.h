/*
 * Revocations that clients asked for, on their way from the token loops to the thread that talks to the store, and their answers on the way back.
 * A client is answered once its revocation is durable and in this node's registry, or where that failed; so nothing is acknowledged that a
 * crash could undo. Bounded. Knows neither store nor HTTP.
 */
#ifndef LA_SERVER_REVOKER_H
#define LA_SERVER_REVOKER_H

#include "base/result.h"
#include "model/model.h"

#define LA_REVOKER_MAX 1024      /* that wait or are worked on, of all loops */
#define LA_REVOKER_PER_CLIENT 64 /* of one application: nobody else has to wait because of one */
#define LA_REVOKER_ADDRESS_MAX 63

/* One token. Texts are copied. */
typedef struct la_revocation_order {
    la_revocation_record record; /* kind TOKEN */
    la_slice client_id;
    la_slice address; /* numeric text; what does not fit is cut */
    la_slice request_id;
} la_revocation_order;

/* On the loop's thread. */
typedef void (*la_revoker_done)(void *self, la_result r);

typedef struct la_revoker_hooks {
    void *self;
    void (*wake_loop)(void *self, unsigned loop); /* any thread: it calls la_revoker_deliver soon */
    void (*wake_keeper)(void *self);              /* any thread: that thread looks for orders soon */
} la_revoker_hooks;

typedef struct la_revoker la_revoker;

la_revoker *la_revoker_new(unsigned n_loops, const la_revoker_hooks *hooks); /* NULL: no memory */
la_revoker *la_revoker_free(la_revoker *r);                                  /* nothing waits any more; takes NULL */

/* ---- a loop ---- */

/* OVERLOADED where too many wait, UNAVAILABLE after la_revoker_close, NO_MEMORY; `done` is not called then. Else it is, exactly once. */
la_result la_revoker_submit(la_revoker *r, unsigned loop, const la_revocation_order *order, la_revoker_done done,
                            void *self);

/* Calls `done` of those of this loop that are ready. */
void la_revoker_deliver(la_revoker *r, unsigned loop);

/* ---- the thread with the store ---- */

/* The oldest orders, at most `most`; they live until la_revoker_finish. 0: there are none. */
size_t la_revoker_take(la_revoker *r, const la_revocation_order **ret, size_t most);

/* What came of all that were taken. */
void la_revoker_finish(la_revoker *r, la_result result);

/* No more are taken in, and those that wait are refused: whoever worked on them has ended. */
void la_revoker_close(la_revoker *r);

/* For metrics. */
unsigned la_revoker_waiting(const la_revoker *r);

#endif
