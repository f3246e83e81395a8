/* Requests of one loop that wait for a key set (jwks_fetch.h), and go on there. One thread but for what is said. */
#ifndef LA_SERVER_JWKS_WAITS_H
#define LA_SERVER_JWKS_WAITS_H

#include "server/jwks/jwks_fetch.h"

#include <uv.h>

#define LA_JWKS_WAITS_MAX 1024 /* of one loop */

typedef struct la_jwks_wait la_jwks_wait;

typedef struct la_jwks_waits {
    la_jwks_fetch *fetch;
    void (*wake)(void *self); /* any thread: has la_jwks_waits_go_on called soon */
    void *self;
    unsigned waiting;
    uv_mutex_t lock;
    la_jwks_wait *ended; /* under the lock */
} la_jwks_waits;

la_result la_jwks_waits_init(la_jwks_waits *w, la_jwks_fetch *fetch, void (*wake)(void *self), void *self);
void la_jwks_waits_done(la_jwks_waits *w); /* nobody waits any more */

/* Whether there is a set now is asked again by whoever goes on. */
typedef void (*la_jwks_waits_resume)(void *self);

/* Copies the URI. OVERLOADED, NO_MEMORY; `resume` is not called then. */
la_result la_jwks_waits_add(la_jwks_waits *w, la_slice uri, la_jwks_waits_resume resume, void *self);

/* Resumes those whose fetch has ended. */
void la_jwks_waits_go_on(la_jwks_waits *w);

#endif
