/*
 * RFC 3986 6.2.2 (case, percent-encoding, dot segments) and 6.2.3 (default port, empty path). Nothing that could be read in two
 * ways is repaired: a backslash, a blank or a broken escape makes it no URI.
 */
#include "oauth/htu.h"

#include "base/hex.h"

typedef struct writer {
    char *p;
    size_t n;
    bool failed;
} writer;

static void add(writer *w, char c)
{
    if (w->n == LA_HTU_MAX)
        w->failed = true;
    else
        w->p[w->n++] = c;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool is_unreserved(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

/* RFC 3986 3.3 pchar, without the unreserved and the percent-encoded. */
static bool is_reserved_in_path(char c)
{
    return c != '\0' && strchr("!$&'()*+,;=:@", c) != NULL;
}

/* What %HH stands for; -1 where `at` is no such triplet. */
static int escaped(la_slice s, size_t at)
{
    if (at + 2 >= s.n)
        return -1;
    int high = la_hex_value(s.p[at + 1]), low = la_hex_value(s.p[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool take_scheme(la_slice *rest, writer *w, const char **ret_default_port)
{
    static const struct {
        la_slice text;
        const char *port;
    } schemes[] = {{LA_SLICE_INIT("https://"), "443"}, {LA_SLICE_INIT("http://"), "80"}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        la_slice text = schemes[i].text;
        if (rest->n < text.n || !la_slice_equal_nocase((la_slice){rest->p, text.n}, text))
            continue;
        for (size_t k = 0; k < text.n; k++)
            add(w, text.p[k]);
        *rest = (la_slice){rest->p + text.n, rest->n - text.n};
        *ret_default_port = schemes[i].port;
        return true;
    }
    return false;
}

static bool write_address(la_slice host, writer *w)
{
    if (host.n < 4 || host.p[host.n - 1] != ']')
        return false;
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool is_bracket = i == 0 || i == host.n - 1;
        if (!is_bracket && la_hex_value(c) < 0 && c != ':' && c != '.')
            return false;
        add(w, lower(c));
    }
    return true;
}

/* A name, as far as host names go: RFC 3986 would let sub-delims through, and no host has them. */
static bool write_host(la_slice host, writer *w)
{
    if (host.n == 0)
        return false;
    if (host.p[0] == '[')
        return write_address(host, w);
    for (size_t i = 0; i < host.n; i++) {
        int c = (unsigned char)host.p[i];
        if (c == '%') {
            c = escaped(host, i);
            i += 2;
        }
        if (!is_unreserved(c))
            return false;
        add(w, lower((char)c));
    }
    return true;
}

static bool write_authority(la_slice authority, const char *default_port, writer *w)
{
    size_t colon = authority.n;
    for (size_t i = authority.n; i > 0 && authority.p[i - 1] != ']' && colon == authority.n; i--)
        if (authority.p[i - 1] == ':')
            colon = i - 1;
    if (!write_host((la_slice){authority.p, colon}, w))
        return false;
    if (colon == authority.n)
        return true;
    la_slice port = {authority.p + colon + 1, authority.n - colon - 1};
    unsigned long long number = 0;
    if (port.n == 0 || la_slice_is(port, default_port))
        return true;
    if (!la_slice_to_u64(port, 65535, &number))
        return false;
    add(w, ':');
    for (size_t i = 0; i < port.n; i++)
        add(w, port.p[i]);
    return true;
}

static bool write_path(la_slice path, writer *w)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < path.n; i++) {
        int c = (unsigned char)path.p[i];
        bool is_escaped = c == '%';
        if (is_escaped) {
            c = escaped(path, i);
            if (c < 0)
                return false;
            i += 2;
        }
        if (is_unreserved(c) || (!is_escaped && (c == '/' || is_reserved_in_path((char)c)))) {
            add(w, (char)c);
        } else if (is_escaped) {
            add(w, '%');
            add(w, digits[c >> 4]);
            add(w, digits[c & 0xF]);
        } else {
            return false;
        }
    }
    return true;
}

/* RFC 3986 5.2.4, in place. `path` begins with a slash; gives its new length. */
static size_t remove_dot_segments(char *path, size_t n)
{
    size_t out = 0;
    for (size_t at = 0, end; at < n; at = end) {
        end = at + 1;
        while (end < n && path[end] != '/')
            end++;
        la_slice segment = {path + at + 1, end - at - 1};
        bool is_up = la_slice_is(segment, "..");
        if (!is_up && !la_slice_is(segment, ".")) {
            memmove(path + out, path + at, end - at);
            out += end - at;
            continue;
        }
        while (is_up && out > 0 && path[--out] != '/')
            ;
        if (end == n)
            path[out++] = '/';
    }
    return out;
}

bool la_htu_normalise(la_slice uri, char ret[LA_HTU_MAX], size_t *ret_n)
{
    writer w = {.p = ret};
    const char *default_port;
    if (uri.n > LA_HTU_MAX || !take_scheme(&uri, &w, &default_port))
        return false;
    size_t authority_n = 0, end = 0;
    while (authority_n < uri.n && !strchr("/?#", uri.p[authority_n]))
        authority_n++;
    for (end = authority_n; end < uri.n && uri.p[end] != '?' && uri.p[end] != '#'; end++)
        ;
    if (!write_authority((la_slice){uri.p, authority_n}, default_port, &w))
        return false;
    size_t path_at = w.n;
    if (end == authority_n)
        add(&w, '/');
    if (!write_path((la_slice){uri.p + authority_n, end - authority_n}, &w) || w.failed)
        return false;
    *ret_n = path_at + remove_dot_segments(ret + path_at, w.n - path_at);
    return true;
}
