/* Resource indicators (RFC 8707): which audience a token gets, and which it cannot get. */
#include "fixture.h"

#include "base/base64url.h"
#include "oauth/form.h"

#define GRANT "grant_type=client_credentials&client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25&scope="

static fixture *f;
static la_slice resources[] = {LA_SLICE_INIT("https://ledger.example"), LA_SLICE_INIT("urn:example:cards?v=1")};

static int setup(void **state)
{
    f = fixture_new("ES256", LA_PROFILE_RFC9068);
    f->environment.api.resources = resources;
    f->environment.api.n_resources = 2;
    f->scopes[0].resources = resources; /* payments */
    f->scopes[0].n_resources = 1;
    return 0;
}

static int teardown(void **state)
{
    fixture_free(f);
    return 0;
}

/* The claims of the token in the last response. */
static const char *claims(void)
{
    static char text[2048];
    char *payload = strchr(fixture_body, '.') + 1;
    size_t n;
    assert_ok(
        la_base64url_decode((la_slice){payload, (size_t)(strchr(payload, '.') - payload)}, text, sizeof text, &n));
    text[n] = 0;
    return text;
}

static void the_token_is_for_what_was_named(void **state)
{
    assert_ok(fixture_post(f, GRANT "api", NULL).result);
    assert_non_null(strstr(claims(), "\"aud\":\"https://api.example\""));
    assert_ok(fixture_post(f, GRANT "api&resource=https%3A%2F%2Fledger.example", NULL).result);
    assert_non_null(strstr(claims(), "\"aud\":\"https://ledger.example\""));
    assert_ok(fixture_post(f, GRANT "api&resource=https://api.example", NULL).result);
    assert_non_null(strstr(claims(), "\"aud\":\"https://api.example\""));
    assert_ok(fixture_post(f, GRANT "api&resource=", NULL).result); /* omitted (RFC 6749 3.2) */
    assert_non_null(strstr(claims(), "\"aud\":\"https://api.example\""));
}

static void several_become_an_array_each_once(void **state)
{
    assert_ok(fixture_post(f,
                           GRANT "api&resource=urn:example:cards%3Fv%3D1&resource=https://ledger.example"
                                 "&resource=urn:example:cards%3Fv%3D1",
                           NULL)
                  .result);
    assert_non_null(strstr(claims(), "\"aud\":[\"urn:example:cards?v=1\",\"https://ledger.example\"]"));
}

static void every_scope_has_to_allow_it(void **state)
{
    assert_ok(fixture_post(f, GRANT "api+payments&resource=https://ledger.example", NULL).result);
    assert_code(fixture_post(f, GRANT "api+payments&resource=urn:example:cards%3Fv%3D1", NULL).result,
                LA_RESOURCE_NOT_ALLOWED);
    assert_code(fixture_post(f, GRANT "api&resource=https://sdk.example", NULL).result, LA_RESOURCE_NOT_ALLOWED);
    assert_code(fixture_post(f, GRANT "api&resource=https://ledger.example/", NULL).result, LA_RESOURCE_NOT_ALLOWED);
    assert_code(
        fixture_post(f, GRANT "api&resource=https://ledger.example&resource=https://other.example", NULL).result,
        LA_RESOURCE_NOT_ALLOWED);
    assert_code(fixture_post(f, GRANT "customer." CUSTOMER "&resource=https://ledger.example", NULL).result,
                LA_RESOURCE_NOT_ALLOWED);
}

static void what_is_no_absolute_uri_is_refused(void **state)
{
    static const char *const wrong[] = {
        "/api",
        "api",
        "https://x/%23f",
        "https://ledger.example%23",
        "https://",
        "https:///path",
        "https://x/%25zz",
        "https://x/%25",
        "1http://x",
        "https://x/a+b",
        "https:",
        ":x",
        "https://x/%C3%A4",
        "https://?q",
        "https://x/%22",
        "https://x/%5C",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char body[512];
        snprintf(body, sizeof body, "%sapi&resource=%s", GRANT, wrong[i]);
        if (fixture_post(f, body, NULL).result.code != LA_RESOURCE_SYNTAX)
            fail_msg("%s: %s", wrong[i], fixture_body);
        assert_non_null(strstr(fixture_body, "invalid_target"));
    }
}

static void too_many_are_refused(void **state)
{
    char body[2048] = GRANT "api";
    for (unsigned i = 0; i < LA_RESOURCES_MAX; i++)
        strcat(body, "&resource=https://ledger.example");
    assert_ok(fixture_post(f, body, NULL).result);
    strcat(body, "&resource=https://ledger.example");
    assert_code(fixture_post(f, body, NULL).result, LA_FORM_TOO_MANY);
}

static void springs_audience_is_the_client_unless_a_resource_was_named(void **state)
{
    fixture *spring = fixture_new("ES256", LA_PROFILE_SPRING);
    spring->environment.api.resources = resources;
    spring->environment.api.n_resources = 2;
    assert_ok(fixture_post(spring, GRANT "api", NULL).result);
    assert_non_null(strstr(claims(), "\"aud\":\"svc one\""));
    assert_ok(fixture_post(spring, GRANT "api&resource=https://ledger.example", NULL).result);
    assert_non_null(strstr(claims(), "\"aud\":\"https://ledger.example\""));
    fixture_free(spring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_token_is_for_what_was_named),
        cmocka_unit_test(several_become_an_array_each_once),
        cmocka_unit_test(every_scope_has_to_allow_it),
        cmocka_unit_test(what_is_no_absolute_uri_is_refused),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(springs_audience_is_the_client_unless_a_resource_was_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
