/* UUID version 4 (RFC 9562 5.4). */
#ifndef LA_BASE_UUID_H
#define LA_BASE_UUID_H

#include "base/secret.h"

#define LA_UUID_CHARS 36

/* Writes 36 characters (lower case) and no zero byte. */
void la_uuid_new(la_random *random, char *ret);

/* 8-4-4-4-12 lower-case hexadecimal digits, any version. */
bool la_uuid_is(la_slice s);

#endif
