/*
 * Prepared keys (conformance rows JOSE-02, 14, 15, 23, DPP-08): what is refused and why, what fits, and that threads may share one.
 */
#include "testkit.h"

#include "jose/public_key.h"

#include <openssl/x509.h>
#include <pthread.h>

#define P256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define P256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define P256 "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\""
#define ED25519 "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define RSA_N                                                                                                  \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKR"        \
    "XjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"  \
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBni" \
    "Iqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RSA "\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""

static la_public_key *parse(const char *jwk)
{
    la_public_key *k = NULL;
    la_result r = la_public_key_parse(la_slice_of(jwk), LA_JWK_THOROUGH | LA_JWK_CERTIFICATE, &k);
    if (!la_is_ok(r))
        fail_msg("%s: %s", jwk, la_detail());
    return k;
}

static void refuse(const char *jwk, const char *detail)
{
    la_public_key *k = NULL;
    la_result r = la_public_key_parse(la_slice_of(jwk), LA_JWK_THOROUGH | LA_JWK_CERTIFICATE, &k);
    if (r.code != LA_INVALID || k)
        fail_msg("%s is accepted", jwk);
    if (!strstr(la_detail(), detail))
        fail_msg("%s: \"%s\" instead of \"…%s…\"", jwk, la_detail(), detail);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"{" P256 ",\"kty\":\"EC\"}", "each member once"},
        {"{}", "kty and crv"},
        {"{\"kty\":\"EC\"}", "kty and crv"},
        {"{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", "kty and crv"},
        {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", "kty and crv"},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" P256_X "\"}", "kty and crv"},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", "private member k"},
        {"{\"kty\":\"oct\"}", "symmetric"},
        {"{" P256 ",\"d\":\"" P256_X "\"}", "private member d"},
        {"{" P256 ",\"d\":null}", "private member d"},
        {"{" RSA ",\"p\":\"AQ\"}", "private member p"},
        {"{" RSA ",\"q\":\"AQ\"}", "private member q"},
        {"{" RSA ",\"dp\":\"AQ\"}", "private member dp"},
        {"{" RSA ",\"dq\":\"AQ\"}", "private member dq"},
        {"{" RSA ",\"qi\":\"AQ\"}", "private member qi"},
        {"{" RSA ",\"oth\":[]}", "private member oth"},
        {"{" ED25519 ",\"priv\":\"AQ\"}", "private member priv"},
        {"{" P256 ",\"use\":\"enc\"}", "use is not sig"},
        {"{" P256 ",\"key_ops\":[\"sign\"]}", "key_ops"},
        {"{" P256 ",\"key_ops\":\"verify\"}", "key_ops"},
        {"{" P256 ",\"alg\":\"ES384\"}", "kty or crv"},
        {"{" P256 ",\"alg\":\"RS256\"}", "kty or crv"},
        {"{" P256 ",\"alg\":\"HS256\"}", "alg is not one"},
        {"{" P256 ",\"alg\":\"none\"}", "alg is not one"},
        {"{" P256 ",\"alg\":\"es256\"}", "alg is not one"},
        {"{" P256 ",\"alg\":1}", "alg is not one"},
        {"{" P256 ",\"kid\":1}", "kid is not a string"},
        /* off the curve, x and y swapped, zero, P, another width, leading zero octet */
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_Y "\",\"y\":\"" P256_X "\"}", "not a"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_X "\"}", "not a"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
         "not a"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"__________________________________________8\",\"y\":\"" P256_Y
         "\"}",
         "not a"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"AA\"}", "32 bytes"},
        {"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", "48 bytes"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "=\",\"y\":\"" P256_Y "\"}", "base64url"},
        /* small order, not on the curve, not canonical */
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", "its group"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", "its group"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"7P___________________________________________38\"}", ""},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}", "32 bytes"},
        {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}", "exponent"},
        {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"Aw\"}", "exponent"},
        {"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAA\"}", "exponent"},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "fewer than 2048"},
        {"{" P256 ",\"x5c\":\"AA\"}", "x5c"},
        {"{" P256 ",\"x5c\":[]}", "x5c"},
        {"{" P256 ",\"x5c\":[\"AAAA\"]}", "x5c"},
        {"{" P256 ",\"x5c\":[\"*\"]}", "Base64"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i][0], bad[i][1]);
    char *large = malloc(LA_JWK_TEXT_MAX + 1);
    memset(large, ' ', LA_JWK_TEXT_MAX + 1);
    memcpy(large, "{" P256 "}", strlen("{" P256 "}"));
    la_public_key *k = NULL;
    assert_code(la_public_key_parse((la_slice){large, LA_JWK_TEXT_MAX + 1}, 0, &k), LA_TOO_LARGE);
    assert_ok(la_public_key_parse((la_slice){large, LA_JWK_TEXT_MAX}, 0, &k));
    la_public_key_free(k);
    free(large);
}

/* Anybody may bring a key in a DPoP proof, and one verification with 16384 bits and a large exponent takes milliseconds. */
static void test_large_modulus(void **state)
{
    (void)state;
    static const int bits[] = {4096, 4104, 8192, 16384};
    BIGNUM *n = BN_new();
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        uint8_t bytes[2048];
        char text[3000] = "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"";
        assert_true(BN_rand(n, bits[i], BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD));
        size_t at = strlen(text), size = (size_t)BN_bn2bin(n, bytes);
        la_base64url_encode(bytes, size, text + at);
        strcpy(text + at + LA_BASE64URL_CHARS(size), "\"}");
        la_public_key *k = NULL;
        if (bits[i] > 4096)
            refuse(text, "more than 4096 bits");
        else
            assert_ok(la_public_key_parse(la_slice_of(text), 0, &k));
        la_public_key_free(k);
    }
    BN_free(n);
}

/* A modulus of 2048 bits that is not what it seems: a prime, or one with a small factor. Only a thorough check finds it. */
static void test_bad_modulus(void **state)
{
    (void)state;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n = BN_new();
    assert_true(BN_generate_prime_ex(n, 2048, 0, NULL, NULL, NULL));
    for (int i = 0; i < 2; i++) {
        uint8_t bytes[257];
        char text[700] = "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"";
        size_t at = strlen(text), size = (size_t)BN_bn2bin(n, bytes);
        la_base64url_encode(bytes, size, text + at);
        strcpy(text + at + LA_BASE64URL_CHARS(size), "\"}");
        refuse(text, "not a product");
        BN_mul_word(n, 3);
    }
    BN_free(n);
    BN_CTX_free(ctx);
}

/* JOSE-23. */
static void test_thumbprints(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{" RSA ",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
        {"{" ED25519 "}", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
        {"{\"kty\":\"EC\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\",\"y\":\"9VE4jf_Ok_"
         "o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA\",\"crv\":\"P-256\"}",
         "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        la_public_key *k = parse(cases[i][0]);
        char text[44] = "";
        assert_string_equal(la_public_key_thumbprint_text(k), cases[i][1]);
        la_base64url_encode(la_public_key_thumbprint(k), LA_THUMBPRINT_BYTES, text);
        assert_string_equal(text, cases[i][1]);
        la_public_key_free(k);
    }
    la_public_key *k = parse("{" RSA ",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}");
    assert_true(la_slice_is(la_public_key_id(k), "2011-04-29"));
    assert_string_equal(la_public_key_algorithm(k)->name, "RS256");
    la_public_key_free(k);
    k = parse("{" ED25519 "}");
    assert_null(la_public_key_id(k).p);
    assert_null(la_public_key_algorithm(k));
    assert_null(la_public_key_certificate(k).p);
    la_public_key_free(k);
}

static void test_fits(void **state)
{
    (void)state;
    static const struct {
        const char *jwk;
        const char *fitting; /* with blanks around each */
    } cases[] = {
        {"{" P256 "}", " ES256 "},
        {"{" P256 ",\"alg\":\"ES256\"}", " ES256 "},
        {"{" ED25519 "}", " EdDSA Ed25519 "},
        {"{" ED25519 ",\"alg\":\"EdDSA\"}", " EdDSA Ed25519 "},
        {"{" ED25519 ",\"alg\":\"Ed25519\"}", " EdDSA Ed25519 "},
        {"{" RSA "}", " RS256 PS256 RS384 RS512 PS384 PS512 "},
        {"{" RSA ",\"alg\":\"PS256\"}", " PS256 "},
        {"{" RSA ",\"alg\":\"RS512\"}", " RS512 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        la_public_key *k = parse(cases[i].jwk);
        const la_algorithm *a;
        for (size_t j = 0; (a = la_algorithm_at_in(~0u, j)); j++) {
            char name[20];
            snprintf(name, sizeof name, " %s ", a->name);
            bool fits = strstr(cases[i].fitting, name) != NULL;
            if (la_public_key_fits(k, a) != fits)
                fail_msg("%s %s", cases[i].jwk, a->name);
            if (!fits)
                assert_code(la_public_key_verify(k, a, LA_SLICE("a"), LA_SLICE("b")), LA_INVALID);
        }
        la_public_key_free(k);
    }
}

static size_t sign(const la_key *k, la_slice input, uint8_t ret[LA_SIGNATURE_MAX])
{
    la_signer *s = NULL;
    assert_ok(la_signer_new(k, &s));
    assert_ok(la_signer_sign(s, input, ret));
    size_t n = la_signer_signature_bytes(s);
    la_signer_free(s);
    return n;
}

/* With alg and without: an RSA key that names none is prepared for another algorithm than this. */
static void test_verify(void **state)
{
    (void)state;
    for (size_t i = 0; la_algorithm_at(i); i++)
        for (int pinned = 0; pinned < 2; pinned++) {
            const la_algorithm *a = la_algorithm_at(i);
            if (!pinned && a->kind == LA_KEY_AKP) /* these must have an alg */
                continue;
            la_key *own = new_key(a->name);
            json_t *jwk = jwk_of(own);
            if (!pinned)
                json_object_del(jwk, "alg");
            char *text = json_dumps(jwk, JSON_COMPACT);
            la_public_key *k = parse(text);
            uint8_t signature[LA_SIGNATURE_MAX + 1] = {0};
            size_t n = sign(own, LA_SLICE("input"), signature);
            for (int round = 0; round < 3; round++) {
                assert_ok(la_public_key_verify(k, a, LA_SLICE("input"), (la_slice){(char *)signature, n}));
                assert_code(la_public_key_verify(k, a, LA_SLICE("Input"), (la_slice){(char *)signature, n}),
                            LA_INVALID);
            }
            for (size_t bytes = 0; bytes <= n + 1; bytes += bytes + 2 < n ? 7 : 1)
                if (bytes != n)
                    assert_code(la_public_key_verify(k, a, LA_SLICE("input"), (la_slice){(char *)signature, bytes}),
                                LA_INVALID);
            for (size_t at = 0; at < n; at += 11) {
                signature[at] ^= 1;
                assert_code(la_public_key_verify(k, a, LA_SLICE("input"), (la_slice){(char *)signature, n}),
                            LA_INVALID);
                signature[at] ^= 1;
            }
            la_public_key_free(k);
            free(text);
            json_decref(jwk);
            la_key_free(own);
        }
}

static char *certificate_of(EVP_PKEY *pkey)
{
    X509 *x = X509_new();
    unsigned char *der = NULL;
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"a", -1, -1, 0);
    assert_true(X509_set_pubkey(x, pkey));
    assert_true(X509_sign(x, pkey, EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()));
    int n = i2d_X509(x, &der);
    assert_true(n > 0);
    char *text = calloc(1, (size_t)n * 2);
    EVP_EncodeBlock((unsigned char *)text, der, n);
    OPENSSL_free(der);
    X509_free(x);
    return text;
}

/* RFC 7517 4.7: the first certificate is the key's own. */
static void test_certificate(void **state)
{
    (void)state;
    static const char *const kinds[] = {"ES256", "EdDSA"};
    for (size_t i = 0; i < 2; i++) {
        bool ec = i == 0;
        la_key *own = new_key(kinds[i]);
        char plain[LA_PRIVATE_KEY_MAX];
        la_buffer b;
        la_buffer_init_fixed(&b, plain, sizeof plain);
        assert_ok(la_key_export_private(own, &b));
        const unsigned char *at = (const unsigned char *)plain;
        EVP_PKEY *pkey = ec ? d2i_AutoPrivateKey(NULL, &at, (long)b.n)
                            : EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, at, b.n);
        EVP_PKEY *another = EVP_EC_gen("prime256v1");
        assert_non_null(pkey);
        for (int right = 0; right < 2; right++) {
            char *certificate = certificate_of(right ? pkey : another);
            json_t *jwk = jwk_of(own);
            json_object_set_new(jwk, "x5c", json_pack("[s]", certificate));
            char *text = json_dumps(jwk, JSON_COMPACT);
            if (right) {
                la_public_key *k = parse(text);
                la_slice der = la_public_key_certificate(k);
                const unsigned char *from = (const unsigned char *)der.p;
                X509 *x = d2i_X509(NULL, &from, (long)der.n);
                assert_non_null(x);
                assert_ptr_equal(from, der.p + der.n);
                X509_free(x);
                la_public_key_free(k);
            } else {
                refuse(text, "not the key's");
            }
            free(text);
            json_decref(jwk);
            free(certificate);
        }
        EVP_PKEY_free(another);
        EVP_PKEY_free(pkey);
        la_key_free(own);
    }
}

typedef struct shared {
    const la_public_key *key;
    const la_algorithm *algorithm;
    la_slice signature;
} shared;

static void *verify_often(void *self)
{
    const shared *s = self;
    size_t failed = 0;
    for (int i = 0; i < 200; i++) {
        la_public_key *k = la_public_key_hold(s->key);
        failed += !la_is_ok(la_public_key_verify(k, s->algorithm, LA_SLICE("input"), s->signature));
        failed += la_is_ok(la_public_key_verify(k, s->algorithm, LA_SLICE("other"), s->signature));
        la_public_key_free(k);
    }
    return (void *)failed;
}

static void test_threads(void **state)
{
    (void)state;
    for (size_t i = 0; la_algorithm_at(i); i++) {
        la_key *own = new_key(la_algorithm_at(i)->name);
        json_t *jwk = jwk_of(own);
        char *text = json_dumps(jwk, JSON_COMPACT);
        la_public_key *k = parse(text);
        uint8_t signature[LA_SIGNATURE_MAX];
        shared s = {k, la_algorithm_at(i), {(char *)signature, sign(own, LA_SLICE("input"), signature)}};
        pthread_t threads[4];
        for (int t = 0; t < 4; t++)
            assert_int_equal(pthread_create(&threads[t], NULL, verify_often, &s), 0);
        for (int t = 0; t < 4; t++) {
            void *failed = NULL;
            pthread_join(threads[t], &failed);
            assert_null(failed);
        }
        la_public_key_free(k);
        free(text);
        json_decref(jwk);
        la_key_free(own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_large_modulus), cmocka_unit_test(test_bad_modulus),
        cmocka_unit_test(test_thumbprints), cmocka_unit_test(test_fits),          cmocka_unit_test(test_verify),
        cmocka_unit_test(test_certificate), cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("public_key", tests, set_up_secrets, NULL);
}
