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

/* 0 to 63, or 64 for a character outside the alphabet. */
static uint32_t value_of(unsigned char c, char c62, char c63)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26u;
    if (c >= '0' && c <= '9')
        return c - '0' + 52u;
    if (c == (unsigned char)c62)
        return 62;
    if (c == (unsigned char)c63)
        return 63;
    return 64;
}

static la_result decode(la_slice text, char c62, char c63, uint8_t *ret, size_t max, size_t *ret_n)
{
    size_t n = text.n / 4 * 3 + (text.n % 4 ? text.n % 4 - 1 : 0);
    if (text.n % 4 == 1)
        return la_error(LA_INVALID);
    if (n > max)
        return la_error(LA_TOO_LARGE);
    uint32_t bits = 0;
    unsigned have = 0;
    size_t at = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint32_t v = value_of((unsigned char)text.p[i], c62, c63);
        if (v == 64)
            return la_error(LA_INVALID);
        bits = bits << 6 | v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            ret[at++] = (uint8_t)(bits >> have);
            bits &= (1u << have) - 1;
        }
    }
    /* Spare bits that are not zero would give one value two spellings (RFC 4648 3.5). */
    if (bits != 0)
        return la_error(LA_INVALID);
    *ret_n = at;
    return la_ok();
}

la_result la_base64url_decode(la_slice text, void *ret, size_t max, size_t *ret_n)
{
    return decode(text, '-', '_', ret, max, ret_n);
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
    return decode(text, '+', '/', ret, max, ret_n);
}
