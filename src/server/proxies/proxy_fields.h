/*
 * What proxies say about their clients, in header fields: the certificate and its chain in three spellings, and the address. Pure parsers, one
 * file each; whether the word of whoever sent it counts is decided in forwarded.c. All are strict: a value that two programs
 * could read differently is refused.
 */
#ifndef LA_SERVER_PROXY_FIELDS_H
#define LA_SERVER_PROXY_FIELDS_H

#include "base/arena.h"
#include "base/result.h"
#include "config/config.h"
#include "x509/trust.h"

#define LA_ADDRESS_CHARS 46
#define LA_PROXY_CHAIN_MAX LA_TRUST_CHAIN_MAX /* certificates behind the client's own */

/* Certificates, DER in the arena. */
typedef struct la_der_list {
    la_slice items[1 + LA_PROXY_CHAIN_MAX];
    size_t n;
} la_der_list;

/* Client-Cert (RFC 9440 2.2): one byte sequence, :BASE64:, no parameters. DER in the arena. INVALID, NO_MEMORY; no detail. */
la_result la_client_cert_parse(la_slice field, la_arena *arena, la_slice *ret_der);

/* Client-Cert-Chain (RFC 9440 2.3): byte sequences with commas between them, without parameters, each of one certificate or, as
 * HAProxy has them, several. At least one. INVALID, TOO_LARGE past LA_PROXY_CHAIN_MAX, NO_MEMORY; no detail. */
la_result la_client_cert_chain_parse(la_slice field, la_arena *arena, la_der_list *ret);

/* One certificate in PEM, percent-encoded, as nginx's $ssl_client_escaped_cert. DER in the arena. INVALID, NO_MEMORY; no detail. */
la_result la_escaped_pem_parse(la_slice field, la_arena *arena, la_slice *ret_der);

/* The same of one certificate after another, the client's own first, up to LA_PROXY_CHAIN_MAX behind it: else TOO_LARGE. */
la_result la_escaped_pem_parse_all(la_slice field, la_arena *arena, la_der_list *ret);

/* What an X-Forwarded-Client-Cert of Envoy says of certificates, each as escaped PEM; p NULL where it is not there. */
typedef struct la_xfcc {
    la_slice certificate; /* Cert */
    la_slice chain;       /* Chain: the client's own again, and what came behind it */
} la_xfcc;

/* Exactly one element, with one Cert, one Chain, or one of each. INVALID; no detail. */
la_result la_xfcc_read(la_slice field, la_xfcc *ret);

/* Whether the bytes are one DER SEQUENCE from the first to the last: neither cut short nor followed by another. */
bool la_der_is_one_sequence(la_slice der);

/*
 * The client of X-Forwarded-For: from the right, the first address that is none of a proxy's. `lines` are the fields in their
 * order. False where the rightmost is no address: then nobody is named.
 */
bool la_forwarded_for_find(const la_proxies_config *proxies, const la_slice *lines, size_t n_lines,
                           char ret[LA_ADDRESS_CHARS]);

/* Whether the address (text; "unix") is a proxy's. */
bool la_proxies_include(const la_proxies_config *proxies, la_slice address);

#endif
