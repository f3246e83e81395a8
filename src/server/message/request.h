/* A request as the transport hands it over: what was said, by whom, and whose certificate came with it. */
#ifndef LA_SERVER_REQUEST_H
#define LA_SERVER_REQUEST_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum la_http_method {
    LA_GET,
    LA_HEAD,
    LA_POST,
    LA_OPTIONS,
    LA_PUT,
    LA_PATCH,
    LA_DELETE,
    LA_METHOD_OTHER
} la_http_method;

/*
 * Absent header fields have p == NULL. Slices live until la_http_respond. Fields that may come once are refused by
 * head.c when repeated, except Authorization and DPoP, which are counted, and those of which the first line is enough: Accept,
 * Accept-Encoding and User-Agent.
 */
typedef struct la_http_request {
    la_http_method method;
    la_slice path;      /* "/oauth2/token", never empty, percent-encoding as sent */
    la_slice query;     /* without '?'; absent where there is none */
    la_slice host;      /* lower case, without port */
    la_slice authority; /* the same with its port, where it has one */
    la_slice authorization;
    unsigned n_authorization;
    la_slice dpop; /* RFC 9449 4.1; empty is not absent */
    unsigned n_dpop;
    la_slice content_type;
    la_slice origin;
    la_slice if_none_match;
    la_slice cookie;
    la_slice accept;
    la_slice accept_encoding;
    la_slice if_match;
    la_slice idempotency_key;
    la_slice user_agent;
    la_slice sec_fetch_site;
    la_slice body;                    /* empty where there is none */
    la_slice client_address;          /* numeric text of the peer; "unix" */
    la_slice client_certificate;      /* DER; the client has proven that the key is its own. Absent where it has none */
    const uint8_t *client_thumbprint; /* SHA-256 of it, LA_THUMBPRINT_BYTES; NULL where it is absent */
    const la_slice *client_chain;     /* DER of what the client sent behind it */
    size_t n_client_chain;
    la_slice section;            /* the whole header section, scanned */
    bool from_proxy;             /* what proxies say in it may be believed (proxies.addresses) */
    bool is_tls;                 /* this server ended TLS itself */
    bool has_forged_certificate; /* a field that only a proxy may send; it was not read */
    const void *listener_tag;    /* as given to la_http_listen */
    char request_id[17];         /* zero-terminated; also sent as X-Request-Id */
} la_http_request;

#endif
