/* Keys and signers: RFC 7515 3, RFC 7517, RFC 7518 3.4 and 6, RFC 8037 A. */
#include "testkit.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <pthread.h>

static const char *const signing[] = {"ES256", "RS256", "PS256", "ES384", "EdDSA"};
#define SIGNING (sizeof signing / sizeof signing[0])

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNING; i++)
        assert_string_equal(la_algorithm_at(i)->name, signing[i]);
    size_t with_ml_dsa = la_algorithm_find(LA_SLICE("ML-DSA-44")) ? 3 : 0; /* OpenSSL 3.5 */
    assert_int_equal(la_algorithm_is_missing(LA_SLICE("ML-DSA-87"), LA_ALGORITHMS_SIGNING), with_ml_dsa == 0);
    assert_false(la_algorithm_is_missing(LA_SLICE("ES256"), LA_ALGORITHMS_SIGNING));
    assert_false(la_algorithm_is_missing(LA_SLICE("none"), LA_ALGORITHMS_SIGNING));
    for (size_t i = 0; i < with_ml_dsa; i++)
        assert_true(strncmp(la_algorithm_at(SIGNING + i)->name, "ML-DSA-", 7) == 0);
    assert_null(la_algorithm_at(SIGNING + with_ml_dsa));
    static const char *const others[] = {"none", "None", "HS256", "es256", "ES256 ", "ES256K", "RS384", "Ed25519", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_null(la_algorithm_find(la_slice_of(others[i])));
    assert_non_null(la_algorithm_find_verifiable(LA_SLICE("Ed25519")));
    assert_null(la_algorithm_find_verifiable(LA_SLICE("HS256")));
    assert_null(la_algorithm_find_verifiable(LA_SLICE("none")));
}

/* What a resource server may see, and nothing else (RFC 7518 6; private members are d, p, q, dp, dq, qi, oth, k). */
static void check_members(const json_t *jwk, const char *algorithm, const char *kid)
{
    static const char *const ec[] = {"kty", "use", "alg", "kid", "crv", "x", "y"};
    static const char *const rsa[] = {"kty", "use", "alg", "kid", "n", "e"};
    static const char *const okp[] = {"kty", "use", "alg", "kid", "crv", "x"};
    bool is_rsa = algorithm[1] == 'S' && algorithm[0] != 'E', is_okp = strcmp(algorithm, "EdDSA") == 0;
    const char *const *names = is_rsa ? rsa : is_okp ? okp : ec;
    size_t n = is_rsa || is_okp ? 6 : 7, i = 0;
    assert_int_equal(json_object_size(jwk), n);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)jwk, name, value)
    {
        assert_string_equal(name, names[i++]); /* the order is the same each time */
        assert_true(json_is_string(value));
    }
    assert_string_equal(json_string_value(json_object_get(jwk, "use")), "sig");
    assert_string_equal(json_string_value(json_object_get(jwk, "alg")), algorithm);
    assert_string_equal(json_string_value(json_object_get(jwk, "kid")), kid);
    if (is_rsa)
        assert_string_equal(json_string_value(json_object_get(jwk, "e")), "AQAB");
}

static void test_jwk_and_kid(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNING; i++) {
        la_key *k = new_key(signing[i]);
        json_t *jwk = jwk_of(k);
        check_members(jwk, signing[i], la_key_id(k));
        char thumbprint[44];
        assert_ok(la_jwk_thumbprint(jwk, thumbprint));
        assert_string_equal(thumbprint, la_key_id(k));
        assert_int_equal(strlen(la_key_id(k)), LA_KID_CHARS);
        json_decref(jwk);
        la_key_free(k);
    }
}

static size_t decoded_bytes(const json_t *jwk, const char *member, uint8_t *ret)
{
    size_t n = 0;
    const json_t *value = json_object_get(jwk, member);
    assert_ok(la_base64url_decode(la_slice_of(json_string_value(value)), ret, 512, &n));
    return n;
}

/* JWK-05: one coordinate in 256 begins with a zero octet, which must stay. */
static void test_ec_coordinates_keep_their_width(void **state)
{
    (void)state;
    unsigned leading_zeros = 0;
    for (int i = 0; i < 3000; i++) {
        la_key *k = new_key("ES256");
        json_t *jwk = jwk_of(k);
        uint8_t x[512], y[512];
        assert_int_equal(decoded_bytes(jwk, "x", x), 32);
        assert_int_equal(decoded_bytes(jwk, "y", y), 32);
        leading_zeros += (x[0] == 0) + (y[0] == 0);
        json_decref(jwk);
        la_key_free(k);
    }
    assert_true(leading_zeros > 0); /* none in 6000: once in 10^10 runs */
}

static void test_rsa_numbers(void **state)
{
    (void)state;
    la_key *k = new_key("RS256");
    json_t *jwk = jwk_of(k);
    uint8_t n[512];
    assert_int_equal(decoded_bytes(jwk, "n", n), 256);
    assert_true(n[0] & 0x80);
    json_decref(jwk);
    la_key_free(k);
}

static void test_sign_and_verify(void **state)
{
    (void)state;
    static const size_t bytes[] = {64, 256, 256, 96, 64};
    for (size_t i = 0; i < SIGNING; i++) {
        la_key *k = new_key(signing[i]);
        la_signer *s = NULL;
        assert_ok(la_signer_new(k, &s));
        assert_int_equal(la_signer_signature_bytes(s), bytes[i]);
        assert_ptr_equal(la_signer_key(s), k);
        la_signer_free(s);
        json_t *jwk = jwk_of(k);
        char header[128], compact[2048];
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\"}", signing[i], la_key_id(k));
        size_t n = make_token(k, header, "{\"sub\":\"x\"}", compact, sizeof compact);
        assert_ok(verify((la_slice){compact, n}, jwk));
        compact[n - 10] = compact[n - 10] == 'A' ? 'B' : 'A';
        assert_code(verify((la_slice){compact, n}, jwk), LA_INVALID);
        json_decref(jwk);
        la_key_free(k);
    }
}

/* RFC 7518 3.4: R and S each have 32 octets, also where one of them is small (1 in 128 signatures). */
static void test_es256_signatures_keep_their_width(void **state)
{
    (void)state;
    la_key *k = new_key("ES256");
    json_t *jwk = jwk_of(k);
    la_signer *s = NULL;
    assert_ok(la_signer_new(k, &s));
    la_slice input = LA_SLICE("eyJhbGciOiJFUzI1NiJ9.e30");
    unsigned leading_zeros = 0;
    for (int i = 0; i < 4000; i++) {
        uint8_t signature[64];
        memset(signature, 0xA5, sizeof signature);
        assert_ok(la_signer_sign(s, input, signature));
        bool zero = signature[0] == 0 || signature[32] == 0;
        leading_zeros += zero;
        if (!zero && i % 100)
            continue;
        char compact[256];
        memcpy(compact, input.p, input.n);
        compact[input.n] = '.';
        la_base64url_encode(signature, sizeof signature, compact + input.n + 1);
        assert_ok(verify((la_slice){compact, input.n + 1 + LA_BASE64URL_CHARS(64)}, jwk));
    }
    assert_true(leading_zeros > 0);
    la_signer_free(s);
    json_decref(jwk);
    la_key_free(k);
}

/* RFC 8037 A.1, A.3, A.4: Ed25519 is deterministic, so the very signature. */
static void test_rfc8037(void **state)
{
    (void)state;
    uint8_t seed[32];
    size_t n = 0;
    assert_ok(la_base64url_decode(LA_SLICE("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"), seed, sizeof seed, &n));
    la_key *k = NULL;
    assert_ok(la_key_import_private(la_algorithm_find(LA_SLICE("EdDSA")), (la_slice){(char *)seed, n}, &k));
    assert_string_equal(la_key_id(k), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    json_t *jwk = jwk_of(k);
    assert_string_equal(json_string_value(json_object_get(jwk, "x")), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    char compact[512];
    size_t length = make_token(k, "{\"alg\":\"EdDSA\"}", "Example of Ed25519 signing", compact, sizeof compact);
    la_slice expected = LA_SLICE(
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg"
        "3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    assert_int_equal(length, expected.n);
    assert_memory_equal(compact, expected.p, expected.n);
    assert_ok(verify(expected, jwk));
    json_decref(jwk);
    la_key_free(k);
}

static void test_export_and_import(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNING; i++) {
        la_key *k = new_key(signing[i]), *again = NULL;
        la_buffer private;
        la_buffer_init(&private, LA_PRIVATE_KEY_MAX);
        assert_ok(la_key_export_private(k, &private));
        assert_ok(la_key_import_private(la_key_algorithm(k), la_buffer_slice(&private), &again));
        assert_string_equal(la_key_id(k), la_key_id(again));
        json_t *jwk = jwk_of(k);
        char header[64], compact[2048];
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", signing[i]);
        size_t n = make_token(again, header, "{}", compact, sizeof compact);
        assert_ok(verify((la_slice){compact, n}, jwk));

        /* Cut short, continued, or of another algorithm: no key. */
        la_key *none = NULL;
        la_slice bytes = la_buffer_slice(&private);
        assert_code(la_key_import_private(la_key_algorithm(k), (la_slice){bytes.p, bytes.n - 1}, &none), LA_INVALID);
        la_buffer longer;
        la_buffer_init(&longer, LA_PRIVATE_KEY_MAX);
        la_buffer_add(&longer, bytes);
        la_buffer_add_char(&longer, 0);
        assert_code(la_key_import_private(la_key_algorithm(k), la_buffer_slice(&longer), &none), LA_INVALID);
        for (size_t j = 0; j < SIGNING; j++) {
            bool both_rsa = signing[i][1] == 'S' && signing[j][1] == 'S' && signing[i][0] != 'E' &&
                            signing[j][0] != 'E';
            if (j != i && !both_rsa)
                assert_code(la_key_import_private(la_algorithm_at(j), bytes, &none), LA_INVALID);
        }
        assert_null(none);
        la_buffer_done(&longer);
        la_buffer_done(&private);
        json_decref(jwk);
        la_key_free(again);
        la_key_free(k);
    }
}

static void import_evp(EVP_PKEY *pkey, const char *algorithm)
{
    unsigned char *der = NULL;
    int n = i2d_PrivateKey(pkey, &der); /* not PKCS #8 for these types */
    assert_true(n > 0);
    la_key *k = NULL;
    assert_code(
        la_key_import_private(la_algorithm_find(la_slice_of(algorithm)), (la_slice){(char *)der, (size_t)n}, &k),
        LA_INVALID);
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
}

static void test_import_refuses(void **state)
{
    (void)state;
    import_evp(EVP_EC_gen("prime256v1"), "ES256");
    la_key *k = NULL;
    assert_code(la_key_import_private(la_algorithm_at(0), LA_SLICE(""), &k), LA_INVALID);
    assert_code(la_key_import_private(la_algorithm_at(0), LA_SLICE("30"), &k), LA_INVALID);
    assert_code(la_key_import_private(la_algorithm_find(LA_SLICE("EdDSA")), LA_SLICE("short"), &k), LA_INVALID);
    /* RSA of 1024 bits as PKCS #8, made here. */
    EVP_PKEY *small = EVP_RSA_gen(1024);
    assert_non_null(small);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PKCS8PrivateKey_bio(bio, small, NULL, NULL, 0, NULL, NULL), 1);
    char *der = NULL;
    long n = BIO_get_mem_data(bio, &der);
    assert_code(la_key_import_private(la_algorithm_find(LA_SLICE("RS256")), (la_slice){der, (size_t)n}, &k),
                LA_INVALID);
    assert_non_null(strstr(la_detail(), "1024 bits"));
    BIO_free(bio);
    EVP_PKEY_free(small);
    assert_null(k);
}

static void *sign_often(void *arg)
{
    la_signer *s = NULL;
    if (!la_is_ok(la_signer_new(arg, &s)))
        return NULL;
    uint8_t signature[LA_SIGNATURE_MAX];
    bool good = true;
    for (int i = 0; i < 50 && good; i++)
        good = la_is_ok(la_signer_sign(s, LA_SLICE("x.y"), signature));
    la_signer_free(s);
    return good ? arg : NULL;
}

/* Signers of several threads share a key, and outlive the reference that they were made of. */
static void test_threads_and_lifetime(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIGNING; i++) {
        la_key *k = new_key(signing[i]);
        pthread_t threads[4];
        for (int t = 0; t < 4; t++)
            assert_int_equal(pthread_create(&threads[t], NULL, sign_often, k), 0);
        for (int t = 0; t < 4; t++) {
            void *result = NULL;
            pthread_join(threads[t], &result);
            assert_ptr_equal(result, k);
        }
        la_signer *s = NULL;
        assert_ok(la_signer_new(k, &s));
        la_key_free(k);
        uint8_t signature[LA_SIGNATURE_MAX];
        assert_ok(la_signer_sign(s, LA_SLICE("x.y"), signature));
        assert_string_equal(la_algorithm_at(i)->name, la_key_algorithm(la_signer_key(s))->name);
        la_signer_free(s);
    }
    assert_null(la_key_free(NULL));
    assert_null(la_signer_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_jwk_and_kid),
        cmocka_unit_test(test_ec_coordinates_keep_their_width),
        cmocka_unit_test(test_rsa_numbers),
        cmocka_unit_test(test_sign_and_verify),
        cmocka_unit_test(test_es256_signatures_keep_their_width),
        cmocka_unit_test(test_rfc8037),
        cmocka_unit_test(test_export_and_import),
        cmocka_unit_test(test_import_refuses),
        cmocka_unit_test(test_threads_and_lifetime),
    };
    return cmocka_run_group_tests_name("key", tests, set_up_secrets, NULL);
}
