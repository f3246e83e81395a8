/* The inside of a la_x509, for the files of this folder. */
#ifndef LA_X509_X509_INTERNAL_H
#define LA_X509_X509_INTERNAL_H

#include "x509/x509.h"

#include <openssl/x509v3.h>

struct la_x509 {
    X509 *x;
    GENERAL_NAMES *alternatives; /* subjectAltName; NULL: it has none */
    la_slice der, spki;          /* in bytes[] */
    int64_t not_before_s, not_after_s;
    uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES];
    char thumbprint_text[LA_X509_THUMBPRINT_CHARS + 1];
    char serial[LA_X509_SERIAL_CHARS + 1];
    char bytes[];
};

/* INVALID with a sentence where a key is not one of those that la_x509_parse() lists. */
la_result la_x509_check_key(const EVP_PKEY *key);

/* Seconds of a time in the one form that RFC 5280 4.1.2.5 allows; false for any other. */
bool la_x509_time(const ASN1_TIME *time, int64_t *ret_s);

/* INVALID with `what`, or NO_MEMORY where that was OpenSSL's reason; empties its queue of errors. */
la_result la_x509_refuse(const char *what);

/* Hexadecimal of a serial number; false past twenty octets. */
bool la_x509_serial_text(const ASN1_INTEGER *serial, char ret[LA_X509_SERIAL_CHARS + 1]);

#endif
