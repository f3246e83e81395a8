/* The part of a registration that is keys. Private to admin/. */
#ifndef LA_ADMIN_REGISTRATION_KEYS_H
#define LA_ADMIN_REGISTRATION_KEYS_H

#include "base/buffer.h"
#include "base/result.h"
#include "model/model.h"

#include <jansson.h>

/* INVALID with a sentence: what la_key_set_parse refuses, and whatever is or holds a secret, also in a key that would be passed over;
 * under FAPI, a key for another algorithm than those that it allows. NO_MEMORY. */
la_result la_registration_check_jwks(const json_t *jwks, bool fapi);

/* https, no user name, no fragment, LA_JWKS_URI_MAX characters at most. INVALID. */
la_result la_registration_check_jwks_uri(la_slice uri);

/* Whether an application with this registration may have the key: it is in its key set, or that is behind a URI, or cannot be read. NO_MEMORY. */
la_result la_registration_may_have_key(la_slice registration, const uint8_t thumbprint[LA_THUMBPRINT_BYTES], bool *ret);

/* {"keys": how many, "thumbprints": of the first eight}. NULL without memory. */
json_t *la_registration_brief_jwks(const json_t *jwks);

#endif
