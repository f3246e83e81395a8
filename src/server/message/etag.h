/* Entity tags in conditional requests (RFC 9110 8.8.3, 13.1.2). Pure. */
#ifndef LA_SERVER_ETAG_H
#define LA_SERVER_ETAG_H

#include "base/slice.h"

/* Whether If-None-Match names `etag` (with its quotes and without a comma in it), by weak comparison; false where it is absent. */
bool la_etag_is_named(la_slice if_none_match, la_slice etag);

#endif
