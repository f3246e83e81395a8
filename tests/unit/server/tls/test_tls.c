/* TLS over the real transport with OpenSSL's client at the other end, with certificates made here; ticket keys; files that are no certificate. */
#include "http_rig.h"

#include "server/tls/tls_context.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

typedef struct files {
    char certificate[300], key[300];
} files;

static char *folder;
static la_tls_tickets *tickets;

static void write_pem(const files *f, X509 *x, EVP_PKEY *key)
{
    FILE *to = fopen(f->certificate, "w");
    assert_non_null(to);
    assert_int_equal(PEM_write_X509(to, x), 1);
    fclose(to);
    to = fopen(f->key, "w");
    assert_non_null(to);
    assert_int_equal(PEM_write_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(to);
}

static files make_certificate_of(const char *name, EVP_PKEY *key)
{
    files f;
    X509 *x = X509_new();
    char san[100];
    snprintf(f.certificate, sizeof f.certificate, "%s/%s.pem", folder, name);
    snprintf(f.key, sizeof f.key, "%s/%s.key", folder, name);
    snprintf(san, sizeof san, "DNS:%s", name);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    write_pem(&f, x, key);
    X509_free(x);
    EVP_PKEY_free(key);
    return f;
}

static files make_certificate(const char *name)
{
    return make_certificate_of(name, EVP_EC_gen("P-256"));
}

static la_certificate *load(const files *f)
{
    la_certificate *c = NULL;
    assert_ok(la_certificate_load(&(la_tls_files){(char *)(uintptr_t)f->certificate, (char *)(uintptr_t)f->key}, &c));
    return c;
}

static la_result load_pair(const char *certificate, const char *key)
{
    la_certificate *c = NULL;
    la_result r = la_certificate_load(&(la_tls_files){(char *)(uintptr_t)certificate, (char *)(uintptr_t)key}, &c);
    la_certificate_release(c);
    return r;
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void certificates_know_their_hosts_and_their_end(void **state)
{
    files f = make_certificate("a.example");
    la_certificate *c = load(&f);
    assert_true(la_certificate_covers(c, LA_SLICE("A.example")));
    assert_false(la_certificate_covers(c, LA_SLICE("b.example")));
    assert_false(la_certificate_covers(c, LA_SLICE("[::1]")));
    assert_true(la_certificate_not_after_s(c) > la_certificate_not_before_s(c) + 86400);
    la_certificate_release(c);
}

static void unfit_files_are_told_apart(void **state)
{
    files a = make_certificate("a.example"), b = make_certificate("b.example");
    char path[300];
    assert_code(load_pair(a.certificate, b.key), LA_INVALID);
    assert_non_null(strstr(la_detail(), "is not the key of"));
    assert_code(load_pair("/nowhere/x.pem", a.key), LA_IO);
    assert_non_null(strstr(la_detail(), "cannot open /nowhere/x.pem"));
    assert_code(load_pair(a.key, a.key), LA_INVALID);
    assert_code(load_pair(a.certificate, a.certificate), LA_INVALID);
    assert_non_null(strstr(la_detail(), "expected a private key in PEM"));
    assert_code(load_pair(folder, a.key), LA_INVALID);
    snprintf(path, sizeof path, "%s/broken", folder);
    write_text(path, "");
    assert_code(load_pair(path, a.key), LA_INVALID);
    write_text(path, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    assert_code(load_pair(a.certificate, path), LA_INVALID);
}

/* ---- connections ---- */

typedef struct client {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
} client;

static la_tls_context *context_of(la_certificate *fallback, const la_tls_host *hosts, unsigned n, bool asks)
{
    la_tls_context *c = NULL;
    la_tls_options options = {
        .certificate = fallback, .hosts = hosts, .n_hosts = n, .asks_for_certificate = asks, .tickets = tickets};
    assert_ok(la_tls_context_new(&options, &c));
    return c;
}

static client dial(rig *r, la_tls_context *tls, const char *name, const files *own)
{
    int ends[2];
    la_census_key key = {.bytes = {AF_INET}};
    client c = {.context = SSL_CTX_new(TLS_client_method())};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    assert_true(la_census_enter(r->census, &key));
    assert_true(la_http_connection_open_tls(r->server, ends[1], "tag", "192.0.2.1", &key, tls));
    if (own) {
        assert_int_equal(SSL_CTX_use_certificate_file(c.context, own->certificate, SSL_FILETYPE_PEM), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(c.context, own->key, SSL_FILETYPE_PEM), 1);
    }
    c.fd = ends[0];
    c.ssl = SSL_new(c.context);
    SSL_set_fd(c.ssl, c.fd);
    if (name)
        SSL_ctrl(c.ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (char *)(uintptr_t)name);
    return c;
}

static void hang_up(rig *r, client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->context);
    close(c->fd);
    rig_turn(r);
    ERR_clear_error();
}

/* 1 up, -1 refused */
static int shake(rig *r, client *c)
{
    for (int i = 0; i < 100; i++) {
        int status = SSL_connect(c->ssl);
        int error = status == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, status);
        rig_turn(r);
        if (status == 1)
            return 1;
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return -1;
    }
    return 0;
}

static size_t talk(rig *r, client *c, const char *p, size_t n, char *to, size_t room)
{
    size_t got = 0;
    for (int quiet = 0; n > 0 || quiet < 3; quiet++) {
        size_t part = 0;
        if (n > 0 && SSL_write_ex(c->ssl, p, n, &part) == 1) {
            p += part;
            n -= part;
            quiet = 0;
        }
        rig_turn(r);
        while (got < room && SSL_read_ex(c->ssl, to + got, room - got, &part) == 1) {
            got += part;
            quiet = 0;
            rig_turn(r);
        }
    }
    ERR_clear_error();
    return got;
}

static void ask(rig *r, client *c, const char *request, const char *wanted)
{
    static char got[65536];
    size_t n = talk(r, c, request, strlen(request), got, sizeof got - 1);
    got[n] = 0;
    if (!strstr(got, wanted))
        fail_msg("no %s in: %s", wanted, got);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void names_choose_certificates(void **state)
{
    files a = make_certificate("a.example"), b = make_certificate("b.example");
    la_certificate *ca = load(&a), *cb = load(&b);
    la_tls_host host = {LA_SLICE("b.example"), cb};
    static const char *const wanted[][2] = {
        {"a.example", "a.example"}, {"B.Example", "b.example"}, {"c.example", "a.example"}, {NULL, "a.example"}};
    la_tls_context *all = context_of(ca, &host, 1, false), *strict = context_of(NULL, &host, 1, false);
    la_certificate_release(ca);
    la_certificate_release(cb); /* the contexts hold them */
    rig *r = rig_new();
    for (size_t i = 0; i < 4; i++) {
        char name[64] = "";
        client c = dial(r, all, wanted[i][0], NULL);
        assert_int_equal(shake(r, &c), 1);
        X509 *shown = SSL_get1_peer_certificate(c.ssl);
        X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
        assert_string_equal(name, wanted[i][1]);
        X509_free(shown);
        ask(r, &c, GET("/x"), "GET /x");
        hang_up(r, &c);
    }
    la_tls_counters counters = {0};
    la_http_server_set_tls_counters(r->server, &counters);
    for (size_t i = 0; i < 4; i++) {
        client c = dial(r, strict, wanted[i][0], NULL);
        assert_int_equal(shake(r, &c), i == 1 ? 1 : -1);
        hang_up(r, &c);
    }
    assert_int_equal(counters.handshakes[1][0], 1);
    assert_int_equal(counters.failures[LA_TLS_SERVER_NAME], 3);
    la_tls_context_release(all);
    rig_free(r);
    la_tls_context_release(strict);
}

static void many_records_and_many_requests(void **state)
{
    static char request[60000], answers[400000];
    files a = make_certificate("a.example");
    la_certificate *ca = load(&a);
    la_tls_context *tls = context_of(ca, NULL, 0, false);
    rig *r = rig_new();
    client c = dial(r, tls, "a.example", NULL);
    assert_int_equal(shake(r, &c), 1);

    /* A body of several records, larger than the first buffer. */
    size_t n = (size_t)snprintf(request, sizeof request,
                                "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n");
    memset(request + n, 'x', 50000);
    size_t got = talk(r, &c, request, n + 50000, answers, sizeof answers);
    assert_true(got > 50000 && memmem(answers, got, "POST /p", 7));

    /* 200 requests in a few records, and answers of more than a record. */
    n = 0;
    for (int i = 0; i < 200; i++)
        n += (size_t)snprintf(request + n, sizeof request - n, GET("/%d"), i);
    got = talk(r, &c, request, n, answers, sizeof answers);
    assert_non_null(memmem(answers, got, "GET /199", 8));
    const char big[] = GET("/big/150000") GET("/after");
    got = talk(r, &c, big, sizeof big - 1, answers, sizeof answers);
    assert_true(got > 150000 && memmem(answers, got, "GET /after", 10));

    /* The rest of a record waits while a handler is busy. */
    const char two[] = GET("/later") GET("/second");
    assert_int_equal(talk(r, &c, two, sizeof two - 1, answers, sizeof answers), 0);
    rig_release(r);
    got = talk(r, &c, "", 0, answers, sizeof answers);
    assert_true(memmem(answers, got, "GET /later", 10) && memmem(answers, got, "GET /second", 11));
    hang_up(r, &c);
    la_certificate_release(ca);
    la_tls_context_release(tls);
    rig_free(r);
}

static void what_is_no_tls_is_refused(void **state)
{
    files a = make_certificate("a.example");
    la_certificate *ca = load(&a);
    la_tls_context *tls = context_of(ca, NULL, 0, false);
    la_tls_counters counters = {0};
    rig *r = rig_new();
    la_http_server_set_tls_counters(r->server, &counters);
    static const char *const texts[] = {GET("/"), "OPTIONS * HTTP/1.1\r\n\r\n", "CONNECT a HTTP/1.1\r\n\r\n"};
    for (size_t i = 0; i < 3; i++) {
        char memory[4096];
        client c = dial(r, tls, NULL, NULL);
        send_text(r, c.fd, texts[i]);
        expect_answer(r, c.fd, memory, sizeof memory, 400, true);
        hang_up(r, &c);
    }
    assert_int_equal(counters.failures[LA_TLS_PLAIN_HTTP], 3);
    static const la_slice noise[] = {LA_SLICE_INIT("\x16\x03\x01\xff\xff\x01"),
                                     LA_SLICE_INIT("\x00\x00\x00\x00\x00\x00"),
                                     LA_SLICE_INIT("\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00")};
    for (size_t i = 0; i < 3; i++) {
        char memory[4096];
        bool closed;
        client c = dial(r, tls, NULL, NULL);
        assert_true(rig_send(r, c.fd, noise[i].p, noise[i].n));
        size_t n = rig_receive(r, c.fd, memory, sizeof memory, &closed);
        assert_true(closed);
        assert_null(memmem(memory, n, "HTTP", 4));
        hang_up(r, &c);
    }
    client c = dial(r, tls, NULL, NULL);
    hang_up(r, &c);
    assert_int_equal(counters.failures[LA_TLS_CLOSED], 1);
    assert_int_equal(r->n_handled, 0);
    la_certificate_release(ca);
    la_tls_context_release(tls);
    rig_free(r);
}

static la_slice shown; /* a copy of what the handler saw */

static void see_certificate(void *self, la_http_exchange *x)
{
    static char memory[4096];
    la_slice certificate = la_http_request_of(x)->client_certificate;
    assert_true(la_http_request_of(x)->is_tls);
    shown = LA_NO_SLICE;
    if (certificate.p) {
        memcpy(memory, certificate.p, certificate.n);
        shown = (la_slice){memory, certificate.n};
    }
    rig_echo(x, la_http_arena(x), false);
}

static void certificates_of_clients_are_passed_on(void **state)
{
    files a = make_certificate("a.example"), own = make_certificate("client");
    la_certificate *ca = load(&a);
    la_tls_context *asks = context_of(ca, NULL, 0, true), *asks_not = context_of(ca, NULL, 0, false);
    rig *r = rig_new();
    r->server->handler = see_certificate;
    for (int i = 0; i < 3; i++) {
        client c = dial(r, i == 2 ? asks_not : asks, NULL, i == 1 ? NULL : &own);
        if (i == 0)
            SSL_set_max_proto_version(c.ssl, TLS1_2_VERSION);
        assert_int_equal(shake(r, &c), 1);
        ask(r, &c, GET("/x"), "GET /x");
        if (i == 0) {
            unsigned char *der = NULL;
            int n = i2d_X509(SSL_get_certificate(c.ssl), &der);
            assert_int_equal(n, shown.n);
            assert_memory_equal(der, shown.p, shown.n);
            OPENSSL_free(der);
        } else {
            assert_null(shown.p);
        }
        hang_up(r, &c);
    }
    la_certificate_release(ca);
    la_tls_context_release(asks);
    la_tls_context_release(asks_not);
    rig_free(r);
}

static EVP_PKEY *make_rsa(unsigned bits, const char *exponent)
{
    EVP_PKEY *key = NULL;
    BIGNUM *e = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    assert_true(BN_hex2bn(&e, exponent) > 0);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e), 1);
    assert_int_equal(EVP_PKEY_generate(context, &key), 1);
    BN_free(e);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void keys_of_clients_are_bounded(void **state)
{
    static const struct {
        const char *name;
        unsigned bits;
        const char *exponent;
        int wanted;
    } keys[] = {{"usual", 2048, "10001", 1}, {"slow", 2048, "10000000000000001", -1}, {"large", 4104, "10001", -1}};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    files a = make_certificate("a.example"), own[KEYS];
    for (size_t i = 0; i < KEYS; i++) /* which takes its time, and before there is a loop with a clock of its own */
        own[i] = make_certificate_of(keys[i].name, make_rsa(keys[i].bits, keys[i].exponent));
    la_certificate *ca = load(&a);
    la_tls_context *asks = context_of(ca, NULL, 0, true);
    la_tls_counters counters = {0};
    rig *r = rig_new();
    la_http_server_set_tls_counters(r->server, &counters);
    for (size_t i = 0; i < KEYS; i++) {
        client c = dial(r, asks, NULL, &own[i]);
        SSL_set_max_proto_version(c.ssl, TLS1_2_VERSION); /* there the client is told before it is up */
        assert_int_equal(shake(r, &c), keys[i].wanted);
        hang_up(r, &c);
    }
    assert_int_equal(counters.failures[LA_TLS_CLIENT_CERTIFICATE], 2);
    la_certificate_release(ca);
    la_tls_context_release(asks);
    rig_free(r);
}

static SSL_SESSION *session_of(rig *r, la_tls_context *tls, SSL_SESSION *former, int version, bool *ret_reused)
{
    client c = dial(r, tls, "a.example", NULL);
    SSL_set_max_proto_version(c.ssl, version);
    if (former)
        SSL_set_session(c.ssl, former);
    assert_int_equal(shake(r, &c), 1);
    ask(r, &c, GET("/x"), "GET /x");
    *ret_reused = SSL_session_reused(c.ssl) == 1;
    SSL_SESSION *session = SSL_get1_session(c.ssl);
    SSL_shutdown(c.ssl);
    hang_up(r, &c);
    return session;
}

static void sessions_outlive_a_new_context(void **state)
{
    files a = make_certificate("a.example");
    la_certificate *ca = load(&a);
    bool reused;
    rig *r = rig_new();
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        la_tls_context *before = context_of(ca, NULL, 0, false), *after = context_of(ca, NULL, 0, false);
        SSL_SESSION *first = session_of(r, before, NULL, version, &reused);
        assert_false(reused);
        assert_int_equal(SSL_SESSION_get_max_early_data(first), 0);
        SSL_SESSION *second = session_of(r, after, first, version, &reused);
        assert_true(reused);
        la_tls_context *asks = context_of(ca, NULL, 0, true);
        SSL_SESSION *third = session_of(r, asks, first, version, &reused);
        assert_false(reused);
        assert_false(SSL_SESSION_has_ticket(third));
        SSL_SESSION_free(first);
        SSL_SESSION_free(second);
        SSL_SESSION_free(third);
        la_tls_context_release(before);
        la_tls_context_release(after);
        la_tls_context_release(asks);
    }
    la_certificate_release(ca);
    rig_free(r);
}

static void a_slow_handshake_is_cut(void **state)
{
    files a = make_certificate("a.example");
    la_certificate *ca = load(&a);
    la_tls_context *tls = context_of(ca, NULL, 0, false);
    la_tls_counters counters = {0};
    rig *r = malloc(sizeof *r);
    rig_init(r);
    r->limits.request_timeout_s = 1;
    rig_start(r);
    la_http_server_set_tls_counters(r->server, &counters);
    client c = dial(r, tls, NULL, NULL);
    char memory[64];
    bool closed = false;
    assert_true(rig_send(r, c.fd, "\x16\x03\x01", 3));
    rig_wait(r, c.fd, memory, sizeof memory, &closed);
    assert_true(closed);
    assert_int_equal(counters.failures[LA_TLS_TIMEOUT], 1);
    hang_up(r, &c);
    la_certificate_release(ca);
    la_tls_context_release(tls);
    rig_free(r);
}

/* ---- ticket keys ---- */

static void ticket_keys_last_for_two_hours(void **state)
{
    la_tls_tickets *t = la_tls_tickets_new();
    la_tls_ticket_key first, second, found;
    bool renew = true;
    la_tls_tickets_current(t, 1000, &first);
    la_tls_tickets_current(t, 1000 + LA_TLS_TICKET_ROTATE_S - 1, &second);
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(la_tls_tickets_find(t, first.name, 1001, &found, &renew));
    assert_false(renew);
    la_tls_tickets_current(t, 1000 + LA_TLS_TICKET_ROTATE_S, &second);
    assert_memory_not_equal(first.name, second.name, sizeof first.name);
    assert_true(la_tls_tickets_find(t, first.name, 1000 + LA_TLS_TICKET_ROTATE_S, &found, &renew));
    assert_true(renew);
    assert_memory_equal(&found, &first, sizeof first);
    assert_false(la_tls_tickets_find(t, first.name, 1000 + 2 * LA_TLS_TICKET_ROTATE_S, &found, &renew));
    assert_true(la_tls_tickets_find(t, second.name, 1000 + 2 * LA_TLS_TICKET_ROTATE_S, &found, &renew));
    assert_false(la_tls_tickets_find(t, second.name, 1000 + 9 * LA_TLS_TICKET_ROTATE_S, &found, &renew));
    la_tls_tickets_current(t, 5, &first); /* the clock was set back */
    assert_false(la_tls_tickets_find(t, second.name, 5, &found, &renew));
    la_tls_tickets_free(t);
}

static int set_up(void **state)
{
    assert_ok(la_secret_setup());
    folder = unit_mkdir();
    tickets = la_tls_tickets_new();
    return 0;
}

static int tear_down(void **state)
{
    la_tls_tickets_free(tickets);
    unit_rmdir(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_know_their_hosts_and_their_end),
        cmocka_unit_test(unfit_files_are_told_apart),
        cmocka_unit_test(names_choose_certificates),
        cmocka_unit_test(many_records_and_many_requests),
        cmocka_unit_test(what_is_no_tls_is_refused),
        cmocka_unit_test(certificates_of_clients_are_passed_on),
        cmocka_unit_test(keys_of_clients_are_bounded),
        cmocka_unit_test(sessions_outlive_a_new_context),
        cmocka_unit_test(a_slow_handshake_is_cut),
        cmocka_unit_test(ticket_keys_last_for_two_hours),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
