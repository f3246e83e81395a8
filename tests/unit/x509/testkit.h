/* Certificates made for a test, by OpenSSL's own functions and not by ours. */
#ifndef LA_TESTS_X509_TESTKIT_H
#define LA_TESTS_X509_TESTKIT_H

#include "unit.h"

#include "base/secret.h"
#include "x509/x509.h"

#include <openssl/x509v3.h>

#ifndef NOW_S
#define NOW_S INT64_C(1800000000)
#endif
#define DAY_S INT64_C(86400)
#define EXTENSIONS_MAX 6

/* A certificate and its key, or a CA. */
typedef struct pair {
    X509 *x;
    EVP_PKEY *key;
} pair;

/* What a certificate has; zero: as usual. */
typedef struct recipe {
    X509_NAME *name;           /* taken; NULL: CN=<cn>,O=Test */
    const char *cn;            /* "client" */
    int64_t from_s, to_s;      /* NOW_S - 10 days to NOW_S + 10 days */
    bool is_ca;                /* basicConstraints, keyUsage */
    int path_length;           /* of a CA; 0: none; otherwise the number and one */
    const char *usage;         /* extendedKeyUsage; NULL: none */
    const char *names;         /* subjectAltName as openssl.cnf has it; NULL: none */
    X509_EXTENSION *extension; /* taken */
    const EVP_MD *digest;      /* SHA-256 */
    EVP_PKEY *key;             /* taken; NULL: a new one on P-256 */
    long serial;               /* 1 */
} recipe;

typedef struct attribute_of_name {
    const char *type; /* short name of OpenSSL's, or OID */
    int kind;         /* V_ASN1_UTF8STRING, … */
    const char *value;
    int n;   /* -1: strlen */
    int set; /* 0: a new RDN, -1: the one before */
} attribute_of_name;

X509_NAME *make_name(const attribute_of_name *attributes, size_t n);
#define MAKE_NAME(...)                            \
    make_name((attribute_of_name[]){__VA_ARGS__}, \
              sizeof((attribute_of_name[]){__VA_ARGS__}) / sizeof(attribute_of_name))

EVP_PKEY *make_rsa(unsigned bits);
X509_EXTENSION *make_extension(int nid, const void *der, size_t n);

/* Signed by `issuer`, or by itself where that is NULL. */
pair make_pair(const pair *issuer, recipe r);
void free_pair(pair *p);

/* What it is in bytes; good until the next sixteen calls. */
la_slice der_of(const X509 *x);
la_slice pem_of(const X509 *x);

/* The same by our code, which must accept it. */
la_x509 *parsed(const X509 *x);

typedef struct revoked_one {
    long serial;
    int64_t at_s;
} revoked_one;

/* A CRL of `issuer` in PEM; the caller frees. */
char *make_crl(const pair *issuer, int64_t this_s, int64_t next_s, const revoked_one *revoked, size_t n);

int set_up_secrets(void **state);

/* Runs `command` in `folder`; its exit status. */
int run_in(const char *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));
void write_in(const char *folder, const char *name, la_slice content);

#endif
