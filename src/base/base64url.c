#include "base/base64url.h"

#include <stdint.h>

static const char url_alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void la_base64url_encode(const void *from, size_t n, char *ret)
{
    const uint8_t *p = from;
    for (; n >= 3; n -= 3, p += 3, ret += 4) {
        uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        ret[0] = url_alphabet[v >> 18];
        ret[1] = url_alphabet[v >> 12 & 63];
        ret[2] = url_alphabet[v >> 6 & 63];
        ret[3] = url_alphabet[v & 63];
    }
    if (n == 0)
        return;
    uint32_t v = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
    ret[0] = url_alphabet[v >> 18];
    ret[1] = url_alphabet[v >> 12 & 63];
    if (n == 2)
        ret[2] = url_alphabet[v >> 6 & 63];
}

void la_buffer_add_base64url(la_buffer *b, const void *from, size_t n)
{
    size_t chars = LA_BASE64URL_CHARS(n);
    char *to = la_buffer_reserve(b, chars);
    if (!to)
        return;
    la_base64url_encode(from, n, to);
    b->n += chars;
}

/* By character: 64 and its value; 0 for one that is not in the alphabet. A table, because the branches of anything else cannot be foretold. */
#define LETTERS_AND_DIGITS                                                                                          \
    ['A'] = 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88,     \
    89, ['a'] = 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, \
    112, 113, 114, 115, ['0'] = 116, 117, 118, 119, 120, 121, 122, 123, 124, 125
static const uint8_t url_values[256] = {LETTERS_AND_DIGITS, ['-'] = 126, ['_'] = 127};
static const uint8_t plain_values[256] = {LETTERS_AND_DIGITS, ['+'] = 126, ['/'] = 127};

static la_result decode(la_slice text, const uint8_t values[256], uint8_t *ret, size_t max, size_t *ret_n)
{
    size_t n = text.n / 4 * 3 + (text.n % 4 ? text.n % 4 - 1 : 0);
    if (text.n % 4 == 1)
        return la_error(LA_INVALID);
    if (n > max)
        return la_error(LA_TOO_LARGE);
    uint32_t bits = 0, all_known = 64;
    unsigned have = 0;
    size_t at = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint32_t v = values[(unsigned char)text.p[i]];
        all_known &= v;
        bits = bits << 6 | (v & 63);
        have += 6;
        if (have >= 8) {
            have -= 8;
            ret[at++] = (uint8_t)(bits >> have);
            bits &= (1u << have) - 1;
        }
    }
    if (!all_known)
        return la_error(LA_INVALID);
    /* Spare bits that are not zero would give one value two spellings (RFC 4648 3.5). */
    if (bits != 0)
        return la_error(LA_INVALID);
    *ret_n = at;
    return la_ok();
}

la_result la_base64url_decode(la_slice text, void *ret, size_t max, size_t *ret_n)
{
    return decode(text, url_values, ret, max, ret_n);
}

la_result la_base64_decode(la_slice text, void *ret, size_t max, size_t *ret_n)
{
    if (text.n && text.p[text.n - 1] == '=') {
        if (text.n % 4 != 0)
            return la_error(LA_INVALID);
        text.n--;
        if (text.p[text.n - 1] == '=')
            text.n--;
    }
    return decode(text, plain_values, ret, max, ret_n);
}
