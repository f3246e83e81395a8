/*
 * The HTTP layer from socket bytes to response bytes, through the real connection over a socket pair. The first input byte
 * says how the rest is cut into pieces and whether handlers answer at once or later. Beyond memory errors it checks that
 * what comes out is a row of well-formed responses (to llhttp), and that cutting the same bytes differently changes
 * neither what the handler saw nor which statuses were sent.
 */
#include "base/secret.h"
#include "server/http/connection.h"

#include <errno.h>
#include <llhttp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUIRE(condition)                               \
    do {                                                 \
        if (!(condition)) {                              \
            fprintf(stderr, "not so: %s\n", #condition); \
            abort();                                     \
        }                                                \
    } while (0)

typedef struct run {
    uv_loop_t loop;
    la_http_server *server;
    la_http_exchange *held;
    bool answers_late;
    bool saw_head;    /* a HEAD was served or refused: its responses cannot be read without the requests */
    uint64_t seen;    /* a hash of what the handler saw */
    uint64_t answers; /* a hash of the statuses that came out, interim ones aside */
    llhttp_t parser;
} run;

static uint64_t mix(uint64_t hash, const void *p, size_t n)
{
    const uint8_t *bytes = p;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return (hash ^ n) * 0x100000001b3u;
}

static void answer(la_http_exchange *x)
{
    la_http_response response = {
        .status = 200,
        .content_type = LA_SLICE("text/plain"),
        .body = la_http_request_of(x)->body,
    };
    la_http_respond(x, &response);
}

static void handle(void *self, la_http_exchange *x)
{
    run *r = self;
    const la_http_request *request = la_http_request_of(x);
    const la_slice parts[] = {request->path,          request->query,           request->host,
                              request->authorization, request->content_type,    request->origin,
                              request->if_none_match, request->cookie,          request->accept,
                              request->body,          request->authority,       request->accept_encoding,
                              request->if_match,      request->idempotency_key, request->user_agent,
                              request->sec_fetch_site};
    REQUIRE(request->path.n > 0);
    REQUIRE(request->body.n <= 2000);
    r->seen = mix(r->seen, &request->method, sizeof request->method);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        r->seen = mix(r->seen, parts[i].p, parts[i].n);
    r->saw_head = r->saw_head || request->method == LA_HEAD;
    REQUIRE(!r->held);
    if (r->answers_late)
        r->held = x;
    else
        answer(x);
}

static int on_message_complete(llhttp_t *parser)
{
    run *r = parser->data;
    if (parser->status_code != 100)
        r->answers = mix(r->answers, &parser->status_code, sizeof parser->status_code);
    return 0;
}

static const llhttp_settings_t settings = {.on_message_complete = on_message_complete};

static void turn(run *r, int fd)
{
    char received[8192];
    for (int i = 0; i < 3; i++) {
        uv_run(&r->loop, UV_RUN_NOWAIT);
        la_http_exchange *x = r->held;
        r->held = NULL;
        if (x)
            answer(x);
        ssize_t n;
        while ((n = recv(fd, received, sizeof received, MSG_DONTWAIT)) > 0) {
            if (!r->saw_head)
                REQUIRE(llhttp_execute(&r->parser, received, (size_t)n) == HPE_OK);
        }
    }
}

/* Sends the bytes in pieces of 1 to `most` bytes, waits for nothing, hangs up. */
static void drive(run *r, la_http_census *census, const uint8_t *p, size_t n, size_t most)
{
    int ends[2];
    la_census_key key = {.bytes = {AF_INET}};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    REQUIRE(la_census_enter(census, &key));
    REQUIRE(la_http_connection_open(r->server, ends[1], "tag", "192.0.2.1", &key));
    llhttp_init(&r->parser, HTTP_RESPONSE, &settings);
    r->parser.data = r;
    for (size_t at = 0, k = 0; at < n; k++) {
        size_t piece = most == SIZE_MAX ? n : 1 + (most * 7 + k * k * 31) % most;
        if (piece > n - at)
            piece = n - at;
        ssize_t sent = send(ends[0], p + at, piece, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            break;
        at += sent > 0 ? (size_t)sent : 0;
        turn(r, ends[0]);
    }
    turn(r, ends[0]);
    close(ends[0]);
    for (int i = 0; i < 8 && la_http_census_connections(census) > 0; i++)
        uv_run(&r->loop, UV_RUN_NOWAIT);
    REQUIRE(la_http_census_connections(census) == 0);
}

static void serve(const uint8_t *p, size_t n, size_t most, bool answers_late, run *r)
{
    static const la_limits_config limits = {
        .header_bytes = 1500, .body_bytes = 2000, .request_timeout_s = 1000, .idle_timeout_s = 1000};
    *r = (run){.answers_late = answers_late};
    la_http_census *census = la_http_census_new(10, 10);
    REQUIRE(census && uv_loop_init(&r->loop) == 0);
    REQUIRE(la_is_ok(la_http_server_new(&r->loop, &limits, census, handle, NULL, r, &r->server)));
    /* The refusal of a HEAD has no body, which a reader of the responses alone cannot know. */
    r->saw_head = memmem(p, n, "HEAD ", 5) != NULL;
    drive(r, census, p, n, most);
    la_http_server_free(r->server);
    while (uv_run(&r->loop, UV_RUN_NOWAIT))
        ;
    REQUIRE(uv_loop_close(&r->loop) == 0);
    la_http_census_free(census);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    return la_is_ok(la_secret_setup()) ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2 || n > 6000)
        return 0;
    run whole, cut;
    serve(p + 1, n - 1, SIZE_MAX, false, &whole);
    serve(p + 1, n - 1, 1 + p[0] / 2, p[0] & 1, &cut);
    REQUIRE(whole.seen == cut.seen);
    REQUIRE(whole.answers == cut.answers);
    return 0;
}
