/* The inside of la_certificate, shared by certificate.c and tls_context.c and nobody else. */
#ifndef LA_SERVER_CERTIFICATE_H
#define LA_SERVER_CERTIFICATE_H

#include "server/tls/tls_context.h"

#include <openssl/ssl.h>

struct la_certificate {
    atomic_uint references;
    X509 *leaf;
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
    int64_t not_before_s, not_after_s;
    SSL_CTX *ssl; /* with this certificate; connections switch to it by SNI */
};

/* What all addresses have in common; NULL: no memory, or OpenSSL lacks one of it. */
SSL_CTX *la_tls_settings_new(void);

la_result la_certificate_use(const la_certificate *c, SSL_CTX *ssl);

#endif
