#include "unit.h"

#include "oauth/form.h"

static la_arena *arena;

static int setup(void **state)
{
    arena = la_arena_new(1024, 4096);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    la_arena_free(arena);
    return 0;
}

static void parse(const char *body, la_code expected, la_form *ret)
{
    la_arena_reset(arena);
    assert_code(la_form_parse(la_slice_of(body), arena, ret), expected);
}

static void appendix_b_vector(void **state)
{
    la_slice decoded;
    assert_ok(la_form_decode(LA_SLICE("+%25%26%2B%C2%A3%E2%82%AC"), arena, &decoded));
    assert_slice(decoded, " %&+\xC2\xA3\xE2\x82\xAC");
}

static void values(void **state)
{
    la_form f;
    parse("grant_type=client_credentials&scope=api+customer.1&client_id=a%2Bb", LA_OK, &f);
    assert_slice(f.values[LA_PARAM_GRANT_TYPE], "client_credentials");
    assert_slice(f.values[LA_PARAM_SCOPE], "api customer.1");
    assert_slice(f.values[LA_PARAM_CLIENT_ID], "a+b");
    assert_null(f.values[LA_PARAM_CLIENT_SECRET].p);

    parse("scope=&client_secret&&client_id=", LA_OK, &f); /* empty is absent */
    assert_null(f.values[LA_PARAM_SCOPE].p);
    assert_null(f.values[LA_PARAM_CLIENT_SECRET].p);
    assert_null(f.values[LA_PARAM_CLIENT_ID].p);

    parse("scope=a=b", LA_OK, &f);
    assert_slice(f.values[LA_PARAM_SCOPE], "a=b");
    parse("sc%6Fpe=x&foo=1&foo=2&state", LA_OK, &f);
    assert_slice(f.values[LA_PARAM_SCOPE], "x");
    parse("", LA_OK, &f);
    parse("Scope=x", LA_OK, &f); /* names are case-sensitive */
    assert_null(f.values[LA_PARAM_SCOPE].p);
}

static void repeated(void **state)
{
    static const char *const bodies[] = {"scope=a&scope=a",
                                         "scope=a&scope=",
                                         "client_id=1&x=2&client_id=1",
                                         "scope=a&sc%6fpe=b",
                                         "client_assertion=1&client_assertion=1",
                                         "subject_token=1&subject_token=1"};
    la_form f;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        parse(bodies[i], LA_FORM_REPEATED, &f);
}

static void encoding(void **state)
{
    static const char *const bodies[] = {
        "client_id=%",          "client_id=%4",  "client_id=%zz",    "client_id=%4z",
        "client_id=%-1",        "client_id=%FF", "client_id=%C0%AF", "client_id=%ED%A0%80",
        "client_id=%E2%82",     "foo=%FF",       "%FF=foo",          "client_id=abc%00",
        "client_secret=%0d%0a", "client_id=%7F", "grant_type=a%09",  "client_id=\xE2\x82",
        "client_id=a\x01",
    };
    la_form f;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        parse(bodies[i], LA_FORM_ENCODING, &f);
    parse("scope=api%0A", LA_OK, &f); /* the scope has its own grammar and error */
}

static void limits(void **state)
{
    la_form f;
    char body[400] = "";
    for (int i = 0; i < 64; i++)
        strcat(body, "a=&");
    parse(body, LA_OK, &f);
    strcat(body, "a=");
    parse(body, LA_FORM_TOO_MANY, &f);
}

static void memory_runs_out(void **state)
{
    la_arena *none = la_arena_new(0, 0);
    la_form f;
    assert_code(la_form_parse(LA_SLICE("client_id=%41"), none, &f), LA_NO_MEMORY);
    la_arena_free(none);
}

static void content_type(void **state)
{
    static const char *const good[] = {"application/x-www-form-urlencoded", "APPLICATION/X-WWW-Form-URLencoded",
                                       "application/x-www-form-urlencoded;charset=UTF-8",
                                       "application/x-www-form-urlencoded ; charset=utf-8"};
    static const char *const bad[] = {"",
                                      "application/json",
                                      "text/plain",
                                      "multipart/form-data; boundary=x",
                                      "application/x-www-form-urlencodedx",
                                      "x, application/x-www-form-urlencoded"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ok(la_form_check_content_type(la_slice_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_code(la_form_check_content_type(la_slice_of(bad[i])), LA_CONTENT_TYPE);
    assert_code(la_form_check_content_type(LA_NO_SLICE), LA_CONTENT_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appendix_b_vector), cmocka_unit_test(values), cmocka_unit_test(repeated),
        cmocka_unit_test(encoding),          cmocka_unit_test(limits), cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(content_type),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
