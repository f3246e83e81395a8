/*
 * Prepared public keys. Knows OpenSSL's and libsodium's verification; must not know headers, claims or key sets.
 *
 * What was measured (OpenSSL 3.0, 600 bytes): ES256 takes 74 us bare; digest and a copy of a prepared context 77, a new context 81,
 * EVP_DigestVerify with a new context 83, and 30 more where the key itself is made anew. RS256: 20, 22, 27, 27, and 6 more.
 * So a verification is one digest and one EVP_PKEY_verify on a copy of the key's context: nothing is fetched.
 */
#include "jose/public_key_internal.h"

#include "base/base64url.h"
#include "jose/der.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "jose/openssl_fail.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

struct la_public_key {
    atomic_uint references;
    const la_algorithm *algorithm;               /* one that it fits: of its type and curve */
    bool pinned;                                 /* and no other */
    EVP_PKEY *pkey;                              /* NULL for Ed25519, as are the next two */
    EVP_MD *md;                                  /* NULL for ML-DSA, too, as is the next one */
    EVP_PKEY_CTX *verify;                        /* ready for `algorithm`; never used itself, only copied */
    uint8_t ed25519[crypto_sign_PUBLICKEYBYTES]; /* OKP */
    size_t signature_bytes;
    uint8_t thumbprint[LA_THUMBPRINT_BYTES];
    char thumbprint_text[LA_KID_CHARS + 1];
    char *kid; /* NULL: none */
    size_t kid_n;
    char *certificate; /* DER; NULL: none */
    size_t certificate_n;
};

static la_result no_memory(void)
{
    return la_fail(LA_NO_MEMORY, "out of memory for a public key");
}

/* RFC 7517 9.3, RFC 9449 4.3 item 7: what only a private or symmetric key has (RFC 7518 6.2.2, 6.3.2, 6.4; RFC 8037 2; RFC 9964 3). */
static la_result refuse_private(const json_t *jwk)
{
    static const char *const private[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};
    for (size_t i = 0; i < sizeof private / sizeof private[0]; i++)
        if (json_object_get(jwk, private[i]))
            return la_fail(LA_INVALID, "the key has the private member %s: only public keys may be given away",
                           private[i]);
    if (la_slice_is(la_jwk_text(jwk, "kty"), "oct"))
        return la_fail(LA_INVALID, "the key is a symmetric one (kty oct)");
    return la_ok();
}

/* The algorithm that the key names, or else the first of its type and curve. */
static la_result find_algorithm(const json_t *jwk, const la_algorithm **ret)
{
    const json_t *alg = json_object_get(jwk, "alg");
    if (alg) {
        const la_algorithm *a = la_algorithm_find_verifiable(la_jwk_text(jwk, "alg"));
        if (!a && la_algorithm_is_missing(la_jwk_text(jwk, "alg"), LA_ALGORITHMS_ASYMMETRIC))
            return la_fail(LA_INVALID, "the key's alg needs OpenSSL 3.5 or later, and this server has an older one");
        if (!a)
            return la_fail(LA_INVALID, "the key's alg is not one that is accepted");
        *ret = a;
        return la_jwk_check_fit(jwk, a);
    }
    for (size_t i = 0;; i++) {
        const la_algorithm *a = la_algorithm_at_in(LA_ALGORITHMS_ASYMMETRIC, i);
        if (!a)
            return la_fail(LA_INVALID, "the key's kty and crv are not ones that are accepted");
        if (la_is_ok(la_jwk_check_fit(jwk, a))) {
            *ret = a;
            return la_ok();
        }
    }
}

static bool set_up(EVP_PKEY_CTX *verify, const la_algorithm *a, const EVP_MD *md)
{
    if (EVP_PKEY_verify_init(verify) != 1 || EVP_PKEY_CTX_set_signature_md(verify, md) != 1)
        return false;
    if (a->kind != LA_KEY_RSA)
        return true;
    if (!a->pss)
        return EVP_PKEY_CTX_set_rsa_padding(verify, RSA_PKCS1_PADDING) == 1;
    /* RFC 7518 3.5: the salt is as long as the digest, and MGF1 uses the same digest. */
    return EVP_PKEY_CTX_set_rsa_padding(verify, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(verify, RSA_PSS_SALTLEN_DIGEST) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(verify, md) == 1;
}

static la_result check_modulus(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (!check)
        return la_openssl_fail("checking an RSA key");
    bool good = EVP_PKEY_public_check(check) == 1;
    EVP_PKEY_CTX_free(check);
    if (good)
        return la_ok();
    la_result r = la_openssl_fail("checking an RSA key");
    return r.code == LA_NO_MEMORY ? r : la_fail(LA_INVALID, "the RSA modulus is not a product of two large primes");
}

static la_result prepare_evp(la_public_key *k, const la_jwk_members *members, unsigned flags)
{
    const la_algorithm *a = k->algorithm;
    LA_TRY(la_jwk_members_to_evp(members, a, &k->pkey));
    if (a->kind == LA_KEY_RSA && flags & LA_JWK_THOROUGH)
        LA_TRY(check_modulus(k->pkey));
    if (a->kind == LA_KEY_AKP) {
        k->signature_bytes = a->signature_bytes;
        return la_ok();
    }
    int rsa_bytes = a->kind == LA_KEY_RSA ? EVP_PKEY_get_size(k->pkey) : 0;
    k->signature_bytes = a->kind == LA_KEY_EC ? 2 * a->bytes : (size_t)(rsa_bytes > 0 ? rsa_bytes : 0);
    k->md = EVP_MD_fetch(NULL, a->digest, NULL);
    k->verify = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
    if (!k->md || !k->verify || !set_up(k->verify, a, k->md))
        return la_openssl_fail("preparing a public key");
    return la_ok();
}

/* Refuses points of small order, off the curve or outside the group of prime order: none of them comes from a private key. */
static la_result prepare_okp(la_public_key *k, const la_jwk_members *members)
{
    memcpy(k->ed25519, members->first.p, sizeof k->ed25519);
    k->signature_bytes = crypto_sign_BYTES;
    return crypto_core_ed25519_is_valid_point(k->ed25519) == 1
               ? la_ok()
               : la_fail(LA_INVALID, "the Ed25519 key is not a point of its group");
}

static la_result copy_kid(la_public_key *k, const json_t *jwk)
{
    const json_t *kid = json_object_get(jwk, "kid");
    if (!kid)
        return la_ok();
    la_slice text = la_jwk_text(jwk, "kid");
    if (!text.p || text.n > LA_JWS_KID_MAX)
        return la_fail(LA_INVALID, "the key's kid is not a string of at most %d bytes", LA_JWS_KID_MAX);
    k->kid = calloc(1, text.n + 1);
    if (!k->kid)
        return no_memory();
    memcpy(k->kid, text.p, text.n + 1);
    k->kid_n = text.n;
    return la_ok();
}

static bool is_of_certificate(const la_public_key *k, const EVP_PKEY *certified)
{
    if (k->pkey)
        return EVP_PKEY_eq(certified, k->pkey) == 1;
    uint8_t raw[crypto_sign_PUBLICKEYBYTES];
    size_t n = sizeof raw;
    return EVP_PKEY_get_base_id(certified) == EVP_PKEY_ED25519 &&
           EVP_PKEY_get_raw_public_key(certified, raw, &n) == 1 && n == sizeof raw &&
           memcmp(raw, k->ed25519, sizeof raw) == 0;
}

static la_result check_certificate(const la_public_key *k)
{
    const unsigned char *at = (const unsigned char *)k->certificate;
    X509 *x = d2i_X509(NULL, &at, (long)k->certificate_n);
    bool whole = x && at == (const unsigned char *)k->certificate + k->certificate_n;
    const EVP_PKEY *certified = whole ? X509_get0_pubkey(x) : NULL;
    bool same = certified && is_of_certificate(k, certified);
    X509_free(x);
    if (same)
        return la_ok();
    la_result r = la_openssl_fail("reading a certificate");
    return r.code == LA_NO_MEMORY ? r
                                  : la_fail(LA_INVALID, whole ? "the certificate in x5c is not the key's"
                                                              : "x5c does not begin with a certificate");
}

static la_result copy_certificate(la_public_key *k, const json_t *jwk)
{
    const json_t *x5c = json_object_get(jwk, "x5c");
    const json_t *first = json_array_get(x5c, 0);
    if (!x5c)
        return la_ok();
    la_slice text = {json_string_value(first), json_string_length(first)};
    if (!text.p || text.n > LA_CERTIFICATE_MAX * 4 / 3 + 4)
        return la_fail(LA_INVALID, "x5c is not an array that begins with a certificate of at most %d bytes",
                       LA_CERTIFICATE_MAX);
    k->certificate = calloc(1, text.n + 1);
    if (!k->certificate)
        return no_memory();
    if (!la_is_ok(la_base64_decode(text, k->certificate, text.n, &k->certificate_n)) ||
        k->certificate_n > LA_CERTIFICATE_MAX)
        return la_fail(LA_INVALID, "x5c is not Base64");
    return check_certificate(k);
}

static la_result fill(la_public_key *k, const json_t *jwk, unsigned flags)
{
    la_jwk_members members;
    LA_TRY(refuse_private(jwk));
    LA_TRY(la_jwk_check_use(jwk));
    LA_TRY(find_algorithm(jwk, &k->algorithm));
    k->pinned = json_object_get(jwk, "alg") != NULL;
    LA_TRY(la_jwk_members_read(jwk, k->algorithm, &members));
    LA_TRY(la_jwk_members_thumbprint(&members, k->thumbprint));
    la_jwk_thumbprint_text(k->thumbprint, k->thumbprint_text);
    LA_TRY(copy_kid(k, jwk));
    if (k->algorithm->kind == LA_KEY_OKP)
        LA_TRY(prepare_okp(k, &members));
    else
        LA_TRY(prepare_evp(k, &members, flags));
    return flags & LA_JWK_CERTIFICATE ? copy_certificate(k, jwk) : la_ok();
}

la_result la_public_key_read(const json_t *jwk, unsigned flags, la_public_key **ret)
{
    if (!json_is_object(jwk))
        return la_fail(LA_INVALID, "the key is not a JSON object");
    la_public_key *k = calloc(1, sizeof *k);
    if (!k)
        return no_memory();
    atomic_init(&k->references, 1);
    la_result r = fill(k, jwk, flags);
    if (la_is_ok(r))
        *ret = k;
    else
        la_public_key_free(k);
    return r;
}

la_result la_public_key_parse(la_slice jwk, unsigned flags, la_public_key **ret)
{
    json_t *value = NULL;
    if (jwk.n > LA_JWK_TEXT_MAX)
        return la_fail(LA_TOO_LARGE, "the key has more than %d bytes", LA_JWK_TEXT_MAX);
    la_result r = la_jws_read_json(jwk, 0, &value);
    if (!la_is_ok(r))
        return la_fail(r.code, "the key is not a JSON object with each member once");
    r = la_public_key_read(value, flags, ret);
    json_decref(value);
    return r;
}

la_public_key *la_public_key_hold(const la_public_key *k)
{
    la_public_key *held = (la_public_key *)(uintptr_t)k; /* only the count changes */
    if (held)
        atomic_fetch_add_explicit(&held->references, 1, memory_order_relaxed);
    return held;
}

la_public_key *la_public_key_free(la_public_key *k)
{
    if (!k || atomic_fetch_sub_explicit(&k->references, 1, memory_order_acq_rel) != 1)
        return NULL;
    EVP_PKEY_CTX_free(k->verify);
    EVP_MD_free(k->md);
    EVP_PKEY_free(k->pkey);
    free(k->kid);
    free(k->certificate);
    free(k);
    return NULL;
}

la_slice la_public_key_id(const la_public_key *k)
{
    return (la_slice){k->kid, k->kid_n};
}

const uint8_t *la_public_key_thumbprint(const la_public_key *k)
{
    return k->thumbprint;
}

const char *la_public_key_thumbprint_text(const la_public_key *k)
{
    return k->thumbprint_text;
}

la_slice la_public_key_certificate(const la_public_key *k)
{
    return (la_slice){k->certificate, k->certificate_n};
}

const la_algorithm *la_public_key_algorithm(const la_public_key *k)
{
    return k->pinned ? k->algorithm : NULL;
}

bool la_public_key_fits(const la_public_key *k, const la_algorithm *a)
{
    if (a == k->algorithm)
        return true;
    if (a->kind != k->algorithm->kind)
        return false;
    /* Ed25519 has two names (RFC 9864 2.2); of a curve there is one algorithm; RSA may be for several. */
    return a->kind == LA_KEY_OKP || (a->kind == LA_KEY_RSA && !k->pinned);
}

static la_result not_verified(void)
{
    ERR_clear_error();
    return la_fail(LA_INVALID, "the signature does not verify");
}

/* An RSA key that names no algorithm is prepared for one of several. */
static EVP_PKEY_CTX *context_for(const la_public_key *k, const la_algorithm *a, const EVP_MD *md)
{
    if (a == k->algorithm)
        return EVP_PKEY_CTX_dup(k->verify);
    EVP_PKEY_CTX *made = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
    if (made && !set_up(made, a, md)) {
        EVP_PKEY_CTX_free(made);
        made = NULL;
    }
    return made;
}

static la_result verify_evp(const la_public_key *k, const la_algorithm *a, la_slice input, la_slice signature)
{
    uint8_t der[LA_DER_SIGNATURE_MAX], hash[EVP_MAX_MD_SIZE];
    unsigned hash_n = 0;
    la_result r = la_ok();
    EVP_MD *fetched = a == k->algorithm ? NULL : EVP_MD_fetch(NULL, a->digest, NULL); /* may be k->md once more */
    const EVP_MD *md = a == k->algorithm ? k->md : fetched;
    EVP_PKEY_CTX *verify = md ? context_for(k, a, md) : NULL;
    if (a->kind == LA_KEY_EC)
        signature = (la_slice){(const char *)der, la_der_from_raw((const uint8_t *)signature.p, a->bytes, der)};
    if (!verify || EVP_Digest(input.p, input.n, hash, &hash_n, md, NULL) != 1)
        r = la_openssl_fail("preparing a verification");
    /* OpenSSL refuses r and s outside 1 to n-1. */
    else if (EVP_PKEY_verify(verify, (const uint8_t *)signature.p, signature.n, hash, hash_n) != 1)
        r = not_verified();
    EVP_PKEY_CTX_free(verify);
    EVP_MD_free(fetched);
    return r;
}

/* ML-DSA hashes itself (FIPS 204 5.3, with an empty context as RFC 9964 4 has it), so there is nothing to keep but the key. */
static la_result verify_whole(const la_public_key *k, la_slice input, la_slice signature)
{
    la_result r = la_ok();
    EVP_MD_CTX *verify = EVP_MD_CTX_new();
    if (!verify || EVP_DigestVerifyInit_ex(verify, NULL, NULL, NULL, NULL, k->pkey, NULL) != 1)
        r = la_openssl_fail("preparing a verification");
    else if (EVP_DigestVerify(verify, (const uint8_t *)signature.p, signature.n, (const uint8_t *)input.p, input.n) !=
             1)
        r = not_verified();
    EVP_MD_CTX_free(verify);
    return r;
}

la_result la_public_key_verify(const la_public_key *k, const la_algorithm *a, la_slice input, la_slice signature)
{
    if (!la_public_key_fits(k, a))
        return la_fail(LA_INVALID, "the key's kty, crv or alg does not fit the header's alg");
    /* RFC 7518 3.3, 3.4, RFC 8032 5.1.7: exactly as long as the key says. */
    if (signature.n != k->signature_bytes)
        return not_verified();
    if (a->kind == LA_KEY_AKP)
        return verify_whole(k, input, signature);
    if (k->pkey)
        return verify_evp(k, a, input, signature);
    return crypto_sign_verify_detached((const uint8_t *)signature.p, (const uint8_t *)input.p, input.n, k->ed25519) == 0
               ? la_ok()
               : not_verified();
}
