/* Certificates and their private keys from PEM files. */
#include "server/tls/certificate.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES 65536
#define CHAIN_MAX 16

/* ---- reading ---- */

static la_result cannot(const char *what, const char *path)
{
    return la_fail(LA_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

static la_result read_descriptor(int fd, const char *path, char **ret, size_t *ret_n)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return cannot("read", path);
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES)
        return la_fail(LA_INVALID, "%s: expected a file of at most %d bytes", path, FILE_MAX_BYTES);
    size_t room = (size_t)st.st_size + 1, n = 0;
    char *p = la_secret_alloc(room);
    if (!p)
        return la_fail(LA_NO_MEMORY, "there is no locked memory for %s", path);
    for (ssize_t got = 1; got > 0 && n < room; n += (size_t)got) {
        got = read(fd, p + n, room - n);
        if (got < 0) {
            la_result r = cannot("read", path);
            la_secret_free(p);
            return r;
        }
    }
    *ret = p;
    *ret_n = n;
    return la_ok();
}

/* Into locked memory, also the certificates: a file may hold both. */
static la_result read_file(const char *path, char **ret, size_t *ret_n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cannot("open", path);
    la_result r = read_descriptor(fd, path, ret, ret_n);
    close(fd);
    return r;
}

static const char *why(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "unknown reason";
}

/* ---- parsing ---- */

static la_result parse_chain(const char *path, BIO *bio, la_certificate *c)
{
    ERR_clear_error();
    c->leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (!c->leaf)
        return la_fail(LA_INVALID, "%s: expected a certificate in PEM: %s", path, why());
    c->chain = sk_X509_new_null();
    if (!c->chain)
        return la_fail(LA_NO_MEMORY, "out of memory");
    for (;;) {
        X509 *next = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!next)
            break;
        if (sk_X509_num(c->chain) == CHAIN_MAX || !sk_X509_push(c->chain, next)) {
            X509_free(next);
            return la_fail(LA_INVALID, "%s: expected at most %d certificates", path, CHAIN_MAX + 1);
        }
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return la_fail(LA_INVALID, "%s: a certificate of the chain is damaged: %s", path, why());
    ERR_clear_error();
    return la_ok();
}

/* An encrypted key asks nobody. */
static int no_passphrase(char *to, int room, int for_writing, void *self)
{
    (void)to, (void)room, (void)for_writing;
    *(bool *)self = true;
    return -1;
}

static la_result parse_key(const char *path, BIO *bio, la_certificate *c)
{
    bool is_encrypted = false;
    ERR_clear_error();
    c->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &is_encrypted);
    if (is_encrypted)
        return la_fail(LA_INVALID, "%s: expected a private key that is not encrypted", path);
    if (!c->key)
        return la_fail(LA_INVALID, "%s: expected a private key in PEM: %s", path, why());
    return la_ok();
}

static la_result parse_file(const char *path, la_certificate *c,
                            la_result (*parse)(const char *path, BIO *bio, la_certificate *c))
{
    char *text = NULL;
    size_t n = 0;
    LA_TRY(read_file(path, &text, &n));
    BIO *bio = BIO_new_mem_buf(text, (int)n);
    la_result r = bio ? parse(path, bio, c) : la_fail(LA_NO_MEMORY, "out of memory");
    BIO_free(bio);
    la_secret_free(text);
    return r;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm;
    return time && ASN1_TIME_to_tm(time, &tm) ? (int64_t)timegm(&tm) : 0;
}

static la_result load(const la_tls_files *files, la_certificate *c)
{
    LA_TRY(parse_file(files->certificate, c, parse_chain));
    LA_TRY(parse_file(files->key, c, parse_key));
    if (!X509_check_private_key(c->leaf, c->key)) {
        ERR_clear_error();
        return la_fail(LA_INVALID, "%s is not the key of the first certificate in %s", files->key, files->certificate);
    }
    c->not_before_s = seconds_of(X509_get0_notBefore(c->leaf));
    c->not_after_s = seconds_of(X509_get0_notAfter(c->leaf));
    c->ssl = la_tls_settings_new();
    if (!c->ssl)
        return la_fail(LA_NO_MEMORY, "out of memory");
    LA_TRY(la_certificate_use(c, c->ssl));
    return la_ok();
}

la_result la_certificate_load(const la_tls_files *files, la_certificate **ret)
{
    la_certificate *c = calloc(1, sizeof *c);
    if (!c)
        return la_fail(LA_NO_MEMORY, "out of memory");
    atomic_init(&c->references, 1);
    la_result r = load(files, c);
    if (!la_is_ok(r)) {
        la_certificate_release(c);
        return r;
    }
    *ret = c;
    return la_ok();
}

la_result la_certificate_use(const la_certificate *c, SSL_CTX *ssl)
{
    ERR_clear_error();
    if (SSL_CTX_use_cert_and_key(ssl, c->leaf, c->key, c->chain, 1) == 1)
        return la_ok();
    la_result r = la_fail(LA_INVALID, "the certificate cannot be used: %s", why());
    ERR_clear_error();
    return r;
}

/* ---- life, and what is asked of it ---- */

la_certificate *la_certificate_hold(la_certificate *c)
{
    atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
    return c;
}

void la_certificate_release(la_certificate *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(c->ssl);
    X509_free(c->leaf);
    sk_X509_pop_free(c->chain, X509_free);
    EVP_PKEY_free(c->key);
    free(c);
}

int64_t la_certificate_not_before_s(const la_certificate *c)
{
    return c->not_before_s;
}

int64_t la_certificate_not_after_s(const la_certificate *c)
{
    return c->not_after_s;
}

bool la_certificate_covers(const la_certificate *c, la_slice host)
{
    char text[256];
    if (host.n > 2 && host.p[0] == '[')
        host = (la_slice){host.p + 1, host.n - 2};
    if (host.n == 0 || host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    return X509_check_ip_asc(c->leaf, text, 0) == 1 ||
           X509_check_host(c->leaf, text, host.n, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}
