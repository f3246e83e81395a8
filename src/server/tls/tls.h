/*
 * TLS of one connection (OpenSSL over the connection's socket): reads and writes like recv and send, with errno. A read takes
 * from the socket at most once, so that no client can keep a loop busy with records that carry nothing. Knows no HTTP.
 */
#ifndef LA_SERVER_TLS_H
#define LA_SERVER_TLS_H

#include "base/slice.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* Why a connection did not come to be, or broke: LA_TLS_FAILURE(name, as metrics and log say it). */
#define LA_TLS_FAILURES(LA_TLS_FAILURE)                                                                    \
    LA_TLS_FAILURE(PLAIN_HTTP, "plain_http")                 /* http:// to an https:// port */             \
    LA_TLS_FAILURE(CLOSED, "closed")                         /* by the client, before it was up */         \
    LA_TLS_FAILURE(TIMEOUT, "timeout")                       /* the handshake took too long */             \
    LA_TLS_FAILURE(VERSION, "version")                       /* none in common */                          \
    LA_TLS_FAILURE(SUITE, "suite")                           /* no cipher, group or signature in common */ \
    LA_TLS_FAILURE(SERVER_NAME, "server_name")               /* no certificate for that host */            \
    LA_TLS_FAILURE(ALPN, "alpn")                             /* the client does not speak HTTP/1.1 */      \
    LA_TLS_FAILURE(CLIENT_CERTIFICATE, "client_certificate") /* malformed, or its key was not proven */    \
    LA_TLS_FAILURE(REFUSED, "refused_by_client")             /* it does not trust our certificate */       \
    LA_TLS_FAILURE(ALERT, "alert")                           /* another one from the client */             \
    LA_TLS_FAILURE(OVERLOADED, "overloaded")                 /* over a limit of connections */             \
    LA_TLS_FAILURE(PROTOCOL, "protocol")                     /* everything else */

typedef enum la_tls_failure {
#define LA_TLS_FAILURE(name, text) LA_TLS_##name,
    LA_TLS_FAILURES(LA_TLS_FAILURE)
#undef LA_TLS_FAILURE
        LA_TLS_FAILURE_COUNT
} la_tls_failure;

#define LA_TLS_CHAIN_MAX 8 /* certificates behind the client's own */

const char *la_tls_failure_name(la_tls_failure f);

/* Of one loop, which is their only writer. */
typedef struct la_tls_counters {
    _Atomic uint64_t handshakes[2][2]; /* [TLS 1.2, 1.3][in full, resumed] */
    _Atomic uint64_t failures[LA_TLS_FAILURE_COUNT];
} la_tls_counters;

typedef struct la_tls_context la_tls_context;
typedef struct la_tls la_tls;

/* The server's side on a connected, non-blocking socket, which stays the caller's. Holds the context. `counters` may be NULL.
 * NULL: no memory. */
la_tls *la_tls_new(la_tls_context *context, int fd, la_tls_counters *counters);

/* Sends close_notify where that can still be said; takes NULL; returns NULL. Before the socket is closed. */
la_tls *la_tls_free(la_tls *t);

/*
 * Goes on with the handshake, then reads: > 0 bytes; 0: the client closed; -1 with EAGAIN: wait for the socket (for writing
 * where la_tls_wants_write), or another errno where it is broken. Without `may_receive` only what was received before is
 * looked at.
 */
ssize_t la_tls_read(la_tls *t, void *p, size_t n, bool may_receive);

/* > 0 bytes; -1 with EAGAIN: call again with the same bytes, or more, when the socket takes some; -1 otherwise: broken. */
ssize_t la_tls_write(la_tls *t, const void *p, size_t n);

bool la_tls_wants_write(const la_tls *t);
bool la_tls_has_pending(const la_tls *t);    /* received bytes wait inside */
bool la_tls_is_handshaking(const la_tls *t); /* neither up nor broken */

/* Ends a handshake for a reason of the caller's, which is counted. */
void la_tls_fail(la_tls *t, la_tls_failure why);

/* LA_TLS_FAILURE_COUNT where nothing broke; and OpenSSL's words, "" where it has none. */
la_tls_failure la_tls_failure_of(const la_tls *t);
const char *la_tls_failure_text(const la_tls *t);

/* DER of the certificate whose key the client has proven; absent where it sent none. Lives as long as `t`. */
la_slice la_tls_client_certificate(const la_tls *t);

/* Its SHA-256, computed once a connection; of no meaning without one. */
const uint8_t *la_tls_client_thumbprint(const la_tls *t);

/* DER of what the client sent behind its certificate; *ret_n of them. Lives as long as `t`. */
const la_slice *la_tls_client_chain(const la_tls *t, size_t *ret_n);

#endif
