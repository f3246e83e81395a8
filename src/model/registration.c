#include "model/registration.h"

const char *la_subject_kind_member(la_subject_kind kind)
{
    static const char *const members[LA_SUBJECT_KIND_COUNT] = {
        [LA_SUBJECT_NONE] = "",
        [LA_SUBJECT_DN] = "tls_client_auth_subject_dn",
        [LA_SUBJECT_SAN_DNS] = "tls_client_auth_san_dns",
        [LA_SUBJECT_SAN_URI] = "tls_client_auth_san_uri",
        [LA_SUBJECT_SAN_IP] = "tls_client_auth_san_ip",
        [LA_SUBJECT_SAN_EMAIL] = "tls_client_auth_san_email",
    };
    return (unsigned)kind < LA_SUBJECT_KIND_COUNT ? members[kind] : "";
}

bool la_auth_method_has_secrets(la_auth_method m)
{
    return m == LA_AUTH_CLIENT_SECRET || m == LA_AUTH_CLIENT_SECRET_BASIC || m == LA_AUTH_CLIENT_SECRET_POST ||
           m == LA_AUTH_CLIENT_SECRET_JWT;
}
