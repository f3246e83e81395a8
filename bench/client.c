/*
 * A closed-loop client for what wrk cannot do: certificates of its own, a new connection for each request, any request. One thread; on
 * connections that are kept, one request is out on each of them at a time.
 *
 *   bench_client PORT REQUESTS SECONDS CONNECTIONS [tls [CERTIFICATE KEY]]
 *
 * REQUESTS is a file of whole HTTP requests, each behind its length in bytes and a line end, taken in turn. CONNECTIONS 0: each request has a
 * connection of its own, with a full handshake, and the server has to close it. Prints one JSON object; fails unless every answer is 200.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUESTS_MAX 100000
#define CONNECTIONS_MAX 1000
#define ANSWER_MAX 32768

typedef struct request {
    char *p;
    size_t n;
} request;

typedef struct connection {
    int fd;
    SSL *ssl; /* NULL: plain */
} connection;

typedef struct client {
    uint16_t port;
    SSL_CTX *tls; /* NULL: plain */
    request requests[REQUESTS_MAX];
    size_t n_requests, next;
    uint64_t answers;
} client;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void read_requests(client *c, const char *path)
{
    FILE *f = fopen(path, "re");
    size_t n;
    if (!f)
        die(path);
    while (c->n_requests < REQUESTS_MAX && fscanf(f, "%zu", &n) == 1 && fgetc(f) == '\n') {
        char *p = malloc(n);
        if (!p || fread(p, 1, n, f) != n)
            die("a request is cut off");
        c->requests[c->n_requests++] = (request){p, n};
    }
    fclose(f);
    if (c->n_requests == 0)
        die("no requests");
}

/* The suite and group that every server here prefers, so that all of them do the same work. */
static void set_up_tls(client *c, const char *certificate, const char *key)
{
    char group[] = "X25519";
    c->tls = SSL_CTX_new(TLS_client_method());
    if (!c->tls || SSL_CTX_set_ciphersuites(c->tls, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set_min_proto_version(c->tls, TLS1_3_VERSION) != 1 || SSL_CTX_set1_groups_list(c->tls, group) != 1)
        die("TLS");
    if (certificate && (SSL_CTX_use_certificate_chain_file(c->tls, certificate) != 1 ||
                        SSL_CTX_use_PrivateKey_file(c->tls, key, SSL_FILETYPE_PEM) != 1))
        die(certificate);
    SSL_CTX_set_options(c->tls, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

static void open_connection(client *c, connection *k)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(c->port)};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (k->fd < 0 || connect(k->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (!c->tls)
        return;
    k->ssl = SSL_new(c->tls);
    if (!k->ssl || SSL_set_fd(k->ssl, k->fd) != 1 || SSL_connect(k->ssl) != 1 || SSL_session_reused(k->ssl))
        die("handshake");
}

static void close_connection(connection *k)
{
    SSL_free(k->ssl);
    close(k->fd);
    *k = (connection){.fd = -1};
}

static void send_next(client *c, connection *k)
{
    const request *r = &c->requests[c->next];
    c->next = (c->next + 1) % c->n_requests;
    bool sent = k->ssl ? SSL_write(k->ssl, r->p, (int)r->n) == (int)r->n
                       : send(k->fd, r->p, r->n, MSG_NOSIGNAL) == (ssize_t)r->n;
    if (!sent)
        die("send");
}

/* Bytes of the whole answer; 0 while its header section is not all there. */
static size_t answer_bytes(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n"), *length = strcasestr(answer, "\r\ncontent-length:");
    if (!end)
        return 0;
    if (!length || length > end)
        die("an answer without a length");
    return (size_t)(end - answer) + 4 + strtoul(length + 17, NULL, 10);
}

static void receive(client *c, connection *k)
{
    char answer[ANSWER_MAX];
    size_t n = 0, wanted = 0;
    while (wanted == 0 || n < wanted) {
        size_t room = sizeof answer - 1 - n;
        ssize_t got = k->ssl ? SSL_read(k->ssl, answer + n, (int)room) : recv(k->fd, answer + n, room, 0);
        if (got <= 0)
            die("the server closed a connection");
        n += (size_t)got;
        answer[n] = 0;
        wanted = answer_bytes(answer);
    }
    if (n != wanted || memcmp(answer, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "%.*s\n", (int)n, answer);
        die("not the answer that was wanted");
    }
    c->answers++;
}

/* The server closes first, so that the closed pairs of ports wait on its side. */
static void wait_for_end(connection *k)
{
    char byte;
    if ((k->ssl ? SSL_read(k->ssl, &byte, 1) : (int)recv(k->fd, &byte, 1, 0)) > 0)
        die("more than one answer");
}

static void run_kept(client *c, size_t n, int64_t end_us)
{
    static connection connections[CONNECTIONS_MAX];
    for (size_t i = 0; i < n; i++)
        open_connection(c, &connections[i]);
    while (now_us() < end_us) {
        for (size_t i = 0; i < n; i++)
            send_next(c, &connections[i]);
        for (size_t i = 0; i < n; i++)
            receive(c, &connections[i]);
    }
    for (size_t i = 0; i < n; i++)
        close_connection(&connections[i]);
}

static void run_new(client *c, int64_t end_us)
{
    while (now_us() < end_us) {
        connection k = {.fd = -1};
        open_connection(c, &k);
        send_next(c, &k);
        receive(c, &k);
        wait_for_end(&k);
        close_connection(&k);
    }
}

int main(int argc, char **argv)
{
    static client c;
    if (argc < 5 || argc == 7) {
        fprintf(stderr, "usage: bench_client PORT REQUESTS SECONDS CONNECTIONS [tls [CERTIFICATE KEY]]\n");
        return 2;
    }
    size_t n = strtoul(argv[4], NULL, 10);
    if (n > CONNECTIONS_MAX)
        die("too many connections");
    c.port = (uint16_t)strtoul(argv[1], NULL, 10);
    read_requests(&c, argv[2]);
    if (argc > 5)
        set_up_tls(&c, argc > 7 ? argv[6] : NULL, argc > 7 ? argv[7] : NULL);
    int64_t start_us = now_us(), end_us = start_us + (int64_t)(strtod(argv[3], NULL) * 1e6);
    if (n > 0)
        run_kept(&c, n, end_us);
    else
        run_new(&c, end_us);
    printf("{\"answers\":%llu,\"duration_us\":%lld}\n", (unsigned long long)c.answers,
           (long long)(now_us() - start_us));
    return 0;
}
