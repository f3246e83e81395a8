/*
 * ML-DSA keys and signatures (RFC 9964) against the RFC's own examples, in rfc9964.json (conformance row JOSE-23). What needs OpenSSL 3.5
 * is refused where that is older, and that is checked instead.
 */
#include "testkit.h"

#include "jose/jwt.h"
#include "jose/key_set.h"
#include "jose/public_key.h"

static const struct {
    const char *name;
    size_t public_bytes, signature_bytes;
    const char *kid;
} sets[] = {{"ML-DSA-44", 1312, 2420, "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o"},
            {"ML-DSA-65", 1952, 3309, "Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM"},
            {"ML-DSA-87", 2592, 4627, "tRn1JNIkgMsABVQBlXeDHxAIcclh-2IX0UdDEzPt5XU"}};

static json_t *examples;

static int set_up(void **state)
{
    json_t *file = json_load_file(LA_SOURCE_ROOT "/tests/unit/jose/rfc9964.json", JSON_REJECT_DUPLICATES, NULL);
    examples = json_incref(json_object_get(file, "examples"));
    json_decref(file);
    return json_array_size(examples) == 3 ? set_up_secrets(state) : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(examples);
    return 0;
}

static json_t *jwk_at(size_t i, bool with_private)
{
    json_t *jwk = json_deep_copy(json_object_get(json_array_get(examples, i), "jwk"));
    if (!with_private)
        json_object_del(jwk, "priv");
    return jwk;
}

static la_result parse(const json_t *jwk, la_public_key **ret)
{
    char *text = json_dumps(jwk, JSON_COMPACT);
    la_result r = la_public_key_parse(la_slice_of(text), LA_JWK_THOROUGH, ret);
    free(text);
    return r;
}

static bool has_it(size_t i)
{
    return la_algorithm_find(la_slice_of(sets[i].name)) != NULL;
}

/* Needs no OpenSSL: a JWK set may have such keys anywhere. */
static void test_thumbprints(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        json_t *jwk = jwk_at(i, false);
        char thumbprint[44] = "";
        assert_ok(la_jwk_thumbprint(jwk, thumbprint));
        assert_string_equal(thumbprint, sets[i].kid);
        json_object_set_new(jwk, "use", json_string("sig")); /* no member of the thumbprint */
        json_object_del(jwk, "kid");
        assert_ok(la_jwk_thumbprint(jwk, thumbprint));
        assert_string_equal(thumbprint, sets[i].kid);
        json_object_del(jwk, "alg");
        assert_code(la_jwk_thumbprint(jwk, thumbprint), LA_INVALID);
        json_decref(jwk);
    }
}

static void test_older_openssl(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        la_public_key *k = NULL;
        json_t *jwk = jwk_at(i, false);
        if (!has_it(i)) {
            assert_code(parse(jwk, &k), LA_INVALID);
            assert_non_null(strstr(la_detail(), "OpenSSL 3.5"));
            assert_true(la_algorithm_is_missing(la_slice_of(sets[i].name), LA_ALGORITHMS_ASYMMETRIC));
        }
        json_decref(jwk);
    }
}

static void test_jwks(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        la_public_key *k = NULL;
        json_t *jwk = jwk_at(i, true);
        assert_code(parse(jwk, &k), LA_INVALID);
        assert_non_null(strstr(la_detail(), "private member priv"));
        json_decref(jwk);
        if (!has_it(i))
            continue;
        jwk = jwk_at(i, false);
        assert_ok(parse(jwk, &k));
        assert_string_equal(la_public_key_thumbprint_text(k), sets[i].kid);
        assert_string_equal(la_public_key_algorithm(k)->name, sets[i].name);
        for (size_t j = 0; la_algorithm_at_in(~0u, j); j++)
            assert_int_equal(la_public_key_fits(k, la_algorithm_at_in(~0u, j)),
                             strcmp(la_algorithm_at_in(~0u, j)->name, sets[i].name) == 0);
        la_public_key_free(k);
        k = NULL;
        static const char *const others[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "ES256", "ml-dsa-44", "EdDSA"};
        for (size_t j = 0; j < 6; j++) { /* alg says how long pub is */
            if (j == i)
                continue;
            json_object_set_new(jwk, "alg", json_string(others[j]));
            assert_code(parse(jwk, &k), LA_INVALID);
        }
        json_object_del(jwk, "alg"); /* RFC 9964 3: required */
        assert_code(parse(jwk, &k), LA_INVALID);
        json_decref(jwk);
        jwk = jwk_at(i, false);
        json_object_set_new(jwk, "pub", json_string(""));
        assert_code(parse(jwk, &k), LA_INVALID);
        json_object_set_new(jwk, "pub", json_integer(1));
        assert_code(parse(jwk, &k), LA_INVALID);
        json_decref(jwk);
    }
}

static void test_rfc_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        json_t *jwk = jwk_at(i, false);
        char *jws = strdup(json_string_value(json_object_get(json_array_get(examples, i), "jws")));
        if (has_it(i)) {
            assert_ok(verify(la_slice_of(jws), jwk));
            for (size_t at = 0, n = strlen(jws); at < n; at += 97) {
                char was = jws[at];
                jws[at] = was == 'A' ? 'B' : 'A';
                assert_code(verify(la_slice_of(jws), jwk), LA_INVALID);
                jws[at] = was;
            }
            jws[strlen(jws) - 4] = 0; /* three octets fewer */
        }
        assert_code(verify(la_slice_of(jws), jwk), LA_INVALID);
        free(jws);
        json_decref(jwk);
    }
}

/* The examples' private key is the seed of 32 zero octets. */
static void test_seed(void **state)
{
    (void)state;
    static const char zero[33];
    for (size_t i = 0; i < 3; i++) {
        if (!has_it(i))
            continue;
        const la_algorithm *a = la_algorithm_find(la_slice_of(sets[i].name));
        la_key *k = NULL;
        assert_code(la_key_import_private(a, (la_slice){zero, 31}, &k), LA_INVALID);
        assert_code(la_key_import_private(a, (la_slice){zero, 33}, &k), LA_INVALID);
        assert_ok(la_key_import_private(a, (la_slice){zero, 32}, &k));
        assert_string_equal(la_key_id(k), sets[i].kid);
        json_t *jwk = jwk_of(k), *expected = jwk_at(i, false);
        json_object_set_new(expected, "use", json_string("sig"));
        assert_true(json_equal(jwk, expected));
        la_buffer b;
        la_buffer_init(&b, 64);
        assert_ok(la_key_export_private(k, &b));
        assert_true(la_slice_equal(la_buffer_slice(&b), (la_slice){zero, 32}));
        la_buffer_done(&b);
        json_decref(expected);
        json_decref(jwk);
        la_key_free(k);
    }
}

static void test_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        if (!has_it(i))
            continue;
        la_key *k = new_key(sets[i].name);
        char jwk[LA_JWK_MAX + 1] = "", set[LA_JWK_MAX + 20], header[40], compact[LA_JWT_MAX];
        la_buffer b;
        la_buffer_init_fixed(&b, jwk, LA_JWK_MAX);
        la_key_write_jwk(k, &b);
        assert_true(la_buffer_ok(&b));
        snprintf(set, sizeof set, "{\"keys\":[%s]}", jwk);
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", sets[i].name);
        size_t n = make_token(k, header, "{\"iss\":\"a\"}", compact, sizeof compact);
        la_jwt *t = NULL;
        la_key_set *s = NULL;
        const la_public_key *found = NULL;
        assert_ok(la_jwt_read((la_slice){compact, n}, LA_ALGORITHMS_ASYMMETRIC, &t));
        assert_ok(la_key_set_parse(la_slice_of(set), LA_KEY_SET_REGISTERED, &s));
        assert_ok(la_key_set_verify(s, t, &found));
        la_jwt_free(t);
        t = NULL;
        assert_code(la_jwt_read((la_slice){compact, n}, LA_ALGORITHMS_FAPI, &t), LA_INVALID);
        la_key_set_free(s);
        /* Several signatures by one signer: each of the right length, hedged, and good. */
        la_signer *signer = NULL;
        la_public_key *public = NULL;
        assert_ok(la_signer_new(k, &signer));
        assert_ok(la_public_key_parse(la_slice_of(jwk), 0, &public));
        assert_int_equal(la_signer_signature_bytes(signer), sets[i].signature_bytes);
        uint8_t signature[2][LA_SIGNATURE_MAX + 1];
        for (int round = 0; round < 4; round++) {
            uint8_t *to = signature[round % 2];
            to[sets[i].signature_bytes] = 0xA5;
            assert_ok(la_signer_sign(signer, LA_SLICE("input"), to));
            assert_int_equal(to[sets[i].signature_bytes], 0xA5);
            assert_ok(la_public_key_verify(public, la_key_algorithm(k), LA_SLICE("input"),
                                           (la_slice){(char *)to, sets[i].signature_bytes}));
        }
        assert_memory_not_equal(signature[0], signature[1], sets[i].signature_bytes);
        la_public_key_free(public);
        la_signer_free(signer);
        la_key_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thumbprints),    cmocka_unit_test(test_older_openssl), cmocka_unit_test(test_jwks),
        cmocka_unit_test(test_rfc_signatures), cmocka_unit_test(test_seed),          cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests_name("ml_dsa", tests, set_up, tear_down);
}
