/*
 * The life of a connection: bodies and limits, late answers, clients that vanish, deadlines. What bytes are a request is
 * in test_framing.c, where connections come from and how they end together in test_listener.c.
 */
#include "http_rig.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define LATER "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"

/* ---- bodies and limits ---- */

static void test_body_at_its_limit(void **state)
{
    char *memory = reserve(200000);
    char *body = reserve(65536);
    rig *r = rig_new();
    int fd = rig_connect(r);
    memset(body, 'b', 65536);
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n");
    assert_true(rig_send(r, fd, body, 65536));
    answer a = expect_answer(r, fd, memory, 200000, 200, false);
    assert_memory_equal(a.body.p + a.body.n - 65536, body, 65536);

    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 4096; i++)
        send_text(r, fd, "10\r\n0123456789abcdef\r\n");
    send_text(r, fd, "0\r\n\r\n");
    a = expect_answer(r, fd, memory, 200000, 200, false);
    assert_memory_equal(a.body.p + a.body.n - 16, "0123456789abcdef", 16);
    send_text(r, fd, GET);
    expect_answer(r, fd, memory, 200000, 200, false);
    close(fd);
    rig_free(r);
    free(memory);
    free(body);
}

static void test_chunks_over_the_limit(void **state)
{
    char memory[4096];
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 4096; i++)
        send_text(r, fd, "10\r\n0123456789abcdef\r\n");
    expect_silence(r, fd, false);
    send_text(r, fd, "1\r\n");
    expect_answer(r, fd, memory, sizeof memory, 413, true);
    assert_int_equal(r->refused_code, LA_HTTP_BODY_TOO_LARGE);
    assert_string_equal(r->refused_address, "192.0.2.1");
    close(fd);
    rig_free(r);
}

/* The refusal is readable although the client keeps sending; what it sends is bounded, then the connection is gone. */
static void test_refused_body_is_drained(void **state)
{
    char memory[4096];
    char block[16384] = "";
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
    bool taken = true;
    size_t sent = 0;
    for (; taken && sent < 100 * sizeof block; sent += sizeof block)
        taken = rig_send(r, fd, block, sizeof block);
    assert_false(taken);
    assert_in_range(sent, 32768, 40 * sizeof block);
    expect_answer(r, fd, memory, sizeof memory, 413, true);
    assert_int_equal(la_http_census_connections(r->census), 0);
    close(fd);
    rig_free(r);
}

static void send_header_of(rig *r, int fd, size_t bytes)
{
    static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    char *p = reserve(bytes);
    memset(p, 'x', bytes);
    memcpy(p, start, sizeof start - 1);
    memcpy(p + bytes - 4, "\r\n\r\n", 4);
    rig_send(r, fd, p, bytes);
    free(p);
}

static void test_header_at_its_limit(void **state)
{
    char memory[4096];
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_header_of(r, fd, r->limits.header_bytes);
    expect_answer(r, fd, memory, sizeof memory, 200, false);
    send_header_of(r, fd, r->limits.header_bytes + 1);
    expect_answer(r, fd, memory, sizeof memory, 431, true);
    close(fd);

    fd = rig_connect(r);
    send_header_of(r, fd, 5000); /* in pieces, across the first buffer's end, behind a pipelined one */
    expect_answer(r, fd, memory, sizeof memory, 200, false);
    send_text(r, fd, GET "GET / HTTP/1.1\r\nHost: a\r\n");
    expect_answer(r, fd, memory, sizeof memory, 200, false);
    for (int i = 0; i < 99; i++)
        send_text(r, fd, "X-Some: value that makes it longer than the first buffer is\r\n");
    send_text(r, fd, "\r\n");
    expect_answer(r, fd, memory, sizeof memory, 200, false);
    close(fd);
    rig_free(r);
}

static void test_endless_header(void **state)
{
    char memory[4096];
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    for (int i = 0; i < 90; i++)
        rig_send(r, fd,
                 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
                 100);
    expect_answer(r, fd, memory, sizeof memory, 431, true);
    close(fd);
    rig_free(r);
}

static void test_number_of_fields(void **state)
{
    char memory[4096];
    rig *r = rig_new();
    for (int n = 100; n <= 101; n++) {
        int fd = rig_connect(r);
        send_text(r, fd, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (int i = 1; i < n; i++)
            send_text(r, fd, "X: y\r\n");
        rig_send(r, fd, "\r\n", 2);
        expect_answer(r, fd, memory, sizeof memory, n == 100 ? 200 : 431, n != 100);
        close(fd);
    }
    rig_free(r);
}

static void test_chunk_extensions_are_bounded(void **state)
{
    char memory[4096];
    char line[512];
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;");
    memset(line, 'x', 300);
    rig_send(r, fd, line, 300);
    expect_answer(r, fd, memory, sizeof memory, 400, true);
    close(fd);

    fd = rig_connect(r); /* each one is short, but there are many */
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    int n = snprintf(line, sizeof line, "1;%0200d\r\nx\r\n", 0);
    for (int i = 0; i < 25; i++)
        rig_send(r, fd, line, (size_t)n);
    expect_answer(r, fd, memory, sizeof memory, 400, true);
    close(fd);
    rig_free(r);
}

static void test_trailers_are_bounded(void **state)
{
    char memory[4096];
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
    for (int i = 0; i < 99; i++)
        rig_send(r, fd, "X-Trailer-Field: abcdefghijklmnopqrstuvwxyz\r\n", 45);
    expect_answer(r, fd, memory, sizeof memory, 431, true);
    close(fd);
    rig_free(r);
}

static void test_expect_continue(void **state)
{
    char memory[4096];
    bool closed;
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
    size_t n = rig_receive(r, fd, memory, sizeof memory, &closed);
    assert_string_equal(la_slice_is((la_slice){memory, n}, "HTTP/1.1 100 Continue\r\n\r\n") ? "interim" : "other",
                        "interim");
    send_text(r, fd, "abc");
    assert_true(answer_has(&(answer){.body = expect_answer(r, fd, memory, sizeof memory, 200, false).body}, "b=abc"));
    /* It may be left out where the body is coming already (RFC 9110 10.1.1). */
    send_text(r, fd,
              "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    expect_silence(r, fd, false);
    send_text(r, fd, "0\r\n\r\n");
    expect_answer(r, fd, memory, sizeof memory, 200, false);
    close(fd);
    rig_free(r);
}

static void test_request_ids_differ(void **state)
{
    char memory[4096], first[17], second[17];
    rig *r = rig_new();
    int fd = rig_connect(r);
    for (int i = 0; i < 2; i++) {
        send_text(r, fd, GET);
        answer a = expect_answer(r, fd, memory, sizeof memory, 200, false);
        char *id = strstr(a.head, "X-Request-Id: ") + 14;
        memcpy(i ? second : first, id, 16);
        assert_int_equal(strspn(id, "0123456789abcdef"), 16);
    }
    assert_memory_not_equal(first, second, 16);
    close(fd);
    rig_free(r);
}

/* ---- answers that do not go at once, or come late ---- */

static void test_large_answer_to_a_slow_reader(void **state)
{
    static const char requests[] = "GET /big/900000 HTTP/1.1\r\nHost: a\r\n\r\n" GET
                                   "GET /big/70000 HTTP/1.1\r\nHost: a\r\n\r\n" GET;
    char *memory = reserve(2000000);
    bool closed;
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, requests);
    assert_int_equal(r->n_handled, 1); /* the next has to wait until this one is gone */
    size_t n = rig_receive(r, fd, memory, 2000000, &closed);
    la_slice rest = {memory, n};
    assert_int_equal(rig_parse(&rest, false).body.n, 900000);
    assert_int_equal(rig_parse(&rest, false).status, 200);
    assert_int_equal(rig_parse(&rest, false).body.n, 70000);
    assert_int_equal(rig_parse(&rest, false).status, 200);
    assert_int_equal(rest.n, 0);
    assert_false(closed);
    close(fd);
    rig_free(r);
    free(memory);
}

static void test_many_pipelined(void **state)
{
    enum { N = 3000 };
    char *memory = reserve(N * 512);
    bool closed;
    rig *r = rig_new();
    int fd = rig_connect(r);
    size_t n = 0;
    for (int i = 0; i < N; i++) {
        char request[128];
        snprintf(request, sizeof request, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
        while (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
            n += rig_receive(r, fd, memory + n, N * 512 - n, &closed);
    }
    n += rig_receive(r, fd, memory + n, N * 512 - n, &closed);
    la_slice rest = {memory, n};
    for (int i = 0; i < N; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "GET /%d q", i);
        answer a = rig_parse(&rest, false);
        assert_true(answer_has(&a, expected));
    }
    assert_int_equal(rest.n, 0);
    close(fd);
    rig_free(r);
    free(memory);
}

static void test_late_answers_keep_their_order(void **state)
{
    char memory[8192];
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, LATER GET LATER);
    assert_int_equal(r->n_handled, 1);
    expect_silence(r, fd, false);
    send_text(r, fd, GET); /* comes while the exchange is open */
    expect_silence(r, fd, false);
    rig_release(r);
    bool closed;
    size_t n = rig_receive(r, fd, memory, sizeof memory, &closed);
    la_slice rest = {memory, n};
    answer first = rig_parse(&rest, false), second = rig_parse(&rest, false);
    assert_true(answer_has(&first, "GET /later q"));
    assert_true(answer_has(&second, "GET / q"));
    assert_int_equal(rest.n, 0);
    assert_int_equal(r->n_held, 1);
    rig_release(r);
    n = rig_receive(r, fd, memory, sizeof memory, &closed);
    rest = (la_slice){memory, n};
    first = rig_parse(&rest, false), second = rig_parse(&rest, false);
    assert_true(answer_has(&first, "GET /later q"));
    assert_true(answer_has(&second, "GET / q"));
    close(fd);
    rig_free(r);
}

/* A client that sends ahead without end while its answer is open is held back by its socket. */
static void test_sending_ahead_is_bounded(void **state)
{
    char block[4096] = "";
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, LATER);
    ssize_t sent = 0;
    for (int i = 0; i < 10000 && sent >= 0; i++) {
        sent = send(fd, block, sizeof block, MSG_NOSIGNAL);
        uv_run(&r->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(sent, -1);
    assert_int_equal(errno, EAGAIN);
    rig_release(r);
    rig_turn(r);
    close(fd);
    rig_free(r);
}

static void test_client_vanishes(void **state)
{
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    close(fd);
    rig_turn(r);
    rig_release(r);
    rig_turn(r);
    assert_int_equal(la_http_census_connections(r->census), 0);

    fd = rig_connect(r); /* with the half of a request */
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
    close(fd);
    rig_turn(r);
    assert_int_equal(la_http_census_connections(r->census), 0);
    assert_int_equal(r->n_refused, 0);
    rig_free(r);
}

/* A client that has said all it will say still gets its answers. */
static void test_half_closed_client(void **state)
{
    char memory[4096];
    bool closed;
    rig *r = rig_new();
    int fd = rig_connect(r);
    assert_true(send(fd, LATER GET, sizeof LATER GET - 1, 0) > 0);
    shutdown(fd, SHUT_WR);
    rig_turn(r);
    rig_release(r);
    size_t n = rig_receive(r, fd, memory, sizeof memory, &closed);
    la_slice rest = {memory, n};
    rig_parse(&rest, false);
    rig_parse(&rest, false);
    assert_true(closed);
    close(fd);
    rig_free(r);
}

/* Freed under open exchanges, whose connection is cut: they stay valid until they are answered. */
static void test_free_with_open_exchange(void **state)
{
    rig *r = rig_new();
    int one = rig_connect(r), two = rig_connect(r);
    send_text(r, one, LATER);
    send_text(r, two, LATER);
    rig_release(r);
    rig_turn(r);
    la_http_server_free(r->server);
    r->server = NULL;
    rig_turn(r);
    expect_silence(r, two, true);
    rig_release(r);
    close(one);
    close(two);
    rig_free(r);
}

/* ---- deadlines: what happens, not when ---- */

static void test_timeouts(void **state)
{
    char memory[4096];
    bool closed;
    rig *r = reserve(sizeof *r);
    rig_init(r);
    r->limits.request_timeout_s = 1;
    r->limits.idle_timeout_s = 1;
    rig_start(r);
    int silent = rig_connect(r), idle = rig_connect(r), header = rig_connect(r), body = rig_connect(r),
        open = rig_connect(r);
    send_text(r, idle, GET);
    expect_answer(r, idle, memory, sizeof memory, 200, false);
    send_text(r, header, "GET / HTTP/1.1\r\nHo");
    send_text(r, body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    send_text(r, open, LATER);

    size_t n = rig_wait(r, header, memory, sizeof memory, &closed);
    la_slice rest = {memory, n};
    assert_int_equal(rig_parse(&rest, false).status, 408);
    n = rig_wait(r, body, memory, sizeof memory, &closed);
    rest = (la_slice){memory, n};
    assert_int_equal(rig_parse(&rest, false).status, 408);
    assert_int_equal(r->refused_code, LA_HTTP_TIMEOUT);
    assert_int_equal(rig_wait(r, silent, memory, sizeof memory, &closed), 0);
    assert_int_equal(rig_wait(r, idle, memory, sizeof memory, &closed), 0);
    assert_int_equal(r->n_refused, 2);

    rig_release(r); /* a handler may take its time */
    expect_answer(r, open, memory, sizeof memory, 200, false);
    close(silent);
    close(idle);
    close(header);
    close(body);
    close(open);
    rig_free(r);
}

/* The deadline is for the whole request: bytes do not move it. */
static void test_dribbling_client(void **state)
{
    char memory[4096];
    bool closed = false;
    size_t n = 0;
    rig *r = reserve(sizeof *r);
    rig_init(r);
    r->limits.request_timeout_s = 1;
    rig_start(r);
    int fd = rig_connect(r);
    send_text(r, fd, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    int idle = rig_connect(r); /* whose deadline is later, and is set later */
    send_text(r, idle, GET);
    expect_answer(r, idle, memory, sizeof memory, 200, false);
    for (int i = 0; i < 400 && n == 0 && !closed; i++) {
        rig_send(r, fd, "x", 1);
        n = rig_receive(r, fd, memory, sizeof memory, &closed);
        usleep(10000);
    }
    la_slice rest = {memory, n};
    assert_true(n > 0);
    assert_int_equal(rig_parse(&rest, false).status, 408);
    expect_silence(r, idle, false);
    close(fd);
    close(idle);
    rig_free(r);
}

static void test_reader_that_takes_nothing(void **state)
{
    rig *r = reserve(sizeof *r);
    rig_init(r);
    r->limits.request_timeout_s = 1;
    rig_start(r);
    int fd = rig_connect(r);
    send_text(r, fd, "GET /big/1000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 400 && la_http_census_connections(r->census) > 0; i++) {
        usleep(10000);
        rig_turn(r);
    }
    assert_int_equal(la_http_census_connections(r->census), 0);
    close(fd);
    rig_free(r);
}

static void test_lingering_ends(void **state)
{
    char memory[4096];
    rig *r = rig_new();
    int fd = rig_connect(r);
    send_text(r, fd, "BAD\r\n");
    expect_answer(r, fd, memory, sizeof memory, 400, true);
    assert_int_equal(la_http_census_connections(r->census), 1); /* the client has not closed */
    for (int i = 0; i < 400 && la_http_census_connections(r->census) > 0; i++) {
        usleep(10000);
        rig_turn(r);
    }
    assert_int_equal(la_http_census_connections(r->census), 0);
    close(fd);
    rig_free(r);
}

static void test_new_limits(void **state)
{
    char memory[4096];
    rig *r = rig_new();
    int fd = rig_connect(r);
    r->limits.body_bytes = 2;
    r->limits.connections_per_address = 1;
    la_http_server_set_limits(r->server, &r->limits);
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
    expect_answer(r, fd, memory, sizeof memory, 200, false);
    assert_false(la_census_enter(r->census, &(la_census_key){.bytes = {AF_INET}}));
    send_text(r, fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
    expect_answer(r, fd, memory, sizeof memory, 413, true);
    close(fd);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body_at_its_limit),
        cmocka_unit_test(test_chunks_over_the_limit),
        cmocka_unit_test(test_refused_body_is_drained),
        cmocka_unit_test(test_header_at_its_limit),
        cmocka_unit_test(test_endless_header),
        cmocka_unit_test(test_number_of_fields),
        cmocka_unit_test(test_chunk_extensions_are_bounded),
        cmocka_unit_test(test_trailers_are_bounded),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_request_ids_differ),
        cmocka_unit_test(test_large_answer_to_a_slow_reader),
        cmocka_unit_test(test_many_pipelined),
        cmocka_unit_test(test_late_answers_keep_their_order),
        cmocka_unit_test(test_sending_ahead_is_bounded),
        cmocka_unit_test(test_client_vanishes),
        cmocka_unit_test(test_half_closed_client),
        cmocka_unit_test(test_free_with_open_exchange),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_dribbling_client),
        cmocka_unit_test(test_reader_that_takes_nothing),
        cmocka_unit_test(test_lingering_ends),
        cmocka_unit_test(test_new_limits),
    };
    if (!la_is_ok(la_secret_setup()))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
