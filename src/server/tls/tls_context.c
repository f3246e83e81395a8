#include "server/tls/tls_context.h"

#include "base/clock.h"
#include "base/secret.h"
#include "server/tls/certificate.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

/* RFC 9325 4.2: what FAPI 2.0 5.2.2 leaves of TLS 1.2. */
#define SUITES_1_2                                               \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
#define SUITES_1_3 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS "X25519:P-256:P-384"
#define SIGNATURES                                                                  \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:" \
    "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"
/* OpenSSL 3.0 takes 0.2 ms to read a certificate, before anybody is asked whether there are too many of them. */
#define CLIENT_CHAIN_MAX_BYTES 16384
#define CLIENT_KEY_BITS_MAX 4096
#define CLIENT_EXPONENT_BITS_MAX 64

struct la_tls_context {
    atomic_uint references;
    SSL_CTX *ssl;
    la_certificate *certificate;
    la_tls_tickets *tickets;
    unsigned n_hosts;
    la_tls_host hosts[];
};

/* ---- what all have in common ---- */

/* What a client's signature costs us is up to its key: a modulus of 16384 bits or an exponent as long as the modulus takes as long as
 * ten handshakes. */
static bool is_affordable(EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;
    if (!key || EVP_PKEY_get_bits(key) > CLIENT_KEY_BITS_MAX)
        return false;
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA_PSS)
        return true;
    bool good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
                BN_num_bits(exponent) <= CLIENT_EXPONENT_BITS_MAX;
    BN_free(exponent);
    return good;
}

/* Possession of the key is proven by the handshake; whom the certificate stands for is the registration's matter. */
static int accept_any(X509_STORE_CTX *store, void *self)
{
    (void)self;
    if (is_affordable(X509_get0_pubkey(X509_STORE_CTX_get0_cert(store))))
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

/* RFC 7301 3.2: HTTP/1.1, or no connection, where the client has anything to say about it. */
static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_n, const unsigned char *offered,
                           unsigned n, void *self)
{
    static const char ours[] = "http/1.1";
    (void)ssl, (void)self;
    for (unsigned at = 0; at < n; at += 1u + offered[at])
        if (offered[at] == sizeof ours - 1 && memcmp(offered + at + 1, ours, sizeof ours - 1) == 0) {
            *ret = offered + at + 1;
            *ret_n = sizeof ours - 1;
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* The hybrid of ML-KEM first, where the linked OpenSSL has it (3.5 and later). */
static bool set_groups(SSL_CTX *ssl)
{
    char hybrid_first[] = "X25519MLKEM768:" GROUPS, classic[] = GROUPS;
    return SSL_CTX_set1_groups_list(ssl, hybrid_first) == 1 || SSL_CTX_set1_groups_list(ssl, classic) == 1;
}

SSL_CTX *la_tls_settings_new(void)
{
    static const unsigned char name[] = "leanauth";
    char signatures[] = SIGNATURES;
    SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
    if (!ssl)
        return NULL;
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF); /* HTTP knows by itself where a message ends */
    SSL_CTX_set_mode(ssl,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ssl, 1); /* a record with one system call instead of two */
    SSL_CTX_set_security_level(ssl, 2);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(ssl, 0); /* RFC 8446 8: a token request must not be replayed */
    SSL_CTX_set_recv_max_early_data(ssl, 0);
    SSL_CTX_set_max_cert_list(ssl, CLIENT_CHAIN_MAX_BYTES);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
    SSL_CTX_set_cert_verify_callback(ssl, accept_any, NULL);
    if (SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 && SSL_CTX_set_cipher_list(ssl, SUITES_1_2) == 1 &&
        SSL_CTX_set_ciphersuites(ssl, SUITES_1_3) == 1 && SSL_CTX_set1_sigalgs_list(ssl, signatures) == 1 &&
        SSL_CTX_set_session_id_context(ssl, name, sizeof name - 1) == 1 && set_groups(ssl)) {
        ERR_clear_error();
        return ssl;
    }
    SSL_CTX_free(ssl);
    return NULL;
}

/* ---- certificates by host ---- */

static int choose_certificate(SSL *ssl, int *alert, void *self)
{
    const la_tls_context *c = self;
    la_slice wanted = la_slice_of(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    for (unsigned i = 0; wanted.p && i < c->n_hosts; i++)
        if (la_slice_equal_nocase(c->hosts[i].name, wanted)) {
            SSL_set_SSL_CTX(ssl, c->hosts[i].certificate->ssl);
            return SSL_TLSEXT_ERR_OK;
        }
    if (c->certificate)
        return wanted.p ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- session tickets ---- */

static bool set_ticket_key(const la_tls_ticket_key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                           EVP_MAC_CTX *mac, bool seals)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->aes, iv, seals) == 1 &&
           EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* OpenSSL: 1 done, 2 done and a new ticket is due, 0 no such key, -1 failure. */
static int use_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                          int seals)
{
    la_tls_context *c = SSL_get_app_data(ssl);
    la_tls_ticket_key key;
    bool renew = false;
    if (seals) {
        la_tls_tickets_current(c->tickets, la_clock_now_s(), &key);
        memcpy(name, key.name, sizeof key.name);
        la_random_bytes(iv, 16);
    } else if (!la_tls_tickets_find(c->tickets, name, la_clock_now_s(), &key, &renew)) {
        return 0;
    }
    bool good = set_ticket_key(&key, iv, cipher, mac, seals);
    la_wipe(&key, sizeof key);
    return !good ? -1 : renew ? 2 : 1;
}

/* ---- a context ---- */

static la_result set_up(const la_tls_options *options, la_tls_context *c)
{
    c->ssl = la_tls_settings_new();
    if (!c->ssl)
        return la_fail(LA_CRYPTO, "OpenSSL cannot serve TLS");
    if (options->certificate) {
        c->certificate = la_certificate_hold(options->certificate);
        LA_TRY(la_certificate_use(c->certificate, c->ssl));
    }
    for (; c->n_hosts < options->n_hosts; c->n_hosts++) {
        const la_tls_host *from = &options->hosts[c->n_hosts];
        char *name = malloc(from->name.n ? from->name.n : 1);
        if (!name)
            return la_fail(LA_NO_MEMORY, "out of memory");
        memcpy(name, from->name.p, from->name.n);
        c->hosts[c->n_hosts] = (la_tls_host){{name, from->name.n}, la_certificate_hold(from->certificate)};
    }
    if (options->min_version == LA_TLS_1_3)
        SSL_CTX_set_min_proto_version(c->ssl, TLS1_3_VERSION);
    SSL_CTX_set_tlsext_servername_callback(c->ssl, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(c->ssl, c);
    SSL_CTX_set_timeout(c->ssl, LA_TLS_TICKET_ROTATE_S);
    if (options->asks_for_certificate) {
        SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(c->ssl, 0);
    } else {
        c->tickets = options->tickets;
        SSL_CTX_set_num_tickets(c->ssl, 1);
        SSL_CTX_set_tlsext_ticket_key_evp_cb(c->ssl, use_ticket_key);
    }
    return la_ok();
}

la_result la_tls_context_new(const la_tls_options *options, la_tls_context **ret)
{
    la_tls_context *c = calloc(1, sizeof *c + options->n_hosts * sizeof c->hosts[0]);
    if (!c)
        return la_fail(LA_NO_MEMORY, "out of memory");
    atomic_init(&c->references, 1);
    la_result r = set_up(options, c);
    if (!la_is_ok(r)) {
        la_tls_context_release(c);
        return r;
    }
    *ret = c;
    return la_ok();
}

la_tls_context *la_tls_context_hold(la_tls_context *c)
{
    atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
    return c;
}

void la_tls_context_release(la_tls_context *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(c->ssl);
    la_certificate_release(c->certificate);
    for (unsigned i = 0; i < c->n_hosts; i++) {
        la_certificate_release(c->hosts[i].certificate);
        free((char *)(uintptr_t)c->hosts[i].name.p);
    }
    free(c);
}

SSL *la_tls_context_open(la_tls_context *c)
{
    SSL *ssl = SSL_new(c->ssl);
    if (ssl)
        SSL_set_app_data(ssl, c);
    return ssl;
}
