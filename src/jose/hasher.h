/*
 * Hashes of client secrets. Ours have 256 bits of entropy, so HMAC-SHA-256 under the pepper is enough
 * and costs under a microsecond; slow hashes (crypt(3), Argon2id) exist only for imported secrets.
 */
#ifndef LA_JOSE_HASHER_H
#define LA_JOSE_HASHER_H

#include "base/result.h"
#include "base/slice.h"
#include "model/model.h"

#define LA_PEPPER_BYTES 32

typedef struct la_hasher la_hasher; /* locked memory; immutable, shared by threads */

la_hasher *la_hasher_new(const uint8_t pepper[LA_PEPPER_BYTES]); /* NULL: no memory */
la_hasher *la_hasher_free(la_hasher *h);

/* HMAC-SHA-256(pepper, secret). */
void la_hasher_digest(const la_hasher *h, la_slice secret, uint8_t ret[LA_DIGEST_BYTES]);

/* Whether this build can check such a hash: $2a$ $2b$ $2y$ (bcrypt), $5$, $6$, $y$ (crypt), $argon2id$,
 * each also behind Spring's {bcrypt} or {argon2} prefix; cost bounded. */
bool la_slow_hash_supported(la_slice hash);

/* Checks a secret against one. Takes tens of milliseconds: never on an event loop. */
bool la_slow_hash_verify(la_slice hash, la_slice secret);

#endif
