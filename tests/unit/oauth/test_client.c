/* Client authentication (RFC 6749 2.3): which code each request ends with, and that the wire tells none apart. */
#include "fixture.h"

#include "oauth/client.h"

static fixture *f;

static int setup(void **state)
{
    f = fixture_new("ES256", LA_PROFILE_RFC9068);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(f);
    return 0;
}

#define GRANT "grant_type=client_credentials&scope=api&"
#define ONE_BASIC "Basic c3ZjK29uZTpwJTJCdyUzQWQlM0QlMkYlMjU=" /* svc one, p+w:d=/% */

/* Outcomes that only an application of this environment can have: usage counts them as its own. */
static bool is_of_an_application(la_code code)
{
    return code == LA_OK || code == LA_CLIENT_SECRET_WRONG || code == LA_CLIENT_SECRET_MISTYPED ||
           code == LA_CLIENT_SECRET_EXPIRED || code == LA_CLIENT_DISABLED || code == LA_CLIENT_METHOD_WRONG;
}

static void posts(void **state)
{
    static const struct {
        const char *body, *authorization;
        la_code code;
    } rows[] = {
        {GRANT "client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25", NULL, LA_OK},
        {GRANT "", ONE_BASIC, LA_OK},
        {GRANT "", "bAsIc   c3ZjK29uZTpwJTJCdyUzQWQlM0QlMkYlMjU=", LA_OK},
        {GRANT "client_id=svc+one&client_secret=", ONE_BASIC, LA_OK},
        {GRANT "client_id=basic-only", "Basic YmFzaWMtb25seTpyaWdodA==", LA_OK},
        {GRANT "client_id=post-only&client_secret=right", NULL, LA_OK},
        {GRANT "", NULL, LA_CLIENT_MISSING},
        {GRANT "client_id=svc+one", NULL, LA_CLIENT_MISSING},
        {GRANT "client_secret=x", NULL, LA_CLIENT_MISSING},
        {GRANT "client_id=nobody&client_secret=right", NULL, LA_CLIENT_UNKNOWN},
        {GRANT "client_id=other&client_secret=right", NULL, LA_CLIENT_OTHER_ENVIRONMENT},
        {GRANT "client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F", NULL, LA_CLIENT_SECRET_WRONG},
        {GRANT "client_id=svc+one&client_secret=las_test_0000000000000000000000000000000000000000000000000", NULL,
         LA_CLIENT_SECRET_MISTYPED},
        {GRANT "client_id=disabled&client_secret=right", NULL, LA_CLIENT_DISABLED},
        {GRANT "client_id=disabled&client_secret=wrong", NULL, LA_CLIENT_SECRET_WRONG},
        {GRANT "client_id=expired&client_secret=right", NULL, LA_CLIENT_SECRET_EXPIRED},
        {GRANT "client_id=basic-only&client_secret=right", NULL, LA_CLIENT_METHOD_WRONG},
        {GRANT "", "Basic cG9zdC1vbmx5OnJpZ2h0", LA_CLIENT_METHOD_WRONG},
        {GRANT "client_secret=right", ONE_BASIC, LA_CLIENT_METHODS},
        {GRANT "client_assertion=x", ONE_BASIC, LA_CLIENT_METHODS},
        {GRANT "client_id=a&client_secret=b&client_assertion=x", NULL, LA_CLIENT_METHODS},
        {GRANT "client_id=svc+one&client_assertion=x", NULL, LA_ASSERTION_TYPE},
        {GRANT "client_id=somebody", ONE_BASIC, LA_CLIENT_ID_MISMATCH},
        {GRANT "", ONE_BASIC ", " ONE_BASIC, LA_AUTHORIZATION_REPEATED},
        {GRANT "", "Bearer abc", LA_CLIENT_SCHEME},
        {GRANT "", "", LA_CLIENT_SCHEME},
        {GRANT "", "Basic", LA_CLIENT_BASIC_MALFORMED},
        {GRANT "", "Basic ", LA_CLIENT_BASIC_MALFORMED},
        {GRANT "", "Basic !!!!", LA_CLIENT_BASIC_MALFORMED},
        {GRANT "", "Basic YWJj", LA_CLIENT_BASIC_MALFORMED},                  /* no colon */
        {GRANT "", "Basic OnB3", LA_CLIENT_BASIC_MALFORMED},                  /* no id */
        {GRANT "", "Basic aWQ6", LA_CLIENT_BASIC_MALFORMED},                  /* no password */
        {GRANT "", "Basic aWQ6/w==", LA_CLIENT_BASIC_MALFORMED},              /* not UTF-8 */
        {GRANT "", "Basic aWQ6JQ==", LA_CLIENT_BASIC_MALFORMED},              /* a bare % */
        {GRANT "", "Basic YTolMDA=", LA_CLIENT_BASIC_MALFORMED},              /* %00 */
        {GRANT "", "Basic c3ZjK29uZTpwK3c6ZD0vJTI1", LA_CLIENT_SECRET_WRONG}, /* a raw + is a space */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        la_token_outcome o = fixture_post(f, rows[i].body, rows[i].authorization);
        if (o.result.code != rows[i].code)
            fail_msg("row %zu: %s, expected %s", i, la_result_info_of(o.result.code)->name,
                     la_result_info_of(rows[i].code)->name);
        if (!la_is_ok(o.result)) {
            assert_null(strstr(fixture_body, "access_token"));
            assert_int_equal(o.secret_id, 0);
        }
        assert_int_equal(o.application_id != 0, is_of_an_application(o.result.code));
        if (o.application_id || o.result.code == LA_CLIENT_OTHER_ENVIRONMENT)
            assert_true(o.client_id.n > 0);
        assert_int_equal(fixture_post(f, "", ONE_BASIC).result.code, LA_GRANT_TYPE_MISSING);
    }
}

static void an_encoded_colon_stays_in_the_id(void **state)
{
    la_credentials c;
    assert_ok(la_client_read_basic(LA_SLICE("Basic Y2xpZW50JTNBMTpzZWM6cmV0"), f->arena, &c)); /* client%3A1:sec:ret */
    assert_slice(c.client_id, "client:1");
    assert_slice(c.client_secret, "sec:ret");
}

static void failures_look_alike(void **state)
{
    static const char *const bodies[] = {
        GRANT "client_id=nobody&client_secret=right",
        GRANT "client_id=other&client_secret=right",
        GRANT "client_id=svc+one&client_secret=wrong",
        GRANT "client_id=disabled&client_secret=right",
        GRANT "client_id=expired&client_secret=right",
        GRANT "client_id=basic-only&client_secret=right",
        "grant_type=x&client_id=nobody&client_secret=a",
        "grant_type=x&client_id=svc+one&client_secret=a",
        "grant_type=client_credentials&scope=bad&client_id=svc+one&client_secret=a",
    };
    char first[LA_TOKEN_RESPONSE_MAX + 1] = "";
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        la_token_outcome o = fixture_post(f, bodies[i], NULL);
        assert_int_equal(la_result_info_of(o.result.code)->http_status, 401);
        assert_true(o.failed_authentication);
        if (i == 0)
            strcpy(first, fixture_body);
        assert_string_equal(fixture_body, first);
    }
}

static void an_imported_secret_is_checked_off_the_loop(void **state)
{
    la_token_request request = {.body = LA_SLICE(GRANT "client_id=imported&client_secret=right"),
                                .content_type = LA_SLICE("application/x-www-form-urlencoded")};
    la_token_outcome o = fixture_post(f, GRANT "client_id=imported&client_secret=right", NULL);
    assert_int_equal(o.result.code, LA_PENDING);
    assert_string_equal(fixture_body, "");
    assert_slice(o.slow_secret, "right");
    assert_true(la_slow_hash_verify(o.slow_hash, o.slow_secret));

    la_buffer out;
    la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
    assert_int_equal(o.slow_secret_id, 107);
    request.slow_secret_id = o.slow_secret_id;
    request.slow_verdict = LA_SLOW_WRONG;
    la_token_issue(&f->context, &request, &out, &o);
    assert_int_equal(o.result.code, LA_CLIENT_SECRET_WRONG);
    la_buffer_clear(&out);
    request.slow_verdict = LA_SLOW_RIGHT;
    la_token_issue(&f->context, &request, &out, &o);
    assert_int_equal(o.result.code, LA_OK);
    assert_true(o.upgrade_secret);
    assert_int_equal(o.secret_id, 107);
    uint8_t digest[LA_DIGEST_BYTES];
    la_hasher_digest(f->hasher, LA_SLICE("right"), digest);
    assert_memory_equal(o.digest, digest, sizeof digest);
}

/* Deleted and imported anew with another hash, while the former one was being checked. */
static void a_verdict_about_another_hash_is_none(void **state)
{
    static const la_slow_verdict verdicts[] = {LA_SLOW_RIGHT, LA_SLOW_WRONG};
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        la_token_request request = {.body = LA_SLICE(GRANT "client_id=imported&client_secret=right"),
                                    .content_type = LA_SLICE("application/x-www-form-urlencoded"),
                                    .slow_verdict = verdicts[i],
                                    .slow_secret_id = 106};
        la_token_outcome o;
        la_buffer out;
        la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
        la_token_issue(&f->context, &request, &out, &o);
        assert_int_equal(o.result.code, LA_PENDING);
        assert_int_equal(o.slow_secret_id, 107);
        assert_false(o.upgrade_secret);
    }
}

/* Which names are counted must not tell which exist. */
static void every_name_that_was_tried_is_counted(void **state)
{
    static const char *const rows[][2] = {{"svc+one", "svc one"}, {"nobody", "nobody"}, {CUSTOMER, CUSTOMER}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[200];
        snprintf(body, sizeof body, GRANT "client_id=%s&client_secret=wrong", rows[i][0]);
        la_token_outcome o = fixture_post(f, body, NULL);
        assert_true(o.failed_authentication);
        assert_slice(o.attempted_client_id, rows[i][1]);
    }
}

/* A verdict is about the imported secret alone: it opens no other application. */
static void a_verdict_opens_nothing_else(void **state)
{
    la_token_request request = {.body = LA_SLICE(GRANT "client_id=svc+one&client_secret=wrong"),
                                .content_type = LA_SLICE("application/x-www-form-urlencoded"),
                                .slow_verdict = LA_SLOW_RIGHT};
    la_token_outcome o;
    la_buffer out;
    la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
    la_token_issue(&f->context, &request, &out, &o);
    assert_int_equal(o.result.code, LA_CLIENT_SECRET_WRONG);
}

static bool block_nobody(void *self, la_slice client_id)
{
    ++*(int *)self;
    return la_slice_is(client_id, "nobody");
}

static void throttled_before_anything_is_looked_up(void **state)
{
    int asked = 0;
    f->context.throttle = (la_throttle_query){block_nobody, &asked};
    la_token_outcome o = fixture_post(f, GRANT "client_id=nobody&client_secret=right", NULL);
    assert_int_equal(o.result.code, LA_CLIENT_THROTTLED);
    assert_false(o.failed_authentication); /* a refused attempt does not prolong the refusal */
    assert_int_equal(fixture_post(f, GRANT, ONE_BASIC).result.code, LA_OK);
    assert_int_equal(asked, 2);
    f->context.throttle = (la_throttle_query){0};
}

/* A secret in the place of the client_id must not reach the log. */
static void only_ids_are_logged(void **state)
{
    static const char *const rows[][2] = {
        {"%C2%A3", NULL}, {"las_test_0123456789", NULL}, {"p%2Bw", NULL}, {"svc+one", "svc one"}, {CUSTOMER, CUSTOMER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[200];
        snprintf(body, sizeof body, "%sclient_id=%s&client_secret=wrong", GRANT, rows[i][0]);
        la_token_outcome o = fixture_post(f, body, NULL);
        assert_int_equal(la_result_info_of(o.result.code)->http_status, 401);
        assert_slice(o.client_id, rows[i][1] ? rows[i][1] : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts),
        cmocka_unit_test(an_encoded_colon_stays_in_the_id),
        cmocka_unit_test(failures_look_alike),
        cmocka_unit_test(an_imported_secret_is_checked_off_the_loop),
        cmocka_unit_test(a_verdict_opens_nothing_else),
        cmocka_unit_test(a_verdict_about_another_hash_is_none),
        cmocka_unit_test(every_name_that_was_tried_is_counted),
        cmocka_unit_test(throttled_before_anything_is_looked_up),
        cmocka_unit_test(only_ids_are_logged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
