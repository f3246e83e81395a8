#include "server/tables/keyed_digest.h"

#include <sodium.h>

la_keyed_digest la_keyed_digest_of(const uint8_t key[LA_KEYED_DIGEST_KEY_BYTES], const la_slice *parts, size_t n)
{
    crypto_generichash_state state;
    la_keyed_digest digest;

    crypto_generichash_init(&state, key, LA_KEYED_DIGEST_KEY_BYTES, sizeof digest.bytes);
    for (size_t i = 0; i < n; i++) {
        uint64_t length = parts[i].p ? parts[i].n : UINT64_MAX;

        crypto_generichash_update(&state, (const uint8_t *)&length, sizeof length);
        if (parts[i].p)
            crypto_generichash_update(&state, (const uint8_t *)parts[i].p, parts[i].n);
    }
    crypto_generichash_final(&state, digest.bytes, sizeof digest.bytes);
    return digest;
}
