#include "server/admin/admin_thread.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/admin/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOWER_PRIORITY = 5 };

typedef struct job {
    struct job *next;
    la_http_exchange *exchange; /* the main loop's */
    la_api_request request;     /* slices of `bytes` */
    la_api_response response;
    bool is_login;
    bool refused; /* it was not worked on any more */
    size_t n_bytes;
    char bytes[];
} job;

typedef struct job_list {
    job *first, *last;
} job_list;

struct la_admin_thread {
    la_admin_work work;
    void (*wake)(void *self);
    void *wake_self;
    unsigned n_open, n_logins; /* the main loop's: jobs between submit and deliver, and those of them that are logins */
    uv_thread_t thread;
    bool is_started;

    uv_mutex_t lock; /* of all that follows */
    uv_cond_t changed;
    job_list waiting, logins, done;
    bool had_login; /* the last job was one */
    bool nudged, stop, ended;
    int64_t deadline_us;
};

static void append(job_list *list, job *j)
{
    j->next = NULL;
    if (list->last)
        list->last->next = j;
    else
        list->first = j;
    list->last = j;
}

static job *take_first(job_list *list)
{
    job *j = list->first;

    if (j)
        list->first = j->next;
    if (!list->first)
        list->last = NULL;
    return j;
}

/* By turns. Anybody may send logins, and each costs a slow hash: whoever is logged in waits for one of them at most. */
static job *take_next(la_admin_thread *t)
{
    job *j = take_first(t->had_login ? &t->waiting : &t->logins);

    if (!j)
        j = take_first(t->had_login ? &t->logins : &t->waiting);
    if (j)
        t->had_login = j->is_login;
    return j;
}

/* ---- a request's copy ---- */

static la_api_method method_of(la_http_method method)
{
    switch (method) {
    case LA_GET:
        return LA_API_GET;
    case LA_HEAD:
        return LA_API_HEAD;
    case LA_POST:
        return LA_API_POST;
    case LA_PATCH:
        return LA_API_PATCH;
    case LA_DELETE:
        return LA_API_DELETE;
    case LA_OPTIONS:
    case LA_PUT:
    case LA_METHOD_OTHER:
    default:
        return LA_API_METHOD_OTHER;
    }
}

static la_api_request view_of(const la_http_request *r)
{
    return (la_api_request){
        .method = method_of(r->method),
        .path = r->path,
        .query = r->query,
        .host = r->authority,
        .origin = r->origin,
        .cookie = r->cookie,
        .authorization = r->authorization,
        .n_authorization = r->n_authorization,
        .content_type = r->content_type,
        .if_match = r->if_match,
        .if_none_match = r->if_none_match,
        .idempotency_key = r->idempotency_key,
        .user_agent = r->user_agent,
        .body = r->body,
        .client_address = r->client_address,
        .request_id = la_slice_of(r->request_id),
        .is_tls = r->is_tls,
    };
}

/* Every slice of a request, so that none is forgotten by the copy. */
static unsigned slices_of(la_api_request *r, la_slice *ret[16])
{
    la_slice *all[] = {&r->path,          &r->query,        &r->host,           &r->origin,        &r->cookie,
                       &r->authorization, &r->content_type, &r->if_match,       &r->if_none_match, &r->idempotency_key,
                       &r->user_agent,    &r->body,         &r->client_address, &r->request_id};

    memcpy(ret, all, sizeof all);
    return sizeof all / sizeof all[0];
}

static job *job_new(la_http_exchange *x)
{
    la_api_request request = view_of(la_http_request_of(x));
    la_slice *slices[16];
    unsigned n = slices_of(&request, slices);
    size_t bytes = 0;
    char *to;
    job *j;

    for (unsigned i = 0; i < n; i++)
        bytes += slices[i]->n;
    j = calloc(1, sizeof *j + bytes + 1);
    if (!j)
        return NULL;
    to = j->bytes;
    for (unsigned i = 0; i < n; i++) {
        if (!slices[i]->p)
            continue;
        memcpy(to, slices[i]->p, slices[i]->n);
        slices[i]->p = to;
        to += slices[i]->n;
    }
    j->exchange = x;
    j->request = request;
    j->is_login = request.method == LA_API_POST && la_slice_is(request.path, "/admin/v1/session");
    j->n_bytes = bytes;
    la_api_response_init(&j->response);
    return j;
}

/* Passwords and secrets went through it. */
static void job_free(job *j)
{
    la_api_response_done(&j->response);
    la_wipe(j->bytes, j->n_bytes);
    free(j);
}

/* ---- the thread ---- */

/* The next job; NULL where there is none and the thread is to end. Sleeps in between. */
static job *wait_for_job(la_admin_thread *t, bool *ret_in_time)
{
    job *j = NULL;

    uv_mutex_lock(&t->lock);
    for (;;) {
        bool nudged = t->nudged;

        t->nudged = false;
        j = take_next(t);
        if (j || (t->stop && !nudged))
            break;
        if (!nudged) {
            uv_cond_wait(&t->changed, &t->lock);
            continue;
        }
        uv_mutex_unlock(&t->lock);
        t->work.refresh(t->work.self);
        la_log_flush();
        uv_mutex_lock(&t->lock);
    }
    *ret_in_time = !t->stop || la_clock_monotonic_us() < t->deadline_us;
    uv_mutex_unlock(&t->lock);
    return j;
}

static void run(void *self)
{
    la_admin_thread *t = self;
    bool in_time;
    job *j;

    /* On Linux a nice value is the thread's own. Tokens come first. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOWER_PRIORITY);
    while ((j = wait_for_job(t, &in_time))) {
        if (in_time) {
            t->work.refresh(t->work.self);
            t->work.handle(t->work.self, &j->request, &j->response);
            la_log_flush();
        }
        j->refused = !in_time;
        uv_mutex_lock(&t->lock);
        append(&t->done, j);
        uv_mutex_unlock(&t->lock);
        t->wake(t->wake_self);
    }
    uv_mutex_lock(&t->lock);
    t->ended = true;
    uv_mutex_unlock(&t->lock);
    t->wake(t->wake_self);
}

void la_admin_thread_nudge(la_admin_thread *t)
{
    uv_mutex_lock(&t->lock);
    t->nudged = true;
    uv_cond_signal(&t->changed);
    uv_mutex_unlock(&t->lock);
}

/* ---- the main loop's side ---- */

void la_admin_thread_submit(la_admin_thread *t, la_http_exchange *x)
{
    job *j;

    if (t->n_open == LA_ADMIN_QUEUE_MAX) {
        la_respond_problem(x, LA_PROBLEM_BUSY, NULL);
        return;
    }
    j = job_new(x);
    if (!j || (j->is_login && t->n_logins == LA_ADMIN_LOGINS_MAX)) {
        if (j)
            job_free(j);
        la_respond_problem(x, LA_PROBLEM_BUSY, NULL);
        return;
    }
    uv_mutex_lock(&t->lock);
    if (t->stop) {
        uv_mutex_unlock(&t->lock);
        job_free(j);
        la_respond_problem(x, LA_PROBLEM_STOPPING, NULL);
        return;
    }
    append(j->is_login ? &t->logins : &t->waiting, j);
    t->n_open++;
    t->n_logins += j->is_login;
    uv_cond_signal(&t->changed);
    uv_mutex_unlock(&t->lock);
}

static void answer(la_http_exchange *x, const la_api_response *r)
{
    la_buffer headers;
    char memory[8192];

    if (!la_buffer_ok(&r->body) || !la_buffer_ok(&r->headers) || !r->status) {
        la_respond_problem(x, LA_PROBLEM_SERVER_ERROR, NULL);
        return;
    }
    la_buffer_init_fixed(&headers, memory, sizeof memory);
    la_buffer_add_text(&headers, "Cache-Control: no-store\r\n");
    la_buffer_add(&headers, la_buffer_slice(&r->headers));
    if (la_buffer_ok(&headers))
        la_http_respond(x, &(la_http_response){
                               .status = r->status,
                               .content_type = r->content_type ? la_slice_of(r->content_type) : LA_NO_SLICE,
                               .headers = la_buffer_slice(&headers),
                               .body = la_buffer_slice(&r->body),
                           });
    else
        la_respond_problem(x, LA_PROBLEM_SERVER_ERROR, NULL);
    la_wipe(memory, sizeof memory); /* a session's cookie was in it */
}

void la_admin_thread_deliver(la_admin_thread *t)
{
    job_list done;
    job *j;

    uv_mutex_lock(&t->lock);
    done = t->done;
    t->done = (job_list){0};
    uv_mutex_unlock(&t->lock);
    while ((j = take_first(&done))) {
        t->n_open--;
        t->n_logins -= j->is_login;
        if (j->refused)
            la_respond_problem(j->exchange, LA_PROBLEM_STOPPING, NULL);
        else
            answer(j->exchange, &j->response);
        job_free(j);
    }
}

void la_admin_thread_stop(la_admin_thread *t, int64_t deadline_us)
{
    uv_mutex_lock(&t->lock);
    t->stop = true;
    t->deadline_us = deadline_us;
    uv_cond_signal(&t->changed);
    uv_mutex_unlock(&t->lock);
}

bool la_admin_thread_has_ended(la_admin_thread *t)
{
    bool ended;

    uv_mutex_lock(&t->lock);
    ended = t->ended || !t->is_started;
    uv_mutex_unlock(&t->lock);
    return ended;
}

/* ---- life ---- */

la_result la_admin_thread_new(const la_admin_work *work, void (*wake)(void *self), void *wake_self,
                              la_admin_thread **ret)
{
    la_admin_thread *t = calloc(1, sizeof *t);

    if (!t)
        return la_fail(LA_NO_MEMORY, "out of memory");
    if (uv_mutex_init(&t->lock) != 0 || uv_cond_init(&t->changed) != 0)
        abort(); /* cannot fail on Linux */
    t->work = *work;
    t->wake = wake;
    t->wake_self = wake_self;
    *ret = t;
    return la_ok();
}

la_result la_admin_thread_start(la_admin_thread *t)
{
    if (uv_thread_create(&t->thread, run, t) != 0)
        return la_fail(LA_IO, "cannot start a thread");
    t->is_started = true;
    return la_ok();
}

la_admin_thread *la_admin_thread_free(la_admin_thread *t)
{
    job *j;

    if (!t)
        return NULL;
    la_admin_thread_stop(t, 0);
    if (t->is_started)
        uv_thread_join(&t->thread);
    la_admin_thread_deliver(t);
    while ((j = take_next(t))) { /* it never ran */
        la_respond_problem(j->exchange, LA_PROBLEM_STOPPING, NULL);
        job_free(j);
    }
    uv_cond_destroy(&t->changed);
    uv_mutex_destroy(&t->lock);
    free(t);
    return NULL;
}
