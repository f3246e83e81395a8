/* Client assertions (RFC 7523 3): what one may look like and say, row by row. Whose it is is in test_client_assertion_owner.c. */
#include "assertion_kit.h"

#include "base/base64url.h"

#define OF_EC "{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000060"

static void claims_are_judged(void **state)
{
    static const struct {
        const char *claims;
        la_code code;
    } rows[] = {
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c0\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_OK},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c1\",\"exp\":1800000060,\"aud\":[\"" ISSUER "\"]}", LA_OK},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c2\",\"exp\":1800000060.7,\"aud\":\"" ISSUER "\",\"iat\":1.8e9}",
         LA_OK},
        /* ASR-04 */
        {"{\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"rsa\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_CLAIMS},
        {"{\"iss\":[\"ec\"],\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":7,\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"\",\"sub\":\"\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"e\\n\",\"sub\":\"e\\n\",\"jti\":\"c\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_CLAIMS},
        /* ASR-05 to 08 */
        {OF_EC "}", LA_ASSERTION_CLAIMS},
        {OF_EC ",\"aud\":[]}", LA_ASSERTION_CLAIMS},
        {OF_EC ",\"aud\":{}}", LA_ASSERTION_CLAIMS},
        {OF_EC ",\"aud\":[1]}", LA_ASSERTION_CLAIMS},
        {OF_EC ",\"aud\":[\"" ISSUER "\",\"https://b\"]}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":[\"" ISSUER "\",\"" ISSUER "\"]}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":\"" ISSUER "/\"}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":\"\"}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":\"" TOKEN_URL "\"}", LA_ASSERTION_AUDIENCE},
        {OF_EC ",\"aud\":\"https://mtls.issuer.example/oauth2/"
               "token\"}",
         LA_ASSERTION_AUDIENCE},
        /* ASR-11, JOSE-11 */
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":\"1800000060\",\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":true,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":null,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":-1,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1e300,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1e400,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_MALFORMED},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1799999990,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_EXPIRED},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c3\",\"exp\":1799999991,\"aud\":\"" ISSUER "\"}", LA_OK},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c\",\"exp\":1800000631,\"aud\":\"" ISSUER "\"}",
         LA_ASSERTION_LIFETIME},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c4\",\"exp\":1800000630,\"aud\":\"" ISSUER "\"}", LA_OK},
        /* ASR-13 */
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c5\",\"exp\":1800000060,\"iat\":1800000010,\"nbf\":1800000010,"
         "\"aud\":\"" ISSUER "\"}",
         LA_OK},
        {OF_EC ",\"iat\":1800000061,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_TIME},
        {OF_EC ",\"nbf\":1800000061,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_TIME},
        {OF_EC ",\"nbf\":\"0\",\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        /* ASR-15 */
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":5,\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_ASSERTION_CLAIMS},
        {"{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"c0\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", LA_REPLAYED},
        /* JOSE-09 */
        {OF_EC ",\"aud\":\"x\",\"aud\":\"" ISSUER "\"}", LA_ASSERTION_MALFORMED},
        {"[]", LA_ASSERTION_MALFORMED},
        {"", LA_ASSERTION_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        kit_check(i, kit_code_of(&kit.ec, "", rows[i].claims), rows[i].code);
}

static void a_long_jti_is_refused(void **state)
{
    char claims[1024];
    for (int n = 256; n <= 257; n++) {
        snprintf(claims, sizeof claims,
                 "{\"iss\":\"ec\",\"sub\":\"ec\",\"jti\":\"%0*d\",\"exp\":1800000060,\"aud\":\"" ISSUER "\"}", n, 0);
        assert_int_equal(kit_code_of(&kit.ec, "", claims), n == 256 ? LA_OK : LA_ASSERTION_CLAIMS);
    }
}

static void headers_are_judged(void **state)
{
    static const struct {
        const char *more;
        la_code code;
    } rows[] = {
        {",\"typ\":\"JWT\"", LA_OK},
        {",\"typ\":\"jwt\"", LA_OK},
        {",\"typ\":\"client-authentication+jwt\"", LA_OK},
        {",\"typ\":\"application/client-authentication+jwt\"", LA_OK},
        {",\"typ\":\"dpop+jwt\"", LA_ASSERTION_TYP},
        {",\"typ\":\"at+jwt\"", LA_ASSERTION_TYP},
        {",\"typ\":\"token-introspection+jwt\"", LA_ASSERTION_TYP},
        {",\"typ\":\"\"", LA_ASSERTION_TYP},
        {",\"typ\":1", LA_ASSERTION_MALFORMED},
        {",\"kid\":\"of-nobody\"", LA_ASSERTION_KEY},
        {",\"kid\":\"../../../../dev/null\"", LA_ASSERTION_KEY},
        {",\"kid\":\"' OR '1'='1\"", LA_ASSERTION_KEY},
        {",\"kid\":\"\\u0000\"", LA_ASSERTION_MALFORMED},
        {",\"kid\":7", LA_ASSERTION_MALFORMED},
        {",\"crit\":[\"exp\"],\"exp\":1", LA_ASSERTION_MALFORMED},
        {",\"crit\":[]", LA_ASSERTION_MALFORMED},
        {",\"crit\":\"b64\",\"b64\":false", LA_ASSERTION_MALFORMED},
        {",\"crit\":[\"alg\"]", LA_ASSERTION_MALFORMED},
        {",\"alg\":\"ES256\"", LA_ASSERTION_MALFORMED},
        {",\"jku\":\"https://attacker.example/\",\"x5u\":\"https://attacker.example/\"", LA_OK}, /* passed over */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        kit_check(i, kit_code_of(&kit.ec, rows[i].more, kit_claims_of("ec", TO_US)), rows[i].code);
}

static void a_kid_chooses_the_key(void **state)
{
    char kid[100];
    snprintf(kid, sizeof kid, ",\"kid\":\"%s\"", la_key_id(kit.ec.key));
    assert_int_equal(kit_code_of(&kit.ec, kid, kit_claims_of("both", TO_US)), LA_OK);
    assert_int_equal(kit_code_of(&kit.okp, kid, kit_claims_of("both", TO_US)),
                     LA_ASSERTION_KEY); /* its alg is another */
    assert_int_equal(kit_code_of(&kit.other, kid, kit_claims_of("both", TO_US)), LA_ASSERTION_SIGNATURE);
    assert_int_equal(kit_code_of(&kit.okp, "", kit_claims_of("both", TO_US)), LA_OK);
}

/* RFC 8725 3.1, 3.10: what the header brings along is no key. */
static void keys_of_others_are_none(void **state)
{
    char more[2 * LA_JWK_MAX];
    snprintf(more, sizeof more, ",\"jwk\":%s", kit.other.jwk);
    assert_int_equal(kit_code_of(&kit.other, more, kit_claims_of("ec", TO_US)), LA_ASSERTION_SIGNATURE);
    assert_int_equal(kit_code_of(&kit.rsa, "", kit_claims_of("ec", TO_US)), LA_ASSERTION_KEY);
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("rsa", TO_US)), LA_ASSERTION_KEY); /* ASR-19 */
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("keyless", TO_US)), LA_ASSERTION_KEY);
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("weird", TO_US)), LA_ASSERTION_KEY_SET);
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("off", TO_US)), LA_CLIENT_DISABLED);
    assert_int_equal(kit_code_of(&kit.other, "", kit_claims_of("off", TO_US)), LA_ASSERTION_SIGNATURE);
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("nobody", TO_US)), LA_CLIENT_UNKNOWN);
    assert_int_equal(kit_code_of(&kit.ec, "", kit_claims_of("away", TO_US)), LA_CLIENT_OTHER_ENVIRONMENT);
}

static void what_is_no_assertion_is_refused(void **state)
{
    static const char *const none[] = {
        "x",
        "..",
        "a.b",
        "a.b.c",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJub25lIn0.e30.AA",
        "eyJhbGciOiJOT05FIn0.e30.",
        "%7B%22payload%22%3A%22e30%22%7D",
        "eyJhbGciOiJFUzI1NiJ9.e30.AA%3D%3D",
        "eyJhbGciOiJlczI1NiJ9.e30.AA",
    };
    char body[3 * LA_JWT_MAX];
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        kit_check(i, kit_post(la_slice_of(none[i]), "").result.code, LA_ASSERTION_MALFORMED);
    la_slice right = prover_sign(&kit.ec, kit_header_of(&kit.ec, ""), kit_claims_of("ec", TO_US));
    snprintf(body, sizeof body, "%.*s+%.*s", LA_FMT(right), LA_FMT(right)); /* ASR-02 */
    assert_int_equal(kit_post(la_slice_of(body), "").result.code, LA_ASSERTION_MALFORMED);
    snprintf(body, sizeof body, "%.*s", LA_FMT(right));
    body[right.n - 20] ^= 1; /* a letter of the signature; never one that base64url lacks */
    if (!strchr("/+:@[`{^,.", body[right.n - 20]))
        assert_int_equal(kit_post(la_slice_of(body), "").result.code, LA_ASSERTION_SIGNATURE);
    snprintf(body, sizeof body, "%.*s", (int)right.n - 2, right.p); /* 63 octets */
    body[right.n - 3] = 'A';
    assert_int_equal(kit_post(la_slice_of(body), "").result.code, LA_ASSERTION_SIGNATURE);
    memset(body, 'A', LA_JWT_MAX + 1);
    body[LA_JWT_MAX + 1] = 0;
    assert_int_equal(kit_post(la_slice_of(body), "").result.code, LA_ASSERTION_MALFORMED);
}

static void the_form_is_judged(void **state)
{
    static const struct {
        const char *body;
        la_code code;
    } rows[] = {
        {"client_assertion=x", LA_ASSERTION_TYPE},
        {"client_assertion_type=" TYPE, LA_ASSERTION_TYPE},
        {"client_assertion=x&client_assertion_type=" TYPE "x", LA_ASSERTION_TYPE},
        {"client_assertion=x&client_assertion=x&client_assertion_type=" TYPE, LA_FORM_REPEATED},
        {"client_assertion=x&client_secret=y&client_assertion_type=" TYPE, LA_CLIENT_METHODS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[512];
        snprintf(body, sizeof body, "grant_type=client_credentials&scope=api&%s", rows[i].body);
        kit_check(i, fixture_post(kit.f, body, NULL).result.code, rows[i].code);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, kit_forget)
    const struct CMUnitTest tests[] = {
        T(claims_are_judged),       T(a_long_jti_is_refused),           T(headers_are_judged), T(a_kid_chooses_the_key),
        T(keys_of_others_are_none), T(what_is_no_assertion_is_refused), T(the_form_is_judged),
    };
    return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
