#include "model/model.h"

static const char *const auth_method_names[LA_AUTH_METHOD_COUNT] = {
    [LA_AUTH_CLIENT_SECRET] = "client_secret",
    [LA_AUTH_CLIENT_SECRET_BASIC] = "client_secret_basic",
    [LA_AUTH_CLIENT_SECRET_POST] = "client_secret_post",
};

const char *la_auth_method_name(la_auth_method m)
{
    return (unsigned)m < LA_AUTH_METHOD_COUNT ? auth_method_names[m] : "unknown";
}

bool la_auth_method_parse(la_slice name, la_auth_method *ret)
{
    for (unsigned m = 0; m < LA_AUTH_METHOD_COUNT; m++) {
        if (la_slice_is(name, auth_method_names[m])) {
            *ret = (la_auth_method)m;
            return true;
        }
    }
    return false;
}

bool la_is_vschar(la_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] > 0x7E)
            return false;
    return s.n > 0;
}

bool la_scope_list_has(la_slice list, la_slice name)
{
    la_slice part;
    while (la_slice_split(&list, ' ', &part))
        if (part.n && la_slice_equal(part, name))
            return true;
    return false;
}
