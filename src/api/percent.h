/* Percent-decoding of paths and queries (RFC 3986 2.1), strict. */
#ifndef LA_API_PERCENT_H
#define LA_API_PERCENT_H

#include "base/arena.h"
#include "base/result.h"

/* Gives well-formed UTF-8 without control characters. INVALID; NO_MEMORY. `plus`: + is a blank, as forms have it. */
la_result la_api_percent_decode(la_slice encoded, bool plus, la_arena *arena, la_slice *ret);

#endif
