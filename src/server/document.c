#include "server/document.h"

#include "base/base64url.h"

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
    la_slice etag = {d->etag, LA_ETAG_CHARS};
    la_slice part;

    if (!if_none_match.p)
        return false;
    if (la_slice_is(la_slice_trim(if_none_match), "*"))
        return true;
    /* An entity tag may hold a comma (RFC 9110 8.8.3), but none of ours does, so no split of a foreign one can match. */
    while (la_slice_split(&if_none_match, ',', &part)) {
        part = la_slice_trim(part);
        if (la_slice_starts(part, LA_SLICE("W/")))
            part = (la_slice){part.p + 2, part.n - 2};
        if (la_slice_equal(part, etag))
            return true;
    }
    return false;
}
