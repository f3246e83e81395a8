#include "base/slice.h"

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

bool la_slice_equal_nocase(la_slice a, la_slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower((unsigned char)a.p[i]) != lower((unsigned char)b.p[i]))
            return false;
    return true;
}

bool la_slice_split(la_slice *rest, char separator, la_slice *ret_part)
{
    if (!rest->p)
        return false;
    const char *hit = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    if (!hit) {
        *ret_part = *rest;
        *rest = LA_NO_SLICE;
        return true;
    }
    size_t n = (size_t)(hit - rest->p);
    *ret_part = (la_slice){rest->p, n};
    *rest = (la_slice){hit + 1, rest->n - n - 1};
    return true;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

la_slice la_slice_trim(la_slice s)
{
    while (s.n && blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool la_slice_to_u64(la_slice s, unsigned long long max, unsigned long long *ret)
{
    unsigned long long v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        unsigned digit = (unsigned)(s.p[i] - '0');
        if (digit > max || v > (max - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *ret = v;
    return true;
}

/* RFC 3629 4, the table of well-formed byte sequences. */
size_t la_utf8_sequence(la_slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (s.n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || s.n < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xED && p[1] > 0x9F;
    bool beyond = p[0] == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : n;
}

bool la_slice_is_utf8(la_slice s)
{
    while (s.n) {
        size_t n = la_utf8_sequence(s);
        if (n == 0)
            return false;
        s.p += n;
        s.n -= n;
    }
    return true;
}
