/*
 * The first look at a header or trailer section (RFC 9112 2.2, 5): where it ends, and that no byte of it can be read in
 * two ways. It knows bytes and lines, not what a field means.
 */
#ifndef LA_SERVER_SCAN_H
#define LA_SERVER_SCAN_H

#include "base/slice.h"

#include <stdint.h>

#define LA_HTTP_FIELDS_MAX 100

typedef enum la_scan_verdict {
    LA_SCAN_MORE, /* fine so far, the empty line has not come */
    LA_SCAN_END,  /* complete: `at` is its length with the empty line */
    LA_SCAN_BAD,
    LA_SCAN_MANY /* more than LA_HTTP_FIELDS_MAX fields */
} la_scan_verdict;

typedef struct la_http_scan {
    uint32_t at;   /* bytes looked at */
    uint32_t line; /* where the present line starts */
    uint32_t n_fields;
    bool wants_start_line; /* the next line is a request line */
} la_http_scan;

/* For a request's header section, or (no start line) for the trailer section of a chunked body. */
void la_http_scan_init(la_http_scan *s, bool has_start_line);

/*
 * Looks at what is new in p[0..n), which starts with the section and is under 2^32 bytes; what comes after the empty
 * line is not looked at. Refuses bare CR and LF, NUL and other controls, folded lines, a blank before the colon, names
 * that are no token, and a request line that is not "method SP target SP HTTP/d.d".
 */
la_scan_verdict la_http_scan_more(la_http_scan *s, const char *p, size_t n);

#endif
