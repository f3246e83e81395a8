/*
 * A server of the real transport on a loop of its own, with an echoing handler, and clients in the same thread: over
 * socket pairs (rig_connect) or over TCP. The paths of the handler: /later answers when the test calls rig_release, /big/N
 * answers N bytes, /close closes, everything else echoes at once.
 */
#ifndef LA_TESTS_HTTP_RIG_H
#define LA_TESTS_HTTP_RIG_H

#include "unit.h"

#include "base/buffer.h"
#include "base/secret.h"
#include "server/http/connection.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define RIG_HELD_MAX 8

static inline void *reserve(size_t n)
{
    void *p = malloc(n);
    assert_non_null(p);
    return p;
}

typedef struct rig {
    uv_loop_t loop;
    la_limits_config limits;
    la_http_census *census;
    la_http_server *server;
    la_http_exchange *held[RIG_HELD_MAX];
    unsigned n_held, n_handled, n_refused;
    la_code refused_code;
    char refused_address[46];
    bool drained;
    const void *last_tag;
    void *data; /* of another handler than rig_handle */
} rig;

typedef struct answer {
    int status;
    bool close;
    char head[2048];
    la_slice body;
} answer;

static inline void rig_echo(la_http_exchange *x, la_arena *arena, bool close)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "OTHER"};
    const la_http_request *r = la_http_request_of(x);
    size_t room = r->body.n + 1024;
    char *text = la_arena_take(arena, room);
    assert_non_null(text);
    int n = snprintf(
        text, room,
        "%s %.*s q=%.*s h=%.*s auth=%u:%.*s type=%.*s origin=%.*s none=%.*s cookie=%.*s host=%.*s coding=%.*s "
        "match=%.*s key=%.*s agent=%.*s site=%.*s accept=%.*s b=",
        methods[r->method], LA_FMT(r->path), r->query.p ? (int)r->query.n : 1, r->query.p ? r->query.p : "-",
        LA_FMT(r->host), r->n_authorization, LA_FMT(r->authorization), LA_FMT(r->content_type),
        r->origin.p ? (int)r->origin.n : 1, r->origin.p ? r->origin.p : "-", LA_FMT(r->if_none_match),
        LA_FMT(r->cookie), LA_FMT(r->authority), LA_FMT(r->accept_encoding), LA_FMT(r->if_match),
        LA_FMT(r->idempotency_key), LA_FMT(r->user_agent), LA_FMT(r->sec_fetch_site), LA_FMT(r->accept));
    assert_true(n > 0 && (size_t)n + r->body.n <= room);
    memcpy(text + n, r->body.p, r->body.n);
    la_http_response response = {.status = 200,
                                 .content_type = LA_SLICE("text/plain"),
                                 .headers = LA_SLICE("X-Extra: yes\r\n"),
                                 .body = {text, (size_t)n + r->body.n},
                                 .close = close};
    la_http_respond(x, &response);
}

static inline void rig_handle(void *self, la_http_exchange *x)
{
    rig *r = self;
    const la_http_request *request = la_http_request_of(x);
    r->n_handled++;
    r->last_tag = request->listener_tag;
    if (la_slice_is(request->path, "/later")) {
        assert_true(r->n_held < RIG_HELD_MAX);
        la_http_set_data(x, r);
        r->held[r->n_held++] = x;
    } else if (la_slice_is(request->path, "/empty")) {
        la_http_respond(x, &(la_http_response){.status = 204});
    } else if (la_slice_starts(request->path, LA_SLICE("/big/"))) {
        size_t n = strtoul(request->path.p + 5, NULL, 10);
        char *body = la_arena_take(la_http_arena(x), n);
        assert_non_null(body);
        memset(body, 'B', n);
        la_http_response response = {.status = 200, .content_type = LA_SLICE("text/plain"), .body = {body, n}};
        la_http_respond(x, &response);
    } else {
        rig_echo(x, la_http_arena(x), la_slice_is(request->path, "/close"));
    }
}

static inline void rig_refused(void *self, la_code code, la_slice client_address, const char *request_id)
{
    rig *r = self;
    r->n_refused++;
    r->refused_code = code;
    snprintf(r->refused_address, sizeof r->refused_address, "%.*s", LA_FMT(client_address));
    assert_int_equal(strlen(request_id), 16);
}

static inline void rig_init(rig *r)
{
    *r = (rig){.limits = {.header_bytes = 8192,
                          .body_bytes = 65536,
                          .connections = 100,
                          .connections_per_address = 50,
                          .request_timeout_s = 10,
                          .idle_timeout_s = 75,
                          .drain_timeout_s = 10}};
    assert_int_equal(uv_loop_init(&r->loop), 0);
}

static inline void rig_start_with(rig *r, la_http_handler handler)
{
    r->census = la_http_census_new(r->limits.connections, r->limits.connections_per_address);
    assert_non_null(r->census);
    assert_ok(la_http_server_new(&r->loop, &r->limits, r->census, handler, rig_refused, r, &r->server));
}

static inline void rig_start(rig *r)
{
    rig_start_with(r, rig_handle);
}

static inline rig *rig_new(void)
{
    rig *r = malloc(sizeof *r);
    assert_non_null(r);
    rig_init(r);
    rig_start(r);
    return r;
}

/* Everything that is ready; nothing is waited for. */
static inline void rig_turn(rig *r)
{
    for (int i = 0; i < 4; i++)
        uv_run(&r->loop, UV_RUN_NOWAIT);
}

static inline void rig_free(rig *r)
{
    la_http_server_free(r->server);
    while (uv_run(&r->loop, UV_RUN_NOWAIT))
        ;
    assert_int_equal(la_http_census_connections(r->census), 0);
    la_http_census_free(r->census);
    assert_int_equal(uv_loop_close(&r->loop), 0);
    free(r);
}

/* Answers the oldest exchange that waits. */
static inline void rig_release(rig *r)
{
    assert_true(r->n_held > 0);
    la_http_exchange *x = r->held[0];
    assert_ptr_equal(la_http_data(x), r);
    memmove(r->held, r->held + 1, --r->n_held * sizeof r->held[0]);
    rig_echo(x, la_http_arena(x), false);
}

/* A client's end of a connection from 192.0.2.1. */
static inline int rig_connect(rig *r)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    la_census_key key = {.bytes = {AF_INET}};
    assert_true(la_census_enter(r->census, &key));
    assert_true(la_http_connection_open(r->server, ends[1], "tag", "192.0.2.1", &key));
    return ends[0];
}

/* False where the server does not take it (any more). */
static inline bool rig_send(rig *r, int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent < 0) {
            uv_run(&r->loop, UV_RUN_NOWAIT);
            continue;
        }
        p += sent;
        n -= (size_t)sent;
    }
    rig_turn(r);
    return true;
}

/* What has come for the client by now; *ret_closed: the server will send no more. */
static inline size_t rig_receive(rig *r, int fd, char *to, size_t room, bool *ret_closed)
{
    size_t n = 0;
    *ret_closed = false;
    for (int quiet = 0; quiet < 2;) {
        rig_turn(r);
        ssize_t got = recv(fd, to + n, room - n, 0);
        if (got > 0) {
            n += (size_t)got;
            quiet = 0;
        } else if (got == 0 || errno != EAGAIN) {
            *ret_closed = true;
            break;
        } else {
            quiet++;
        }
        assert_true(n < room);
    }
    return n;
}

/* Waits (the loop's timers run) until the server has sent something or closed. */
static inline size_t rig_wait(rig *r, int fd, char *to, size_t room, bool *ret_closed)
{
    for (int i = 0; i < 400; i++) {
        size_t n = rig_receive(r, fd, to, room, ret_closed);
        if (n > 0 || *ret_closed)
            return n;
        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 25);
    }
    fail_msg("the server neither answered nor closed");
    return 0;
}

/* Takes one well-formed response off `rest`. */
static inline answer rig_parse(la_slice *rest, bool of_head)
{
    answer a = {0};
    const char *end = memmem(rest->p, rest->n, "\r\n\r\n", 4);
    assert_non_null(end);
    size_t head_n = (size_t)(end - rest->p) + 2;
    assert_true(head_n < sizeof a.head);
    memcpy(a.head, rest->p, head_n);
    assert_int_equal(sscanf(a.head, "HTTP/1.1 %d ", &a.status), 1);
    *rest = (la_slice){rest->p + head_n + 2, rest->n - head_n - 2};
    if (a.status == 100)
        return a;
    assert_non_null(strstr(a.head, "\r\nDate: "));
    assert_non_null(strstr(a.head, "\r\nX-Request-Id: "));
    a.close = strstr(a.head, "\r\nConnection: close\r\n") != NULL;
    const char *length = strstr(a.head, "\r\nContent-Length: ");
    assert_true(length || a.status == 204 || a.status == 304);
    size_t n = length && !of_head ? strtoul(length + 18, NULL, 10) : 0;
    assert_true(n <= rest->n);
    a.body = (la_slice){rest->p, n};
    *rest = (la_slice){rest->p + n, rest->n - n};
    if (a.status >= 400 && strstr(a.head, "\r\nContent-Type: application/problem+json\r\n")) {
        assert_non_null(strstr(a.head, "\r\nCache-Control: no-store\r\n"));
        assert_memory_equal(a.body.p, "{\"type\":\"urn:leanauth:problem:", of_head ? 0 : 30);
    } else if (a.status >= 400 && !of_head) {
        assert_non_null(strstr(a.head, "\r\nContent-Type: application/json\r\n"));
        assert_non_null(strstr(a.head, "\r\nCache-Control: no-store\r\n"));
        assert_memory_equal(a.body.p, "{\"error\":\"", 10);
    }
    return a;
}

static inline bool answer_has(const answer *a, const char *text)
{
    return memmem(a->body.p, a->body.n, text, strlen(text)) != NULL;
}

static inline void send_text(rig *r, int fd, const char *text)
{
    assert_true(rig_send(r, fd, text, strlen(text)));
}

/* One answer has come, and nothing else. */
static inline answer expect_answer(rig *r, int fd, char *memory, size_t room, int status, bool closed)
{
    bool is_closed;
    size_t n = rig_receive(r, fd, memory, room, &is_closed);
    la_slice rest = {memory, n};
    assert_true(n > 0);
    answer a = rig_parse(&rest, false);
    assert_int_equal(a.status, status);
    assert_int_equal(rest.n, 0);
    assert_int_equal(is_closed, closed);
    assert_int_equal(a.close, closed);
    return a;
}

static inline void expect_silence(rig *r, int fd, bool closed)
{
    char memory[4096];
    bool is_closed;
    assert_int_equal(rig_receive(r, fd, memory, sizeof memory, &is_closed), 0);
    assert_int_equal(is_closed, closed);
}

#endif
