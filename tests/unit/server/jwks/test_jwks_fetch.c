/* Key sets over real TLS, from a small server in a thread of this test. Times are arguments, so that nobody waits for them to pass. */
#include "unit.h"

#include "base/clock.h"
#include "server/jwks/jwks_fetch.h"
#include "server/jwks/jwks_transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <uv.h>

#define SECOND INT64_C(1000000)
#define JWKS                                                       \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\"," \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"

/* ---- the server ---- */

typedef enum manner { ANSWER, DRIP_BODY, FLOOD_HEADERS, FLOOD_BODY, HOLD } manner;

static struct {
    int fd;
    uint16_t port;
    pthread_t thread;
    SSL_CTX *context;
    atomic_bool stop, released;
    atomic_uint requests;
    pthread_mutex_t lock;
    manner manner;
    char head[512], body[1024];
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char *folder, anchors[300];

static void show(manner m, const char *head, const char *body)
{
    pthread_mutex_lock(&server.lock);
    server.manner = m;
    snprintf(server.head, sizeof server.head, "%s", head);
    snprintf(server.body, sizeof server.body, "%s", body);
    pthread_mutex_unlock(&server.lock);
    atomic_store(&server.released, false);
}

static void show_set(manner m, const char *fields, const char *kid)
{
    char head[300], body[600];

    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n%s", fields);
    snprintf(body, sizeof body, JWKS, kid);
    show(m, head, body);
}

static void show_kid(const char *fields, const char *kid)
{
    show_set(ANSWER, fields, kid);
}

static bool put(SSL *ssl, const char *text)
{
    return SSL_write(ssl, text, (int)strlen(text)) > 0;
}

/* Until the client has had enough; bounded. */
static void repeat(SSL *ssl, const char *text, int times, int pause_ms)
{
    for (int i = 0; i < times && !atomic_load(&server.stop) && put(ssl, text); i++)
        poll(NULL, 0, pause_ms);
}

static void answer(SSL *ssl)
{
    char head[512], body[1024], length[64];
    manner m;

    pthread_mutex_lock(&server.lock);
    m = server.manner;
    memcpy(head, server.head, sizeof head);
    memcpy(body, server.body, sizeof body);
    pthread_mutex_unlock(&server.lock);
    for (int i = 0; m == HOLD && i < 1000 && !atomic_load(&server.released) && !atomic_load(&server.stop); i++)
        poll(NULL, 0, 10);
    put(ssl, head);
    if (m == FLOOD_HEADERS)
        repeat(ssl, "X-More: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n", 20000, 0);
    if (m == DRIP_BODY || m == FLOOD_BODY) {
        put(ssl, "\r\n");
        if (m == DRIP_BODY)
            repeat(ssl, " ", 1000, 20);
        else
            repeat(ssl, "                                                                ", 50000, 0);
        return;
    }
    snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", strlen(body));
    put(ssl, length);
    put(ssl, body);
}

static void serve_one(int fd)
{
    SSL *ssl = SSL_new(server.context);
    char request[4096];
    size_t n = 0;
    int got;

    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        while (n < sizeof request - 1 && (got = SSL_read(ssl, request + n, (int)(sizeof request - 1 - n))) > 0) {
            n += (size_t)got;
            request[n] = '\0';
            if (!strstr(request, "\r\n\r\n"))
                continue;
            atomic_fetch_add(&server.requests, 1);
            answer(ssl);
            SSL_shutdown(ssl);
            break;
        }
    }
    SSL_free(ssl);
    close(fd);
}

static void *serve(void *self)
{
    (void)self;
    while (!atomic_load(&server.stop)) {
        struct pollfd p = {.fd = server.fd, .events = POLLIN};
        struct timeval patience = {.tv_sec = 5};
        int fd;

        if (poll(&p, 1, 50) <= 0)
            continue;
        fd = accept(server.fd, NULL, NULL);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        serve_one(fd);
    }
    return NULL;
}

static void make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    FILE *f;

    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"jwks", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_add_ext(x, san, -1);
    X509_EXTENSION_free(san);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    snprintf(anchors, sizeof anchors, "%s/anchors.pem", folder);
    f = fopen(anchors, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, x), 1);
    fclose(f);
    server.context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(server.context, x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server.context, key), 1);
    X509_free(x);
    EVP_PKEY_free(key);
}

static int set_up(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    folder = unit_mkdir();
    make_certificate();
    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.fd, 16), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &n), 0);
    server.port = ntohs(address.sin_port);
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    atomic_store(&server.stop, true);
    pthread_join(server.thread, NULL);
    close(server.fd);
    SSL_CTX_free(server.context);
    unit_rmdir(folder);
    return 0;
}

/* ---- asking ---- */

static la_address_range loopback = {{127}, 4, 8};

typedef struct rig {
    la_jwks_fetch_config config;
    la_jwks_fetch *fetch;
    la_arena *arena;
    uv_sem_t over;
    char uri_text[100];
    la_slice uri;
} rig;

static void rig_open(rig *r, const char *path)
{
    *r = (rig){
        .config = {.timeout_s = 1, .max_bytes = 8192, .min_refresh_s = 60, .n_allowed = 1, .allowed = &loopback}};
    r->config.trust_anchors = anchors;
    assert_ok(la_jwks_fetch_new(&r->config, &r->fetch));
    r->arena = la_arena_new(4096, 1 << 20);
    uv_sem_init(&r->over, 0);
    snprintf(r->uri_text, sizeof r->uri_text, "https://127.0.0.1:%u%s", server.port, path);
    r->uri = la_slice_of(r->uri_text);
    atomic_store(&server.requests, 0);
}

static void rig_close(rig *r)
{
    la_jwks_fetch_free(r->fetch);
    la_arena_free(r->arena);
    uv_sem_destroy(&r->over);
}

static void is_over(void *self)
{
    uv_sem_post(&((rig *)self)->over);
}

static void fetch(rig *r)
{
    assert_ok(la_jwks_fetch_start(r->fetch, r->uri, is_over, r));
    uv_sem_wait(&r->over);
}

/* As it will be in so many seconds. */
static la_code ask_in(rig *r, double s, bool unknown_kid, const char *expected_kid)
{
    char expected[600];
    la_slice text;
    la_result result = la_jwks_fetch_find(r->fetch, r->uri, unknown_kid, r->arena,
                                          la_clock_monotonic_us() + (int64_t)(s * (double)SECOND), &text);

    if (la_is_ok(result) && expected_kid) {
        snprintf(expected, sizeof expected, JWKS, expected_kid);
        assert_slice(text, expected);
    }
    la_arena_reset(r->arena);
    return result.code;
}

static void a_set_is_used_for_as_long_as_it_says(void **state)
{
    static const struct {
        const char *fields;
        double fresh_s;
    } cases[] = {
        {"Cache-Control: max-age=600\r\n", 600},
        {"Cache-Control: max-age=600\r\nAge: 200\r\n", 400},
        {"Date: Fri, 07 Aug 2026 10:00:00 GMT\r\nExpires: Fri, 07 Aug 2026 10:05:00 GMT\r\n", 300},
        {"", 300},
        {"Cache-Control: no-store\r\n", 60}, /* the floor */
        {"Cache-Control: max-age=9999999\r\n", 3600},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig r;

        rig_open(&r, "/k");
        show_kid(cases[i].fields, "one");
        assert_int_equal(ask_in(&r, 0, false, NULL), LA_PENDING);
        fetch(&r);
        assert_int_equal(ask_in(&r, cases[i].fresh_s * 0.75, false, "one"), LA_OK);
        assert_int_equal(atomic_load(&server.requests), 1);
        assert_int_equal(ask_in(&r, cases[i].fresh_s + 1, false, NULL), LA_PENDING);
        rig_close(&r);
    }
}

static void a_busy_set_is_fetched_ahead(void **state)
{
    rig r;

    rig_open(&r, "/k");
    show_kid("Cache-Control: max-age=1000\r\n", "one");
    fetch(&r);
    show_kid("Cache-Control: max-age=1000\r\n", "two");
    assert_int_equal(ask_in(&r, 900, false, "one"), LA_OK); /* nobody waits */
    for (int i = 0; i < 500 && la_jwks_fetch_count(r.fetch) < 2; i++)
        poll(NULL, 0, 10);
    assert_int_equal(ask_in(&r, 0, false, "two"), LA_OK);
    rig_close(&r);
}

/* conformance: JWK-11 */
static void an_unknown_kid_asks_again_once_in_a_while(void **state)
{
    rig r;

    rig_open(&r, "/k");
    show_kid("Cache-Control: max-age=1000\r\n", "one");
    fetch(&r);
    assert_int_equal(ask_in(&r, 59, true, "one"), LA_OK);
    assert_int_equal(ask_in(&r, 61, true, NULL), LA_PENDING);
    show_kid("", "two");
    fetch(&r);
    assert_int_equal(ask_in(&r, 1, true, "two"), LA_OK);
    show(ANSWER, "HTTP/1.1 500 Oops\r\n", "");
    fetch(&r);
    assert_int_equal(ask_in(&r, 59, true, "two"), LA_OK); /* a failure buys no earlier try */
    rig_close(&r);
}

static void failures_are_tried_again_ever_later(void **state)
{
    rig r;

    rig_open(&r, "/k");
    show(ANSWER, "HTTP/1.1 500 Oops\r\n", "");
    fetch(&r);
    assert_int_equal(ask_in(&r, 1, false, NULL), LA_UNAVAILABLE);
    assert_int_equal(ask_in(&r, 3, false, NULL), LA_PENDING);
    for (int i = 0; i < 9; i++)
        fetch(&r);
    assert_int_equal(ask_in(&r, 299, false, NULL), LA_UNAVAILABLE);
    assert_int_equal(ask_in(&r, 301, false, NULL), LA_PENDING);
    show_kid("", "one");
    fetch(&r);
    assert_int_equal(ask_in(&r, 0, false, "one"), LA_OK);
    rig_close(&r);
}

static void an_old_set_goes_on_for_a_bounded_time(void **state)
{
    rig r;

    rig_open(&r, "/k");
    show_kid("Cache-Control: max-age=100\r\n", "one");
    fetch(&r);
    show(ANSWER, "HTTP/1.1 503 Later\r\n", "");
    for (int i = 0; i < 20; i++)
        fetch(&r);
    assert_int_equal(ask_in(&r, 200, false, "one"), LA_OK);
    assert_int_equal(ask_in(&r, 100 + 3601, false, NULL), LA_PENDING);
    rig_close(&r);
}

/* Each of these would let a client's server take what is ours: memory, time, a place in the queue. */
static void hostile_answers_end_in_time_and_leave_nothing(void **state)
{
    static const struct {
        manner manner;
        const char *head, *body;
    } cases[] = {
        {DRIP_BODY, "HTTP/1.1 200 OK\r\n", ""},
        {FLOOD_HEADERS, "HTTP/1.1 200 OK\r\n", ""},
        {FLOOD_BODY, "HTTP/1.1 200 OK\r\n", ""},
        {ANSWER, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: ", "\r\n\r\nffffffff\r\n"},
        {ANSWER, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n", "{\"keys\":[]}"},
        {ANSWER, "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\n", "{\"keys\":[]}"},
        {ANSWER, "HTTP/1.1 200 OK\r\n", "{\"keys\":[]}"},
        {ANSWER, "HTTP/1.1 200 OK\r\n", "{\"keys\":{}}"},
        {ANSWER, "HTTP/1.1 200 OK\r\n", "[]"},
        {ANSWER, "HTTP/1.1 200 OK\r\n", ""},
        {ANSWER, "nonsense\r\n", "nonsense"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig r;

        rig_open(&r, "/k");
        show(cases[i].manner, cases[i].head, cases[i].body);
        fetch(&r);
        assert_int_equal(ask_in(&r, 0, false, NULL), LA_UNAVAILABLE);
        assert_int_equal(la_jwks_fetch_failures(r.fetch), 1);
        rig_close(&r);
    }
}

static void private_addresses_and_other_certificates_are_refused(void **state)
{
    rig r;

    show_kid("", "one");
    rig_open(&r, "/k");
    r.config.n_allowed = 0;
    fetch(&r);
    assert_int_equal(ask_in(&r, 0, false, NULL), LA_UNAVAILABLE);
    rig_close(&r);

    rig_open(&r, "/k");
    r.config.trust_anchors = NULL;
    fetch(&r);
    assert_int_equal(ask_in(&r, 0, false, NULL), LA_UNAVAILABLE);
    assert_int_equal(atomic_load(&server.requests), 0);
    rig_close(&r);
}

static void many_wait_for_one_fetch(void **state)
{
    rig r;

    rig_open(&r, "/k");
    show_set(HOLD, "", "one");
    for (int i = 0; i < 50; i++)
        assert_ok(la_jwks_fetch_start(r.fetch, r.uri, is_over, &r));
    assert_int_equal(ask_in(&r, 0, false, NULL), LA_PENDING);
    atomic_store(&server.released, true);
    for (int i = 0; i < 50; i++)
        uv_sem_wait(&r.over);
    assert_int_equal(atomic_load(&server.requests), 1);
    assert_int_equal(la_jwks_fetch_count(r.fetch), 1);
    assert_int_equal(ask_in(&r, 0, false, "one"), LA_OK);
    rig_close(&r);
}

static void it_ends_while_a_fetch_is_under_way(void **state)
{
    rig r;

    rig_open(&r, "/k");
    show_set(HOLD, "", "one");
    assert_ok(la_jwks_fetch_start(r.fetch, r.uri, is_over, &r));
    r.fetch = la_jwks_fetch_free(r.fetch);
    uv_sem_wait(&r.over); /* the one that waited was told */
    atomic_store(&server.released, true);
    rig_close(&r);
}

static void logs_show_no_secrets_of_the_uri(void **state)
{
    static const struct {
        const char *uri, *shown;
    } cases[] = {
        {"https://user:word@host.example:8443/path/k?token=abc#part", "https://host.example:8443/path/k"},
        {"https://host.example/k", "https://host.example/k"},
        {"%%", "(no URL)"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char memory[200];
        la_buffer b;

        la_buffer_init_fixed(&b, memory, sizeof memory);
        la_jwks_uri_show(cases[i].uri, &b);
        assert_slice(la_buffer_slice(&b), cases[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_used_for_as_long_as_it_says),
        cmocka_unit_test(a_busy_set_is_fetched_ahead),
        cmocka_unit_test(an_unknown_kid_asks_again_once_in_a_while),
        cmocka_unit_test(failures_are_tried_again_ever_later),
        cmocka_unit_test(an_old_set_goes_on_for_a_bounded_time),
        cmocka_unit_test(hostile_answers_end_in_time_and_leave_nothing),
        cmocka_unit_test(private_addresses_and_other_certificates_are_refused),
        cmocka_unit_test(many_wait_for_one_fetch),
        cmocka_unit_test(it_ends_while_a_fetch_is_under_way),
        cmocka_unit_test(logs_show_no_secrets_of_the_uri),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
