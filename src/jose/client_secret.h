/*
 * What a client secret of ours looks like: las_live_ or las_test_, 43 base62 characters that hold 256 random bits, and 6 of
 * checksum. Secret scanners find it by its prefix, and a mistyped one is told apart from a wrong one in the log.
 */
#ifndef LA_JOSE_CLIENT_SECRET_H
#define LA_JOSE_CLIENT_SECRET_H

#include "base/slice.h"

#define LA_GENERATED_SECRET_CHARS (9 + 43 + 6)
#define LA_LONG_SECRET_CHARS (9 + 2 * 43 + 6) /* enough for HS512, which needs 64 octets (RFC 7518 3.2) */

/* Makes one, zero-terminated; `test`: of a sandbox. Wipe it after use. */
void la_secret_generate(bool test, char ret[LA_GENERATED_SECRET_CHARS + 1]);

/* The same with 512 random bits: for client_secret_jwt. */
void la_secret_generate_long(bool test, char ret[LA_LONG_SECRET_CHARS + 1]);

/* True where the text has the form of one and its checksum is wrong: a typing error. */
bool la_secret_is_mistyped(la_slice secret);

/* What people may see of a secret, zero-terminated: "las_test_aB3d…x9Zk", or "imported" and the end of a long one. */
#define LA_SECRET_HINT_BYTES 40
void la_secret_hint(la_slice secret, char ret[LA_SECRET_HINT_BYTES]);

#endif
