#include "model/registration.h"

bool la_auth_method_has_secrets(la_auth_method m)
{
    return m == LA_AUTH_CLIENT_SECRET || m == LA_AUTH_CLIENT_SECRET_BASIC || m == LA_AUTH_CLIENT_SECRET_POST ||
           m == LA_AUTH_CLIENT_SECRET_JWT;
}
