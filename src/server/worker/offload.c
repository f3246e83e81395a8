#include "server/worker/offload.h"

#include "base/secret.h"
#include "jose/hasher.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOWER_PRIORITY = 10 };

typedef struct job {
    uv_work_t work;
    la_offload *offload;
    la_offload_done done;
    void *self;
    char *memory; /* secret: the hash, then the client secret */
    size_t hash_bytes;
    size_t secret_bytes;
    bool is_right;
} job;

static void lower_priority(void)
{
    static _Thread_local bool lowered;

    /* On Linux a nice value is the thread's own. */
    if (!lowered)
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOWER_PRIORITY);
    lowered = true;
}

static void verify(uv_work_t *work)
{
    job *j = work->data;

    lower_priority();
    j->is_right = la_slow_hash_verify((la_slice){j->memory, j->hash_bytes},
                                      (la_slice){j->memory + j->hash_bytes, j->secret_bytes});
}

static void finished(uv_work_t *work, int status)
{
    job *j = work->data;
    la_offload_done done = j->done;
    void *self = j->self;
    bool is_right = status == 0 && j->is_right;

    j->offload->waiting--;
    la_secret_free(j->memory);
    free(j);
    done(self, is_right);
}

la_result la_offload_verify(la_offload *o, la_slice hash, la_slice secret, la_offload_done done, void *self)
{
    job *j;

    if (o->waiting >= LA_OFFLOAD_MAX)
        return la_error(LA_OVERLOADED);
    j = calloc(1, sizeof *j);
    if (!j)
        return la_error(LA_NO_MEMORY);
    j->memory = la_secret_alloc(hash.n + secret.n + 1);
    if (!j->memory) {
        free(j);
        return la_error(LA_NO_MEMORY);
    }
    memcpy(j->memory, hash.p, hash.n);
    memcpy(j->memory + hash.n, secret.p, secret.n);
    j->hash_bytes = hash.n;
    j->secret_bytes = secret.n;
    j->offload = o;
    j->done = done;
    j->self = self;
    j->work.data = j;
    if (uv_queue_work(o->loop, &j->work, verify, finished) != 0) {
        la_secret_free(j->memory);
        free(j);
        return la_error(LA_OVERLOADED);
    }
    o->waiting++;
    return la_ok();
}
