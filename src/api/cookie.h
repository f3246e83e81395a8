/* The session's cookie (RFC 6265bis): kept by the browser for this host alone, out of reach of scripts and of other sites. */
#ifndef LA_API_COOKIE_H
#define LA_API_COOKIE_H

#include "api/call.h"

la_result la_api_cookie_set(la_api_call *c, const char *value);
la_result la_api_cookie_clear(la_api_call *c);

#endif
