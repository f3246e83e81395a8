/* Our own tokens, verified with the keys that an environment publishes (RFC 9068 4; JOSE-20). */
#include "testkit.h"

#include "jose/verifier.h"

static la_key *own[3];
static char jwks[3][LA_JWK_MAX];
static la_verifier *verifier;

static int set_up(void **state)
{
    static const char *const kinds[] = {"ES256", "ES256", "EdDSA"};
    la_slice texts[3];
    if (set_up_secrets(state) != 0)
        return -1;
    for (size_t i = 0; i < 3; i++) {
        la_buffer b;
        own[i] = new_key(kinds[i]);
        la_buffer_init_fixed(&b, jwks[i], sizeof jwks[i]);
        la_key_write_jwk(own[i], &b);
        texts[i] = la_buffer_slice(&b);
    }
    texts[1] = LA_SLICE("{\"kty\":\"AKP\",\"alg\":\"made by a newer version\"}");
    assert_ok(la_verifier_new(texts, 3, &verifier));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    la_verifier_free(verifier);
    for (size_t i = 0; i < 3; i++)
        la_key_free(own[i]);
    return 0;
}

static la_code check(size_t key, const char *kid, const char *typ, bool spring)
{
    char header[300], compact[1024];
    la_jwt *t = NULL;
    la_buffer b;
    la_buffer_init_fixed(&b, header, sizeof header);
    la_buffer_add_format(&b, "{\"alg\":\"%s\"", la_key_algorithm(own[key])->name);
    if (kid)
        la_buffer_add_format(&b, ",\"kid\":\"%s\"", kid);
    if (typ)
        la_buffer_add_format(&b, ",\"typ\":\"%s\"", typ);
    la_buffer_add_char(&b, '}');
    size_t n = make_token(own[key], la_buffer_text(&b), "{\"iss\":\"i\"}", compact, sizeof compact);
    la_result r = la_verifier_check(verifier, (la_slice){compact, n}, spring, &t);
    if (la_is_ok(r)) {
        la_slice iss;
        assert_ok(la_jwt_text(t, "iss", &iss));
        assert_true(la_slice_is(iss, "i"));
        la_jwt_free(t);
    } else {
        assert_null(t);
    }
    return r.code;
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *typ;
        bool rfc9068, spring;
    } cases[] = {{"at+jwt", true, false},
                 {"application/at+jwt", true, false},
                 {"AT+JWT", true, false},
                 {NULL, false, true},
                 {"JWT", false, true},
                 {"jwt", false, true},
                 {"dpop+jwt", false, false},
                 {"statuslist+jwt", false, false},
                 {"token-introspection+jwt", false, false},
                 {"", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(check(0, la_key_id(own[0]), cases[i].typ, false), cases[i].rfc9068 ? LA_OK : LA_INVALID);
        assert_int_equal(check(0, la_key_id(own[0]), cases[i].typ, true), cases[i].spring ? LA_OK : LA_INVALID);
    }
}

static void test_keys(void **state)
{
    (void)state;
    assert_int_equal(check(0, la_key_id(own[0]), "at+jwt", false), LA_OK);
    assert_int_equal(check(2, la_key_id(own[2]), "at+jwt", false), LA_OK);
    assert_int_equal(check(1, la_key_id(own[1]), "at+jwt", false), LA_INVALID); /* not published */
    assert_int_equal(check(1, la_key_id(own[0]), "at+jwt", false), LA_INVALID); /* another's signature */
    assert_int_equal(check(2, la_key_id(own[0]), "at+jwt", false), LA_INVALID);
    assert_int_equal(check(0, NULL, "at+jwt", false), LA_INVALID);
    assert_int_equal(check(0, "", "at+jwt", false), LA_INVALID);
    la_jwt *t = NULL;
    assert_code(la_verifier_check(verifier, LA_SLICE("not a token"), false, &t), LA_INVALID);
    la_verifier *none = NULL;
    assert_ok(la_verifier_new(NULL, 0, &none));
    assert_code(la_verifier_check(none, LA_SLICE("a.b.c"), false, &t), LA_INVALID);
    la_verifier *held = la_verifier_hold(none);
    la_verifier_free(none);
    la_verifier_free(held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_types), cmocka_unit_test(test_keys)};
    return cmocka_run_group_tests_name("verifier", tests, set_up, tear_down);
}
