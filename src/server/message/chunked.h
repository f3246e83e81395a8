/*
 * The chunked transfer coding (RFC 9112 7.1), decoded in place. Strict where llhttp 8.1 is lenient (line ends, blanks
 * in the size line, unbounded extensions), which is why it is not left to llhttp. Knows bytes only.
 */
#ifndef LA_SERVER_CHUNKED_H
#define LA_SERVER_CHUNKED_H

#include "base/result.h"
#include "server/message/scan.h"

#define LA_HTTP_SIZE_LINE_MAX 256   /* one chunk-size line with its extensions */
#define LA_HTTP_EXTENSIONS_MAX 4096 /* all extensions of one body */
#define LA_HTTP_TRAILER_MAX 4096    /* the trailer section */

typedef struct la_http_chunked {
    uint8_t state;
    uint64_t left; /* of the present chunk's data */
    uint32_t n_digits;
    uint32_t line_bytes;
    uint32_t extension_bytes;
    la_http_scan trailer;
} la_http_chunked;

void la_http_chunked_init(la_http_chunked *c);

/*
 * p[0..*body_n) is what was decoded so far, p[*at..n) is raw. Moves data down to *body_n and *at forward over what was
 * used up. OK with *ret_done false: more bytes are needed, and p[*at..n) has to be given again (an unfinished trailer
 * section; else it is empty). The caller may move it down to *body_n and set *at so. With *ret_done true, p[*at..n) is what
 * follows the message. HTTP_MALFORMED, HTTP_BODY_TOO_LARGE as soon as a chunk's size says so, HTTP_HEADER_TOO_LARGE for
 * the trailer section.
 */
la_code la_http_chunked_more(la_http_chunked *c, char *p, size_t *body_n, size_t *at, size_t n, size_t max_body_bytes,
                             bool *ret_done);

#endif
