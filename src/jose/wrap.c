/*
 * Wrapping of secrets at rest. Knows the master key's bytes and OpenSSL's HKDF and AES-GCM; must not know where the
 * key comes from (master_key.c) nor what is wrapped.
 */
#include "jose/wrap_internal.h"

#include "base/secret.h"
#include "jose/openssl_fail.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#define VERSION 1
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define HEADER_BYTES (1 + NONCE_BYTES)

_Static_assert(HEADER_BYTES + TAG_BYTES == LA_WRAP_OVERHEAD, "the header says so");

/* RFC 5869. One key a purpose, so that what is wrapped for one never meets the nonces of another. */
static la_result derive(const la_master_key *m, const char *purpose, uint8_t ret[LA_MASTER_KEY_BYTES])
{
    /* OpenSSL's parameters are not const; it only reads these. */
    char digest[] = "SHA256", salt[] = "leanauth wrap 1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)m->key, sizeof m->key),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof salt - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)purpose, strlen(purpose)),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = hkdf ? EVP_KDF_CTX_new(hkdf) : NULL;
    bool good = context && EVP_KDF_derive(context, ret, LA_MASTER_KEY_BYTES, params) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(hkdf);
    return good ? la_ok() : la_openssl_fail("deriving a wrapping key");
}

/* Version, purpose and name, each with its length, so that no two pairs of them read the same. */
static bool add_authenticated(EVP_CIPHER_CTX *cipher, const char *purpose, la_slice name)
{
    size_t purpose_n = strlen(purpose);
    const uint8_t lengths[] = {VERSION, (uint8_t)(purpose_n >> 8), (uint8_t)purpose_n, (uint8_t)(name.n >> 8),
                               (uint8_t)name.n};
    int n = 0;
    return EVP_CipherUpdate(cipher, NULL, &n, lengths, sizeof lengths) == 1 &&
           EVP_CipherUpdate(cipher, NULL, &n, (const uint8_t *)purpose, (int)purpose_n) == 1 &&
           (name.n == 0 || EVP_CipherUpdate(cipher, NULL, &n, (const uint8_t *)name.p, (int)name.n) == 1);
}

/* A cipher that is ready for the text. The derived key is wiped before this returns. */
static la_result begin(const la_master_key *m, const char *purpose, la_slice name, const uint8_t nonce[NONCE_BYTES],
                       bool encrypt, EVP_CIPHER_CTX **ret)
{
    if (strlen(purpose) > LA_WRAP_NAME_MAX || name.n > LA_WRAP_NAME_MAX)
        return la_fail(LA_TOO_LARGE, "the name of a wrapped value is too long");
    uint8_t key[LA_MASTER_KEY_BYTES];
    EVP_CIPHER *aes = NULL;
    EVP_CIPHER_CTX *cipher = NULL;
    la_result r = derive(m, purpose, key);
    if (!la_is_ok(r))
        goto done;
    aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    cipher = aes ? EVP_CIPHER_CTX_new() : NULL;
    if (!cipher || EVP_CipherInit_ex2(cipher, aes, key, nonce, encrypt, NULL) != 1 ||
        !add_authenticated(cipher, purpose, name))
        r = la_openssl_fail("preparing AES-256-GCM");
done:
    la_wipe(key, sizeof key);
    EVP_CIPHER_free(aes);
    if (la_is_ok(r))
        *ret = cipher;
    else
        EVP_CIPHER_CTX_free(cipher);
    return r;
}

la_result la_wrap(const la_master_key *m, const char *purpose, la_slice name, la_slice plain, la_buffer *ret)
{
    if (plain.n > LA_WRAP_PLAIN_MAX)
        return la_fail(LA_TOO_LARGE, "a value to be wrapped has more than %d bytes", LA_WRAP_PLAIN_MAX);
    uint8_t *to = (uint8_t *)la_buffer_reserve(ret, plain.n + LA_WRAP_OVERHEAD);
    if (!to)
        return la_fail(LA_NO_MEMORY, "no room for a wrapped value");
    to[0] = VERSION;
    la_random_bytes(to + 1, NONCE_BYTES);
    EVP_CIPHER_CTX *cipher = NULL;
    LA_TRY(begin(m, purpose, name, to + 1, true, &cipher));
    int n = 0, end = 0;
    bool good = (plain.n == 0 ||
                 EVP_CipherUpdate(cipher, to + HEADER_BYTES, &n, (const uint8_t *)plain.p, (int)plain.n) == 1) &&
                EVP_CipherFinal_ex(cipher, to + HEADER_BYTES + n, &end) == 1 &&
                EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, to + HEADER_BYTES + plain.n) == 1;
    EVP_CIPHER_CTX_free(cipher);
    if (!good)
        return la_openssl_fail("wrapping");
    ret->n += plain.n + LA_WRAP_OVERHEAD;
    return la_ok();
}

la_result la_unwrap(const la_master_key *m, const char *purpose, la_slice name, la_slice wrapped, la_buffer *ret)
{
    if (wrapped.n < LA_WRAP_OVERHEAD || wrapped.n > LA_WRAP_PLAIN_MAX + LA_WRAP_OVERHEAD)
        return la_fail(LA_CRYPTO, "a wrapped value has a wrong length");
    const uint8_t *from = (const uint8_t *)wrapped.p;
    if (from[0] != VERSION)
        return la_fail(LA_CRYPTO, "a wrapped value has the unknown version %u", from[0]);
    size_t plain_n = wrapped.n - LA_WRAP_OVERHEAD;
    uint8_t *to = (uint8_t *)la_buffer_reserve(ret, plain_n);
    if (!to && plain_n)
        return la_fail(LA_NO_MEMORY, "no room for an unwrapped value");
    uint8_t tag[TAG_BYTES];
    memcpy(tag, from + HEADER_BYTES + plain_n, TAG_BYTES);
    EVP_CIPHER_CTX *cipher = NULL;
    LA_TRY(begin(m, purpose, name, from + 1, false, &cipher));
    uint8_t none[TAG_BYTES]; /* GCM writes nothing at the end, but wants a place for it */
    int n = 0, end = 0;
    bool good = EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
                (plain_n == 0 || EVP_CipherUpdate(cipher, to, &n, from + HEADER_BYTES, (int)plain_n) == 1) &&
                EVP_CipherFinal_ex(cipher, none, &end) == 1;
    EVP_CIPHER_CTX_free(cipher); /* cleanses the expanded key */
    if (!good) {
        la_wipe(to, plain_n); /* not authentic: nobody may see it */
        la_result r = la_openssl_fail("unwrapping");
        return r.code == LA_NO_MEMORY
                   ? r
                   : la_fail(LA_CRYPTO, "a wrapped value does not fit: another master key, or changed data");
    }
    ret->n += plain_n;
    return la_ok();
}
