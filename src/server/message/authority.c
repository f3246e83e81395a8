#include "server/message/authority.h"

#include <arpa/inet.h>
#include <stdint.h>

/* unreserved and sub-delims (RFC 3986 2.2, 2.3) */
static const bool is_name_byte[256] = {
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true,  ['_'] = true,
    ['~'] = true,         ['!'] = true,         ['$'] = true,         ['&'] = true, ['\''] = true, ['('] = true,
    [')'] = true,         ['*'] = true,         ['+'] = true,         [','] = true, [';'] = true,  ['='] = true,
};

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static size_t name_length(la_slice s)
{
    size_t i = 0;
    while (i < s.n) {
        if (is_name_byte[(uint8_t)s.p[i]])
            i++;
        else if (s.p[i] == '%' && s.n - i > 2 && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2]))
            i += 3;
        else
            break;
    }
    return i;
}

/* The length of "[…]" where that is an IPv6 address, else 0. */
static size_t literal_length(la_slice s)
{
    const char *end = memchr(s.p, ']', s.n);
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (!end || (size_t)(end - s.p) > sizeof text)
        return 0;
    size_t n = (size_t)(end - s.p) - 1;
    memcpy(text, s.p + 1, n < sizeof text ? n : 0);
    text[n < sizeof text ? n : 0] = 0;
    return inet_pton(AF_INET6, text, &address) == 1 ? n + 2 : 0;
}

bool la_authority_parse(la_slice text, la_authority *ret)
{
    if (text.n == 0)
        return false;
    size_t n = text.p[0] == '[' ? literal_length(text) : name_length(text);
    if (n == 0)
        return false;
    unsigned long long port = 0;
    if (n < text.n) {
        la_slice digits = {text.p + n + 1, text.n - n - 1};
        if (text.p[n] != ':' || (digits.n > 0 && (!la_slice_to_u64(digits, 65535, &port) || port == 0)))
            return false;
    }
    *ret = (la_authority){.host = {text.p, n}, .port = (unsigned)port};
    return true;
}
