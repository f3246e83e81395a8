/*
 * Verification as a resource server does it: RFC 7515 A.3, RFC 7638 3.1, RFC 8037 A, RFC 9449 6.1, and what RFC 8725 wants refused
 * (conformance rows JOSE-01 to 04, 07, 09, 13 to 15, 23).
 */
#include "testkit.h"

#define P256                                                                                  \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define A3_HEADER "eyJhbGciOiJFUzI1NiJ9"
#define A3_PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define A3_SIGNATURE "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define A3 A3_HEADER "." A3_PAYLOAD "." A3_SIGNATURE

static json_t *json(const char *text)
{
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(value);
    return value;
}

static void expect(const char *compact, const char *jwks, la_code code, const char *detail)
{
    json_t *keys = json(jwks);
    la_result r = verify(la_slice_of(compact), keys);
    json_decref(keys);
    if (r.code != code)
        fail_msg("%d instead of %d (%s) for %.80s with %.200s", r.code, code, la_detail(), compact, jwks);
    if (detail && !strstr(la_detail(), detail))
        fail_msg("detail \"%s\" instead of \"…%s…\"", la_detail(), detail);
}

static void test_rfc7515_a3(void **state)
{
    (void)state;
    json_t *jwk = json("{" P256 "}");
    la_jws jws;
    assert_ok(la_jws_verify(LA_SLICE(A3), jwk, &jws));
    assert_string_equal(json_string_value(json_object_get(jws.header, "alg")), "ES256");
    assert_string_equal(json_string_value(json_object_get(jws.payload, "iss")), "joe");
    json_decref(jws.header);
    json_decref(jws.payload);
    json_decref(jwk);
    expect(A3, "{\"keys\":[{" P256 "}]}", LA_OK, NULL);
    expect(A3, "{" P256 ",\"use\":\"sig\",\"alg\":\"ES256\",\"key_ops\":[\"sign\",\"verify\"],\"kid\":\"a\"}", LA_OK,
           NULL);
}

/* JOSE-04, rfc8725bis 3.14. */
static void test_form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "...",
        A3_HEADER,
        A3_HEADER "." A3_PAYLOAD,
        A3_HEADER "." A3_PAYLOAD ".",
        "." A3_PAYLOAD "." A3_SIGNATURE,
        A3 ".",
        A3 ".x",
        "." A3,
        A3_HEADER ".." A3_PAYLOAD "." A3_SIGNATURE,
        A3 "=",
        A3 "==",
        A3 "\n",
        " " A3,
        A3_HEADER "=." A3_PAYLOAD "." A3_SIGNATURE,
        A3_HEADER "." A3_PAYLOAD "=." A3_SIGNATURE,
        A3_HEADER "?." A3_PAYLOAD "." A3_SIGNATURE,
        /* a spare bit of the signature's last character */
        A3_HEADER "." A3_PAYLOAD
                  ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1R",
        "{\"payload\":\"" A3_PAYLOAD "\",\"protected\":\"" A3_HEADER "\",\"signature\":\"" A3_SIGNATURE "\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(bad[i], "{" P256 "}", LA_INVALID, NULL);
    json_t *jwk = json("{" P256 "}");
    assert_code(verify((la_slice){A3 "\0", sizeof A3}, jwk), LA_INVALID);
    assert_code(verify(LA_NO_SLICE, jwk), LA_INVALID);
    char *large = malloc(LA_JWS_MAX + 1);
    memset(large, 'A', LA_JWS_MAX + 1);
    assert_code(verify((la_slice){large, LA_JWS_MAX}, jwk), LA_INVALID);
    assert_code(verify((la_slice){large, LA_JWS_MAX + 1}, jwk), LA_TOO_LARGE);
    free(large);
    json_decref(jwk);
}

/* Signs `header` with a new key of `algorithm` and expects `code` with that key. */
static void expect_header(const char *algorithm, const char *header, la_code code, const char *detail)
{
    la_key *k = new_key(algorithm);
    json_t *jwk = jwk_of(k);
    char compact[4096];
    size_t n = make_token(k, header, "{\"a\":1}", compact, sizeof compact);
    la_result r = verify((la_slice){compact, n}, jwk);
    if (r.code != code || (detail && !strstr(la_detail(), detail)))
        fail_msg("%d (%s) for %s", r.code, la_detail(), header);
    json_decref(jwk);
    la_key_free(k);
}

/* JOSE-01, 07, 09. The signature is right each time. */
static void test_header(void **state)
{
    (void)state;
    static const char *const bad_alg[] = {"none",  "None",  "nOnE",  "NONE", "HS256",  "es256",  "ES256K",
                                          "ES384", "RS256", "EdDSA", "",     "ES256 ", "ECDH-ES"};
    for (size_t i = 0; i < sizeof bad_alg / sizeof bad_alg[0]; i++) {
        char header[64];
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", bad_alg[i]);
        expect_header("ES256", header, LA_INVALID, "alg");
    }
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "[]",
        "\"ES256\"",
        "null",
        "{\"typ\":\"JWT\"}",
        "{\"alg\":null}",
        "{\"alg\":[\"ES256\"]}",
        "{\"alg\":256}",
        "{\"alg\":\"none\",\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\"}{}",
        "{\"alg\":\"ES256\",\"x\":{\"a\":1,\"a\":2}}",
        "{\"alg\":\"ES256\\u0000\"}",
        "{\"alg\":\"ES256\",\"x\":\"\xff\"}",
        "{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}",
        "{\"alg\":\"ES256\",\"crit\":[]}",
        "{\"alg\":\"ES256\",\"crit\":null}",
        "{\"alg\":\"ES256\",\"crit\":\"x\",\"x\":1}",
        "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}",
        "{\"alg\":\"ES256\",\"b64\":false}",
        "{\"alg\":\"ES256\",\"b64\":true}",
        "{\"alg\":\"ES256\",\"kid\":1}",
        "{\"alg\":\"ES256\",\"kid\":null}",
        "{\"alg\":\"ES256\",\"typ\":1}",
        "{\"alg\":\"ES256\",\"kid\":\"other\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect_header("ES256", bad[i], LA_INVALID, NULL);
    static const char *const fine[] = {"{\"alg\":\"ES256\"}", " { \"alg\" : \"ES256\" , \"typ\":\"at+jwt\"}\n",
                                       "{\"cty\":\"x\",\"alg\":\"ES256\",\"x\":[1,{}]}", "{\"\\u0061lg\":\"ES256\"}"};
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        expect_header("ES256", fine[i], LA_OK, NULL);
    /* RFC 9864: one algorithm, two names. */
    expect_header("EdDSA", "{\"alg\":\"Ed25519\"}", LA_OK, NULL);
    expect_header("EdDSA", "{\"alg\":\"ES256\"}", LA_INVALID, "alg");
    /* A key that says RS256 is for nothing else, though RSA could do it. */
    expect_header("RS256", "{\"alg\":\"PS256\"}", LA_INVALID, "alg");
    expect_header("PS256", "{\"alg\":\"RS256\"}", LA_INVALID, "alg");
}

/* JOSE-03: the token of an attacker, who brings the key along. */
static void test_embedded_keys(void **state)
{
    (void)state;
    la_key *ours = new_key("ES256"), *theirs = new_key("ES256");
    json_t *good = jwk_of(ours), *bad = jwk_of(theirs);
    char *text = json_dumps(bad, JSON_COMPACT), header[2048], compact[4096];
    for (int i = 0; i < 2; i++) {
        snprintf(header, sizeof header,
                 "{\"alg\":\"ES256\",\"jwk\":%s,\"jku\":\"http://127.0.0.1:1/\",\"x5u\":\"http://127.0.0.1:1/\"%s}",
                 text, i ? ",\"x5c\":[\"AA\"]" : "");
        size_t n = make_token(theirs, header, "{}", compact, sizeof compact);
        assert_code(verify((la_slice){compact, n}, good), LA_INVALID);
        n = make_token(ours, header, "{}", compact, sizeof compact);
        assert_ok(verify((la_slice){compact, n}, good)); /* the members are passed over */
    }
    free(text);
    json_decref(good);
    json_decref(bad);
    la_key_free(ours);
    la_key_free(theirs);
}

static void test_key_must_fit(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"keys\":[]}",
        "{\"keys\":{}}",
        "{\"keys\":null}",
        "{\"keys\":[null]}",
        "{\"keys\":[[]]}",
        "{" P256 ",\"use\":\"enc\"}",
        "{" P256 ",\"use\":\"SIG\"}",
        "{" P256 ",\"use\":1}",
        "{" P256 ",\"alg\":\"ES384\"}",
        "{" P256 ",\"alg\":\"es256\"}",
        "{" P256 ",\"alg\":null}",
        "{" P256 ",\"key_ops\":[]}",
        "{" P256 ",\"key_ops\":\"verify\"}",
        "{" P256 ",\"key_ops\":[\"sign\"]}",
        "{" P256 ",\"key_ops\":[\"encrypt\"]}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
        "{\"kty\":\"oct\",\"k\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
        "{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
        "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
        /* off the curve, all zero, cut, with an octet too many, not base64url */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
        "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA\",\"y\":"
        "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF\",\"y\":"
        "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=\",\"y\":"
        "\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(A3, bad[i], LA_INVALID, NULL);
    json_t *text = json_string("x");
    assert_code(verify(LA_SLICE(A3), text), LA_INVALID);
    assert_code(verify(LA_SLICE(A3), NULL), LA_INVALID);
    json_decref(text);
}

/* JOSE-13: r and s at their bounds, and other lengths. */
static void test_ecdsa_bounds(void **state)
{
    (void)state;
    static const char n_hex[] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    uint8_t n[32], zero[32] = {0}, one[32] = {0}, ones[32];
    one[31] = 1;
    memset(ones, 0xFF, sizeof ones);
    for (int i = 0; i < 32; i++) {
        unsigned byte;
        sscanf(n_hex + 2 * i, "%2x", &byte);
        n[i] = (uint8_t)byte;
    }
    const uint8_t *const values[] = {zero, one, n, ones};
    json_t *jwk = json("{" P256 "}");
    for (int r = 0; r < 4; r++)
        for (int s = 0; s < 4; s++) {
            uint8_t signature[64];
            memcpy(signature, values[r], 32);
            memcpy(signature + 32, values[s], 32);
            char compact[512] = A3_HEADER "." A3_PAYLOAD ".";
            size_t at = strlen(compact);
            la_base64url_encode(signature, 64, compact + at);
            assert_code(verify((la_slice){compact, at + LA_BASE64URL_CHARS(64)}, jwk), LA_INVALID);
        }
    /* The right signature with an octet more, less, and none. */
    uint8_t right[65] = {0};
    size_t right_n = 0;
    assert_ok(la_base64url_decode(LA_SLICE(A3_SIGNATURE), right, sizeof right, &right_n));
    assert_int_equal(right_n, 64);
    for (size_t bytes = 0; bytes <= 65; bytes++) {
        char compact[512] = A3_HEADER "." A3_PAYLOAD ".";
        size_t at = strlen(compact);
        la_base64url_encode(right, bytes, compact + at);
        assert_code(verify((la_slice){compact, at + LA_BASE64URL_CHARS(bytes)}, jwk), bytes == 64 ? LA_OK : LA_INVALID);
    }
    json_decref(jwk);
}

static json_t *set_of(la_key *const *keys, size_t n)
{
    json_t *set = json_object(), *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, jwk_of(keys[i]));
    json_object_set_new(set, "keys", array);
    return set;
}

static void test_key_sets(void **state)
{
    (void)state;
    la_key *keys[5];
    for (size_t i = 0; i < 5; i++)
        keys[i] = new_key(la_algorithm_at(i)->name);
    json_t *set = set_of(keys, 5), *array = json_object_get(set, "keys");
    char header[128], compact[2048];
    for (size_t i = 0; i < 5; i++) {
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\"}", la_algorithm_at(i)->name,
                 la_key_id(keys[i]));
        size_t n = make_token(keys[i], header, "1", compact, sizeof compact);
        assert_ok(verify((la_slice){compact, n}, set));
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", la_algorithm_at(i)->name); /* the one that fits */
        n = make_token(keys[i], header, "1", compact, sizeof compact);
        assert_ok(verify((la_slice){compact, n}, set));
        /* kid of another key */
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\"}", la_algorithm_at(i)->name,
                 la_key_id(keys[(i + 1) % 5]));
        n = make_token(keys[i], header, "1", compact, sizeof compact);
        assert_code(verify((la_slice){compact, n}, set), LA_INVALID);
    }
    /* A symmetric key in the set changes nothing, one kid for two keys means that both are tried, and only a few are. */
    json_array_insert_new(array, 0, json("{\"kty\":\"oct\",\"k\":\"AAAA\",\"alg\":\"HS256\"}"));
    la_key *extra = new_key("ES256");
    json_t *twin = jwk_of(extra);
    json_object_set_new(twin, "kid", json_string(la_key_id(keys[0])));
    json_array_insert(array, 0, twin);
    snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", la_key_id(keys[0]));
    size_t n = make_token(keys[0], header, "1", compact, sizeof compact);
    assert_ok(verify((la_slice){compact, n}, set));
    for (int i = 0; i < LA_JWKS_ATTEMPTS_MAX; i++)
        json_array_insert(array, 0, twin);
    assert_code(verify((la_slice){compact, n}, set), LA_TOO_LARGE);
    while (json_array_size(array) <= LA_JWKS_KEYS_MAX)
        json_array_append(array, twin);
    assert_code(verify((la_slice){compact, n}, set), LA_TOO_LARGE);
    json_decref(twin);
    la_key_free(extra);
    json_decref(set);
    for (size_t i = 0; i < 5; i++)
        la_key_free(keys[i]);
}

/* JOSE-15: weak RSA keys, refused before anything is computed with them. */
static void test_weak_rsa(void **state)
{
    (void)state;
    la_key *k = new_key("RS256");
    json_t *jwk = jwk_of(k);
    char compact[2048], modulus[512];
    size_t n = make_token(k, "{\"alg\":\"RS256\"}", "{}", compact, sizeof compact);
    la_slice token = {compact, n};
    assert_ok(verify(token, jwk));
    snprintf(modulus, sizeof modulus, "%s", json_string_value(json_object_get(jwk, "n")));
    static const char *const bad_e[] = {"AQ", "Ag", "Aw", "AAEAAQ", "AQAA", "AA", "", "AQAB=", "AQAAAAAAAAAB", "Aw=="};
    for (size_t i = 0; i < sizeof bad_e / sizeof bad_e[0]; i++) {
        json_object_set_new(jwk, "e", json_string(bad_e[i]));
        assert_code(verify(token, jwk), LA_INVALID);
    }
    json_object_set_new(jwk, "e", json_string("AQAB"));
    static const size_t chars[] = {0, 10, 171, 340};
    for (size_t i = 0; i < 4; i++) {
        json_object_set_new(jwk, "n", json_stringn(modulus, chars[i]));
        assert_code(verify(token, jwk), LA_INVALID);
    }
    char other[700];
    snprintf(other, sizeof other, "AAAA%s", modulus); /* leading zero octets */
    json_object_set_new(jwk, "n", json_string(other));
    assert_code(verify(token, jwk), LA_INVALID);
    assert_non_null(strstr(la_detail(), "leading zero"));
    memset(other, '_', 687);
    other[687] = 0; /* 515 bytes: over 4096 bits */
    json_object_set_new(jwk, "n", json_string(other));
    assert_code(verify(token, jwk), LA_INVALID);
    json_decref(jwk);
    la_key_free(k);
}

static void test_payloads(void **state)
{
    (void)state;
    la_key *k = new_key("ES256");
    json_t *jwk = jwk_of(k);
    static const struct {
        const char *payload;
        int type; /* -1: not JSON */
    } cases[] = {{"{}", JSON_OBJECT}, {"[1]", JSON_ARRAY},           {"\"x\"", JSON_STRING},
                 {"1", JSON_INTEGER}, {"null", JSON_NULL},           {"", -1},
                 {"not json", -1},    {"{\"aud\":1,\"aud\":2}", -1}, {"{\"exp\":1e400}", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char compact[512];
        size_t n = make_token(k, "{\"alg\":\"ES256\"}", cases[i].payload, compact, sizeof compact);
        la_jws jws;
        assert_ok(la_jws_verify((la_slice){compact, n}, jwk, &jws));
        assert_int_equal(jws.payload ? (int)json_typeof(jws.payload) : -1, cases[i].type);
        json_decref(jws.header);
        json_decref(jws.payload);
    }
    json_decref(jwk);
    la_key_free(k);
}

static void expect_thumbprint(const char *jwk_text, const char *expected)
{
    json_t *jwk = json(jwk_text);
    char thumbprint[44] = "";
    la_result r = la_jwk_thumbprint(jwk, thumbprint);
    json_decref(jwk);
    if (!expected) {
        assert_code(r, LA_INVALID);
        return;
    }
    assert_ok(r);
    assert_string_equal(thumbprint, expected);
}

/* JOSE-23: RFC 7638 3.1, RFC 8037 A.3, RFC 9449 6.1. */
static void test_thumbprints(void **state)
{
    (void)state;
    expect_thumbprint(
        "{\"kty\":\"RSA\",\"n\":"
        "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKR"
        "XjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
        "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu"
        "6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
        "kEgU8awapJzKnqDKgw"
        "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    expect_thumbprint("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
                      "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    expect_thumbprint("{\"kty\":\"EC\",\"x\":\"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs\",\"y\":\"9VE4jf_Ok_"
                      "o64zbTTlcuNJajHmt6v9TDVrU0"
                      "CdvGRDA\",\"crv\":\"P-256\"}",
                      "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    expect_thumbprint("{}", NULL);
    expect_thumbprint("[]", NULL);
    expect_thumbprint("{\"kty\":\"oct\",\"k\":\"AAAA\"}", NULL);
    expect_thumbprint("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\"}", NULL);
    expect_thumbprint("{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":1}", NULL);
    expect_thumbprint("{\"kty\":\"RSA\",\"n\":\"A\\\"A\",\"e\":\"AQAB\"}", NULL);
    expect_thumbprint("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}", NULL);
}

static void test_parse(void **state)
{
    (void)state;
    json_t *set = NULL;
    assert_ok(la_jwks_parse(LA_SLICE("{\"keys\":[]}"), &set));
    json_decref(set);
    set = NULL;
    static const char *const bad[] = {
        "", "[]", "null", "{\"keys\":[],\"keys\":[]}", "{} x", "{\"keys\":[{\"kty\":\"a\",\"kty\":\"b\"}]}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_code(la_jwks_parse(la_slice_of(bad[i]), &set), LA_INVALID);
    char *large = malloc(LA_JWKS_MAX + 1);
    memset(large, ' ', LA_JWKS_MAX + 1);
    memcpy(large, "{}", 2);
    assert_code(la_jwks_parse((la_slice){large, LA_JWKS_MAX + 1}, &set), LA_TOO_LARGE);
    assert_null(set);
    assert_ok(la_jwks_parse((la_slice){large, LA_JWKS_MAX}, &set));
    json_decref(set);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7515_a3),    cmocka_unit_test(test_form),         cmocka_unit_test(test_header),
        cmocka_unit_test(test_embedded_keys), cmocka_unit_test(test_key_must_fit), cmocka_unit_test(test_ecdsa_bounds),
        cmocka_unit_test(test_key_sets),      cmocka_unit_test(test_weak_rsa),     cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_thumbprints),   cmocka_unit_test(test_parse),
    };
    return cmocka_run_group_tests_name("verify", tests, set_up_secrets, NULL);
}
