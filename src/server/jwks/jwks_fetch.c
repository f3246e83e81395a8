#include "server/jwks/jwks_fetch.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/jwks/jwks_transfer.h"
#include "server/tables/keyed_digest.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#define WAYS 4
#define SETS 512 /* places: 2048 */
#define RUNNING_MAX 256
#define STALE_S 3600    /* a set that cannot be fetched again goes on for so long */
#define RETRY_LEAST_S 2 /* after a failure, and twice as long after each further one */
#define RETRY_MOST_S 300
#define IDLE_MS 60000
#define SHOWN_MAX 512
#define SECOND_US INT64_C(1000000)

typedef struct waiter {
    struct waiter *next;
    la_jwks_fetch_done done;
    void *self;
} waiter;

typedef struct entry entry;

typedef struct job {
    struct job *next;
    entry *entry; /* which stays where it is while it has a job */
    char *uri;
    la_jwks_transfer transfer;
} job;

struct entry {
    bool is_used;
    bool has_tried;
    unsigned failures; /* in a row */
    la_keyed_digest name;
    int64_t asked_us;  /* for it last */
    int64_t tried_us;  /* when the last try ended */
    int64_t ahead_us;  /* it is fetched again from then on, and nobody waits for it */
    int64_t fresh_us;  /* the text counts until then */
    int64_t usable_us; /* and until then where there is no newer one */
    char *text;        /* NULL: none */
    size_t text_bytes;
    job *job; /* NULL: nothing is under way */
    waiter *waiters;
};

struct la_jwks_fetch {
    const la_jwks_fetch_config *config;
    uint8_t key[LA_KEYED_DIGEST_KEY_BYTES];
    atomic_uint_fast64_t count, failures;
    uv_mutex_t lock; /* of all below */
    uv_thread_t thread;
    CURLM *multi; /* NULL: the thread does not run yet */
    bool stopping;
    unsigned running;
    job *fresh; /* for the thread to take */
    entry entries[SETS * WAYS];
};

/* ---- the table; under the lock ---- */

static bool is_older(const entry *a, const entry *b)
{
    if (a->is_used != b->is_used)
        return !a->is_used;
    return a->asked_us < b->asked_us;
}

/* Its entry; else, where `create`, the one that it may take; NULL where there is none. */
static entry *place_of(la_jwks_fetch *f, la_slice uri, bool create, int64_t now_us)
{
    la_keyed_digest name = la_keyed_digest_of(f->key, &uri, 1);
    entry *ways = &f->entries[la_keyed_digest_bits(&name, 0) % SETS * WAYS], *oldest = NULL;

    for (size_t i = 0; i < WAYS; i++) {
        entry *e = &ways[i];

        if (e->is_used && la_keyed_digest_equal(&e->name, &name)) {
            e->asked_us = now_us;
            return e;
        }
        if (!e->job && (!oldest || is_older(e, oldest)))
            oldest = e;
    }
    if (!create || !oldest)
        return NULL;
    free(oldest->text);
    *oldest = (entry){.is_used = true, .name = name, .asked_us = now_us};
    return oldest;
}

/* ---- the thread ---- */

static void free_job(job *j)
{
    la_jwks_transfer_done(&j->transfer);
    free(j->uri);
    free(j);
}

static void keep(const la_jwks_fetch *f, job *j, uint32_t max_age_s, int64_t now_us)
{
    entry *e = j->entry;
    la_buffer *body = &j->transfer.body;
    uint32_t least_s = f->config->min_refresh_s;
    char *text = malloc(body->n);

    if (!text)
        return;
    memcpy(text, body->p, body->n);
    free(e->text);
    e->text = text;
    e->text_bytes = body->n;
    e->fresh_us = now_us + (max_age_s > least_s ? max_age_s : least_s) * SECOND_US;
    e->ahead_us = e->fresh_us - (e->fresh_us - now_us) / 5;
    e->usable_us = e->fresh_us + STALE_S * SECOND_US;
}

static void note(la_jwks_fetch *f, const job *j, la_result r)
{
    char memory[SHOWN_MAX];
    la_buffer shown;

    atomic_fetch_add_explicit(&f->count, 1, memory_order_relaxed);
    if (la_is_ok(r))
        return;
    atomic_fetch_add_explicit(&f->failures, 1, memory_order_relaxed);
    la_log_begin(LA_LOG_WARN, "jwks_fetch_failed");
    la_buffer_init_fixed(&shown, memory, sizeof memory);
    la_jwks_uri_show(j->uri, &shown);
    la_log_text("jwks_uri", la_buffer_slice(&shown));
    la_log_text("message", la_slice_of(la_detail()));
    la_log_end();
}

static void finish(la_jwks_fetch *f, job *j, CURLcode code)
{
    uint32_t max_age_s = 0;
    la_result r = la_jwks_transfer_judge(&j->transfer, code, &max_age_s);
    int64_t now_us = la_clock_monotonic_us();
    waiter *waiters;

    note(f, j, r);
    uv_mutex_lock(&f->lock);
    j->entry->has_tried = true;
    j->entry->tried_us = now_us;
    j->entry->failures = la_is_ok(r) ? 0 : j->entry->failures + 1;
    if (la_is_ok(r))
        keep(f, j, max_age_s, now_us);
    waiters = j->entry->waiters;
    j->entry->waiters = NULL;
    j->entry->job = NULL;
    f->running--;
    uv_mutex_unlock(&f->lock);
    free_job(j);
    while (waiters) {
        waiter *w = waiters;

        waiters = w->next;
        w->done(w->self);
        free(w);
    }
}

static bool take_fresh(la_jwks_fetch *f)
{
    job *fresh;
    bool stopping;

    uv_mutex_lock(&f->lock);
    fresh = f->fresh;
    f->fresh = NULL;
    stopping = f->stopping;
    uv_mutex_unlock(&f->lock);
    while (fresh) {
        job *j = fresh;

        fresh = j->next;
        if (stopping || curl_multi_add_handle(f->multi, j->transfer.curl) != CURLM_OK)
            finish(f, j, CURLE_ABORTED_BY_CALLBACK);
    }
    return !stopping;
}

static void end_finished(la_jwks_fetch *f)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(f->multi, &left))) {
        CURL *curl = message->easy_handle;
        CURLcode code = message->data.result;
        char *private;

        curl_easy_getinfo(curl, CURLINFO_PRIVATE, &private);
        curl_multi_remove_handle(f->multi, curl);
        finish(f, (job *)(void *)private, code);
    }
}

static void end_all(la_jwks_fetch *f)
{
    for (size_t i = 0; i < SETS * WAYS; i++)
        if (f->entries[i].job) {
            curl_multi_remove_handle(f->multi, f->entries[i].job->transfer.curl);
            finish(f, f->entries[i].job, CURLE_ABORTED_BY_CALLBACK);
        }
}

static void run(void *self)
{
    la_jwks_fetch *f = self;
    int running = 0;

    while (take_fresh(f)) {
        curl_multi_perform(f->multi, &running);
        end_finished(f);
        curl_multi_poll(f->multi, NULL, 0, IDLE_MS, NULL);
    }
    end_all(f);
    la_log_flush();
}

/* With the first key set: a server without them has neither the thread nor what libcurl loads. */
static la_result run_thread(la_jwks_fetch *f)
{
    if (f->multi)
        return la_ok();
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return la_error(LA_NO_MEMORY);
    f->multi = curl_multi_init();
    if (f->multi && uv_thread_create(&f->thread, run, f) == 0)
        return la_ok();
    curl_multi_cleanup(f->multi);
    f->multi = NULL;
    curl_global_cleanup();
    return la_error(LA_NO_MEMORY);
}

/* ---- asking for one ---- */

static la_result begin(la_jwks_fetch *f, entry *e, la_slice uri)
{
    job *j;

    LA_TRY(run_thread(f));
    j = calloc(1, sizeof *j);
    if (!j)
        return la_error(LA_NO_MEMORY);
    j->uri = strndup(uri.p, uri.n);
    if (!j->uri || !la_is_ok(la_jwks_transfer_init(&j->transfer, f->config, j->uri, j))) {
        free_job(j);
        return la_error(LA_NO_MEMORY);
    }
    j->entry = e;
    j->next = f->fresh;
    e->job = f->fresh = j;
    f->running++;
    curl_multi_wakeup(f->multi);
    return la_ok();
}

/* A failure is tried again sooner than min_refresh_s at first, so that a hiccup locks nobody out for so long, and later than that in
 * the end. An invented kid never leads to more than one try in min_refresh_s. */
static int64_t pause_us(const la_jwks_fetch *f, const entry *e, bool unknown_kid)
{
    int64_t refresh_s = f->config->min_refresh_s, pause_s = RETRY_LEAST_S < refresh_s ? RETRY_LEAST_S : refresh_s;

    for (unsigned i = 1; i < e->failures && pause_s < RETRY_MOST_S; i++)
        pause_s *= 2;
    pause_s = pause_s < RETRY_MOST_S ? pause_s : RETRY_MOST_S;
    if (e->failures == 0 || (unknown_kid && e->text && pause_s < refresh_s))
        pause_s = refresh_s;
    return pause_s * SECOND_US;
}

static bool may_try(const la_jwks_fetch *f, const entry *e, bool unknown_kid, int64_t now_us)
{
    return !e->has_tried || now_us - e->tried_us >= pause_us(f, e, unknown_kid);
}

static la_result decide(const la_jwks_fetch *f, const entry *e, bool unknown_kid, int64_t now_us)
{
    bool comes;

    if (!e)
        return la_error(LA_PENDING);
    comes = e->job || may_try(f, e, unknown_kid, now_us);
    if (e->text && now_us < e->fresh_us)
        return unknown_kid && comes ? la_error(LA_PENDING) : la_ok();
    if (comes)
        return la_error(LA_PENDING);
    return e->text && now_us < e->usable_us ? la_ok() : la_error(LA_UNAVAILABLE);
}

/* So that nobody waits for the set of a client that is busy. */
static void fetch_ahead(la_jwks_fetch *f, entry *e, la_slice uri, int64_t now_us)
{
    if (now_us >= e->ahead_us && !e->job && may_try(f, e, false, now_us) && f->running < RUNNING_MAX && !f->stopping)
        LA_IGNORE(begin(f, e, uri));
}

la_result la_jwks_fetch_find(la_jwks_fetch *f, la_slice uri, bool unknown_kid, la_arena *arena, int64_t now_us,
                             la_slice *ret)
{
    entry *e;
    la_result r;

    uv_mutex_lock(&f->lock);
    e = place_of(f, uri, false, now_us);
    r = decide(f, e, unknown_kid, now_us);
    if (la_is_ok(r)) {
        la_slice copy = la_arena_copy(arena, (la_slice){e->text, e->text_bytes});

        if (copy.p)
            *ret = copy;
        else
            r = la_error(LA_NO_MEMORY);
        fetch_ahead(f, e, uri, now_us);
    }
    uv_mutex_unlock(&f->lock);
    return r;
}

static la_result join(la_jwks_fetch *f, la_slice uri, waiter *w)
{
    entry *e = place_of(f, uri, true, la_clock_monotonic_us());

    if (!e || f->stopping || (!e->job && f->running >= RUNNING_MAX))
        return la_error(LA_OVERLOADED);
    if (!e->job)
        LA_TRY(begin(f, e, uri));
    w->next = e->waiters;
    e->waiters = w;
    return la_ok();
}

la_result la_jwks_fetch_start(la_jwks_fetch *f, la_slice uri, la_jwks_fetch_done done, void *self)
{
    waiter *w = malloc(sizeof *w);
    la_result r;

    if (!w)
        return la_error(LA_NO_MEMORY);
    *w = (waiter){.done = done, .self = self};
    uv_mutex_lock(&f->lock);
    r = join(f, uri, w);
    uv_mutex_unlock(&f->lock);
    if (!la_is_ok(r))
        free(w);
    return r;
}

/* ---- life ---- */

la_result la_jwks_fetch_new(const la_jwks_fetch_config *config, la_jwks_fetch **ret)
{
    la_jwks_fetch *f = calloc(1, sizeof *f);

    if (!f || uv_mutex_init(&f->lock) != 0) {
        free(f);
        return la_fail(LA_NO_MEMORY, "out of memory");
    }
    f->config = config;
    la_random_bytes(f->key, sizeof f->key);
    *ret = f;
    return la_ok();
}

la_jwks_fetch *la_jwks_fetch_free(la_jwks_fetch *f)
{
    if (!f)
        return NULL;
    if (f->multi) {
        uv_mutex_lock(&f->lock);
        f->stopping = true;
        uv_mutex_unlock(&f->lock);
        curl_multi_wakeup(f->multi);
        uv_thread_join(&f->thread);
        curl_multi_cleanup(f->multi);
        curl_global_cleanup();
    }
    for (size_t i = 0; i < SETS * WAYS; i++)
        free(f->entries[i].text);
    uv_mutex_destroy(&f->lock);
    free(f);
    return NULL;
}

uint64_t la_jwks_fetch_count(const la_jwks_fetch *f)
{
    return atomic_load_explicit(&f->count, memory_order_relaxed);
}

uint64_t la_jwks_fetch_failures(const la_jwks_fetch *f)
{
    return atomic_load_explicit(&f->failures, memory_order_relaxed);
}
