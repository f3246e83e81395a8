/*
 * What the connections of an address share: versions, suites, certificates by host, ticket keys. Immutable and counted: a new
 * one takes the place of an old one for new connections, and those that are open go on with theirs.
 */
#ifndef LA_SERVER_TLS_CONTEXT_H
#define LA_SERVER_TLS_CONTEXT_H

#include "base/result.h"
#include "config/config.h"
#include "server/tls/tls.h"
#include "server/tls/tls_tickets.h"

/* A certificate with its chain and its private key; counted. */
typedef struct la_certificate la_certificate;

/* Reads both files. IO, INVALID with a detail that names the file; the key's bytes are in OpenSSL's memory alone. */
la_result la_certificate_load(const la_tls_files *files, la_certificate **ret);
la_certificate *la_certificate_hold(la_certificate *c);
void la_certificate_release(la_certificate *c); /* takes NULL */
int64_t la_certificate_not_before_s(const la_certificate *c);
int64_t la_certificate_not_after_s(const la_certificate *c);

/* Whether it names this host (RFC 6125); `host` as in the configuration, an IPv6 address in brackets. */
bool la_certificate_covers(const la_certificate *c, la_slice host);

typedef struct la_tls_host {
    la_slice name;
    la_certificate *certificate;
} la_tls_host;

typedef struct la_tls_options {
    la_certificate *certificate; /* for other hosts and without SNI; NULL: those are refused */
    const la_tls_host *hosts;
    unsigned n_hosts;
    la_tls_version min_version;
    bool asks_for_certificate; /* of the client; then no session is resumed, so that each connection proves its key */
    la_tls_tickets *tickets;   /* outlives the context */
} la_tls_options;

/* CRYPTO, NO_MEMORY. Holds the certificates, copies the names. */
la_result la_tls_context_new(const la_tls_options *options, la_tls_context **ret);
la_tls_context *la_tls_context_hold(la_tls_context *c);
void la_tls_context_release(la_tls_context *c); /* takes NULL; any thread */

/* For tls.c: an SSL of this context, without a BIO; NULL: no memory. */
struct ssl_st *la_tls_context_open(la_tls_context *c);

#endif
