/* PEM (RFC 7468 3) in percent-encoding (RFC 3986 2.1). A plus sign is one: Base64 has it, and nobody means a blank by it here. */
#include "base/base64url.h"
#include "base/hex.h"
#include "server/proxies/proxy_fields.h"

static la_result unescape(la_slice field, la_arena *arena, la_slice *ret)
{
    char *to = la_arena_take(arena, field.n);
    size_t n = 0;
    if (!to)
        return la_error(LA_NO_MEMORY);
    for (size_t i = 0; i < field.n; i++) {
        if (field.p[i] != '%') {
            to[n++] = field.p[i];
            continue;
        }
        int high = field.n - i > 2 ? la_hex_value(field.p[i + 1]) : -1;
        int low = field.n - i > 2 ? la_hex_value(field.p[i + 2]) : -1;
        if (high < 0 || low < 0)
            return la_error(LA_INVALID);
        to[n++] = (char)(high << 4 | low);
        i += 2;
    }
    *ret = (la_slice){to, n};
    return la_ok();
}

static bool takes(la_slice *s, la_slice prefix)
{
    if (!la_slice_starts(*s, prefix))
        return false;
    *s = (la_slice){s->p + prefix.n, s->n - prefix.n};
    return true;
}

static bool takes_end_of_line(la_slice *s)
{
    return takes(s, LA_SLICE("\r\n")) || takes(s, LA_SLICE("\n"));
}

/* The lines up to the closing one, joined in place. */
static la_result join_lines(char *p, la_slice *rest, la_slice *ret)
{
    size_t n = 0;
    while (rest->n > 0 && rest->p[0] != '-') {
        if (takes_end_of_line(rest))
            continue;
        p[n++] = rest->p[0];
        *rest = (la_slice){rest->p + 1, rest->n - 1};
    }
    *ret = (la_slice){p, n};
    return n > 0 ? la_ok() : la_error(LA_INVALID);
}

/* The certificate at the start of *rest, and behind it. */
static la_result take_certificate(la_slice *rest, la_arena *arena, la_slice *ret_der)
{
    la_slice text;
    size_t n = 0;
    if (!takes(rest, LA_SLICE("-----BEGIN CERTIFICATE-----")) || !takes_end_of_line(rest))
        return la_error(LA_INVALID);
    char *joined = la_arena_take(arena, rest->n + 1);
    if (!joined)
        return la_error(LA_NO_MEMORY);
    LA_TRY(join_lines(joined, rest, &text));
    if (!takes(rest, LA_SLICE("-----END CERTIFICATE-----")))
        return la_error(LA_INVALID);
    (void)takes_end_of_line(rest);
    char *der = la_arena_take(arena, text.n);
    if (!der)
        return la_error(LA_NO_MEMORY);
    LA_TRY(la_base64_decode(text, der, text.n, &n));
    if (!la_der_is_one_sequence((la_slice){der, n}))
        return la_error(LA_INVALID);
    *ret_der = (la_slice){der, n};
    return la_ok();
}

la_result la_escaped_pem_parse(la_slice field, la_arena *arena, la_slice *ret_der)
{
    la_slice rest, der;
    if (field.n == 0)
        return la_error(LA_INVALID);
    LA_TRY(unescape(field, arena, &rest));
    LA_TRY(take_certificate(&rest, arena, &der));
    if (rest.n > 0) /* another certificate, or anything else */
        return la_error(LA_INVALID);
    *ret_der = der;
    return la_ok();
}

la_result la_escaped_pem_parse_all(la_slice field, la_arena *arena, la_der_list *ret)
{
    la_slice rest;
    la_der_list list = {.n = 0};
    if (field.n == 0)
        return la_error(LA_INVALID);
    LA_TRY(unescape(field, arena, &rest));
    do {
        if (list.n == 1 + LA_PROXY_CHAIN_MAX)
            return la_error(LA_TOO_LARGE);
        LA_TRY(take_certificate(&rest, arena, &list.items[list.n++]));
    } while (rest.n > 0);
    *ret = list;
    return la_ok();
}
