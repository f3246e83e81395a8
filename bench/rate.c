/*
 * An open-loop client: sends at a given rate whatever the server does, and measures each request from the moment at
 * which it was due (so that a stall of the server shows in all requests that it held up, not in one).
 *
 *   bench_rate PORT HOST RATE SECONDS CONNECTIONS BODIES
 *
 * BODIES is a file with one form body a line, taken in turn. Prints one JSON object: counts and percentiles in
 * microseconds, and by how much the client itself was late in sending.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define RESPONSE_MAX 16384
#define EVENTS 256

typedef struct connection {
    int fd;
    int64_t due_ns; /* of the request that is out */
    size_t n;
    char response[RESPONSE_MAX];
} connection;

typedef struct client {
    char *requests;  /* ready requests, one behind the other */
    size_t *offsets; /* n_requests + 1 */
    size_t n_requests, next_request;
    connection *connections;
    size_t n_connections;
    connection **idle;
    size_t n_idle;
    int64_t start_ns, interval_ns, end_ns;
    uint64_t scheduled, total, done, good, failed;
    int64_t *latencies_ns;
    int64_t late_ns; /* sum over requests: sent after they were due though a connection was free */
} client;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_rate: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *must_alloc(size_t n, size_t bytes)
{
    void *p = calloc(n, bytes);
    if (!p)
        die("memory");
    return p;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void read_bodies(client *c, const char *path, const char *host)
{
    FILE *f = fopen(path, "re");
    if (!f)
        die(path);
    size_t room = 0, used = 0, rows = 0, row_room = 0;
    char line[4096];
    while (fgets(line, sizeof line, f)) {
        size_t n = strcspn(line, "\r\n");
        if (used + n + 512 > room) {
            room = room * 2 + 65536;
            c->requests = realloc(c->requests, room);
        }
        if (rows + 2 > row_room) {
            row_room = row_room * 2 + 1024;
            c->offsets = realloc(c->offsets, row_room * sizeof *c->offsets);
        }
        if (!c->requests || !c->offsets)
            die("memory");
        c->offsets[rows++] = used;
        used += (size_t)snprintf(c->requests + used, room - used,
                                 "POST /oauth2/token HTTP/1.1\r\nHost: %s\r\n"
                                 "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%.*s",
                                 host, n, (int)n, line);
        c->offsets[rows] = used;
    }
    fclose(f);
    c->n_requests = rows;
    if (rows == 0)
        die("no bodies");
}

static void open_connections(client *c, int epoll, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < c->n_connections; i++) {
        connection *k = &c->connections[i];
        int one = 1;
        k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (k->fd < 0 || connect(k->fd, (struct sockaddr *)&address, sizeof address) != 0)
            die("connect");
        setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(k->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = k};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, k->fd, &e) != 0)
            die("epoll");
        c->idle[c->n_idle++] = k;
    }
}

/* Sends every request that is due, as far as connections are free. */
static void send_due(client *c)
{
    int64_t now = now_ns();
    while (c->scheduled < c->total && c->n_idle > 0) {
        int64_t due = c->start_ns + (int64_t)c->scheduled * c->interval_ns;
        if (due > now)
            return;
        connection *k = c->idle[--c->n_idle];
        size_t from = c->offsets[c->next_request], to = c->offsets[c->next_request + 1];
        c->next_request = (c->next_request + 1) % c->n_requests;
        if (send(k->fd, c->requests + from, to - from, MSG_NOSIGNAL) != (ssize_t)(to - from))
            die("send");
        k->due_ns = due;
        k->n = 0;
        c->scheduled++;
        c->late_ns += now - due;
    }
}

/* Whether `k` has a whole response. */
static bool is_complete(connection *k)
{
    char *end = memmem(k->response, k->n, "\r\n\r\n", 4);
    if (!end)
        return false;
    *end = 0;
    const char *length = strcasestr(k->response, "\r\ncontent-length:");
    size_t body = length ? strtoul(length + 17, NULL, 10) : 0;
    *end = '\r';
    return k->n >= (size_t)(end - k->response) + 4 + body;
}

static void receive(client *c, connection *k)
{
    ssize_t n = recv(k->fd, k->response + k->n, sizeof k->response - 1 - k->n, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("the server closed a connection");
    k->n += (size_t)n;
    k->response[k->n] = 0;
    if (!is_complete(k))
        return;
    if (memcmp(k->response, "HTTP/1.1 200", 12) == 0)
        c->good++;
    else
        c->failed++;
    c->latencies_ns[c->done++] = now_ns() - k->due_ns;
    c->idle[c->n_idle++] = k;
}

static void arm(int timer, int64_t at_ns)
{
    struct itimerspec t = {.it_value = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static void run(client *c, int epoll, int timer)
{
    struct epoll_event events[EVENTS];
    c->start_ns = now_ns() + 1000000;
    int64_t give_up = c->start_ns + (int64_t)c->total * c->interval_ns + 10000000000;
    while (c->done < c->total && now_ns() < give_up) {
        send_due(c);
        if (c->scheduled < c->total && c->n_idle > 0)
            arm(timer, c->start_ns + (int64_t)c->scheduled * c->interval_ns);
        int n = epoll_wait(epoll, events, EVENTS, 1000);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) {
                receive(c, events[i].data.ptr);
                continue;
            }
            uint64_t fired;
            if (read(timer, &fired, sizeof fired) < 0 && errno != EAGAIN)
                die("timer");
        }
    }
    c->end_ns = now_ns();
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double percentile_us(const client *c, double p)
{
    if (c->done == 0)
        return 0;
    size_t i = (size_t)(p * (double)c->done);
    return (double)c->latencies_ns[i < c->done ? i : c->done - 1] / 1000;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: bench_rate PORT HOST RATE SECONDS CONNECTIONS BODIES\n");
        return 2;
    }
    double rate = strtod(argv[3], NULL), seconds = strtod(argv[4], NULL);
    static client c;
    c.n_connections = strtoul(argv[5], NULL, 10);
    if (rate < 1 || seconds <= 0 || c.n_connections == 0)
        die("arguments");
    c.interval_ns = (int64_t)(1e9 / rate);
    c.total = (uint64_t)(rate * seconds);
    c.connections = must_alloc(c.n_connections, sizeof *c.connections);
    c.idle = must_alloc(c.n_connections, sizeof *c.idle);
    c.latencies_ns = must_alloc(c.total, sizeof *c.latencies_ns);
    read_bodies(&c, argv[6], argv[2]);

    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &e) != 0)
        die("epoll");
    open_connections(&c, epoll, (unsigned)strtoul(argv[1], NULL, 10));
    run(&c, epoll, timer);

    qsort(c.latencies_ns, c.done, sizeof *c.latencies_ns, ascending);
    printf(
        "{\"wanted_per_s\":%.0f,\"achieved_per_s\":%.0f,\"requests\":%llu,\"good\":%llu,\"failed\":%llu,\"missing\":%"
        "llu,"
        "\"p50_us\":%.0f,\"p90_us\":%.0f,\"p99_us\":%.0f,\"p999_us\":%.0f,\"max_us\":%.0f,\"client_late_us\":%.1f}\n",
        rate, (double)c.done * 1e9 / (double)(c.end_ns - c.start_ns), (unsigned long long)c.done,
        (unsigned long long)c.good, (unsigned long long)c.failed, (unsigned long long)(c.total - c.done),
        percentile_us(&c, 0.5), percentile_us(&c, 0.9), percentile_us(&c, 0.99), percentile_us(&c, 0.999),
        percentile_us(&c, 1), c.done ? (double)c.late_ns / 1000 / (double)c.done : 0);
    return c.failed || c.done < c.total ? 1 : 0;
}
