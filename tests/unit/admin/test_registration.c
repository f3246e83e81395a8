#include "unit.h"

#include "admin/registration.h"

#define KEYS "\"jwks_uri\":\"https://a.example/keys\""

static la_environment_config environment(bool fapi)
{
    return (la_environment_config){
        .name = LA_SLICE("production"), .algorithm = LA_SLICE("ES256"), .fapi = fapi, .mtls.own_authority = true};
}

static json_t *parse(const char *text)
{
    json_t *o = text ? json_loads(text, 0, NULL) : NULL;
    assert_true(!text || o);
    return o;
}

/* The stored form, or "!" and the detail. */
static const char *check(la_auth_method method, bool method_changes, const char *before, const char *change)
{
    static char text[LA_REGISTRATION_MAX + 1];
    la_buffer b;
    la_environment_config e = environment(false);
    json_t *o = parse(change);
    la_registration_wish wish = {&e, method, method_changes, la_slice_of(before), o, NULL, NULL};
    la_buffer_init_fixed(&b, text, LA_REGISTRATION_MAX);
    la_result r = la_registration_check(&wish, &b);
    json_decref(o);
    text[b.n] = 0;
    if (!la_is_ok(r)) {
        assert_int_equal(r.code, LA_INVALID);
        snprintf(text, sizeof text, "!%s", la_detail());
    }
    return text;
}

static void what_means_the_same_is_the_same_text(void **state)
{
    (void)state;
    la_auth_method m = LA_AUTH_PRIVATE_KEY_JWT;
    assert_string_equal(check(m, false, "", "{\"fapi\":true," KEYS "}"), "{" KEYS ",\"fapi\":true}");
    assert_string_equal(check(m, false, "", "{" KEYS ",\"fapi\":true,\"dpop_bound_access_tokens\":false}"),
                        "{" KEYS ",\"fapi\":true}");
    assert_string_equal(check(m, false, "{" KEYS "}",
                              "{\"grant_types\":[\"client_credentials\"],"
                              "\"introspection_audiences\":[],\"requests_per_minute\":0}"),
                        "{" KEYS "}");
    assert_string_equal(check(LA_AUTH_CLIENT_SECRET, false, "", "{}"), "");
    assert_string_equal(
        check(LA_AUTH_CLIENT_SECRET, false, "{\"requests_per_minute\":7}", "{\"requests_per_minute\":null}"), "");
}

static void one_of_a_group_replaces_another(void **state)
{
    (void)state;
    assert_string_equal(check(LA_AUTH_TLS_CLIENT, false, "{\"tls_client_auth_subject_dn\":\"CN=a\"}",
                              "{\"tls_client_auth_san_dns\":\"a.b\"}"),
                        "{\"tls_client_auth_san_dns\":\"a.b\"}");
    assert_string_equal(check(LA_AUTH_PRIVATE_KEY_JWT, false, "{" KEYS "}", "{\"jwks_uri\":\"https://b/\"}"),
                        "{\"jwks_uri\":\"https://b/\"}");
    assert_string_equal(check(LA_AUTH_PRIVATE_KEY_JWT, false, "{" KEYS "}", "{\"jwks\":null,\"fapi\":true}"),
                        "{" KEYS ",\"fapi\":true}");
}

static void another_method_drops_what_only_the_former_used(void **state)
{
    (void)state;
    const char *before = "{" KEYS ",\"token_endpoint_auth_signing_alg\":\"PS256\",\"dpop_bound_access_tokens\":true}";
    assert_string_equal(check(LA_AUTH_CLIENT_SECRET_JWT, true, before, NULL), "{\"dpop_bound_access_tokens\":true}");
    assert_string_equal(
        check(LA_AUTH_CLIENT_SECRET_JWT, true, before, "{\"token_endpoint_auth_signing_alg\":\"HS384\"}"),
        "{\"token_endpoint_auth_signing_alg\":\"HS384\",\"dpop_bound_access_tokens\":true}");
    assert_int_equal(check(LA_AUTH_CLIENT_SECRET, true, before, "{" KEYS "}")[0], '!'); /* named, so meant */
    assert_int_equal(check(LA_AUTH_CLIENT_SECRET, false, before, NULL)[0], '!');
    /* both have key sets */
    assert_string_equal(check(LA_AUTH_SELF_SIGNED_TLS, true, "{" KEYS "}", NULL), "{" KEYS "}");
    assert_int_equal(check(LA_AUTH_TLS_CLIENT, true, "{" KEYS "}", "{" KEYS "}")[0], '!');
}

static void note_member(void *self, const char *member)
{
    strcat(self, member);
    strcat(self, " ");
}

static void each_wrong_member_is_told_of_once(void **state)
{
    (void)state;
    char blamed[1000] = "", memory[LA_REGISTRATION_MAX];
    la_buffer b;
    la_environment_config e = environment(true);
    json_t *o = parse(
        "{\"jwks\":7,\"jwks_uri\":\"x\",\"grant_types\":[\"a\",\"b\"],\"requests_per_minute\":-1,\"odd\":1,"
        "\"tls_client_auth_san_ip\":\"1.2.3.4\",\"introspection_audiences\":[\"a\",\"b\"]}");
    la_registration_wish wish = {&e, LA_AUTH_PRIVATE_KEY_JWT, false, LA_NO_SLICE, o, note_member, blamed};
    la_buffer_init_fixed(&b, memory, sizeof memory);
    assert_code(la_registration_check(&wish, &b), LA_INVALID);
    json_decref(o);
    assert_int_equal(b.n, 0);
    const char *members[] = {"odd ",
                             "jwks ",
                             "jwks_uri ",
                             "grant_types ",
                             "requests_per_minute ",
                             "tls_client_auth_san_ip ",
                             "introspection_audiences "};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_non_null(strstr(blamed, members[i]));
    assert_non_null(strstr(la_detail(), "no member of this name")); /* the first is what is said */
}

static void an_environment_under_fapi_has_no_secrets(void **state)
{
    (void)state;
    char memory[LA_REGISTRATION_MAX];
    la_environment_config e = environment(true);
    for (unsigned m = 0; m < LA_AUTH_METHOD_COUNT; m++) {
        json_t *o = parse(m == LA_AUTH_PRIVATE_KEY_JWT ? "{" KEYS "}" : "{}");
        la_buffer b;
        la_registration_wish wish = {&e, (la_auth_method)m, false, LA_NO_SLICE, o, NULL, NULL};
        la_buffer_init_fixed(&b, memory, sizeof memory);
        la_result r = la_registration_check(&wish, &b);
        assert_int_equal(r.code, la_auth_method_has_secrets((la_auth_method)m) ? LA_INVALID : LA_OK);
        json_decref(o);
    }
}

/* FAPI 2.0 5.4.1: its tokens, too, are signed with what the profile allows. */
static void an_application_under_fapi_wants_an_algorithm_of_it(void **state)
{
    (void)state;
    static const struct {
        la_slice algorithm;
        la_code wanted;
    } cases[] = {{LA_SLICE_INIT("ES256"), LA_OK},
                 {LA_SLICE_INIT("PS256"), LA_OK},
                 {LA_SLICE_INIT("EdDSA"), LA_OK},
                 {LA_SLICE_INIT("RS256"), LA_INVALID},
                 {LA_SLICE_INIT("ES384"), LA_INVALID}};
    char memory[LA_REGISTRATION_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *o = parse("{" KEYS ",\"fapi\":true}");
        la_buffer b;
        la_environment_config e = environment(false);
        e.algorithm = cases[i].algorithm;
        la_registration_wish wish = {&e, LA_AUTH_PRIVATE_KEY_JWT, false, LA_NO_SLICE, o, NULL, NULL};
        la_buffer_init_fixed(&b, memory, sizeof memory);
        assert_int_equal(la_registration_check(&wish, &b).code, cases[i].wanted);
        json_decref(o);
    }
}

static void members_from_text(void **state)
{
    (void)state;
    static const struct {
        const char *member, *text, *value; /* NULL: refused */
    } cases[] = {
        {"fapi", "true", "{\"fapi\": true}"},
        {"fapi", "1", NULL},
        {"fapi", "", "{\"fapi\": null}"},
        {"requests_per_minute", "07", "{\"requests_per_minute\": 7}"},
        {"requests_per_minute", "-7", NULL},
        {"requests_per_minute", "99999999999999999999", NULL},
        {"grant_types", " a  b ", "{\"grant_types\": [\"a\", \"b\"]}"},
        {"jwks", "{\"keys\":[]}", "{\"jwks\": {\"keys\": []}}"},
        {"jwks", "[]", NULL},
        {"jwks", "{} {}", NULL},
        {"jwks_uri", "\xff", NULL},
        {"jwks_uri", "x y", "{\"jwks_uri\": \"x y\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *o = json_object();
        const la_member *member = la_registration_find_member(la_slice_of(cases[i].member));
        la_result r = la_registration_set(o, member, la_slice_of(cases[i].text));
        assert_int_equal(r.code, cases[i].value ? LA_OK : LA_INVALID);
        if (cases[i].value) {
            json_t *expected = parse(cases[i].value);
            assert_true(json_equal(o, expected));
            json_decref(expected);
        }
        json_decref(o);
    }
    assert_null(la_registration_find_member(LA_SLICE("jwk")));
}

static void what_secrets_need(void **state)
{
    (void)state;
    size_t least = 0;
    la_slice pinned = LA_SLICE("{\"token_endpoint_auth_signing_alg\":\"HS512\"}");
    assert_ok(la_registration_secret_least(LA_AUTH_CLIENT_SECRET_JWT, pinned, &least));
    assert_int_equal(least, 64);
    assert_ok(la_registration_secret_least(LA_AUTH_CLIENT_SECRET_JWT, LA_NO_SLICE, &least));
    assert_int_equal(least, 32);
    assert_ok(la_registration_secret_least(LA_AUTH_CLIENT_SECRET, pinned, &least));
    assert_int_equal(least, 1);
}

static void what_cannot_be_read_is_an_administrators(void **state)
{
    (void)state;
    assert_false(la_registration_introspects(LA_SLICE("")));
    assert_false(la_registration_introspects(LA_SLICE("{" KEYS "}")));
    assert_true(la_registration_introspects(LA_SLICE("{\"introspection_audiences\":[\"urn:a\"]}")));
    assert_true(la_registration_introspects(LA_SLICE("{")));
    assert_null(la_registration_whole(LA_SLICE("{")));
    assert_null(la_registration_brief(LA_SLICE("{")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_means_the_same_is_the_same_text),
        cmocka_unit_test(one_of_a_group_replaces_another),
        cmocka_unit_test(another_method_drops_what_only_the_former_used),
        cmocka_unit_test(each_wrong_member_is_told_of_once),
        cmocka_unit_test(an_environment_under_fapi_has_no_secrets),
        cmocka_unit_test(an_application_under_fapi_wants_an_algorithm_of_it),
        cmocka_unit_test(members_from_text),
        cmocka_unit_test(what_secrets_need),
        cmocka_unit_test(what_cannot_be_read_is_an_administrators),
    };
    return cmocka_run_group_tests_name("admin registration", tests, NULL, NULL);
}
