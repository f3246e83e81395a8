/*
 * What stands for several texts in a table of this process: 128 bits under a key that is random to it (BLAKE2b), so that nobody can aim
 * at the place of somebody else, two of them never meet, and the table holds none of the texts. Knows nothing of what they mean.
 */
#ifndef LA_SERVER_KEYED_DIGEST_H
#define LA_SERVER_KEYED_DIGEST_H

#include "base/slice.h"

#include <stdint.h>

#define LA_KEYED_DIGEST_BYTES 16
#define LA_KEYED_DIGEST_KEY_BYTES 32

typedef struct la_keyed_digest {
    uint8_t bytes[LA_KEYED_DIGEST_BYTES];
} la_keyed_digest;

/* Each part with its length, so that no two lists of parts are the same bytes. An absent part is not an empty one. */
la_keyed_digest la_keyed_digest_of(const uint8_t key[LA_KEYED_DIGEST_KEY_BYTES], const la_slice *parts, size_t n);

static inline bool la_keyed_digest_equal(const la_keyed_digest *a, const la_keyed_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* 32 of its bits, to choose a place: those from byte `at` on. */
static inline uint32_t la_keyed_digest_bits(const la_keyed_digest *d, size_t at)
{
    uint32_t bits;

    memcpy(&bits, d->bytes + at, sizeof bits);
    return bits;
}

#endif
