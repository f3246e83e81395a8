/* JWK sets of others (RFC 7517 5), prepared: what an application registered, or what its jwks_uri gave. */
#ifndef LA_JOSE_KEY_SET_H
#define LA_JOSE_KEY_SET_H

#include "jose/jwt.h"
#include "jose/public_key.h"

#define LA_KEY_SET_TEXT_MAX 65536 /* bytes */
#define LA_KEY_SET_KEYS_MAX 64
#define LA_KEY_SET_ATTEMPTS_MAX 8 /* signatures that one token may cost */

typedef struct la_key_set la_key_set; /* immutable, counted */

typedef enum la_key_set_mode {
    LA_KEY_SET_REGISTERED, /* all or nothing, thoroughly: whoever registers it gets told which key is wrong and why */
    LA_KEY_SET_FETCHED, /* keys that are of no use are passed over, so that a new kind of key in a set breaks nothing */
} la_key_set_mode;

/*
 * Reads a set. Keys that say they are for something else than verifying (use, key_ops) are passed over in both modes. INVALID: no
 * JSON object with an array `keys`, a member twice, no usable key; registered, also an unusable key (la_public_key_parse) and a kid
 * for two keys. TOO_LARGE past the limits. CRYPTO, NO_MEMORY.
 */
la_result la_key_set_parse(la_slice text, la_key_set_mode mode, la_key_set **ret);

la_key_set *la_key_set_hold(const la_key_set *s); /* takes NULL */
la_key_set *la_key_set_free(la_key_set *s);       /* takes NULL; returns NULL */

size_t la_key_set_count(const la_key_set *s);
const la_public_key *la_key_set_at(const la_key_set *s, size_t i); /* NULL past the end */

/*
 * Verifies with the keys that fit the header's alg and kid; a key without a kid goes by its thumbprint. Without a kid in the header,
 * each key that fits is tried. NOT_FOUND where none fits (a newer set may have it), INVALID where the signature is wrong, TOO_LARGE
 * where more than LA_KEY_SET_ATTEMPTS_MAX fit. `ret_key` is borrowed from the set.
 */
la_result la_key_set_verify(const la_key_set *s, const la_jwt *t, const la_public_key **ret_key);

#endif
