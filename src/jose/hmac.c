/* HMAC signatures. Knows a secret for the time of one call. */
#include "jose/hmac.h"

#include "base/secret.h"
#include "jose/openssl_fail.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

la_result la_hmac_verify(const la_algorithm *a, la_slice secret, la_slice input, la_slice mac)
{
    if (a->kind != LA_KEY_OCT)
        return la_fail(LA_INVALID, "the header's alg is no HMAC");
    if (secret.n < a->bytes)
        return la_fail(LA_INVALID, "the secret has fewer than the %zu bytes that %s needs", a->bytes, a->name);
    uint8_t expected[EVP_MAX_MD_SIZE];
    size_t n = 0;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)a->digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    la_result r = la_ok();
    if (!context || EVP_MAC_init(context, (const uint8_t *)secret.p, secret.n, params) != 1 ||
        EVP_MAC_update(context, (const uint8_t *)input.p, input.n) != 1 ||
        EVP_MAC_final(context, expected, &n, sizeof expected) != 1)
        r = la_openssl_fail("computing a MAC");
    else if (n != a->bytes || mac.n != n || !la_equal_ct(mac.p, expected, n))
        r = la_fail(LA_INVALID, "the signature does not verify");
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(hmac);
    la_wipe(expected, sizeof expected);
    return r;
}
