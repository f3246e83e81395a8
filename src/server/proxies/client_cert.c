/* RFC 9440 2.2 and 2.3 with RFC 8941 3.1 and 3.3.5. */
#include "base/base64url.h"
#include "server/proxies/proxy_fields.h"

/* The first SEQUENCE of what is left, whole; false where there is none. */
static bool take_sequence(la_slice *rest, la_slice *ret)
{
    const unsigned char *p = (const unsigned char *)rest->p;
    size_t head = 2, length;
    if (rest->n < 2 || p[0] != 0x30)
        return false;
    length = p[1];
    if (p[1] >= 0x80) {
        unsigned n_length = p[1] & 0x7F;
        if (n_length == 0 || n_length > 3 || rest->n < 2u + n_length || p[2] == 0)
            return false; /* indefinite, or larger than any header section */
        head += n_length;
        length = 0;
        for (unsigned i = 0; i < n_length; i++)
            length = length << 8 | p[2 + i];
        if (length < 0x80)
            return false;
    }
    if (rest->n - head < length)
        return false;
    *ret = (la_slice){rest->p, head + length};
    *rest = (la_slice){rest->p + ret->n, rest->n - ret->n};
    return true;
}

bool la_der_is_one_sequence(la_slice der)
{
    la_slice whole;
    return take_sequence(&der, &whole) && der.n == 0;
}

/* The byte sequence at the start of *rest, decoded. */
static la_result take_bytes(la_slice *rest, la_arena *arena, la_slice *ret)
{
    size_t n = 0;
    const char *end = rest->n > 1 && rest->p[0] == ':' ? memchr(rest->p + 1, ':', rest->n - 1) : NULL;
    if (!end || end == rest->p + 1)
        return la_error(LA_INVALID);
    la_slice text = {rest->p + 1, (size_t)(end - rest->p) - 1};
    char *bytes = la_arena_take(arena, text.n);
    if (!bytes)
        return la_error(LA_NO_MEMORY);
    LA_TRY(la_base64_decode(text, bytes, text.n, &n));
    *ret = (la_slice){bytes, n};
    *rest = (la_slice){end + 1, rest->n - text.n - 2};
    return la_ok();
}

la_result la_client_cert_parse(la_slice field, la_arena *arena, la_slice *ret_der)
{
    la_slice der;
    LA_TRY(take_bytes(&field, arena, &der));
    if (field.n > 0 || !la_der_is_one_sequence(der))
        return la_error(LA_INVALID);
    *ret_der = der;
    return la_ok();
}

/* What one byte sequence holds: RFC 9440 means one certificate, HAProxy's ssl_c_chain_der writes all of them one after another. */
static la_result add_certificates(la_slice bytes, la_der_list *list)
{
    do {
        la_slice der;
        if (!take_sequence(&bytes, &der))
            return la_error(LA_INVALID);
        if (list->n == LA_PROXY_CHAIN_MAX)
            return la_error(LA_TOO_LARGE);
        list->items[list->n++] = der;
    } while (bytes.n > 0);
    return la_ok();
}

la_result la_client_cert_chain_parse(la_slice field, la_arena *arena, la_der_list *ret)
{
    la_der_list list = {.n = 0};
    for (;;) {
        la_slice bytes;
        LA_TRY(take_bytes(&field, arena, &bytes));
        LA_TRY(add_certificates(bytes, &list));
        field = la_slice_trim(field);
        if (field.n == 0)
            break;
        if (field.p[0] != ',') /* also parameters: there are none that mean anything */
            return la_error(LA_INVALID);
        field = la_slice_trim((la_slice){field.p + 1, field.n - 1});
    }
    *ret = list;
    return la_ok();
}
