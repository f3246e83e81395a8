/*
 * JWTs from outside, read and then verified (conformance rows JOSE-01 to 04, 07, 09, 11, 20, ASR-22).
 */
#include "testkit.h"

#include "jose/jwt.h"

#include <openssl/evp.h>

static la_key *signing;
static la_public_key *public;

static void new_pair(const char *algorithm)
{
    signing = new_key(algorithm);
    char text[LA_JWK_MAX];
    la_buffer b;
    la_buffer_init_fixed(&b, text, sizeof text);
    la_key_write_jwk(signing, &b);
    assert_ok(la_public_key_parse(la_buffer_slice(&b), 0, &public));
}

static void free_pair(void)
{
    signing = la_key_free(signing);
    public = la_public_key_free(public);
}

static char compact[LA_JWT_MAX + 16];

static la_slice token(const char *header, const char *claims)
{
    return (la_slice){compact, make_token(signing, header, claims, compact, sizeof compact)};
}

static la_jwt *read_claims(const char *claims)
{
    la_jwt *t = NULL;
    assert_ok(la_jwt_read(token("{\"alg\":\"ES256\"}", claims), LA_ALGORITHMS_ASYMMETRIC, &t));
    assert_ok(la_jwt_verify(t, public));
    return t;
}

static void refuse_claims(const char *claims)
{
    la_jwt *t = NULL;
    la_result r = la_jwt_read(token("{\"alg\":\"ES256\"}", claims), LA_ALGORITHMS_ASYMMETRIC, &t);
    if (r.code != LA_INVALID || t)
        fail_msg("%s is read", claims);
}

static void test_header(void **state)
{
    (void)state;
    new_pair("ES256");
    la_jwt *t = NULL;
    assert_ok(
        la_jwt_read(token("{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"../../etc/passwd\"}", "{\"iss\":\"a\"}"),
                    LA_ALGORITHMS_ASYMMETRIC, &t));
    assert_string_equal(la_jwt_algorithm(t)->name, "ES256");
    assert_true(la_slice_is(la_jwt_kid(t), "../../etc/passwd"));
    assert_true(la_slice_is(la_jwt_typ(t), "at+jwt"));
    assert_true(la_slice_is(la_jwt_payload(t), "{\"iss\":\"a\"}"));
    assert_true(la_slice_starts((la_slice){compact, strlen(compact)}, la_jwt_header_text(t)));
    assert_ok(la_jwt_verify(t, public));
    la_jwt_free(t);
    t = NULL;
    assert_ok(la_jwt_read(token("{\"alg\":\"ES256\"}", "{}"), LA_ALGORITHMS_ASYMMETRIC, &t));
    assert_null(la_jwt_kid(t).p);
    assert_null(la_jwt_typ(t).p);
    la_jwt_free(t);
    free_pair();
}

/* JOSE-01, 07, 09: each signature is right. */
static void test_bad_headers(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "[]",
        "null",
        "\"ES256\"",
        "{\"alg\":null}",
        "{\"alg\":[\"ES256\"]}",
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"es256\"}",
        "{\"alg\":\"ES256 \"}",
        "{\"alg\":\"ES256K\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"none\",\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"a\":{\"b\":1,\"b\":1}}",
        "{\"alg\":\"ES256\\u0000\"}",
        "{\"alg\":\"ES256\"}{}",
        "{\"alg\":\"ES256\",\"crit\":[\"x\"],\"x\":1}",
        "{\"alg\":\"ES256\",\"crit\":[]}",
        "{\"alg\":\"ES256\",\"crit\":\"x\"}",
        "{\"alg\":\"ES256\",\"crit\":[\"x\"]}",
        "{\"alg\":\"ES256\",\"crit\":[\"alg\"]}",
        "{\"alg\":\"ES256\",\"b64\":false}",
        "{\"alg\":\"ES256\",\"kid\":1}",
        "{\"alg\":\"ES256\",\"kid\":null}",
        "{\"alg\":\"ES256\",\"typ\":{}}",
        "{\"alg\":\"ES256\",\"kid\":\"\xC0\xAF\"}",
    };
    new_pair("ES256");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        la_jwt *t = NULL;
        la_result r = la_jwt_read(token(bad[i], "{}"), LA_ALGORITHMS_ASYMMETRIC, &t);
        if (r.code != LA_INVALID || t)
            fail_msg("%s is read", bad[i]);
    }
    char header[400] = "{\"alg\":\"ES256\",\"kid\":\"";
    size_t n = strlen(header);
    memset(header + n, 'k', 257);
    strcpy(header + n + 257, "\"}");
    la_jwt *t = NULL;
    assert_code(la_jwt_read(token(header, "{}"), LA_ALGORITHMS_ASYMMETRIC, &t), LA_INVALID);
    strcpy(header + n + 256, "\"}");
    assert_ok(la_jwt_read(token(header, "{}"), LA_ALGORITHMS_ASYMMETRIC, &t));
    la_jwt_free(t);
    free_pair();
}

/* Which algorithms are taken is up to whoever asks. */
static void test_sets_of_algorithms(void **state)
{
    (void)state;
    static const struct {
        const char *algorithm;
        bool fapi;
    } cases[] = {{"ES256", true}, {"PS256", true}, {"EdDSA", true}, {"RS256", false}, {"ES384", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[40];
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", cases[i].algorithm);
        new_pair(cases[i].algorithm);
        la_jwt *t = NULL;
        assert_ok(la_jwt_read(token(header, "{}"), LA_ALGORITHMS_ASYMMETRIC, &t));
        assert_ok(la_jwt_verify(t, public));
        t = la_jwt_free(t);
        assert_code(la_jwt_read(token(header, "{}"), LA_ALGORITHMS_FAPI, &t), cases[i].fapi ? LA_OK : LA_INVALID);
        t = la_jwt_free(t);
        assert_code(la_jwt_read(token(header, "{}"), LA_ALGORITHMS_HMAC, &t), LA_INVALID);
        free_pair();
    }
    new_pair("EdDSA");
    la_jwt *t = NULL;
    assert_ok(la_jwt_read(token("{\"alg\":\"Ed25519\"}", "{}"), LA_ALGORITHMS_FAPI, &t));
    assert_ok(la_jwt_verify(t, public));
    la_jwt_free(t);
    free_pair();
}

/* JOSE-04. */
static void test_form(void **state)
{
    (void)state;
    new_pair("ES256");
    la_slice good = token("{\"alg\":\"ES256\"}", "{\"a\":1}");
    static const char bytes[] = "=?{}\"\\ \t\n+/,;~\x7f\x80";
    for (size_t at = 0; at <= good.n; at++) {
        char changed[1024];
        for (size_t b = 0; b < sizeof bytes; b++) { /* the zero byte too */
            memcpy(changed, good.p, at);
            changed[at] = bytes[b];
            memcpy(changed + at + 1, good.p + at, good.n - at);
            la_jwt *t = NULL;
            assert_code(la_jwt_read((la_slice){changed, good.n + 1}, LA_ALGORITHMS_ASYMMETRIC, &t), LA_INVALID);
        }
    }
    static const char *const bad[] = {"", ".", "..", "...", "a.b", "a.b.c.d", "e30.e30.", ".e30.AA", "e30..AA"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        la_jwt *t = NULL;
        assert_code(la_jwt_read(la_slice_of(bad[i]), LA_ALGORITHMS_ASYMMETRIC, &t), LA_INVALID);
    }
    la_jwt *t = NULL;
    assert_code(la_jwt_read(LA_NO_SLICE, LA_ALGORITHMS_ASYMMETRIC, &t), LA_INVALID);
    memset(compact, 'A', sizeof compact);
    assert_code(la_jwt_read((la_slice){compact, LA_JWT_MAX + 1}, LA_ALGORITHMS_ASYMMETRIC, &t), LA_TOO_LARGE);
    assert_code(la_jwt_read((la_slice){compact, LA_JWT_MAX}, LA_ALGORITHMS_ASYMMETRIC, &t), LA_INVALID);
    free_pair();
}

/* JOSE-02: HS256 with what everybody knows of a public key. */
static void test_algorithm_confusion(void **state)
{
    (void)state;
    new_pair("RS256");
    la_slice good = token("{\"alg\":\"HS256\"}", "{}");
    la_jwt *t = NULL;
    assert_code(la_jwt_read(good, LA_ALGORITHMS_ASYMMETRIC, &t), LA_INVALID);
    assert_ok(la_jwt_read(good, LA_ALGORITHMS_HMAC, &t));
    assert_code(la_jwt_verify(t, public), LA_INVALID);
    t = la_jwt_free(t);
    assert_ok(la_jwt_read(token("{\"alg\":\"RS256\"}", "{}"), LA_ALGORITHMS_ASYMMETRIC, &t));
    assert_code(la_jwt_verify_mac(t, LA_SLICE("0123456789012345678901234567890123456789")), LA_INVALID);
    la_jwt_free(t);
    free_pair();
}

/* JOSE-03: the key that the header brings is looked at by la_jwt_embedded_key alone. */
static void test_embedded_key(void **state)
{
    (void)state;
    char jwk[LA_JWK_MAX] = "", header[LA_JWK_MAX + 200];
    la_buffer b;
    new_pair("ES256");
    la_buffer_init_fixed(&b, jwk, sizeof jwk - 1);
    la_key_write_jwk(signing, &b);
    snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"jwk\":%s}", jwk);
    la_jwt *t = NULL;
    la_public_key *embedded = NULL;
    assert_ok(la_jwt_read(token(header, "{}"), LA_ALGORITHMS_ASYMMETRIC, &t));
    assert_ok(la_jwt_embedded_key(t, &embedded));
    assert_ok(la_jwt_verify(t, embedded));
    assert_string_equal(la_public_key_thumbprint_text(embedded), la_key_id(signing));
    free_pair();
    new_pair("ES256"); /* another key */
    assert_code(la_jwt_verify(t, public), LA_INVALID);
    la_jwt_free(t);
    la_public_key_free(embedded);
    embedded = NULL;
    static const char *const bad[] = {
        "{\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"jwk\":null}",
        "{\"alg\":\"ES256\",\"jwk\":\"x\"}",
        "{\"alg\":\"ES256\",\"jwk\":{}}",
        "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        t = NULL;
        assert_ok(la_jwt_read(token(bad[i], "{}"), LA_ALGORITHMS_ASYMMETRIC, &t));
        assert_code(la_jwt_embedded_key(t, &embedded), LA_INVALID);
        assert_null(embedded);
        la_jwt_free(t);
    }
    free_pair();
}

/* JOSE-20. */
static void test_type(void **state)
{
    (void)state;
    static const struct {
        const char *typ;
        bool fits;
    } cases[] = {{"dpop+jwt", true},
                 {"DPoP+JWT", true},
                 {"application/dpop+jwt", true},
                 {"Application/dpop+jwt", true},
                 {"JWT", false},
                 {"at+jwt", false},
                 {"", false},
                 {"application/", false},
                 {"dpop+jwt ", false},
                 {"text/dpop+jwt", false},
                 {"application/application/dpop+jwt", false},
                 {"dpop+jwt;a=b", false}};
    new_pair("ES256");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[100];
        snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"typ\":\"%s\"}", cases[i].typ);
        la_jwt *t = NULL;
        assert_ok(la_jwt_read(token(header, "{}"), LA_ALGORITHMS_ASYMMETRIC, &t));
        assert_int_equal(la_jwt_has_type(t, "dpop+jwt"), cases[i].fits);
        la_jwt_free(t);
    }
    la_jwt *t = read_claims("{}");
    assert_false(la_jwt_has_type(t, "dpop+jwt"));
    assert_false(la_jwt_has_type(t, ""));
    la_jwt_free(t);
    free_pair();
}

/* JOSE-09, 11. */
static void test_claims(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "x",
        "[]",
        "1",
        "\"a\"",
        "null",
        "{",
        "{\"aud\":\"a\",\"aud\":\"b\"}",
        "{}{}",
        "{} x",
        "NaN",
        "{\"exp\":1e400}",
        "{\"exp\":-1e400}",
        "{\"exp\":99999999999999999999}",
        "{\"exp\":NaN}",
        "{\"exp\":Infinity}",
        "{\"jti\":\"a\\u0000b\"}",
        "{\"jti\":\"\xff\"}",
        "{\"jti\":\"\\uD800\"}",
        "{\"exp\":0x10}",
        "{\"exp\":1,}",
    };
    new_pair("ES256");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse_claims(bad[i]);

    la_jwt *t = read_claims(
        "{\"iss\":\"a\",\"sub\":[\"a\"],\"jti\":5,\"aud\":\"x\",\"cnf\":{\"jkt\":\"t\",\"x\":1},\"n\":null}");
    la_slice s = LA_SLICE("untouched");
    assert_ok(la_jwt_text(t, "iss", &s));
    assert_true(la_slice_is(s, "a"));
    assert_ok(la_jwt_text(t, "nonce", &s));
    assert_null(s.p);
    assert_code(la_jwt_text(t, "sub", &s), LA_INVALID);
    assert_code(la_jwt_text(t, "jti", &s), LA_INVALID);
    assert_code(la_jwt_text(t, "cnf", &s), LA_INVALID);
    assert_code(la_jwt_text(t, "n", &s), LA_INVALID);
    assert_ok(la_jwt_member_text(t, "cnf", "jkt", &s));
    assert_true(la_slice_is(s, "t"));
    assert_ok(la_jwt_member_text(t, "cnf", "x5t#S256", &s));
    assert_null(s.p);
    assert_ok(la_jwt_member_text(t, "none", "jkt", &s));
    assert_null(s.p);
    assert_code(la_jwt_member_text(t, "cnf", "x", &s), LA_INVALID);
    assert_code(la_jwt_member_text(t, "iss", "x", &s), LA_INVALID);
    la_jwt_free(t);
    free_pair();
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t seconds; /* -1: refused */
    } cases[] = {{"0", 0},
                 {"1700000000", 1700000000},
                 {"1700000000.0", 1700000000},
                 {"1700000000.999", 1700000000},
                 {"1.7e9", 1700000000},
                 {"253402300799", 253402300799},
                 {"253402300800", -1},
                 {"253402300799.5", -1},
                 {"-1", -1},
                 {"-0.5", -1},
                 {"-0", 0},
                 {"1e300", -1},
                 {"9223372036854775807", -1},
                 {"-9223372036854775808", -1},
                 {"\"123\"", -1},
                 {"true", -1},
                 {"null", -1},
                 {"{}", -1},
                 {"[1]", -1}};
    new_pair("ES256");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char claims[100];
        snprintf(claims, sizeof claims, "{\"exp\":%s}", cases[i].value);
        la_jwt *t = read_claims(claims);
        bool present = false;
        int64_t seconds = -2;
        la_result r = la_jwt_time(t, "exp", &present, &seconds);
        if (r.code != (cases[i].seconds < 0 ? LA_INVALID : LA_OK))
            fail_msg("%s: %d", claims, r.code);
        if (la_is_ok(r)) {
            assert_true(present);
            assert_int_equal(seconds, cases[i].seconds);
            assert_ok(la_jwt_time(t, "nbf", &present, &seconds));
            assert_false(present);
        }
        la_jwt_free(t);
    }
    free_pair();
}

static void test_audience(void **state)
{
    (void)state;
    new_pair("ES256");
    size_t n = 9;
    bool array = true;
    la_jwt *t = read_claims("{\"aud\":\"a\"}");
    assert_ok(la_jwt_audiences(t, &n, &array));
    assert_int_equal(n, 1);
    assert_false(array);
    assert_true(la_slice_is(la_jwt_audience_at(t, 0), "a"));
    assert_null(la_jwt_audience_at(t, 1).p);
    la_jwt_free(t);
    t = read_claims("{\"aud\":[\"a\",\"b\"]}");
    assert_ok(la_jwt_audiences(t, &n, &array));
    assert_int_equal(n, 2);
    assert_true(array);
    assert_true(la_slice_is(la_jwt_audience_at(t, 1), "b"));
    assert_null(la_jwt_audience_at(t, 2).p);
    la_jwt_free(t);
    t = read_claims("{\"aud\":[]}");
    assert_ok(la_jwt_audiences(t, &n, &array));
    assert_int_equal(n, 0);
    assert_null(la_jwt_audience_at(t, 0).p);
    la_jwt_free(t);
    t = read_claims("{}");
    assert_ok(la_jwt_audiences(t, &n, &array));
    assert_int_equal(n, 0);
    assert_false(array);
    la_jwt_free(t);
    static const char *const bad[] = {"{\"aud\":{}}",   "{\"aud\":[1]}",  "{\"aud\":1}",   "{\"aud\":[\"a\",null]}",
                                      "{\"aud\":null}", "{\"aud\":[[]]}", "{\"aud\":true}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        t = read_claims(bad[i]);
        assert_code(la_jwt_audiences(t, &n, &array), LA_INVALID);
        la_jwt_free(t);
    }
    free_pair();
}

/* RFC 7515 A.1 is HS256 with a key of 64 octets. */
#define A1                                                                                            \
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"                                                        \
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ" \
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define A1_KEY "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"

static void test_mac_rfc7515_a1(void **state)
{
    (void)state;
    char secret[64];
    size_t n = 0;
    la_jwt *t = NULL;
    assert_ok(la_base64url_decode(LA_SLICE(A1_KEY), secret, sizeof secret, &n));
    assert_ok(la_jwt_read(LA_SLICE(A1), LA_ALGORITHMS_HMAC, &t));
    assert_ok(la_jwt_verify_mac(t, (la_slice){secret, n}));
    assert_code(la_jwt_verify_mac(t, (la_slice){secret, n - 1}), LA_INVALID);
    secret[5] ^= 1;
    assert_code(la_jwt_verify_mac(t, (la_slice){secret, n}), LA_INVALID);
    la_jwt_free(t);
    char changed[] = A1;
    changed[sizeof changed - 2] = 'g'; /* other bits of the last character */
    secret[5] ^= 1;
    assert_ok(la_jwt_read(la_slice_of(changed), LA_ALGORITHMS_HMAC, &t));
    assert_code(la_jwt_verify_mac(t, (la_slice){secret, n}), LA_INVALID);
    la_jwt_free(t);
}

/* ASR-22, JOSE-15. */
static void test_mac_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *algorithm;
        const char *digest;
        size_t bytes;
    } cases[] = {{"HS256", "SHA256", 32}, {"HS384", "SHA384", 48}, {"HS512", "SHA512", 64}};
    char secret[LA_CLIENT_SECRET_MAX];
    memset(secret, 's', sizeof secret);
    for (size_t i = 0; i < 3; i++)
        for (size_t n = cases[i].bytes - 1; n <= sizeof secret; n += n < 70 ? 1 : 31) {
            char header[40], text[512];
            uint8_t mac[64];
            size_t mac_n = 0;
            la_buffer b;
            snprintf(header, sizeof header, "{\"alg\":\"%s\"}", cases[i].algorithm);
            la_buffer_init_fixed(&b, text, sizeof text);
            la_buffer_add_base64url(&b, header, strlen(header));
            la_buffer_add_text(&b, ".e30");
            assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, cases[i].digest, NULL, secret, n, (uint8_t *)text, b.n, mac,
                                      sizeof mac, &mac_n));
            la_buffer_add_char(&b, '.');
            size_t at = b.n;
            la_buffer_add_base64url(&b, mac, mac_n);
            la_jwt *t = NULL;
            assert_ok(la_jwt_read(la_buffer_slice(&b), LA_ALGORITHMS_HMAC, &t));
            assert_code(la_jwt_verify_mac(t, (la_slice){secret, n}), n < cases[i].bytes ? LA_INVALID : LA_OK);
            la_jwt_free(t);
            b.n = at; /* a MAC that is cut */
            la_buffer_add_base64url(&b, mac, mac_n - 1);
            assert_ok(la_jwt_read(la_buffer_slice(&b), LA_ALGORITHMS_HMAC, &t));
            assert_code(la_jwt_verify_mac(t, (la_slice){secret, n}), LA_INVALID);
            la_jwt_free(t);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),       cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_form),         cmocka_unit_test(test_sets_of_algorithms),
        cmocka_unit_test(test_type),         cmocka_unit_test(test_algorithm_confusion),
        cmocka_unit_test(test_embedded_key), cmocka_unit_test(test_claims),
        cmocka_unit_test(test_times),        cmocka_unit_test(test_audience),
        cmocka_unit_test(test_mac_lengths),  cmocka_unit_test(test_mac_rfc7515_a1),
    };
    return cmocka_run_group_tests_name("jwt", tests, set_up_secrets, NULL);
}
