/* For the files of this folder that have JSON already. */
#ifndef LA_JOSE_PUBLIC_KEY_INTERNAL_H
#define LA_JOSE_PUBLIC_KEY_INTERNAL_H

#include "jose/public_key.h"

#include <jansson.h>

/* As la_public_key_parse. */
la_result la_public_key_read(const json_t *jwk, unsigned flags, la_public_key **ret);

#endif
