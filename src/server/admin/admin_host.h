/*
 * What makes the administration's address safe to open in a browser: which hosts it answers to, and the header fields that every
 * answer carries. Pure.
 */
#ifndef LA_SERVER_ADMIN_HOST_H
#define LA_SERVER_ADMIN_HOST_H

#include "base/buffer.h"

/*
 * Whether a Host field is ours: "localhost" or a loopback address with any port, or the host and port of `origin`, scheme
 * "://" host [":" port], which may be absent. An absent or malformed `authority` is not.
 */
bool la_admin_host_is_ours(la_slice authority, la_slice origin);

/* Appends the field lines. With an https origin that says so for a year (RFC 6797). */
void la_admin_headers_write(la_slice origin, la_buffer *ret);

#endif
