/*
 * Reads a whole, scanned header section: llhttp parses it, and what RFC 9110 and 9112 leave to the recipient is decided
 * here, always the strict way. Knows framing and the fields of la_http_request; no socket, no connection.
 */
#ifndef LA_SERVER_HEAD_H
#define LA_SERVER_HEAD_H

#include "base/result.h"
#include "server/message/request.h"

/* Bytes of the section; it may be moved. `at` is 0 where the thing is absent (a section starts with its method). */
typedef struct la_http_span {
    uint32_t at;
    uint32_t n;
} la_http_span;

typedef struct la_http_head {
    la_http_method method;
    bool keep_alive; /* the client may send another request (RFC 9112 9.3); never for HTTP/1.0 */
    bool chunked;
    bool expects_continue;
    uint64_t content_length; /* 0 where there is none */
    unsigned n_authorization;
    unsigned n_dpop;
    la_http_span path; /* absent: "/" */
    la_http_span query;
    la_http_span host;      /* made lower case in place; absent only in HTTP/1.0 */
    la_http_span authority; /* the same with its port */
    la_http_span authorization;
    la_http_span dpop;
    la_http_span content_type;
    la_http_span origin;
    la_http_span if_none_match;
    la_http_span cookie;
    la_http_span accept;
    la_http_span accept_encoding;
    la_http_span if_match;
    la_http_span idempotency_key;
    la_http_span user_agent;
    la_http_span sec_fetch_site;
} la_http_head;

/*
 * `section` has passed la_http_scan_more and ends with the empty line. OK, or the code to refuse with: HTTP_MALFORMED,
 * HTTP_HOST, HTTP_VERSION, HTTP_EXPECTATION, HTTP_CONTENT_ENCODING. The size of the body is not judged.
 */
la_code la_http_head_parse(char *section, size_t n, la_http_head *ret);

static inline la_slice la_http_span_slice(const char *section, la_http_span s)
{
    return s.at ? (la_slice){section + s.at, s.n} : LA_NO_SLICE;
}

#endif
