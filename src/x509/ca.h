/*
 * A certificate authority of our own, one an environment: made, kept as bytes by the caller, and what it signs: the
 * certificates of clients and the list of revoked ones (RFC 5280 4, 5). Which serial numbers there are, and which are revoked, is the caller's
 * to keep. A la_ca is immutable, so threads may share it. Times are arguments.
 */
#ifndef LA_X509_CA_H
#define LA_X509_CA_H

#include "x509/x509.h"

#define LA_CA_PRIVATE_MAX 512     /* bytes of its private key (PKCS #8 of P-256 has 138) */
#define LA_CA_KEY_PEM_MAX 512     /* bytes of a client's private key in PEM */
#define LA_CSR_MAX 16384          /* bytes of a certificate request's PEM */
#define LA_CRL_BYTES_PER_ENTRY 64 /* at most; and LA_CRL_BYTES_BASE for what is around them */
#define LA_CRL_BYTES_BASE 1024

typedef struct la_ca la_ca;

/* Makes one: a new key on P-256, CN=leanauth <environment> client CA,O=leanauth, for client certificates alone (no CA below it).
 * INVALID where times or name are not possible; CRYPTO, NO_MEMORY. */
la_result la_ca_create(la_slice environment, int64_t not_before_s, int64_t not_after_s, la_ca **ret);

/* From the DER of its certificate and the private key as exported. INVALID where one is none, or they do not belong
 * together; NO_MEMORY. */
la_result la_ca_load(la_slice der, la_slice private_key, la_ca **ret);
la_ca *la_ca_free(la_ca *ca); /* takes NULL; returns NULL; OpenSSL wipes the key */

/* As long as the la_ca lives. */
const la_x509 *la_ca_certificate(const la_ca *ca);

/* Appends the private key as PKCS #8, to be wrapped; `ret` must be growable or have LA_CA_PRIVATE_MAX bytes left; wipe it afterwards
 * (la_buffer_done does). CRYPTO, NO_MEMORY. */
la_result la_ca_export_private(const la_ca *ca, la_buffer *ret);

/* What a client's certificate is to say. */
typedef struct la_ca_order {
    la_slice client_id, environment;   /* subject CN=<client_id>,OU=<environment>,O=leanauth */
    int64_t not_before_s, not_after_s; /* not_after_s at most the CA's own */
    la_slice crl_url;                  /* where its CRL is (RFC 5280 4.2.1.13); absent: it does not say */
} la_ca_order;

/*
 * Issues a certificate: v3, a random serial number of 127 bits, for digital signatures and TLS client authentication, no CA, with
 * both key identifiers, and with the CRL's place; signed with SHA-256. INVALID with a sentence for an order that cannot be met; CRYPTO, NO_MEMORY.
 *
 * la_ca_issue() makes the key too (P-256) and appends it as PEM (PKCS #8, RFC 7468 10); `ret_key` must be growable or have
 * LA_CA_KEY_PEM_MAX bytes left: it is the only copy, and secret: wipe it.
 *
 * la_ca_issue_for() takes the key of a certificate request (PKCS #10) in PEM: exactly one, signed by that key, the key as strong as la_x509_parse()
 * wants it. Subject, extensions and attributes that it asks for are not looked at.
 */
la_result la_ca_issue(const la_ca *ca, const la_ca_order *order, la_buffer *ret_key, la_x509 **ret);
la_result la_ca_issue_for(const la_ca *ca, const la_ca_order *order, la_slice request_pem, la_x509 **ret);

typedef struct la_crl_entry {
    la_slice serial; /* as la_x509_serial() gives it */
    int64_t revoked_at_s;
} la_crl_entry;

/* Appends a CRL in DER (v2, with its number): `entries` in any order, no serial twice. It holds from this_update_s until
 * next_update_s. INVALID where times or a serial are not possible; CRYPTO, NO_MEMORY. */
la_result la_ca_write_crl(const la_ca *ca, uint64_t number, int64_t this_update_s, int64_t next_update_s,
                          const la_crl_entry *entries, size_t n, la_buffer *ret);

/* Appends the PEM of a CRL in DER. */
void la_crl_write_pem(la_slice der, la_buffer *ret);

#endif
