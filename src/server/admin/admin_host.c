#include "server/admin/admin_host.h"

#include "server/message/authority.h"

#include <arpa/inet.h>

/* Nothing from elsewhere, no code in pages, no frames around them, and no word to others of what is open here. */
static const char headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()\r\n";

void la_admin_headers_write(la_slice origin, la_buffer *ret)
{
    la_buffer_add_text(ret, headers);
    if (la_slice_starts(origin, LA_SLICE("https://")))
        la_buffer_add_text(ret, "Strict-Transport-Security: max-age=31536000\r\n");
}

/* 127.0.0.0/8 (RFC 1122 3.2.1.3) or ::1, written as an address and not as anything that a resolver could answer. */
static bool is_loopback(la_slice host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    bool is_v6 = host.n > 2 && host.p[0] == '[';

    if (la_slice_equal_nocase(host, LA_SLICE("localhost")))
        return true;
    if (is_v6)
        host = (la_slice){host.p + 1, host.n - 2};
    if (host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (is_v6)
        return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    return inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

/* What stands behind scheme "://", and the port of that scheme. */
static bool read_origin(la_slice origin, la_authority *ret, unsigned *ret_default_port)
{
    bool is_https = la_slice_starts(origin, LA_SLICE("https://"));
    size_t skip = is_https ? 8 : 7;

    if (!is_https && !la_slice_starts(origin, LA_SLICE("http://")))
        return false;
    *ret_default_port = is_https ? 443 : 80;
    return la_authority_parse((la_slice){origin.p + skip, origin.n - skip}, ret);
}

static unsigned port_of(const la_authority *a, unsigned default_port)
{
    return a->port ? a->port : default_port;
}

bool la_admin_host_is_ours(la_slice authority, la_slice origin)
{
    la_authority asked, ours;
    unsigned default_port;

    if (!authority.p || !la_authority_parse(authority, &asked))
        return false;
    if (is_loopback(asked.host))
        return true;
    return read_origin(origin, &ours, &default_port) && la_slice_equal_nocase(asked.host, ours.host) &&
           port_of(&asked, default_port) == port_of(&ours, default_port);
}
