/*
 * The administration's thread behind the real transport: answers come back to the loop, the queue is bounded, clients may be gone,
 * the end waits for what was accepted. The work is a double that tells what it was given and can be held up.
 */
#include "http_rig.h"

#include "api/api.h"
#include "base/clock.h"
#include "server/admin/admin_thread.h"

#include <stdatomic.h>

typedef struct bench {
    rig *rig;
    la_admin_thread *thread;
    uv_async_t wake;
    uv_sem_t go;           /* a held request waits for it */
    char order[64];        /* of what was worked on: L for a login, o for others */
    atomic_uint n_started; /* requests that the thread has begun */
    atomic_uint n_refreshed;
} bench;

static void refresh(void *self)
{
    bench *b = self;

    atomic_fetch_add(&b->n_refreshed, 1);
}

static void add_field(la_buffer *b, const char *name, la_slice value)
{
    if (value.p)
        la_buffer_add_format(b, "%s=%.*s ", name, LA_FMT(value));
}

static void handle(void *self, const la_api_request *request, la_api_response *ret)
{
    bench *b = self;

    unsigned n = atomic_fetch_add(&b->n_started, 1);
    if (n < sizeof b->order - 1)
        b->order[n] = request->method == LA_API_POST ? 'L' : 'o';
    if (la_slice_starts(request->path, LA_SLICE("/admin/held")))
        uv_sem_wait(&b->go);
    ret->status = 200;
    ret->content_type = "application/json";
    la_buffer_add_text(&ret->headers, "X-Api: yes\r\n");
    if (la_slice_is(request->path, "/admin/nothing")) {
        ret->status = 0;
        return;
    }
    la_buffer_add_format(&ret->body, "%d ", request->method);
    add_field(&ret->body, "path", request->path);
    add_field(&ret->body, "query", request->query);
    add_field(&ret->body, "host", request->host);
    add_field(&ret->body, "origin", request->origin);
    add_field(&ret->body, "cookie", request->cookie);
    add_field(&ret->body, "authorization", request->authorization);
    add_field(&ret->body, "content_type", request->content_type);
    add_field(&ret->body, "if_match", request->if_match);
    add_field(&ret->body, "if_none_match", request->if_none_match);
    add_field(&ret->body, "idempotency_key", request->idempotency_key);
    add_field(&ret->body, "user_agent", request->user_agent);
    add_field(&ret->body, "address", request->client_address);
    add_field(&ret->body, "body", request->body);
    assert_int_equal(request->request_id.n, 16);
}

static void on_wake(uv_async_t *async)
{
    bench *b = async->data;

    if (b->thread)
        la_admin_thread_deliver(b->thread);
}

static void wake(void *self)
{
    bench *b = self;

    uv_async_send(&b->wake);
}

static void submit(void *self, la_http_exchange *x)
{
    rig *r = self;
    bench *b = r->data;

    la_admin_thread_submit(b->thread, x);
}

static void bench_open(bench *b, bool start)
{
    la_admin_work work = {.self = b, .refresh = refresh, .handle = handle};

    *b = (bench){.rig = reserve(sizeof(rig))};
    rig_init(b->rig);
    b->rig->limits.connections = b->rig->limits.connections_per_address = 200;
    b->rig->data = b;
    rig_start_with(b->rig, submit);
    assert_int_equal(uv_async_init(&b->rig->loop, &b->wake, on_wake), 0);
    b->wake.data = b;
    assert_int_equal(uv_sem_init(&b->go, 0), 0);
    assert_ok(la_admin_thread_new(&work, wake, b, &b->thread));
    if (start)
        assert_ok(la_admin_thread_start(b->thread));
}

static void bench_close(bench *b)
{
    b->thread = la_admin_thread_free(b->thread);
    uv_close((uv_handle_t *)&b->wake, NULL);
    rig_free(b->rig);
    uv_sem_destroy(&b->go);
}

static answer wait_for_answer(bench *b, int fd, char *memory, size_t room, int status)
{
    bool closed;
    la_slice rest = {memory, rig_wait(b->rig, fd, memory, room, &closed)};
    answer a = rig_parse(&rest, false);

    assert_int_equal(a.status, status);
    assert_int_equal(rest.n, 0);
    return a;
}

static void wait_until(bench *b, const atomic_uint *counter, unsigned least)
{
    for (int i = 0; i < 1000 && atomic_load(counter) < least; i++) {
        rig_turn(b->rig);
        poll(NULL, 0, 5);
    }
    assert_in_range(atomic_load(counter), least, UINT32_MAX);
}

static void wait_until_ended(bench *b)
{
    for (int i = 0; i < 1000 && !la_admin_thread_has_ended(b->thread); i++)
        poll(NULL, 0, 5);
    assert_true(la_admin_thread_has_ended(b->thread));
}

/* ---- the tests ---- */

static void a_request_is_handed_over_whole(void **state)
{
    char memory[8192];
    bench b;
    bench_open(&b, true);
    int fd = rig_connect(b.rig);

    send_text(b.rig, fd,
              "PATCH /admin/v1/profile?a=b HTTP/1.1\r\nHost: A.example:81\r\nOrigin: http://o\r\nCookie: c=1\r\n"
              "Authorization: Bearer t\r\nContent-Type: application/json\r\nIf-Match: \"3\"\r\nIf-None-Match: \"4\"\r\n"
              "Idempotency-Key: k\r\nUser-Agent: u\r\nContent-Length: 2\r\n\r\n{}");
    answer a = wait_for_answer(&b, fd, memory, sizeof memory, 200);
    assert_non_null(strstr(a.head, "\r\nX-Api: yes\r\n"));
    assert_non_null(strstr(a.head, "\r\nCache-Control: no-store\r\n"));
    assert_slice(a.body, "3 path=/admin/v1/profile query=a=b host=a.example:81 origin=http://o cookie=c=1 "
                         "authorization=Bearer t content_type=application/json if_match=\"3\" if_none_match=\"4\" "
                         "idempotency_key=k user_agent=u address=192.0.2.1 body={} ");
    send_text(b.rig, fd, "DELETE /admin/v1/x HTTP/1.1\r\nHost: a\r\n\r\n");
    a = wait_for_answer(&b, fd, memory, sizeof memory, 200);
    assert_slice(a.body, "4 path=/admin/v1/x host=a address=192.0.2.1 body= ");
    send_text(b.rig, fd, "PUT /admin/v1/x HTTP/1.1\r\nHost: a\r\n\r\n");
    a = wait_for_answer(&b, fd, memory, sizeof memory, 200);
    assert_slice(a.body, "5 path=/admin/v1/x host=a address=192.0.2.1 body= ");
    assert_in_range(atomic_load(&b.n_refreshed), 3, 3);
    close(fd);
    bench_close(&b);
}

static void an_answer_that_was_not_made_is_an_error(void **state)
{
    char memory[8192];
    bench b;
    bench_open(&b, true);
    int fd = rig_connect(b.rig);

    send_text(b.rig, fd, "GET /admin/nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for_answer(&b, fd, memory, sizeof memory, 500);
    close(fd);
    bench_close(&b);
}

/* Each login costs a slow hash, and anybody may send them. */
static void logins_keep_nobody_waiting(void **state)
{
    char memory[8192];
    enum { LOGINS = LA_ADMIN_LOGINS_MAX + 1, OTHERS = 3 };
    int logins[LOGINS], others[OTHERS];
    bench b;
    bench_open(&b, true);
    int held = rig_connect(b.rig);

    send_text(b.rig, held, "GET /admin/held HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until(&b, &b.n_started, 1);
    for (int i = 0; i < LOGINS; i++) {
        logins[i] = rig_connect(b.rig);
        send_text(b.rig, logins[i], "POST /admin/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
    }
    wait_for_answer(&b, logins[LOGINS - 1], memory, sizeof memory, 503);
    for (int i = 0; i < OTHERS; i++) {
        others[i] = rig_connect(b.rig);
        send_text(b.rig, others[i], "GET /admin/v1/session HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for (int i = 0; i < 20; i++)
        rig_turn(b.rig);
    uv_sem_post(&b.go);
    for (int i = 0; i < OTHERS; i++)
        wait_for_answer(&b, others[i], memory, sizeof memory, 200);
    for (int i = 0; i < LOGINS - 1; i++)
        wait_for_answer(&b, logins[i], memory, sizeof memory, 200);
    assert_int_equal(strncmp(b.order, "oLoLoLoLLLL", 11), 0);
    close(held);
    for (int i = 0; i < LOGINS; i++)
        close(logins[i]);
    for (int i = 0; i < OTHERS; i++)
        close(others[i]);
    bench_close(&b);
}

static void one_too_many_is_told_to_come_back(void **state)
{
    char memory[8192];
    int fds[LA_ADMIN_QUEUE_MAX + 1];
    bench b;
    bench_open(&b, true);

    for (int i = 0; i < LA_ADMIN_QUEUE_MAX; i++) {
        fds[i] = rig_connect(b.rig);
        send_text(b.rig, fds[i], "GET /admin/held HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    fds[LA_ADMIN_QUEUE_MAX] = rig_connect(b.rig);
    send_text(b.rig, fds[LA_ADMIN_QUEUE_MAX], "GET /admin/held HTTP/1.1\r\nHost: a\r\n\r\n");
    answer a = wait_for_answer(&b, fds[LA_ADMIN_QUEUE_MAX], memory, sizeof memory, 503);
    assert_non_null(strstr(a.head, "\r\nRetry-After: 1\r\n"));
    assert_in_range(atomic_load(&b.n_started), 0, 1);
    for (int i = 0; i < LA_ADMIN_QUEUE_MAX; i++)
        uv_sem_post(&b.go);
    for (int i = 0; i < LA_ADMIN_QUEUE_MAX; i++)
        wait_for_answer(&b, fds[i], memory, sizeof memory, 200);
    /* There is room again. */
    send_text(b.rig, fds[0], "GET /admin/x HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for_answer(&b, fds[0], memory, sizeof memory, 200);
    for (int i = 0; i <= LA_ADMIN_QUEUE_MAX; i++)
        close(fds[i]);
    bench_close(&b);
}

static void a_client_that_left_is_no_error(void **state)
{
    char memory[8192];
    bench b;
    bench_open(&b, true);
    int gone = rig_connect(b.rig), stays = rig_connect(b.rig);

    send_text(b.rig, gone, "GET /admin/held HTTP/1.1\r\nHost: a\r\n\r\n");
    send_text(b.rig, stays, "GET /admin/v1 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until(&b, &b.n_started, 1);
    close(gone);
    rig_turn(b.rig);
    uv_sem_post(&b.go);
    wait_for_answer(&b, stays, memory, sizeof memory, 200);
    close(stays);
    bench_close(&b);
}

static void a_nudge_refreshes_without_a_request(void **state)
{
    bench b;
    bench_open(&b, true);

    la_admin_thread_nudge(b.thread);
    wait_until(&b, &b.n_refreshed, 1);
    assert_int_equal(atomic_load(&b.n_started), 0);
    bench_close(&b);
}

static void stopping_works_off_what_was_accepted(void **state)
{
    char memory[8192];
    bench b;
    bench_open(&b, true);
    int first = rig_connect(b.rig), second = rig_connect(b.rig), late = rig_connect(b.rig);

    send_text(b.rig, first, "GET /admin/held HTTP/1.1\r\nHost: a\r\n\r\n");
    send_text(b.rig, second, "GET /admin/v1 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until(&b, &b.n_started, 1);
    la_admin_thread_stop(b.thread, INT64_MAX);
    assert_false(la_admin_thread_has_ended(b.thread));
    send_text(b.rig, late, "GET /admin/v1 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for_answer(&b, late, memory, sizeof memory, 503);
    uv_sem_post(&b.go);
    wait_for_answer(&b, first, memory, sizeof memory, 200);
    wait_for_answer(&b, second, memory, sizeof memory, 200);
    wait_until_ended(&b);
    close(first);
    close(second);
    close(late);
    bench_close(&b);
}

static void past_the_deadline_the_rest_is_refused(void **state)
{
    char memory[8192];
    bench b;
    bench_open(&b, true);
    int first = rig_connect(b.rig), second = rig_connect(b.rig), gone = rig_connect(b.rig);

    send_text(b.rig, first, "GET /admin/held HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until(&b, &b.n_started, 1);
    send_text(b.rig, second, "GET /admin/v1 HTTP/1.1\r\nHost: a\r\n\r\n");
    send_text(b.rig, gone, "GET /admin/v1 HTTP/1.1\r\nHost: a\r\n\r\n");
    close(gone);
    rig_turn(b.rig);
    la_admin_thread_stop(b.thread, la_clock_monotonic_us());
    uv_sem_post(&b.go);
    wait_for_answer(&b, first, memory, sizeof memory, 200);
    wait_for_answer(&b, second, memory, sizeof memory, 503);
    assert_int_equal(atomic_load(&b.n_started), 1);
    close(first);
    close(second);
    bench_close(&b);
}

/* As when another part of the server failed to start, or the loop ends while answers are under way. */
static void freeing_answers_everything(void **state)
{
    char memory[8192];
    bench b;
    bench_open(&b, false);
    int fd = rig_connect(b.rig);

    send_text(b.rig, fd, "GET /admin/v1 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(la_admin_thread_has_ended(b.thread));
    b.thread = la_admin_thread_free(b.thread);
    wait_for_answer(&b, fd, memory, sizeof memory, 503);
    close(fd);
    bench_close(&b);

    bench_open(&b, true);
    int held = rig_connect(b.rig), gone = rig_connect(b.rig);
    send_text(b.rig, held, "GET /admin/held HTTP/1.1\r\nHost: a\r\n\r\n");
    send_text(b.rig, gone, "GET /admin/held HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until(&b, &b.n_started, 1);
    close(gone);
    rig_turn(b.rig);
    la_admin_thread_stop(b.thread, 0); /* or the second one could begin as well, and wait for ever */
    uv_sem_post(&b.go);
    b.thread = la_admin_thread_free(b.thread);
    wait_for_answer(&b, held, memory, sizeof memory, 200);
    close(held);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_handed_over_whole),
        cmocka_unit_test(an_answer_that_was_not_made_is_an_error),
        cmocka_unit_test(logins_keep_nobody_waiting),
        cmocka_unit_test(one_too_many_is_told_to_come_back),
        cmocka_unit_test(a_client_that_left_is_no_error),
        cmocka_unit_test(a_nudge_refreshes_without_a_request),
        cmocka_unit_test(stopping_works_off_what_was_accepted),
        cmocka_unit_test(past_the_deadline_the_rest_is_refused),
        cmocka_unit_test(freeing_answers_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
