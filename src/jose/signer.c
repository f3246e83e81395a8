/*
 * Signers: everything that a signature needs, prepared once a thread. Knows one key; must not know JWTs.
 *
 * What was measured (OpenSSL 3.0, 600 bytes, ES256): a bare EVP_PKEY_sign takes 18.7 us, digest and EVP_PKEY_sign on kept contexts
 * 18.9, EVP_DigestSign on a kept context 19.5, and with a new context 20.1. For RS256 the last two cost 6 % more than the
 * first. So a token costs one digest and one EVP_PKEY_sign on kept contexts: nothing is fetched, and no context is made.
 */
#include "jose/key_internal.h"

#include "base/secret.h"
#include "jose/der.h"
#include "jose/openssl_fail.h"

#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>

#define EVP_SIGNATURE_MAX 512 /* bytes that EVP_PKEY_sign gives: RSA 4096; P-384 in DER has fewer */

struct la_signer {
    la_key *key;
    EVP_PKEY
    *pkey; /* RSA: a copy of this thread's own; EC, ML-DSA: the key's. NULL for Ed25519, as are the next three */
    EVP_PKEY_CTX *sign; /* NULL for ML-DSA, as is the next one */
    EVP_MD *md;
    EVP_MD_CTX *digest;
    size_t signature_bytes;
};

static bool set_rsa_padding(EVP_PKEY_CTX *sign, const la_algorithm *a, const EVP_MD *md)
{
    if (!a->pss)
        return EVP_PKEY_CTX_set_rsa_padding(sign, RSA_PKCS1_PADDING) == 1;
    /* RFC 7518 3.5: the salt is as long as the digest, and MGF1 uses the same digest. */
    return EVP_PKEY_CTX_set_rsa_padding(sign, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(sign, RSA_PSS_SALTLEN_DIGEST) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(sign, md) == 1;
}

static la_result prepare(la_signer *s)
{
    const la_algorithm *a = s->key->algorithm;
    /* An RSA object is locked for each signature, its blinding for each one of a second thread. With a copy of its own no thread
     * waits for another. EC keys are only read. */
    if (a->kind != LA_KEY_RSA) {
        s->pkey = s->key->pkey;
        EVP_PKEY_up_ref(s->pkey);
    } else {
        s->pkey = EVP_PKEY_dup(s->key->pkey);
        if (!s->pkey)
            return la_openssl_fail("copying a signing key");
    }
    s->digest = EVP_MD_CTX_new();
    if (a->kind == LA_KEY_AKP) { /* it hashes itself */
        s->signature_bytes = a->signature_bytes;
        return s->digest ? la_ok() : la_openssl_fail("preparing a signer");
    }
    s->md = EVP_MD_fetch(NULL, a->digest, NULL);
    s->sign = EVP_PKEY_CTX_new_from_pkey(NULL, s->pkey, NULL);
    if (!s->md || !s->digest || !s->sign || EVP_PKEY_sign_init(s->sign) != 1 ||
        EVP_PKEY_CTX_set_signature_md(s->sign, s->md) != 1 || (!a->group && !set_rsa_padding(s->sign, a, s->md)) ||
        EVP_DigestInit_ex2(s->digest, s->md, NULL) != 1)
        return la_openssl_fail("preparing a signer");
    int rsa_bytes = a->group ? 0 : EVP_PKEY_get_size(s->pkey);
    if (!a->group && (rsa_bytes <= 0 || rsa_bytes > EVP_SIGNATURE_MAX))
        return la_openssl_fail("preparing a signer");
    s->signature_bytes = a->group ? 2 * a->bytes : (size_t)rsa_bytes;
    return la_ok();
}

la_result la_signer_new(const la_key *k, la_signer **ret)
{
    la_signer *s = calloc(1, sizeof *s);
    if (!s)
        return la_fail(LA_NO_MEMORY, "out of memory for a signer");
    /* Only the count of references changes. */
    s->key = la_key_reference((la_key *)(uintptr_t)k);
    s->signature_bytes = crypto_sign_BYTES;
    la_result r = k->pkey ? prepare(s) : la_ok();
    if (la_is_ok(r))
        *ret = s;
    else
        la_signer_free(s);
    return r;
}

la_signer *la_signer_free(la_signer *s)
{
    if (!s)
        return NULL;
    EVP_PKEY_CTX_free(s->sign);
    EVP_MD_CTX_free(s->digest);
    EVP_MD_free(s->md);
    EVP_PKEY_free(s->pkey);
    la_key_free(s->key);
    free(s);
    return NULL;
}

const la_key *la_signer_key(const la_signer *s)
{
    return s->key;
}

size_t la_signer_signature_bytes(const la_signer *s)
{
    return s->signature_bytes;
}

/* ML-DSA (FIPS 204 5.2): hedged, and with an empty context (RFC 9964 4). Setting the context up again costs little beside 300 us. */
static la_result sign_whole(la_signer *s, la_slice input, uint8_t *ret)
{
    size_t n = s->signature_bytes;
    if (EVP_DigestSignInit_ex(s->digest, NULL, NULL, NULL, NULL, s->pkey, NULL) != 1 ||
        EVP_DigestSign(s->digest, ret, &n, (const uint8_t *)input.p, input.n) != 1)
        return la_openssl_fail("signing");
    return n == s->signature_bytes ? la_ok() : la_fail(LA_CRYPTO, "signing: a signature of an unexpected length");
}

la_result la_signer_sign(la_signer *s, la_slice input, uint8_t *ret)
{
    if (!s->pkey) {
        crypto_sign_detached(ret, NULL, (const uint8_t *)input.p, input.n, s->key->secret);
        return la_ok();
    }
    if (s->key->algorithm->kind == LA_KEY_AKP)
        return sign_whole(s, input, ret);
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned hash_n = 0;
    if (EVP_DigestInit_ex2(s->digest, NULL, NULL) != 1 || EVP_DigestUpdate(s->digest, input.p, input.n) != 1 ||
        EVP_DigestFinal_ex(s->digest, hash, &hash_n) != 1)
        return la_openssl_fail("signing");
    uint8_t signature[EVP_SIGNATURE_MAX];
    size_t n = sizeof signature;
    if (EVP_PKEY_sign(s->sign, signature, &n, hash, hash_n) != 1)
        return la_openssl_fail("signing");
    const la_algorithm *a = s->key->algorithm;
    if (a->group)
        return la_der_to_raw((la_slice){(const char *)signature, n}, a->bytes, ret);
    if (n != s->signature_bytes)
        return la_fail(LA_CRYPTO, "signing: an RSA signature of an unexpected length");
    memcpy(ret, signature, n);
    return la_ok();
}
