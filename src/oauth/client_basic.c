/* client_secret_basic: the Authorization header (RFC 7617 2, RFC 6749 2.3.1). */
#include "oauth/client.h"

#include "base/base64url.h"

/* Both parts with every byte percent-encoded, and the colon. */
#define USER_PASS_MAX (3 * (LA_CLIENT_ID_MAX + LA_CLIENT_SECRET_MAX) + 1)

/* The credentials behind the scheme, which is a token of any case with at least one space after it (RFC 9110 11.4). */
static la_result split_scheme(la_slice authorization, la_slice *ret_token68)
{
    la_slice scheme;
    la_slice rest = authorization;
    la_slice_split(&rest, ' ', &scheme);
    if (!la_slice_equal_nocase(scheme, LA_SLICE("Basic")))
        return la_error(LA_CLIENT_SCHEME);
    *ret_token68 = la_slice_trim(rest);
    return la_ok();
}

/* RFC 6749 2.3.1: each part was form-encoded before it was joined with a colon, so it is decoded after the split. */
static la_result decode_part(la_slice part, la_arena *arena, la_slice *ret)
{
    la_result r = la_form_decode(part, arena, ret);
    if (r.code == LA_NO_MEMORY)
        return r;
    return la_is_ok(r) && la_is_vschar(*ret) ? la_ok() : la_error(LA_CLIENT_BASIC_MALFORMED);
}

la_result la_client_read_basic(la_slice authorization, la_arena *arena, la_credentials *ret)
{
    la_slice token68;
    LA_TRY(split_scheme(authorization, &token68));
    char *decoded = la_arena_take(arena, USER_PASS_MAX);
    size_t n;
    if (!decoded)
        return la_error(LA_NO_MEMORY);
    if (!la_is_ok(la_base64_decode(token68, decoded, USER_PASS_MAX, &n)))
        return la_error(LA_CLIENT_BASIC_MALFORMED);
    /* At the first colon: a user-id cannot hold one, a password can (RFC 7617 2). */
    la_slice password = {decoded, n}, user;
    if (!la_slice_split(&password, ':', &user) || !password.p)
        return la_error(LA_CLIENT_BASIC_MALFORMED);
    ret->method = LA_AUTH_CLIENT_SECRET_BASIC;
    LA_TRY(decode_part(user, arena, &ret->client_id));
    return decode_part(password, arena, &ret->client_secret);
}
