#include "server/tls/tls.h"

#include "base/secret.h"
#include "server/tls/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

struct la_tls {
    SSL *ssl;
    la_tls_context *context;
    la_tls_counters *counters;
    int fd;
    unsigned receives; /* how often the BIO may still ask the socket */
    char first;        /* byte that the client sent */
    bool has_first;
    bool is_at_end; /* the socket said so */
    bool is_up;     /* the handshake is over */
    bool wants_write;
    bool is_ended; /* close_notify was sent, or must not be */
    la_tls_failure failure;
    const char *failure_text;
    unsigned char *certificate;
    size_t certificate_n;
    uint8_t thumbprint[LA_SHA256_BYTES]; /* of the certificate: a connection brings many requests */
    la_slice chain[LA_TLS_CHAIN_MAX];    /* what came behind it; owned */
    size_t n_chain;
};

static const char *const failure_names[LA_TLS_FAILURE_COUNT] = {
#define LA_TLS_FAILURE(name, text) [LA_TLS_##name] = text,
    LA_TLS_FAILURES(LA_TLS_FAILURE)
#undef LA_TLS_FAILURE
};

const char *la_tls_failure_name(la_tls_failure f)
{
    return failure_names[f];
}

/* ---- the BIO ---- */

static bool is_temporary(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static int bio_read(BIO *bio, char *to, int room)
{
    la_tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (t->receives == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    t->receives--;
    ssize_t n = recv(t->fd, to, (size_t)room, 0);
    if (n > 0 && !t->has_first) {
        t->has_first = true;
        t->first = to[0];
    }
    if (n < 0 && is_temporary(errno))
        BIO_set_retry_read(bio);
    t->is_at_end = n == 0;
    return (int)n;
}

static int bio_write(BIO *bio, const char *p, int n)
{
    la_tls *t = BIO_get_data(bio);
    ssize_t sent;
    BIO_clear_retry_flags(bio);
    do
        sent = send(t->fd, p, (size_t)n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && is_temporary(errno))
        BIO_set_retry_write(bio);
    return (int)sent;
}

static long bio_control(BIO *bio, int command, long n, void *p)
{
    const la_tls *t = BIO_get_data(bio);
    (void)n, (void)p;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1; /* nothing is kept back */
    case BIO_CTRL_EOF:
        return t->is_at_end;
    default:
        return 0;
    }
}

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "leanauth socket");
    if (m && BIO_meth_set_read(m, bio_read) && BIO_meth_set_write(m, bio_write) && BIO_meth_set_ctrl(m, bio_control))
        method = m;
}

/* ---- what went wrong ---- */

static la_tls_failure failure_of_alert(int alert)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
        return LA_TLS_REFUSED;
    default:
        return LA_TLS_ALERT;
    }
}

static la_tls_failure failure_of_reason(int reason)
{
    if (reason > SSL_AD_REASON_OFFSET)
        return failure_of_alert(reason - SSL_AD_REASON_OFFSET);
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_WRONG_SSL_VERSION:
        return LA_TLS_VERSION;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
        return LA_TLS_SUITE;
    case SSL_R_CALLBACK_FAILED: /* of ours, only the choice of a certificate fails */
        return LA_TLS_SERVER_NAME;
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return LA_TLS_ALPN;
    case SSL_R_BAD_SIGNATURE:
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_WRONG_SIGNATURE_LENGTH:
    case SSL_R_CERT_LENGTH_MISMATCH:
    case SSL_R_CERTIFICATE_VERIFY_FAILED: /* a key that is too large */
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
    case SSL_R_UNKNOWN_CERTIFICATE_TYPE:
    case SSL_R_UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS:
        return LA_TLS_CLIENT_CERTIFICATE;
    default:
        return LA_TLS_PROTOCOL;
    }
}

static void count(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* Only the first failure says what happened. */
static void note_failure(la_tls *t, la_tls_failure why, const char *text)
{
    if (t->failure != LA_TLS_FAILURE_COUNT)
        return;
    t->failure = why;
    t->failure_text = text ? text : "";
    t->is_ended = true;
    if (t->counters)
        count(&t->counters->failures[why]);
}

static void note_ssl_failure(la_tls *t)
{
    unsigned long error = ERR_peek_error();
    bool is_text = !t->is_up && t->has_first && t->first >= 'A' && t->first <= 'Z'; /* no handshake starts so */
    if (is_text)
        note_failure(t, LA_TLS_PLAIN_HTTP, NULL);
    else if (ERR_GET_LIB(error) == ERR_LIB_SSL)
        note_failure(t, failure_of_reason(ERR_GET_REASON(error)), ERR_reason_error_string(error));
    else /* a certificate that does not parse fails in the libraries below */
        note_failure(t, LA_TLS_PROTOCOL, ERR_reason_error_string(error));
    ERR_clear_error();
}

void la_tls_fail(la_tls *t, la_tls_failure why)
{
    note_failure(t, why, NULL);
}

/* ---- life ---- */

la_tls *la_tls_new(la_tls_context *context, int fd, la_tls_counters *counters)
{
    pthread_once(&method_once, make_method);
    la_tls *t = calloc(1, sizeof *t);
    BIO *bio = method ? BIO_new(method) : NULL;
    if (t)
        t->ssl = la_tls_context_open(context);
    if (!t || !bio || !t->ssl) {
        BIO_free(bio);
        if (t)
            SSL_free(t->ssl);
        free(t);
        return NULL;
    }
    t->context = la_tls_context_hold(context);
    t->fd = fd;
    t->counters = counters;
    t->failure = LA_TLS_FAILURE_COUNT;
    t->failure_text = "";
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_accept_state(t->ssl);
    return t;
}

la_tls *la_tls_free(la_tls *t)
{
    if (!t)
        return NULL;
    if (t->is_up && !t->is_ended) {
        ERR_clear_error();
        (void)SSL_shutdown(t->ssl); /* what does not go at once does not go */
        ERR_clear_error();
    }
    SSL_free(t->ssl);
    OPENSSL_free(t->certificate);
    for (size_t i = 0; i < t->n_chain; i++)
        OPENSSL_free((char *)(uintptr_t)t->chain[i].p);
    la_tls_context_release(t->context);
    free(t);
    return NULL;
}

/* ---- reading and writing ---- */

/* The server's view of the chain begins behind the leaf. What is too long is of no use, and left out. */
static void note_chain(la_tls *t)
{
    STACK_OF(X509) *sent = SSL_get_peer_cert_chain(t->ssl);
    for (int i = 0; i < sk_X509_num(sent) && t->n_chain < LA_TLS_CHAIN_MAX; i++) {
        unsigned char *der = NULL;
        int n = i2d_X509(sk_X509_value(sent, i), &der);
        if (n > 0)
            t->chain[t->n_chain++] = (la_slice){(char *)der, (size_t)n};
    }
}

static void note_up(la_tls *t)
{
    bool is_1_3 = SSL_version(t->ssl) == TLS1_3_VERSION;
    X509 *certificate = SSL_get0_peer_certificate(t->ssl);
    t->is_up = true;
    if (t->counters)
        count(&t->counters->handshakes[is_1_3][SSL_session_reused(t->ssl) == 1]);
    if (!certificate)
        return;
    int n = i2d_X509(certificate, &t->certificate);
    t->certificate_n = n > 0 ? (size_t)n : 0;
    la_sha256(t->certificate, t->certificate_n, t->thumbprint);
    note_chain(t);
}

/* What a call that did not succeed leaves to do: 0 or -1 with errno. */
static ssize_t judge(la_tls *t, int status)
{
    int error = SSL_get_error(t->ssl, status);
    int system_error = errno;
    t->wants_write = error == SSL_ERROR_WANT_WRITE;
    switch (error) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        if (!t->is_up)
            note_failure(t, LA_TLS_CLOSED, NULL);
        t->is_ended = t->is_ended || t->is_at_end;
        return 0;
    case SSL_ERROR_SYSCALL:
        if (!t->is_up)
            note_failure(t, LA_TLS_CLOSED, NULL);
        t->is_ended = true;
        errno = system_error && !is_temporary(system_error) ? system_error : ECONNRESET;
        return -1;
    default:
        note_ssl_failure(t);
        errno = EPROTO;
        return -1;
    }
}

ssize_t la_tls_read(la_tls *t, void *p, size_t n, bool may_receive)
{
    size_t got = 0;
    if (t->failure != LA_TLS_FAILURE_COUNT) {
        errno = EPROTO;
        return -1;
    }
    ERR_clear_error();
    errno = 0;
    t->receives = may_receive ? 1 : 0;
    t->wants_write = false;
    int status = SSL_read_ex(t->ssl, p, n, &got);
    t->receives = 0;
    if (!t->is_up && SSL_is_init_finished(t->ssl))
        note_up(t);
    return status == 1 ? (ssize_t)got : judge(t, status);
}

ssize_t la_tls_write(la_tls *t, const void *p, size_t n)
{
    size_t sent = 0;
    if (!t || t->failure != LA_TLS_FAILURE_COUNT || !t->is_up) {
        errno = EPIPE;
        return -1;
    }
    ERR_clear_error();
    errno = 0;
    while (sent < n) { /* a record at a time */
        size_t part = 0;
        int status = SSL_write_ex(t->ssl, (const char *)p + sent, n - sent, &part);
        if (status != 1) {
            if (judge(t, status) == 0)
                errno = EPIPE;
            else if (errno == EAGAIN && !t->wants_write)
                errno = EPROTO; /* without renegotiation there is nothing to read for */
            return sent > 0 && errno == EAGAIN ? (ssize_t)sent : -1;
        }
        sent += part;
    }
    return (ssize_t)sent;
}

/* ---- questions ---- */

bool la_tls_wants_write(const la_tls *t)
{
    return t->wants_write;
}

bool la_tls_has_pending(const la_tls *t)
{
    return t->failure == LA_TLS_FAILURE_COUNT && SSL_has_pending(t->ssl) == 1;
}

bool la_tls_is_handshaking(const la_tls *t)
{
    return !t->is_up && t->failure == LA_TLS_FAILURE_COUNT;
}

la_tls_failure la_tls_failure_of(const la_tls *t)
{
    return t->failure;
}

const char *la_tls_failure_text(const la_tls *t)
{
    return t->failure_text;
}

la_slice la_tls_client_certificate(const la_tls *t)
{
    return t->certificate ? (la_slice){(const char *)t->certificate, t->certificate_n} : LA_NO_SLICE;
}

const uint8_t *la_tls_client_thumbprint(const la_tls *t)
{
    return t->thumbprint;
}

const la_slice *la_tls_client_chain(const la_tls *t, size_t *ret_n)
{
    *ret_n = t->n_chain;
    return t->chain;
}
