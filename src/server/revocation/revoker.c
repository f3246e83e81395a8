/* Three lists under one lock: those that wait, those that are worked on, and by loop those that are ready to be answered. */
#include "server/revocation/revoker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define LOOPS_MAX 256 /* as the configuration */

typedef struct job {
    struct job *next;
    la_revocation_order order;
    unsigned loop;
    la_revoker_done done;
    void *self;
    la_result result;
    char jti[LA_JTI_MAX];
    char list[LA_STATUS_LIST_ID_BYTES];
    char client_id[LA_CLIENT_ID_MAX];
    char address[LA_REVOKER_ADDRESS_MAX];
    char request_id[32];
} job;

typedef struct queue {
    job *first, **end;
} queue;

struct la_revoker {
    la_revoker_hooks hooks;
    uv_mutex_t lock;
    atomic_uint n; /* that wait or are worked on */
    bool is_closed;
    queue waiting, taken;
    unsigned n_loops;
    queue ready[];
};

static void clear(queue *q)
{
    q->first = NULL;
    q->end = &q->first;
}

static void push(queue *q, job *j)
{
    j->next = NULL;
    *q->end = j;
    q->end = &j->next;
}

static job *pop(queue *q)
{
    job *j = q->first;

    if (j) {
        q->first = j->next;
        if (!q->first)
            q->end = &q->first;
    }
    return j;
}

la_revoker *la_revoker_new(unsigned n_loops, const la_revoker_hooks *hooks)
{
    la_revoker *r = n_loops <= LOOPS_MAX ? calloc(1, sizeof *r + n_loops * sizeof r->ready[0]) : NULL;

    if (!r)
        return NULL;
    if (uv_mutex_init(&r->lock) != 0) {
        free(r);
        return NULL;
    }
    r->hooks = *hooks;
    r->n_loops = n_loops;
    clear(&r->waiting);
    clear(&r->taken);
    for (unsigned i = 0; i < n_loops; i++)
        clear(&r->ready[i]);
    return r;
}

static void free_all(queue *q)
{
    for (job *j; (j = pop(q));)
        free(j);
}

la_revoker *la_revoker_free(la_revoker *r)
{
    if (!r)
        return NULL;
    free_all(&r->waiting);
    free_all(&r->taken);
    for (unsigned i = 0; i < r->n_loops; i++)
        free_all(&r->ready[i]);
    uv_mutex_destroy(&r->lock);
    free(r);
    return NULL;
}

static la_slice keep(la_slice s, char *memory, size_t max)
{
    if (!s.p)
        return s;
    if (s.n > max)
        s.n = max;
    memcpy(memory, s.p, s.n);
    return (la_slice){memory, s.n};
}

static job *job_of(const la_revocation_order *order)
{
    job *j = calloc(1, sizeof *j);

    if (!j)
        return NULL;
    j->order = *order;
    j->order.record.jti = keep(order->record.jti, j->jti, sizeof j->jti);
    j->order.record.list = keep(order->record.list, j->list, sizeof j->list);
    j->order.client_id = keep(order->client_id, j->client_id, sizeof j->client_id);
    j->order.address = keep(order->address, j->address, sizeof j->address);
    j->order.request_id = keep(order->request_id, j->request_id, sizeof j->request_id);
    return j;
}

static unsigned count_of(const queue *q, uint64_t application_id)
{
    unsigned n = 0;

    for (const job *j = q->first; j; j = j->next)
        n += j->order.record.application_id == application_id;
    return n;
}

/* Under the lock. */
static la_result admit(la_revoker *r, uint64_t application_id)
{
    if (r->is_closed)
        return la_error(LA_UNAVAILABLE);
    if (atomic_load(&r->n) >= LA_REVOKER_MAX ||
        count_of(&r->waiting, application_id) + count_of(&r->taken, application_id) >= LA_REVOKER_PER_CLIENT)
        return la_error(LA_OVERLOADED);
    return la_ok();
}

la_result la_revoker_submit(la_revoker *r, unsigned loop, const la_revocation_order *order, la_revoker_done done,
                            void *self)
{
    job *j = job_of(order);
    la_result result;

    if (!j)
        return la_error(LA_NO_MEMORY);
    j->loop = loop;
    j->done = done;
    j->self = self;
    uv_mutex_lock(&r->lock);
    result = admit(r, order->record.application_id);
    if (la_is_ok(result)) {
        push(&r->waiting, j);
        atomic_fetch_add(&r->n, 1);
    }
    uv_mutex_unlock(&r->lock);
    if (la_is_ok(result))
        r->hooks.wake_keeper(r->hooks.self);
    else
        free(j);
    return result;
}

void la_revoker_deliver(la_revoker *r, unsigned loop)
{
    queue ready;

    uv_mutex_lock(&r->lock);
    ready = r->ready[loop];
    clear(&r->ready[loop]);
    uv_mutex_unlock(&r->lock);
    for (job *j = ready.first, *next; j; j = next) {
        next = j->next;
        j->done(j->self, j->result);
        free(j);
    }
}

size_t la_revoker_take(la_revoker *r, const la_revocation_order **ret, size_t most)
{
    size_t n = 0;

    if (atomic_load(&r->n) == 0)
        return 0;
    uv_mutex_lock(&r->lock);
    for (job *j; n < most && (j = pop(&r->waiting));) {
        push(&r->taken, j);
        ret[n++] = &j->order;
    }
    uv_mutex_unlock(&r->lock);
    return n;
}

/* Under the lock: all of the queue is ready. */
static void answer(la_revoker *r, queue *q, la_result result, bool *wakes)
{
    for (job *j; (j = pop(q));) {
        j->result = result;
        push(&r->ready[j->loop], j);
        wakes[j->loop] = true;
        atomic_fetch_sub(&r->n, 1);
    }
}

static void wake(const la_revoker *r, const bool *wakes)
{
    for (unsigned i = 0; i < r->n_loops; i++)
        if (wakes[i])
            r->hooks.wake_loop(r->hooks.self, i);
}

void la_revoker_finish(la_revoker *r, la_result result)
{
    bool wakes[LOOPS_MAX] = {0};

    uv_mutex_lock(&r->lock);
    answer(r, &r->taken, result, wakes);
    uv_mutex_unlock(&r->lock);
    wake(r, wakes);
}

void la_revoker_close(la_revoker *r)
{
    bool wakes[LOOPS_MAX] = {0};

    uv_mutex_lock(&r->lock);
    r->is_closed = true;
    answer(r, &r->taken, la_error(LA_UNAVAILABLE), wakes);
    answer(r, &r->waiting, la_error(LA_UNAVAILABLE), wakes);
    uv_mutex_unlock(&r->lock);
    wake(r, wakes);
}

unsigned la_revoker_waiting(const la_revoker *r)
{
    return atomic_load(&r->n);
}
