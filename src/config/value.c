/* See value.h. */
#include "config/value.h"

#include "model/model.h"

#include <arpa/inet.h>
#include <string.h>

#define ISSUER_MAX 256
#define AUDIENCE_MAX 256
#define SCOPE_MAX 64
#define HOST_MAX 253
#define PATH_MAX_BYTES 3000

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alnum(char c)
{
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* True where each byte is a letter, a digit, or one of `others`. */
static bool consists_of(la_slice s, const char *others)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && (s.p[i] == 0 || !strchr(others, s.p[i])))
            return false;
    return true;
}

static bool has(la_slice s, char c)
{
    return s.n && memchr(s.p, c, s.n);
}

/* ---- addresses and hosts ---- */

bool la_address_parse(const char *text, uint8_t ret_bytes[16], unsigned *ret_n)
{
    uint8_t bytes[16];
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, bytes) != 1)
        return false;
    *ret_n = family == AF_INET6 ? 16 : 4;
    memcpy(ret_bytes, bytes, *ret_n);
    return true;
}

static bool parse_address(la_slice s, uint8_t ret_bytes[16], unsigned *ret_n)
{
    char text[INET6_ADDRSTRLEN];
    if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    return la_address_parse(text, ret_bytes, ret_n);
}

bool la_address_range_parse(la_slice text, la_address_range *ret)
{
    la_address_range range = {0};
    la_slice address = text, bits = LA_NO_SLICE;
    const char *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    unsigned long long n_bits;
    unsigned n;
    if (la_slice_is(text, "unix")) {
        *ret = range;
        return true;
    }
    if (slash) {
        address.n = (size_t)(slash - text.p);
        bits = (la_slice){slash + 1, text.n - address.n - 1};
    }
    if (!parse_address(address, range.bytes, &n))
        return false;
    range.n_bytes = (uint8_t)n;
    n_bits = n * 8;
    if (slash && (bits.n == 0 || !la_slice_to_u64(bits, n * 8, &n_bits)))
        return false;
    range.n_bits = (uint8_t)n_bits;
    for (unsigned bit = range.n_bits; bit < n * 8; bit++)
        if (range.bytes[bit / 8] & 0x80 >> bit % 8)
            return false;
    *ret = range;
    return true;
}

/* A path that fits into a sockaddr_un with its zero byte. */
static bool is_unix_address(la_slice s)
{
    const la_slice prefix = LA_SLICE(LA_UNIX_PREFIX);
    if (!la_slice_starts(s, prefix) || s.n - prefix.n > 107 || s.p[prefix.n] != '/')
        return false;
    for (size_t i = prefix.n; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return false;
    return s.n > prefix.n + 1;
}

/* RFC 1123 2.1, with the underscore that internal names have. The last label is not a number, so that 10.0.0.256 is no name. */
static bool is_host_name(la_slice s)
{
    la_slice rest = s, label = LA_NO_SLICE;
    if (s.n == 0 || s.n > HOST_MAX)
        return false;
    while (la_slice_split(&rest, '.', &label))
        if (label.n == 0 || label.n > 63 || !consists_of(label, "-_") || label.p[0] == '-' ||
            label.p[label.n - 1] == '-')
            return false;
    for (size_t i = 0; i < label.n; i++)
        if (!is_digit(label.p[i]))
            return true;
    return false;
}

static bool is_host(la_slice s)
{
    uint8_t bytes[16];
    unsigned n;
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        return parse_address((la_slice){s.p + 1, s.n - 2}, bytes, &n) && n == 16;
    return (parse_address(s, bytes, &n) && n == 4) || is_host_name(s);
}

/* localhost names (RFC 6761 6.3) and loopback addresses (RFC 8252 8.3): what never leaves the machine. */
static bool is_loopback(la_slice host)
{
    static const uint8_t loopback6[16] = {[15] = 1};
    const la_slice name = LA_SLICE("localhost");
    uint8_t bytes[16];
    unsigned n;
    if (host.n && host.p[0] == '[')
        return parse_address((la_slice){host.p + 1, host.n - 2}, bytes, &n) && memcmp(bytes, loopback6, 16) == 0;
    if (parse_address(host, bytes, &n))
        return bytes[0] == 127;
    if (host.n > name.n && host.p[host.n - name.n - 1] == '.')
        host = (la_slice){host.p + host.n - name.n, name.n};
    return la_slice_equal_nocase(host, name);
}

/* ---- issuers ---- */

static bool is_port(la_slice s)
{
    unsigned long long port;
    return s.n && s.p[0] != '0' && la_slice_to_u64(s, 65535, &port);
}

/* No dot segments, empty segments or percent-encoding: what a proxy or client library would rewrite, and then the issuer
 * in the token is no longer the one that was asked for. */
static const char *check_issuer_path(la_slice path)
{
    la_slice segment, rest = {path.p + 1, path.n - 1};
    if (has(path, '%'))
        return "an issuer without percent-encoding in its path";
    if (!consists_of(path, "/-._~!$&'()*+,;=:@"))
        return "an issuer whose path has URL characters only (RFC 3986 3.3)";
    while (la_slice_split(&rest, '/', &segment)) {
        if (segment.n == 0 && rest.p)
            return "an issuer without empty segments in its path";
        if (la_slice_is(segment, ".") || la_slice_is(segment, ".."))
            return "an issuer without dot segments in its path";
    }
    return NULL;
}

static const char *parse_authority(la_slice authority, la_slice *ret_host)
{
    if (has(authority, '@'))
        return "an issuer without user information (RFC 8414 2)";
    la_slice host = authority;
    const char *search = authority.p;
    if (authority.n && authority.p[0] == '[') {
        const char *end = memchr(authority.p, ']', authority.n);
        search = end ? end : search;
    }
    const char *colon = memchr(search, ':', authority.n - (size_t)(search - authority.p));
    if (colon) {
        host.n = (size_t)(colon - authority.p);
        if (!is_port((la_slice){colon + 1, authority.n - host.n - 1}))
            return "an issuer whose port is a number from 1 to 65535";
    }
    if (!is_host(host))
        return "an issuer with a valid host name or address";
    *ret_host = host;
    return NULL;
}

const char *la_issuer_parse(la_slice issuer, la_issuer_parts *ret)
{
    const la_slice https = LA_SLICE("https://"), http = LA_SLICE("http://");
    la_issuer_parts parts = {.https = la_slice_starts(issuer, https)};
    if (issuer.n > ISSUER_MAX)
        return "an issuer of at most 256 characters";
    if (!parts.https && !la_slice_starts(issuer, http))
        return "a URL that starts with https:// (RFC 8414 2)";
    if (has(issuer, '?'))
        return "an issuer without a query (RFC 8414 2)";
    if (has(issuer, '#'))
        return "an issuer without a fragment (RFC 8414 2)";
    size_t scheme = parts.https ? https.n : http.n;
    la_slice authority = {issuer.p + scheme, issuer.n - scheme};
    const char *slash = authority.n ? memchr(authority.p, '/', authority.n) : NULL;
    la_slice path = {"", 0};
    if (slash) {
        authority.n = (size_t)(slash - authority.p);
        path = (la_slice){slash, (size_t)(issuer.p + issuer.n - slash)};
    }
    const char *expected = parse_authority(authority, &parts.host);
    if (!expected && path.n)
        expected = check_issuer_path(path);
    if (!expected && !parts.https && !is_loopback(parts.host))
        expected = "https (http is for localhost, *.localhost and loopback addresses only)";
    if (expected)
        return expected;
    parts.path = path;
    if (path.n && path.p[path.n - 1] == '/')
        parts.path.n--;
    *ret = parts;
    return NULL;
}

/* ---- audiences ---- */

/* absolute-URI of RFC 3986 4.3, with a host where the scheme wants one. */
static bool is_absolute_uri(la_slice s)
{
    const char *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
    if (!colon || colon == s.p || colon == s.p + s.n - 1)
        return false;
    la_slice scheme = {s.p, (size_t)(colon - s.p)}, rest = {colon + 1, s.n - scheme.n - 1};
    if (!consists_of(scheme, "+-.") || !is_alnum(scheme.p[0]) || is_digit(scheme.p[0]))
        return false;
    if (!consists_of(rest, "-._~:/?[]@!$&'()*+,;=%"))
        return false;
    for (size_t i = 0; i < rest.n; i++)
        if (rest.p[i] == '%' && (i + 2 >= rest.n || !is_hex(rest.p[i + 1]) || !is_hex(rest.p[i + 2])))
            return false;
    if (la_slice_equal_nocase(scheme, LA_SLICE("https")) || la_slice_equal_nocase(scheme, LA_SLICE("http")))
        return la_slice_starts(rest, LA_SLICE("//")) && rest.n > 2 && (is_alnum(rest.p[2]) || rest.p[2] == '[');
    return true;
}

bool la_audience_is_valid(la_slice text)
{
    return la_text_expected(LA_TEXT_AUDIENCE, text) == NULL;
}

/* ---- all kinds ---- */

static bool is_environment_name(la_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]) && !is_lower(s.p[i]) && s.p[i] != '-')
            return false;
    return s.n > 0 && s.n <= LA_ENVIRONMENT_NAME_MAX;
}

/* Control characters would make log lines and paths lie; a zero byte would cut the path short. */
static bool is_path(la_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return false;
    return s.n > 0 && s.n <= PATH_MAX_BYTES;
}

/* RFC 9110 5.1. Not a field that says something else to this server. */
static bool is_field_name(la_slice s)
{
    static const char *const taken[] = {"host",         "authorization", "content-length",
                                        "content-type", "cookie",        "transfer-encoding",
                                        "connection",   "origin",        "x-forwarded-for"};
    if (s.n == 0 || s.n > 64 || !consists_of(s, "!#$%&'*+-.^_`|~"))
        return false;
    for (unsigned i = 0; i < sizeof taken / sizeof *taken; i++)
        if (la_slice_equal_nocase(s, la_slice_of(taken[i])))
            return false;
    return true;
}

static const char *scope_expected(la_slice s)
{
    if (s.n == 0 || s.n > SCOPE_MAX)
        return "a scope name of 1 to 64 characters";
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] > 0x7E || s.p[i] == '"' || s.p[i] == '\\')
            return "a scope name of printable ASCII without blanks, quotes and backslashes (RFC 6749 3.3)";
    if (la_slice_is(s, "api") || la_slice_is(s, "customer") || la_slice_starts(s, LA_SLICE("customer.")))
        return "a scope name other than api, customer and customer.…, which have sections of their own";
    if (la_slice_is(s, "admin:read") || la_slice_is(s, "admin:write"))
        return "a scope name other than admin:read and admin:write, which admin.environment brings";
    return NULL;
}

/* Compared byte by byte with what browsers send, so it must be written as they do (RFC 6454 6.1). */
static const char *origin_expected(la_slice s)
{
    la_issuer_parts parts;
    const char *expected =
        "an origin such as https://leanauth.example.com: scheme, host in lower case, port unless it is "
        "the scheme's own, and nothing behind it; http only for localhost names and loopback addresses";
    if (la_issuer_parse(s, &parts) || parts.path.n || s.p[s.n - 1] == '/')
        return expected;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'Z')
            return expected;
    la_slice own = parts.https ? LA_SLICE(":443") : LA_SLICE(":80");
    bool has_own = s.n > own.n && memcmp(s.p + s.n - own.n, own.p, own.n) == 0;
    return has_own ? expected : NULL;
}

const char *la_text_expected(la_text_kind kind, la_slice text)
{
    uint8_t bytes[16];
    unsigned n;
    la_issuer_parts parts;
    la_address_range range;
    switch (kind) {
    case LA_TEXT_NONE:
        return NULL;
    case LA_TEXT_ADDRESS:
        return parse_address(text, bytes, &n) ? NULL
                                              : "a numeric IPv4 or IPv6 address such as 127.0.0.1, 0.0.0.0 or ::";
    case LA_TEXT_PATH:
        return is_path(text) ? NULL : "a path of 1 to 3000 bytes without control characters";
    case LA_TEXT_ENVIRONMENT:
        return is_environment_name(text) ? NULL : "a name of 1 to 40 characters of a-z, 0-9 and -";
    case LA_TEXT_ISSUER:
        return la_issuer_parse(text, &parts);
    case LA_TEXT_HOST:
        return is_host(text) ? NULL : "a host name or address without scheme, port and path (IPv6 in brackets)";
    case LA_TEXT_AUDIENCE:
        return text.n <= AUDIENCE_MAX && is_absolute_uri(text)
                   ? NULL
                   : "an absolute URI of at most 256 characters without a fragment, such as https://api.example.com";
    case LA_TEXT_SCOPE:
        return scope_expected(text);
    case LA_TEXT_LISTEN:
        return parse_address(text, bytes, &n) || is_unix_address(text)
                   ? NULL
                   : "a numeric IPv4 or IPv6 address such as 127.0.0.1, 0.0.0.0 or ::, or unix:/path/of/a/socket";
    case LA_TEXT_PROXY:
        return la_address_range_parse(text, &range)
                   ? NULL
                   : "an address (192.0.2.1), a range without bits behind its prefix (10.0.0.0/8), or unix";
    case LA_TEXT_RANGE:
        return la_address_range_parse(text, &range) && range.n_bytes
                   ? NULL
                   : "an address (192.0.2.1), or a range without bits behind its prefix (10.0.0.0/8)";
    case LA_TEXT_FIELD:
        return is_field_name(text) ? NULL
                                   : "the name of a header field, such as X-SSL-Client-Cert, that means nothing else";
    case LA_TEXT_ORIGIN:
        return origin_expected(text);
    }
    return NULL;
}

bool la_address_range_has(const la_address_range *range, const uint8_t *bytes, unsigned n_bytes)
{
    unsigned whole = range->n_bits / 8u, rest = range->n_bits % 8u;
    if (range->n_bytes != n_bytes || memcmp(range->bytes, bytes, whole) != 0)
        return false;
    return rest == 0 || (range->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0;
}
