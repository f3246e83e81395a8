/* The inside of a la_ca, and what ca.c, csr.c and crl.c share. */
#ifndef LA_X509_CA_INTERNAL_H
#define LA_X509_CA_INTERNAL_H

#include "x509/ca.h"
#include "x509/x509_internal.h"

struct la_ca {
    la_x509 *certificate;
    EVP_PKEY *key;
};

/* CRYPTO with `doing`, or NO_MEMORY where that was OpenSSL's reason; empties its queue of errors. */
la_result la_x509_failed(const char *doing);

/* A new time for `at_s`, as RFC 5280 4.1.2.5 writes it; the caller frees. INVALID before 1970 and after the year 9999. */
la_result la_x509_make_time(int64_t at_s, ASN1_TIME **ret);

/* The public key of a certificate request that was checked; the caller frees. INVALID, NO_MEMORY. */
la_result la_csr_key(la_slice pem, EVP_PKEY **ret);

#endif
