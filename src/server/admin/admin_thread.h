/*
 * The one thread that runs the admin API. It may wait there for the store and for slow password hashes, while metrics and health
 * go on answering on the main loop. Requests wait in a bounded queue, each on a copy that is wiped afterwards; answers go
 * back to the main loop, which alone touches exchanges.
 */
#ifndef LA_SERVER_ADMIN_THREAD_H
#define LA_SERVER_ADMIN_THREAD_H

#include "server/http/http.h"

typedef struct la_api_request la_api_request; /* api/api.h, which only those need who work on requests */
typedef struct la_api_response la_api_response;

#define LA_ADMIN_QUEUE_MAX 64  /* requests that wait, are worked on, or whose answer waits to be sent */
#define LA_ADMIN_LOGINS_MAX 32 /* of those; they take turns with the others */

typedef struct la_admin_thread la_admin_thread;

/* What the thread does, on the thread. */
typedef struct la_admin_work {
    void *self;
    void (*refresh)(void *self); /* before each request, and after la_admin_thread_nudge */
    void (*handle)(void *self, const la_api_request *request, la_api_response *ret);
} la_admin_work;

/* `wake` is called on the thread when answers are there or it has ended: the main loop is to call deliver soon. */
la_result la_admin_thread_new(const la_admin_work *work, void (*wake)(void *self), void *wake_self,
                              la_admin_thread **ret);
la_result la_admin_thread_start(la_admin_thread *t);

/* Any thread. */
void la_admin_thread_nudge(la_admin_thread *t);

/* ---- on the main loop ---- */
/* Takes the exchange; it is answered later, or at once where the queue is full or the thread is to stop. */
void la_admin_thread_submit(la_admin_thread *t, la_http_exchange *x);

/* Sends the answers that are there. A client that is gone by then is no error. */
void la_admin_thread_deliver(la_admin_thread *t);

/* Takes no more requests. Those that wait are still worked on until `deadline_us` (la_clock_monotonic_us) and refused after it. */
void la_admin_thread_stop(la_admin_thread *t, int64_t deadline_us);
bool la_admin_thread_has_ended(la_admin_thread *t); /* also where it was never started */

/* Waits for the thread and answers everything that is left. The exchanges' server must still be there. Takes NULL. */
la_admin_thread *la_admin_thread_free(la_admin_thread *t);

#endif
