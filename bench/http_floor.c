/*
 * What HTTP itself costs: the transport of the server with a handler that answers a fixed body of a token's size.
 *
 *   bench_http_floor [PORT [BODY_BYTES]]      (0 or nothing: a free port, 700 bytes)
 *
 * Prints {"port":…} when it listens; on SIGTERM or SIGINT {"requests":…,"user_us":…,"system_us":…} of one thread and ends.
 */
#include "base/secret.h"
#include "server/http/http.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

typedef struct floor_server {
    la_http_server *http;
    uint64_t n_requests;
    la_slice body;
} floor_server;

static void answer(void *self, la_http_exchange *x)
{
    floor_server *f = self;
    f->n_requests++;
    la_http_response response = {
        .status = 200,
        .content_type = LA_SLICE("application/json"),
        .headers = LA_SLICE("Cache-Control: no-store\r\nPragma: no-cache\r\n"),
        .body = f->body,
    };
    la_http_respond(x, &response);
}

static void on_drained(void *self)
{
}

static void on_signal(uv_signal_t *signal, int number)
{
    floor_server *f = signal->data;
    la_http_server_drain(f->http, 1000, on_drained, NULL);
    uv_close((uv_handle_t *)signal, NULL);
}

static void watch_signal(uv_loop_t *loop, uv_signal_t *signal, int number, floor_server *f)
{
    uv_signal_init(loop, signal);
    signal->data = f;
    uv_signal_start_oneshot(signal, on_signal, number);
    uv_unref((uv_handle_t *)signal);
}

static unsigned port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t n = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &n);
    return ntohs(address.sin_port);
}

static uint64_t microseconds(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static la_result run(floor_server *f, uint16_t port)
{
    la_limits_config limits = {
        .header_bytes = 16384, .body_bytes = 65536, .request_timeout_s = 10, .idle_timeout_s = 75};
    char address[] = "127.0.0.1";
    la_endpoint endpoint = {.address = address, .port = port};
    uv_loop_t loop;
    uv_signal_t terminate, interrupt;
    int fd;
    LA_TRY(la_secret_setup());
    LA_TRY(la_http_bind_all(&endpoint, 1, &fd));
    la_http_census *census = la_http_census_new(10000, 10000);
    uv_loop_init(&loop);
    LA_TRY(la_http_server_new(&loop, &limits, census, answer, NULL, f, &f->http));
    printf("{\"port\":%u}\n", port_of(fd));
    fflush(stdout);
    LA_TRY(la_http_listen(f->http, fd, NULL));
    watch_signal(&loop, &terminate, SIGTERM, f);
    watch_signal(&loop, &interrupt, SIGINT, f);
    uv_run(&loop, UV_RUN_DEFAULT);
    f->http = la_http_server_free(f->http);
    la_http_census_free(census);

    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"requests\":%llu,\"user_us\":%llu,\"system_us\":%llu}\n", (unsigned long long)f->n_requests,
           (unsigned long long)microseconds(used.ru_utime), (unsigned long long)microseconds(used.ru_stime));
    return la_ok();
}

int main(int argc, char **argv)
{
    size_t bytes = argc > 2 ? (size_t)atoi(argv[2]) : 700;
    char *body = malloc(bytes + 1);
    if (!body)
        return 1;
    memset(body, 'x', bytes);
    floor_server f = {.body = {body, bytes}};
    la_result r = run(&f, (uint16_t)(argc > 1 ? atoi(argv[1]) : 0));
    if (!la_is_ok(r))
        fprintf(stderr, "%s: %s\n", la_result_info_of(r.code)->name, la_detail());
    free(body);
    return la_is_ok(r) ? 0 : 1;
}
