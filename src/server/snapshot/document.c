#include "server/snapshot/document.h"

#include "base/base64url.h"
#include "server/message/etag.h"

#include <sodium.h>
#include <stdio.h>

void la_document_init(la_document *d)
{
    *d = (la_document){0};
    la_buffer_init(&d->body, LA_DOCUMENT_MAX);
}

void la_document_done(la_document *d)
{
    la_buffer_done(&d->body);
}

la_result la_document_seal(la_document *d, uint32_t max_age_s)
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    if (!la_buffer_ok(&d->body))
        return la_fail(LA_NO_MEMORY, "a published document does not fit in memory or in %d bytes", LA_DOCUMENT_MAX);
    crypto_hash_sha256(digest, (const unsigned char *)la_buffer_slice(&d->body).p, d->body.n);
    d->etag[0] = '"';
    la_base64url_encode(digest, 16, d->etag + 1); /* 22 characters */
    d->etag[LA_ETAG_CHARS - 1] = '"';
    d->etag[LA_ETAG_CHARS] = '\0';
    snprintf(d->headers, sizeof d->headers,
             "Cache-Control: public, max-age=%u\r\nETag: %s\r\nAccess-Control-Allow-Origin: *\r\n"
             "Access-Control-Expose-Headers: ETag\r\nX-Content-Type-Options: nosniff\r\n",
             max_age_s, d->etag);
    return la_ok();
}

bool la_document_is_current(const la_document *d, la_slice if_none_match)
{
    return la_etag_is_named(if_none_match, (la_slice){d->etag, LA_ETAG_CHARS});
}
