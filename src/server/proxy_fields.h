/*
 * What proxies say about their clients, in header fields: the certificate in three spellings, and the address. Pure parsers, one
 * file each; whether the word of whoever sent it counts is decided in forwarded.c. All are strict: a value that two programs
 * could read differently is refused.
 */
#ifndef LA_SERVER_PROXY_FIELDS_H
#define LA_SERVER_PROXY_FIELDS_H

#include "base/arena.h"
#include "base/result.h"
#include "config/config.h"

#define LA_ADDRESS_CHARS 46

/* Client-Cert (RFC 9440 2.2): one byte sequence, :BASE64:, no parameters. DER in the arena. INVALID, NO_MEMORY; no detail. */
la_result la_client_cert_parse(la_slice field, la_arena *arena, la_slice *ret_der);

/* One certificate in PEM, percent-encoded, as nginx's $ssl_client_escaped_cert. DER in the arena. INVALID, NO_MEMORY; no detail. */
la_result la_escaped_pem_parse(la_slice field, la_arena *arena, la_slice *ret_der);

/* X-Forwarded-Client-Cert of Envoy: exactly one element with exactly one Cert. DER in the arena. INVALID, NO_MEMORY; no detail. */
la_result la_xfcc_parse(la_slice field, la_arena *arena, la_slice *ret_der);

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
