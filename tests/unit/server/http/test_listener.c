/* Listening, the limits of connections, and draining. */
#include "http_rig.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define LATER "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"

/* ---- draining ---- */

static void on_drained(void *self)
{
    ((rig *)self)->drained = true;
}

static void test_drain(void **state)
{
    char memory[4096];
    rig *r = rig_new();
    int idle = rig_connect(r), waiting = rig_connect(r), open = rig_connect(r), half = rig_connect(r),
        fresh = rig_connect(r);
    send_text(r, idle, GET);
    expect_answer(r, idle, memory, sizeof memory, 200, false);
    send_text(r, open, LATER);
    send_text(r, half, "GET / HTTP/1.1\r\n");
    assert_true(send(waiting, GET, sizeof GET - 1, 0) > 0); /* sent, not read yet */
    la_http_server_drain(r->server, 60000, on_drained, r);
    expect_silence(r, idle, true);
    expect_silence(r, fresh, true);
    expect_answer(r, waiting, memory, sizeof memory, 200, true);
    expect_silence(r, open, false);
    expect_silence(r, half, false);
    send_text(r, half, "Host: a\r\n\r\n");
    expect_answer(r, half, memory, sizeof memory, 200, true);
    rig_release(r);
    expect_answer(r, open, memory, sizeof memory, 200, true);
    close(idle);
    close(waiting);
    close(half);
    close(fresh);
    rig_turn(r);
    assert_false(r->drained);
    close(open);
    rig_turn(r);
    assert_true(r->drained);
    rig_free(r);
}

static void test_drain_of_nothing(void **state)
{
    rig *r = rig_new();
    la_http_server_drain(r->server, 60000, on_drained, r);
    rig_turn(r);
    assert_true(r->drained);
    rig_free(r);
}

static void test_drain_is_cut_at_its_deadline(void **state)
{
    rig *r = rig_new();
    int half = rig_connect(r), open = rig_connect(r);
    send_text(r, half, "GET / HTTP/1.1\r\n");
    send_text(r, open, LATER);
    la_http_server_drain(r->server, 50, on_drained, r);
    for (int i = 0; i < 1000 && !r->drained; i++) {
        usleep(5000);
        rig_turn(r);
    }
    assert_true(r->drained);
    expect_silence(r, half, true);
    expect_silence(r, open, true);
    la_http_server_free(r->server);
    r->server = NULL;
    rig_release(r);
    close(half);
    close(open);
    rig_free(r);
}

/* ---- listening ---- */

typedef struct listening {
    rig *rig;
    unsigned short port;
} listening;

static listening listen_on(char *address)
{
    listening l = {.rig = reserve(sizeof *l.rig)};
    int fds[2];
    rig_init(l.rig);
    l.rig->limits.connections = 5;
    l.rig->limits.connections_per_address = 3;
    rig_start(l.rig);
    assert_ok(la_http_bind_all(&(la_endpoint){.address = address}, 2, fds));
    struct sockaddr_storage bound[2];
    for (int i = 0; i < 2; i++) {
        socklen_t n = sizeof bound[i];
        getsockname(fds[i], (struct sockaddr *)&bound[i], &n);
        assert_ok(la_http_listen(l.rig->server, fds[i], "a tag"));
    }
    assert_memory_equal(&bound[0], &bound[1], 4); /* family and port */
    l.port = ntohs(((struct sockaddr_in *)&bound[0])->sin_port);
    return l;
}

static int dial(const listening *l, const char *from)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = {.sin_family = AF_INET}, peer = {.sin_family = AF_INET, .sin_port = htons(l->port)};
    inet_pton(AF_INET, from, &own.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &peer.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof peer), 0);
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    rig_turn(l->rig);
    return fd;
}

static answer wait_answer(rig *r, int fd, int status)
{
    static char memory[8192];
    bool closed;
    size_t n = rig_wait(r, fd, memory, sizeof memory, &closed);
    la_slice rest = {memory, n};
    answer a = rig_parse(&rest, false);
    assert_int_equal(a.status, status);
    return a;
}

static void test_limits_of_connections(void **state)
{
    listening l = listen_on((char[]){"127.0.0.1"});
    int own[3], other[2];
    for (int i = 0; i < 3; i++)
        own[i] = dial(&l, "127.0.0.1");
    int over = dial(&l, "127.0.0.1"); /* over the limit of the address */
    answer a = wait_answer(l.rig, over, 503);
    assert_true(a.close);
    assert_non_null(strstr(a.head, "\r\nRetry-After: 1\r\n"));
    assert_int_equal(l.rig->refused_code, LA_OVERLOADED);
    assert_string_equal(l.rig->refused_address, "127.0.0.1");
    for (int i = 0; i < 2; i++) {
        other[i] = dial(&l, "127.0.0.2");
        send_text(l.rig, other[i], GET);
        wait_answer(l.rig, other[i], 200);
        assert_string_equal(l.rig->last_tag, "a tag");
    }
    int all = dial(&l, "127.0.0.3"); /* over the limit in all */
    wait_answer(l.rig, all, 503);
    assert_int_equal(la_http_census_connections(l.rig->census), 5);
    close(own[0]);
    close(over);
    for (int i = 0; i < 100 && la_http_census_connections(l.rig->census) > 4; i++)
        uv_run(&l.rig->loop, UV_RUN_ONCE);
    int again = dial(&l, "127.0.0.3");
    send_text(l.rig, again, GET);
    wait_answer(l.rig, again, 200);
    int fds[] = {own[1], own[2], other[0], other[1], all, again};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        close(fds[i]);
    rig_free(l.rig);
}

static void test_port_in_use(void **state)
{
    listening l = listen_on((char[]){"127.0.0.1"});
    char expected[80], address[] = "127.0.0.1", no_address[] = "localhost";
    la_endpoint taken = {.address = address, .port = l.port};
    int fd;
    snprintf(expected, sizeof expected, "cannot listen on 127.0.0.1:%u: address already in use", l.port);
    assert_code(la_http_bind_all(&taken, 1, &fd), LA_IO);
    assert_string_equal(la_detail(), expected);
    assert_code(la_http_bind_all(&(la_endpoint){.address = no_address, .port = 1}, 1, &fd), LA_INVALID);
    assert_ok(la_http_bind(&taken, &fd)); /* another loop of the same process */
    close(fd);
    rig_free(l.rig);
}

static void test_ipv6(void **state)
{
    char address[] = "::1";
    int fd;
    la_result r = la_http_bind(&(la_endpoint){.address = address}, &fd);
    if (!la_is_ok(r)) {
        print_message("skipped: no IPv6 on this machine (%s)\n", la_detail());
        skip();
    }
    struct sockaddr_in6 bound;
    socklen_t n = sizeof bound;
    getsockname(fd, (struct sockaddr *)&bound, &n);
    rig *served = rig_new();
    assert_ok(la_http_listen(served->server, fd, NULL));
    int client = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&bound, sizeof bound), 0);
    assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
    send_text(served, client, "BAD\r\n\r\n");
    wait_answer(served, client, 400);
    assert_string_equal(served->refused_address, "::1");
    close(client);
    rig_free(served);
}

/* Connections that are in the queue when a drain begins are served, not reset. */
static void test_drain_serves_the_queue(void **state)
{
    listening l = listen_on((char[]){"127.0.0.1"});
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in peer = {
        .sin_family = AF_INET, .sin_port = htons(l.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof peer), 0);
    assert_true(send(fd, GET, sizeof GET - 1, 0) > 0);
    la_http_server_drain(l.rig->server, 60000, on_drained, l.rig);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_true(wait_answer(l.rig, fd, 200).close);
    close(fd);
    for (int i = 0; i < 100 && !l.rig->drained; i++)
        uv_run(&l.rig->loop, UV_RUN_ONCE);
    assert_true(l.rig->drained);
    rig_free(l.rig);
}

/* A reset takes the connection at once; what its handler still does has time until the deadline of the drain. */
static void test_drain_waits_for_a_handler_without_client(void **state)
{
    listening l = listen_on((char[]){"127.0.0.1"});
    int fd = dial(&l, "127.0.0.1");
    send_text(l.rig, fd, LATER);
    for (int i = 0; i < 100 && l.rig->n_held == 0; i++)
        uv_run(&l.rig->loop, UV_RUN_ONCE);
    struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    for (int i = 0; i < 100 && la_http_census_connections(l.rig->census) > 0; i++)
        uv_run(&l.rig->loop, UV_RUN_ONCE);
    assert_int_equal(la_http_census_connections(l.rig->census), 0);
    la_http_server_drain(l.rig->server, 60000, on_drained, l.rig);
    rig_turn(l.rig);
    assert_false(l.rig->drained);
    rig_release(l.rig);
    rig_turn(l.rig);
    assert_true(l.rig->drained);
    rig_free(l.rig);
}

/* Without descriptors the server waits instead of spinning, and goes on when there are some. */
static void test_no_descriptors_left(void **state)
{
    listening l = listen_on((char[]){"127.0.0.1"});
    int taken[4096];
    size_t n = 0;
    int first = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in peer = {
        .sin_family = AF_INET, .sin_port = htons(l.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct rlimit old;
    getrlimit(RLIMIT_NOFILE, &old);
    struct rlimit few = {.rlim_cur = 256, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while (n < 4096 && (taken[n] = dup(first)) >= 0)
        n++;
    assert_int_equal(connect(first, (struct sockaddr *)&peer, sizeof peer), 0);
    assert_int_equal(fcntl(first, F_SETFL, O_NONBLOCK), 0);
    assert_true(send(first, GET, sizeof GET - 1, 0) > 0);
    la_log_set_level(LA_LOG_ERROR);
    rig_turn(l.rig);
    assert_int_equal(la_http_census_connections(l.rig->census), 0);
    assert_true(uv_backend_timeout(&l.rig->loop) > 0);
    while (n > 0)
        close(taken[--n]);
    setrlimit(RLIMIT_NOFILE, &old);
    wait_answer(l.rig, first, 200);
    close(first);
    rig_free(l.rig);
}

static void test_census(void **state)
{
    la_http_census *c = la_http_census_new(1000, 2);
    for (uint32_t i = 0; i < 500; i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + i)};
        la_census_key key = la_census_key_of((struct sockaddr *)&v4);
        assert_true(la_census_enter(c, &key));
        assert_true(la_census_enter(c, &key));
    }
    assert_int_equal(la_http_census_connections(c), 1000);
    struct sockaddr_in6 one = {.sin6_family = AF_INET6}, same_net = {.sin6_family = AF_INET6};
    inet_pton(AF_INET6, "2001:db8::1", &one.sin6_addr);
    inet_pton(AF_INET6, "2001:db8::ffff:1", &same_net.sin6_addr);
    la_census_key first = la_census_key_of((struct sockaddr *)&one),
                  second = la_census_key_of((struct sockaddr *)&same_net);
    assert_memory_equal(&first, &second, sizeof first);
    assert_false(la_census_enter(c, &first));
    for (uint32_t i = 0; i < 500; i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + i)};
        la_census_key key = la_census_key_of((struct sockaddr *)&v4);
        la_census_leave(c, &key);
        assert_true(la_census_enter(c, &key));
        assert_false(la_census_enter(c, &key));
        la_census_leave(c, &key);
        la_census_leave(c, &key);
    }
    assert_int_equal(la_http_census_connections(c), 0);
    la_http_census_free(c);
}

static void enter_and_leave(void *census)
{
    for (uint32_t i = 0; i < 20000; i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + i % 7)};
        la_census_key key = la_census_key_of((struct sockaddr *)&v4);
        if (la_census_enter(census, &key))
            la_census_leave(census, &key);
    }
}

static void test_census_of_several_loops(void **state)
{
    uv_thread_t threads[4];
    la_http_census *c = la_http_census_new(3, 2);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(uv_thread_create(&threads[i], enter_and_leave, c), 0);
    for (size_t i = 0; i < 4; i++)
        uv_thread_join(&threads[i]);
    assert_int_equal(la_http_census_connections(c), 0);
    la_http_census_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_drain_of_nothing),
        cmocka_unit_test(test_drain_is_cut_at_its_deadline),
        cmocka_unit_test(test_limits_of_connections),
        cmocka_unit_test(test_port_in_use),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_drain_serves_the_queue),
        cmocka_unit_test(test_drain_waits_for_a_handler_without_client),
        cmocka_unit_test(test_no_descriptors_left),
        cmocka_unit_test(test_census),
        cmocka_unit_test(test_census_of_several_loops),
    };
    if (!la_is_ok(la_secret_setup()))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
