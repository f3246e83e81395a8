#include "model/model.h"

#include "base/base64url.h"
#include "base/secret.h"

#include <string.h>

static const char *const auth_method_names[LA_AUTH_METHOD_COUNT] = {
    [LA_AUTH_CLIENT_SECRET] = "client_secret",
    [LA_AUTH_CLIENT_SECRET_BASIC] = "client_secret_basic",
    [LA_AUTH_CLIENT_SECRET_POST] = "client_secret_post",
    [LA_AUTH_CLIENT_SECRET_JWT] = "client_secret_jwt",
    [LA_AUTH_PRIVATE_KEY_JWT] = "private_key_jwt",
    [LA_AUTH_TLS_CLIENT] = "tls_client_auth",
    [LA_AUTH_SELF_SIGNED_TLS] = "self_signed_tls_client_auth",
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

#define TAG_BITS 28
#define TAG_MASK ((1u << TAG_BITS) - 1)

/* The number within the application is in the lower bits (store/sqlite_internal.h). */
uint32_t la_credential_tag_of_secret(uint64_t secret_id)
{
    return (uint32_t)LA_CREDENTIAL_SECRET << TAG_BITS | ((uint32_t)secret_id & 0xFFFF);
}

uint32_t la_credential_tag_of_thumbprint(unsigned kind, const uint8_t thumbprint[LA_THUMBPRINT_BYTES])
{
    uint32_t first = (uint32_t)thumbprint[0] << 24 | (uint32_t)thumbprint[1] << 16 | (uint32_t)thumbprint[2] << 8 |
                     thumbprint[3];
    return kind << TAG_BITS | (first >> 4 & TAG_MASK);
}

bool la_credential_tag_of_jti(la_slice jti, uint32_t *ret)
{
    uint8_t bytes[LA_JTI_BYTES];
    size_t n = 0;
    if (!la_is_ok(la_base64url_decode(jti, bytes, sizeof bytes, &n)) || n != sizeof bytes)
        return false;
    *ret = 0;
    for (size_t i = n - 4; i < n; i++)
        *ret = *ret << 8 | bytes[i];
    return true;
}

bool la_token_is_of_former(int64_t issued_s, int64_t created_at_s, int64_t now_s)
{
    return issued_s < created_at_s && created_at_s <= now_s;
}

void la_customer_digest(la_slice customer_id, uint8_t ret[LA_CUSTOMER_DIGEST_BYTES])
{
    uint8_t all[LA_SHA256_BYTES];
    la_sha256(customer_id.p, customer_id.n, all);
    memcpy(ret, all, LA_CUSTOMER_DIGEST_BYTES);
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
