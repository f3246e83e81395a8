/* X-Forwarded-For: each proxy adds at the right whom it got the request from, so only what trusted ones added counts. */
#include "server/proxies/proxy_fields.h"

#include <arpa/inet.h>

#define HOPS_MAX 64

typedef struct address {
    int family;
    uint8_t bytes[16];
} address;

static bool parse_text(la_slice text, address *ret)
{
    char zero_terminated[LA_ADDRESS_CHARS];
    if (text.n == 0 || text.n >= sizeof zero_terminated)
        return false;
    memcpy(zero_terminated, text.p, text.n);
    zero_terminated[text.n] = 0;
    if (strlen(zero_terminated) != text.n)
        return false;
    ret->family = memchr(text.p, ':', text.n) ? AF_INET6 : AF_INET;
    return inet_pton(ret->family, zero_terminated, ret->bytes) == 1;
}

static bool is_port(la_slice s)
{
    unsigned long long port;
    return s.n > 1 && s.p[0] == ':' && la_slice_to_u64((la_slice){s.p + 1, s.n - 1}, 65535, &port);
}

/* 192.0.2.1, 192.0.2.1:1234, 2001:db8::1, [2001:db8::1], [2001:db8::1]:1234. */
static bool parse_address(la_slice text, address *ret)
{
    const char *end;
    if (text.n > 0 && text.p[0] == '[') {
        end = memchr(text.p, ']', text.n);
        if (!end)
            return false;
        la_slice inside = {text.p + 1, (size_t)(end - text.p) - 1};
        la_slice behind = {end + 1, text.n - inside.n - 2};
        return (behind.n == 0 || is_port(behind)) && parse_text(inside, ret) && ret->family == AF_INET6;
    }
    end = text.n > 0 ? memchr(text.p, ':', text.n) : NULL;
    if (end && memchr(text.p, '.', (size_t)(end - text.p))) {
        la_slice before = {text.p, (size_t)(end - text.p)};
        return is_port((la_slice){end, text.n - before.n}) && parse_text(before, ret);
    }
    return parse_text(text, ret);
}

static bool include(const la_proxies_config *proxies, const address *a)
{
    for (unsigned i = 0; i < proxies->n_addresses; i++)
        if (la_address_range_has(&proxies->addresses[i], a->bytes, a->family == AF_INET6 ? 16 : 4))
            return true;
    return false;
}

bool la_proxies_include(const la_proxies_config *proxies, la_slice text)
{
    address a;
    if (!la_slice_is(text, "unix"))
        return parse_text(text, &a) && include(proxies, &a);
    for (unsigned i = 0; i < proxies->n_addresses; i++)
        if (proxies->addresses[i].n_bytes == 0)
            return true;
    return false;
}

/* The last entry of a line; the line is shortened by it. */
static la_slice take_last(la_slice *line)
{
    size_t at = line->n;
    while (at > 0 && line->p[at - 1] != ',')
        at--;
    la_slice entry = {line->p + at, line->n - at};
    line->n = at > 0 ? at - 1 : 0;
    line->p = at > 0 ? line->p : NULL;
    return la_slice_trim(entry);
}

bool la_forwarded_for_find(const la_proxies_config *proxies, const la_slice *lines, size_t n_lines,
                           char ret[LA_ADDRESS_CHARS])
{
    bool found = false;
    int hops = 0;
    for (size_t i = n_lines; i-- > 0;) {
        la_slice line = lines[i];
        while (line.p && hops++ < HOPS_MAX) {
            address a;
            if (!parse_address(take_last(&line), &a))
                return found; /* whoever is nearest and known */
            inet_ntop(a.family, a.bytes, ret, LA_ADDRESS_CHARS);
            found = true;
            if (!include(proxies, &a))
                return true;
        }
    }
    return found;
}
