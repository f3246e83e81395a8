/* The Accept field (RFC 9110 12.5.1), for endpoints that answer with JSON unless they are asked for something else. */
#ifndef LA_OAUTH_ACCEPT_H
#define LA_OAUTH_ACCEPT_H

#include "base/slice.h"

/*
 * Whether `type` ("application/token-introspection+jwt") is named, with a weight above 0 and not below that of application/json, named
 * or by a wildcard: a wildcard alone asks for nothing special. Members that are malformed count for nothing.
 */
bool la_accept_prefers(la_slice accept, const char *type);

#endif
