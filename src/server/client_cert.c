/* RFC 9440 2.2 with RFC 8941 3.3.5. */
#include "base/base64url.h"
#include "server/proxy_fields.h"

bool la_der_is_one_sequence(la_slice der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    if (der.n < 2 || p[0] != 0x30)
        return false;
    if (p[1] < 0x80)
        return der.n == 2u + p[1];
    unsigned n_length = p[1] & 0x7F;
    size_t length = 0;
    if (n_length == 0 || n_length > 3 || der.n < 2u + n_length || p[2] == 0)
        return false; /* indefinite, or larger than any header section */
    for (unsigned i = 0; i < n_length; i++)
        length = length << 8 | p[2 + i];
    return length >= 0x80 && der.n == 2u + n_length + length;
}

la_result la_client_cert_parse(la_slice field, la_arena *arena, la_slice *ret_der)
{
    size_t n = 0;
    if (field.n < 3 || field.p[0] != ':' || field.p[field.n - 1] != ':')
        return la_error(LA_INVALID);
    la_slice text = {field.p + 1, field.n - 2};
    char *der = la_arena_take(arena, text.n);
    if (!der)
        return la_error(LA_NO_MEMORY);
    LA_TRY(la_base64_decode(text, der, text.n, &n));
    if (!la_der_is_one_sequence((la_slice){der, n}))
        return la_error(LA_INVALID);
    *ret_der = (la_slice){der, n};
    return la_ok();
}
