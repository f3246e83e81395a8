/*
 * X-Forwarded-Client-Cert: elements with commas between them, each of key=value pairs with semicolons between them; a value may
 * be quoted. An element for each proxy that handed the request on: more than one means that somebody before the last proxy had
 * a say, so that is refused (Envoy: forward_client_cert_details SANITIZE_SET).
 */
#include "server/proxies/proxy_fields.h"

static bool is_key_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The value at the start of *s, and behind it. Inside quotes a backslash keeps the next character; the value stays as written. */
static bool take_value(la_slice *s, la_slice *ret)
{
    size_t n = 0;
    if (s->n == 0 || s->p[0] != '"') {
        while (n < s->n && s->p[n] != ';' && s->p[n] != ',') {
            if (s->p[n] == '"')
                return false;
            n++;
        }
        *ret = (la_slice){s->p, n};
        *s = (la_slice){s->p + n, s->n - n};
        return true;
    }
    n = 1;
    while (n < s->n && s->p[n] != '"')
        n += s->p[n] == '\\' ? 2 : 1;
    if (n >= s->n)
        return false;
    *ret = (la_slice){s->p + 1, n - 1};
    *s = (la_slice){s->p + n + 1, s->n - n - 1};
    return true;
}

static bool take_pair(la_slice *s, la_slice *ret_key, la_slice *ret_value)
{
    size_t n = 0;
    while (n < s->n && is_key_char(s->p[n]))
        n++;
    if (n == 0 || n == s->n || s->p[n] != '=')
        return false;
    *ret_key = (la_slice){s->p, n};
    *s = (la_slice){s->p + n + 1, s->n - n - 1};
    return take_value(s, ret_value);
}

la_result la_xfcc_read(la_slice field, la_xfcc *ret)
{
    la_xfcc found = {LA_NO_SLICE, LA_NO_SLICE};
    la_slice key, value;
    for (;;) {
        if (!take_pair(&field, &key, &value))
            return la_error(LA_INVALID);
        la_slice *wanted = la_slice_equal_nocase(key, LA_SLICE("cert"))    ? &found.certificate
                           : la_slice_equal_nocase(key, LA_SLICE("chain")) ? &found.chain
                                                                           : NULL;
        if (wanted && wanted->p)
            return la_error(LA_INVALID);
        if (wanted)
            *wanted = value;
        if (field.n == 0)
            break;
        if (field.p[0] != ';')
            return la_error(LA_INVALID);
        field = (la_slice){field.p + 1, field.n - 1};
    }
    if (!found.certificate.p && !found.chain.p)
        return la_error(LA_INVALID);
    *ret = found;
    return la_ok();
}
