/* host [ ":" port ] as in Host and in an absolute target (RFC 9110 7.2, RFC 3986 3.2). Pure. */
#ifndef LA_SERVER_AUTHORITY_H
#define LA_SERVER_AUTHORITY_H

#include "base/slice.h"

typedef struct la_authority {
    la_slice host; /* reg-name, IPv4 address, or "[" IPv6 address "]"; as written */
    unsigned port; /* 0: none was given */
} la_authority;

/* False where it is empty or has a byte that does not belong, a userinfo included. */
bool la_authority_parse(la_slice text, la_authority *ret);

#endif
