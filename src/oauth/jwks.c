/* The JWK set (RFC 7517 5) from the public keys as the key store holds them. */
#include "oauth/token.h"

void la_oauth_write_jwks(const la_slice *public_jwks, size_t n, la_buffer *ret)
{
    la_buffer_add(ret, LA_SLICE("{\"keys\":["));
    for (size_t i = 0; i < n; i++) {
        if (i)
            la_buffer_add_char(ret, ',');
        la_buffer_add(ret, public_jwks[i]);
    }
    la_buffer_add(ret, LA_SLICE("]}"));
}
