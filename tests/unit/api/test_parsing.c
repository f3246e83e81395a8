/* What is read of a request without a store: percent-encoding, times, cookies, origins, entity tags, routes. */
#include "rig.h"

#include "api/etag.h"
#include "api/percent.h"
#include "api/request.h"
#include "api/who.h"
#include "base/arena.h"

static int set_up(void **state)
{
    *state = la_arena_new(4096, 65536);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    la_arena_free(*state);
    return 0;
}

static void percent(void **state)
{
    la_slice s;
    assert_ok(la_api_percent_decode(LA_SLICE("a%20b+c%C3%A9"), false, *state, &s));
    assert_slice(s, "a b+c\xC3\xA9");
    assert_ok(la_api_percent_decode(LA_SLICE("a+b"), true, *state, &s));
    assert_slice(s, "a b");
    static const char *const wrong[] = {"%",   "%4",        "%zz",    "a%00b", "%0d%0aX",
                                        "%C3", "%ED%A0%80", "%C0%AF", "\x7f",  "%7F"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_code(la_api_percent_decode(la_slice_of(wrong[i]), false, *state, &s), LA_INVALID);
    char memory[64];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_buffer_add_percent(&b, LA_SLICE("a/b \r\n%~"));
    assert_slice(la_buffer_slice(&b), "a%2Fb%20%0D%0A%25~");
}

static void times(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } right[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-24T03:09:47Z", 1795489787000},
        {"2026-11-24T06:09:47.125+03:00", 1795489787125},
        {"2026-11-24t03:09:47.9999z", 1795489787999},
        {"2000-02-29T23:59:60Z", 951868800000},
        {"2100-03-01T00:00:00-00:30", 4107544200000},
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        int64_t ms = -1;
        assert_true(la_api_parse_time(la_slice_of(right[i].text), &ms));
        assert_int_equal(ms, right[i].ms);
    }
    static const char *const wrong[] = {
        "",
        "2026",
        "2026-11-24",
        "2026-11-24T03:09:47",
        "2026-11-24T03:09:47.Z",
        "2026-11-24T03:09:47Zx",
        "2026-13-24T03:09:47Z",
        "2026-02-29T03:09:47Z",
        "2100-02-29T03:09:47Z",
        "2026-11-00T03:09:47Z",
        "2026-11-24T24:09:47Z",
        "2026-11-24T03:60:47Z",
        "2026-11-24T03:09:61Z",
        "2026-11-24T03:09:47+3:00",
        "2026-11-24T03:09:47+24:00",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        "+026-11-24T03:09:47Z",
        "2026-11-24T-3:09:47Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t ms;
        if (la_api_parse_time(la_slice_of(wrong[i]), &ms))
            fail_msg("%s is no time", wrong[i]);
    }
}

static void cookies(void **state)
{
    la_slice s;
    assert_ok(la_api_cookie_find(LA_NO_SLICE, &s));
    assert_null(s.p);
    assert_ok(la_api_cookie_find(LA_SLICE("a=b; __Host-leanauth-session=xyz;c=d"), &s));
    assert_slice(s, "xyz");
    assert_ok(
        la_api_cookie_find(LA_SLICE("__host-leanauth-session=xyz; leanauth-session=1; __Host-leanauth-sessionx=2; "
                                    "x__Host-leanauth-session=3; __Host-leanauth-session"),
                           &s));
    assert_null(s.p);
    assert_code(la_api_cookie_find(LA_SLICE("__Host-leanauth-session=a; __Host-leanauth-session=b"), &s), LA_INVALID);
}

static void origins(void **state)
{
    la_slice configured = LA_SLICE("https://admin.example"), host = LA_SLICE("localhost:8081");
    assert_true(la_api_origin_is_ours(configured, false, host, LA_SLICE("https://admin.example")));
    assert_true(la_api_origin_is_ours(LA_NO_SLICE, false, host, LA_SLICE("http://localhost:8081")));
    assert_true(la_api_origin_is_ours(LA_NO_SLICE, true, host, LA_SLICE("https://localhost:8081")));
    assert_false(la_api_origin_is_ours(LA_NO_SLICE, true, host, LA_SLICE("http://localhost:8081")));
    assert_false(la_api_origin_is_ours(LA_NO_SLICE, false, host, LA_SLICE("https://localhost:8081")));
    static const char *const wrong[] = {"null",
                                        "",
                                        "http://localhost",
                                        "http://localhost:80811",
                                        "http://127.0.0.1:8081",
                                        "https://localhost:8081",
                                        "http://localhost:8081/",
                                        "http://localhost:8081 http://localhost:8081",
                                        "https://admin.example.evil.example",
                                        "http://admin.example"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(la_api_origin_is_ours(configured, false, host, la_slice_of(wrong[i])));
    assert_false(la_api_origin_is_ours(LA_NO_SLICE, false, LA_SLICE(""), LA_SLICE("http://")));
    /* Behind TLS the host is the configured one, but a page by http is not. */
    assert_true(la_api_origin_is_ours(configured, false, LA_SLICE("admin.example"), LA_SLICE("https://admin.example")));
    assert_false(la_api_origin_is_ours(configured, false, LA_SLICE("admin.example"), LA_SLICE("http://admin.example")));
    assert_false(
        la_api_origin_is_ours(configured, false, LA_SLICE("admin.example:443"), LA_SLICE("http://admin.example:443")));
    assert_false(la_api_origin_is_ours(LA_SLICE("https://[2001:db8::1]:8443"), false, LA_SLICE("[2001:db8::1]:8443"),
                                       LA_SLICE("http://[2001:db8::1]:8443")));
    assert_true(la_api_origin_is_ours(LA_SLICE("https://[2001:db8::1]:8443"), false, LA_SLICE("[::1]:8081"),
                                      LA_SLICE("http://[::1]:8081")));
    assert_false(la_api_origin_is_ours(LA_NO_SLICE, false, LA_NO_SLICE, LA_SLICE("")));
}

static void entity_tags(void **state)
{
    assert_true(la_api_etag_list_has(LA_SLICE("\"3\""), LA_SLICE("3"), false));
    assert_true(la_api_etag_list_has(LA_SLICE(" \"1\" , \"3\" "), LA_SLICE("3"), false));
    assert_true(la_api_etag_list_has(LA_SLICE("*"), LA_SLICE("3"), false));
    assert_true(la_api_etag_list_has(LA_SLICE("W/\"3\""), LA_SLICE("3"), true));
    assert_false(la_api_etag_list_has(LA_SLICE("W/\"3\""), LA_SLICE("3"), false));
    assert_false(la_api_etag_list_has(LA_SLICE("\"33\""), LA_SLICE("3"), false));
    static const char *const wrong[] = {"", "3", "\"3", "\"3\" \"4\"", "\"3\",", "\"3\",x", "w/\"3\"", "**", "\"3\"x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(la_api_etag_list_is_valid(la_slice_of(wrong[i])));
}

static void routes(void **state)
{
    const la_api_route *route;
    la_slice parameters[LA_API_PARAMETERS_MAX];
    char allow[LA_API_ALLOW_BYTES];
    assert_ok(la_api_route_find(LA_SLICE("/admin/v1/environments/e%20f/applications/%2e%2e/secrets"), LA_API_HEAD,
                                *state, &route, parameters, allow));
    assert_slice(parameters[0], "e f");
    assert_slice(parameters[1], "..");
    assert_ok(la_api_route_find(LA_SLICE("/admin/v1/audit/verify"), LA_API_GET, *state, &route, parameters, allow));
    assert_slice(route->path, "/audit/verify");
    assert_code(la_api_route_find(LA_SLICE("/admin/v1/audit/verify"), LA_API_POST, *state, &route, parameters, allow),
                LA_METHOD);
    assert_string_equal(allow, "GET, HEAD");
    assert_code(la_api_route_find(LA_SLICE("/admin/v1/session"), LA_API_PATCH, *state, &route, parameters, allow),
                LA_METHOD);
    assert_string_equal(allow, "POST, GET, HEAD, DELETE");
    assert_code(
        la_api_route_find(LA_SLICE("/admin/v1/session"), LA_API_METHOD_OTHER, *state, &route, parameters, allow),
        LA_METHOD);
    static const char *const none[] = {"",
                                       "/",
                                       "/admin/",
                                       "/admin/v1",
                                       "/admin/v1/",
                                       "/admin/v2/session",
                                       "/admin/v1/session/",
                                       "/admin/v1//session",
                                       "/admin/v1/%73ession",
                                       "/admin/v1/environments//applications",
                                       "/admin/v1/environments/a/applications/b/secrets/c",
                                       "/admin/v1/../v1/session",
                                       "/admin/v1session"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_code(la_api_route_find(la_slice_of(none[i]), LA_API_GET, *state, &route, parameters, allow),
                    LA_NOT_FOUND);
    assert_code(
        la_api_route_find(LA_SLICE("/admin/v1/environments/%00"), LA_API_GET, *state, &route, parameters, allow),
        LA_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(percent, set_up, tear_down),
        cmocka_unit_test(times),
        cmocka_unit_test(cookies),
        cmocka_unit_test(origins),
        cmocka_unit_test(entity_tags),
        cmocka_unit_test_setup_teardown(routes, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("api/parsing", tests, NULL, NULL);
}
