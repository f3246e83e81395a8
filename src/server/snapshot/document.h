/* A published document (JWK set, metadata) as it is sent: body, strong ETag (RFC 9110 8.8.3) and header lines made once. */
#ifndef LA_SERVER_DOCUMENT_H
#define LA_SERVER_DOCUMENT_H

#include "base/buffer.h"

#include <stdint.h>

#define LA_DOCUMENT_MAX (256 * 1024)
#define LA_ETAG_CHARS 24 /* with its quotes */

typedef struct la_document {
    la_buffer body;
    char etag[LA_ETAG_CHARS + 1];
    char headers[320]; /* Cache-Control, ETag, CORS: with CRLF */
} la_document;

/* An empty one; then the body is written, then it is sealed. */
void la_document_init(la_document *d);
void la_document_done(la_document *d);

/* Computes ETag and header lines of the body. TOO_LARGE, NO_MEMORY where the body did not fit. */
la_result la_document_seal(la_document *d, uint32_t max_age_s);

/* Whether If-None-Match (RFC 9110 13.1.2: weak comparison) names the document's present state. */
bool la_document_is_current(const la_document *d, la_slice if_none_match);

#endif
