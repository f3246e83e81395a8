/* How a client secret of ours is made and recognised. Knows its form, not who has one. */
#include "jose/client_secret.h"

#include "base/secret.h"

#include <stdio.h>

#define PREFIX_CHARS 9
#define ENTROPY_BYTES 32
#define ENTROPY_CHARS 43 /* 62^43 is just above 2^256 */
#define CHECKSUM_CHARS 6 /* 62^6 is just above 2^32 */
#define HINT_SHOWN 4
/* An imported secret that is shorter shows nothing of itself: every character of it may count. */
#define HINT_LEAST_CHARS 32

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Big-endian words as a number of fixed width in base 62: each value has one text, so nothing is lost or favoured. */
static void write_base62(uint32_t *words, size_t n, char *ret, size_t chars)
{
    for (size_t at = chars; at-- > 0;) {
        uint64_t rest = 0;
        for (size_t i = 0; i < n; i++) {
            uint64_t v = rest << 32 | words[i];
            words[i] = (uint32_t)(v / 62);
            rest = v % 62;
        }
        ret[at] = alphabet[rest];
    }
}

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The first 32 bits of the SHA-256 of everything before it: a typing error passes once in 2^32. It guards nothing else. */
static void write_checksum(la_slice secret, char ret[CHECKSUM_CHARS])
{
    uint8_t digest[LA_SHA256_BYTES];
    la_sha256(secret.p, secret.n, digest);
    uint32_t word = read_u32(digest);
    la_wipe(digest, sizeof digest);
    write_base62(&word, 1, ret, CHECKSUM_CHARS);
}

/* 256 random bits. */
static void write_entropy(char ret[ENTROPY_CHARS])
{
    uint8_t bytes[ENTROPY_BYTES];
    uint32_t words[ENTROPY_BYTES / 4];
    la_random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        words[i] = read_u32(bytes + 4 * i);
    write_base62(words, sizeof words / sizeof *words, ret, ENTROPY_CHARS);
    la_wipe(bytes, sizeof bytes);
    la_wipe(words, sizeof words);
}

static void generate(bool test, size_t chars, char *ret)
{
    memcpy(ret, test ? "las_test_" : "las_live_", PREFIX_CHARS);
    for (size_t at = PREFIX_CHARS; at < chars - CHECKSUM_CHARS; at += ENTROPY_CHARS)
        write_entropy(ret + at);
    write_checksum((la_slice){ret, chars - CHECKSUM_CHARS}, ret + chars - CHECKSUM_CHARS);
    ret[chars] = 0;
}

void la_secret_generate(bool test, char ret[LA_GENERATED_SECRET_CHARS + 1])
{
    generate(test, LA_GENERATED_SECRET_CHARS, ret);
}

void la_secret_generate_long(bool test, char ret[LA_LONG_SECRET_CHARS + 1])
{
    generate(test, LA_LONG_SECRET_CHARS, ret);
}

static bool is_base62(la_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || !memchr(alphabet, s.p[i], sizeof alphabet - 1))
            return false;
    return true;
}

static bool has_form(la_slice s)
{
    if (s.n != LA_GENERATED_SECRET_CHARS && s.n != LA_LONG_SECRET_CHARS)
        return false;
    if (!la_slice_starts(s, LA_SLICE("las_live_")) && !la_slice_starts(s, LA_SLICE("las_test_")))
        return false;
    return is_base62((la_slice){s.p + PREFIX_CHARS, s.n - PREFIX_CHARS});
}

static bool checksum_is_right(la_slice s)
{
    char expected[CHECKSUM_CHARS];
    write_checksum((la_slice){s.p, s.n - CHECKSUM_CHARS}, expected);
    return memcmp(expected, s.p + s.n - CHECKSUM_CHARS, CHECKSUM_CHARS) == 0;
}

bool la_secret_is_mistyped(la_slice secret)
{
    return has_form(secret) && !checksum_is_right(secret);
}

void la_secret_hint(la_slice secret, char ret[LA_SECRET_HINT_BYTES])
{
    const char *tail = secret.p + secret.n - HINT_SHOWN;
    if (has_form(secret) && checksum_is_right(secret))
        snprintf(ret, LA_SECRET_HINT_BYTES, "%.*s\u2026%.*s", PREFIX_CHARS + HINT_SHOWN, secret.p, HINT_SHOWN, tail);
    else if (secret.n >= HINT_LEAST_CHARS)
        snprintf(ret, LA_SECRET_HINT_BYTES, "imported \u2026%.*s", HINT_SHOWN, tail);
    else
        snprintf(ret, LA_SECRET_HINT_BYTES, "imported");
}
