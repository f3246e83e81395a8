/*
 * The keyed hash of our own secrets. Knows the pepper; must not know applications. Slow hashes: slow_hash.c.
 *
 * libsodium's HMAC with both key blocks hashed beforehand and its state copied takes 0.56 us for a secret of 58 characters,
 * OpenSSL's 0.17 to 0.23. libsodium's it is: the state is plain bytes, so it lies in locked memory, is shared by all threads
 * and is copied without an allocation; OpenSSL's would lie on its heap, once a thread, and allocates for each copy.
 */
#include "jose/hasher.h"

#include "base/secret.h"

#include <sodium.h>

_Static_assert(LA_DIGEST_BYTES == crypto_auth_hmacsha256_BYTES, "HMAC-SHA-256");

struct la_hasher {
    crypto_auth_hmacsha256_state keyed; /* after the key, before any text */
};

la_hasher *la_hasher_new(const uint8_t pepper[LA_PEPPER_BYTES])
{
    la_hasher *h = la_secret_alloc(sizeof *h);
    if (h)
        crypto_auth_hmacsha256_init(&h->keyed, pepper, LA_PEPPER_BYTES);
    return h;
}

la_hasher *la_hasher_free(la_hasher *h)
{
    return la_secret_free(h);
}

void la_hasher_digest(const la_hasher *h, la_slice secret, uint8_t ret[LA_DIGEST_BYTES])
{
    crypto_auth_hmacsha256_state state = h->keyed;
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)secret.p, secret.n);
    crypto_auth_hmacsha256_final(&state, ret);
    la_wipe(&state, sizeof state);
}
