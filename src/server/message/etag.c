#include "server/message/etag.h"

bool la_etag_is_named(la_slice if_none_match, la_slice etag)
{
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
