/*
 * Signing keys: made, imported, exported, shown as JWK. Knows OpenSSL's and libsodium's key objects; must not know
 * how a key is stored or wrapped, nor when it signs.
 */
#include "jose/key_internal.h"

#include "base/secret.h"
#include "jose/openssl_fail.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>

/* 2048: what nearly everybody uses for RS256, and keys live for months only. 3072 would triple the cost of a signature. */
#define RSA_BITS 2048
#define RSA_BITS_MAX 4096

#define SEED_BYTES 32 /* Ed25519: RFC 8032 5.1.5; ML-DSA: FIPS 204 3.6.3, the only form that RFC 9964 3 has */
_Static_assert(SEED_BYTES == crypto_sign_SEEDBYTES, "one size of seed");

/* Whether the private key is a seed that the rest is computed from. */
static bool is_seed(const la_algorithm *a)
{
    return a->kind == LA_KEY_OKP || a->kind == LA_KEY_AKP;
}

/* The JWK's text is made once: it is asked for far more often than keys are made. */
static la_result describe(la_key *k)
{
    la_jwk_members public = {0};
    if (k->pkey) {
        LA_TRY(la_jwk_members_from_evp(k->pkey, k->algorithm, &public));
    } else {
        public.kind = k->algorithm->kind;
        public.kty = k->algorithm->kty;
        public.crv = k->algorithm->curve;
        public.first.n = crypto_sign_PUBLICKEYBYTES;
        memcpy(public.first.p, k->secret + crypto_sign_SEEDBYTES, crypto_sign_PUBLICKEYBYTES);
    }
    uint8_t thumbprint[LA_THUMBPRINT_BYTES];
    LA_TRY(la_jwk_members_thumbprint(&public, thumbprint));
    la_jwk_thumbprint_text(thumbprint, k->kid);
    la_buffer text;
    la_buffer_init_fixed(&text, k->jwk, sizeof k->jwk);
    la_jwk_members_write(&public, k->algorithm->name, k->kid, &text);
    k->jwk_n = text.n;
    return la_buffer_ok(&text) ? la_ok() : la_fail(LA_TOO_LARGE, "the public key is larger than its limit");
}

static la_result expand_okp(la_key *k, const uint8_t seed[SEED_BYTES])
{
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    k->secret = la_secret_alloc(crypto_sign_SECRETKEYBYTES);
    if (!k->secret)
        return la_fail(LA_NO_MEMORY, "out of locked memory for a key");
    if (crypto_sign_seed_keypair(public, k->secret, seed) != 0)
        return la_fail(LA_CRYPTO, "making an Ed25519 key failed");
    return la_ok();
}

/* OpenSSL computes the key from the seed. It has a name for that parameter from 3.5 on. */
static la_result expand_akp(la_key *k, const uint8_t seed[SEED_BYTES])
{
    k->secret = la_secret_alloc(SEED_BYTES);
    if (!k->secret)
        return la_fail(LA_NO_MEMORY, "out of locked memory for a key");
    memcpy(k->secret, seed, SEED_BYTES);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string("seed", k->secret, SEED_BYTES),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *from = EVP_PKEY_CTX_new_from_name(NULL, k->algorithm->name, NULL);
    bool good = from && EVP_PKEY_fromdata_init(from) == 1 &&
                EVP_PKEY_fromdata(from, &k->pkey, EVP_PKEY_KEYPAIR, params) == 1;
    EVP_PKEY_CTX_free(from);
    return good ? la_ok() : la_openssl_fail("making an ML-DSA key");
}

/* Takes `pkey` (NULL where the key is made of a seed). */
static la_result make(const la_algorithm *a, EVP_PKEY *pkey, const uint8_t *seed, la_key **ret)
{
    la_key *k = calloc(1, sizeof *k);
    if (!k) {
        EVP_PKEY_free(pkey);
        return la_fail(LA_NO_MEMORY, "out of memory for a key");
    }
    atomic_init(&k->references, 1);
    k->algorithm = a;
    k->pkey = pkey;
    la_result r = la_ok();
    if (is_seed(a))
        r = a->kind == LA_KEY_OKP ? expand_okp(k, seed) : expand_akp(k, seed);
    if (la_is_ok(r))
        r = describe(k);
    if (la_is_ok(r))
        *ret = k;
    else
        la_key_free(k);
    return r;
}

static la_result generate_seed(const la_algorithm *a, la_key **ret)
{
    uint8_t *seed = la_secret_alloc(SEED_BYTES);
    if (!seed)
        return la_fail(LA_NO_MEMORY, "out of locked memory for a key");
    la_random_bytes(seed, SEED_BYTES);
    la_result r = make(a, NULL, seed, ret);
    la_secret_free(seed);
    return r;
}

la_result la_key_generate(const la_algorithm *a, la_key **ret)
{
    if (is_seed(a))
        return generate_seed(a, ret);
    EVP_PKEY *pkey = a->group ? EVP_EC_gen(a->group) : EVP_RSA_gen(RSA_BITS);
    if (!pkey)
        return la_openssl_fail("making a signing key");
    return make(a, pkey, NULL, ret);
}

la_result la_key_export_private(const la_key *k, la_buffer *ret)
{
    if (k->secret) {
        la_buffer_add(ret, (la_slice){(const char *)k->secret, SEED_BYTES});
        return la_buffer_ok(ret) ? la_ok() : la_fail(LA_NO_MEMORY, "no room for a private key");
    }
    /* All of the room at once: the encoder writes into it, with no copy of the heap's in between that nobody wipes. */
    unsigned char *at = (unsigned char *)la_buffer_reserve(ret, LA_PRIVATE_KEY_MAX);
    if (!at)
        return la_fail(LA_NO_MEMORY, "no room for a private key");
    size_t left = LA_PRIVATE_KEY_MAX;
    OSSL_ENCODER_CTX *encoder = OSSL_ENCODER_CTX_new_for_pkey(k->pkey, EVP_PKEY_KEYPAIR, "DER", "PrivateKeyInfo", NULL);
    bool good = encoder && OSSL_ENCODER_to_data(encoder, &at, &left) == 1;
    OSSL_ENCODER_CTX_free(encoder);
    if (!good)
        return la_openssl_fail("encoding a private key");
    ret->n += LA_PRIVATE_KEY_MAX - left;
    return la_ok();
}

/* INVALID with the detail, unless OpenSSL failed for want of memory. */
static la_result refuse(const char *detail)
{
    la_result r = la_openssl_fail("reading a private key");
    return r.code == LA_NO_MEMORY ? r : la_fail(LA_INVALID, "%s", detail);
}

/* OpenSSL answers with its own name of a curve, or with NIST's. */
static bool is_on_curve(const EVP_PKEY *pkey, const la_algorithm *a)
{
    char name[80];
    size_t n = 0;
    if (!EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof name, &n))
        return false;
    int nid = OBJ_sn2nid(name);
    return (nid != NID_undef ? nid : EC_curve_nist2nid(name)) == OBJ_sn2nid(a->group);
}

/* That the public half is the private one's. Costs 60 us for EC; RSA's primality tests (32 ms) are left out, since a stored key
 * is authenticated by its wrapping and the JWK is made of what signs. */
static la_result check_imported(EVP_PKEY *pkey, const la_algorithm *a)
{
    /* Where its provider cannot read a key (out of memory), OpenSSL falls back to objects that know half of what is asked here. */
    if (!EVP_PKEY_get0_provider(pkey))
        return la_openssl_fail("reading a private key");
    if (EVP_PKEY_get_base_id(pkey) != (a->group ? EVP_PKEY_EC : EVP_PKEY_RSA))
        return refuse("the private key is not of the type that its algorithm needs");
    if (!a->group) {
        int bits = EVP_PKEY_get_bits(pkey);
        if (bits <= 0)
            return la_openssl_fail("reading a private key");
        if (bits < RSA_BITS || bits > RSA_BITS_MAX)
            return la_fail(LA_INVALID, "the RSA key has %d bits; %d to %d are accepted", bits, RSA_BITS, RSA_BITS_MAX);
        return la_ok();
    }
    if (!is_on_curve(pkey, a))
        return refuse("the private key is not on the curve that its algorithm needs");
    EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (!check)
        return la_openssl_fail("checking a private key");
    bool good = EVP_PKEY_check(check) == 1;
    EVP_PKEY_CTX_free(check);
    return good ? la_ok() : refuse("the private key is inconsistent");
}

la_result la_key_import_private(const la_algorithm *a, la_slice bytes, la_key **ret)
{
    if (is_seed(a)) {
        if (bytes.n != SEED_BYTES)
            return la_fail(LA_INVALID, "an %s private key has %d bytes", a->name, SEED_BYTES);
        return make(a, NULL, (const uint8_t *)bytes.p, ret);
    }
    if (bytes.n > LA_PRIVATE_KEY_MAX)
        return la_fail(LA_INVALID, "the private key is larger than its limit");
    const unsigned char *at = (const unsigned char *)bytes.p;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)bytes.n);
    if (!info)
        return refuse("the private key is not PKCS #8");
    EVP_PKEY *pkey = at == (const unsigned char *)bytes.p + bytes.n ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info); /* cleanses */
    if (!pkey)
        return refuse("the private key is not PKCS #8");
    la_result r = check_imported(pkey, a);
    if (!la_is_ok(r)) {
        EVP_PKEY_free(pkey);
        return r;
    }
    return make(a, pkey, NULL, ret);
}

la_key *la_key_reference(la_key *k)
{
    atomic_fetch_add_explicit(&k->references, 1, memory_order_relaxed);
    return k;
}

la_key *la_key_free(la_key *k)
{
    if (!k || atomic_fetch_sub_explicit(&k->references, 1, memory_order_acq_rel) != 1)
        return NULL;
    EVP_PKEY_free(k->pkey); /* OpenSSL clears private numbers on free */
    la_secret_free(k->secret);
    free(k);
    return NULL;
}

const la_algorithm *la_key_algorithm(const la_key *k)
{
    return k->algorithm;
}

const char *la_key_id(const la_key *k)
{
    return k->kid;
}

void la_key_write_jwk(const la_key *k, la_buffer *ret)
{
    la_buffer_add(ret, (la_slice){k->jwk, k->jwk_n});
}
