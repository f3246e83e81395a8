#include "api/cookie.h"

#include "api/reply.h"
#include "api/who.h"

#define ATTRIBUTES "Path=/; Secure; HttpOnly; SameSite=Strict"

la_result la_api_cookie_set(la_api_call *c, const char *value)
{
    return la_api_add_header(c, "Set-Cookie", LA_API_COOKIE "=%s; " ATTRIBUTES, value);
}

la_result la_api_cookie_clear(la_api_call *c)
{
    return la_api_add_header(c, "Set-Cookie", LA_API_COOKIE "=; " ATTRIBUTES "; Max-Age=0");
}
