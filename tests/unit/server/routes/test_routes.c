#include "unit.h"

#include "server/routes/routes.h"

static la_slice path_hosts[] = {LA_SLICE("auth.example"), LA_SLICE("alias.example")};
static la_slice sandbox_hosts[] = {LA_SLICE("sandbox.example")};
static const la_environment_config configs[3] = {
    {.name = LA_SLICE("production"), .path = LA_SLICE(""), .hosts = path_hosts, .n_hosts = 2},
    {.name = LA_SLICE("tenant"), .path = LA_SLICE("/t1"), .hosts = path_hosts, .n_hosts = 1},
    {.name = LA_SLICE("sandbox"), .path = LA_SLICE(""), .hosts = sandbox_hosts, .n_hosts = 1},
};

typedef struct found {
    la_code code;
    const la_route *route;
    unsigned environment;
} found;

static la_snapshot *snapshot;

static int make_snapshot(void **state)
{
    static la_snapshot_host hosts[4] = {{LA_SLICE("auth.example"), 0},
                                        {LA_SLICE("alias.example"), 0},
                                        {LA_SLICE("auth.example"), 1},
                                        {LA_SLICE("sandbox.example"), 2}};

    snapshot = calloc(1, sizeof *snapshot + 3 * sizeof snapshot->environments[0]);
    snapshot->n_environments = 3;
    snapshot->default_environment = -1;
    snapshot->hosts = hosts;
    snapshot->n_hosts = 4;
    for (int i = 0; i < 3; i++)
        snapshot->environments[i].config = &configs[i];
    return 0;
}

static int free_snapshot(void **state)
{
    free(snapshot);
    return 0;
}

static found find(int only, la_http_method method, const char *host, const char *path)
{
    la_http_request request = {.method = method, .host = la_slice_of(host), .path = la_slice_of(path)};
    found f = {.environment = 99};

    f.code = la_routes_find(snapshot, only, &request, &f.route, &f.environment);
    return f;
}

static void host_and_issuer_path_choose_the_environment(void **state)
{
    assert_int_equal(find(-1, LA_POST, "auth.example", "/oauth2/token").environment, 0);
    assert_int_equal(find(-1, LA_POST, "alias.example", "/oauth2/token").environment, 0);
    assert_int_equal(find(-1, LA_POST, "auth.example", "/t1/oauth2/token").environment, 1);
    assert_int_equal(find(-1, LA_POST, "sandbox.example", "/oauth2/token").environment, 2);
    assert_int_equal(find(-1, LA_POST, "sandbox.example", "/t1/oauth2/token").code, LA_NO_ROUTE);
    assert_int_equal(find(-1, LA_POST, "alias.example", "/t1/oauth2/token").code, LA_NO_ROUTE);
}

static void well_known_is_inserted_before_the_issuer_path(void **state)
{
    found f = find(-1, LA_GET, "auth.example", "/.well-known/oauth-authorization-server/t1");

    assert_int_equal(f.code, LA_OK);
    assert_int_equal(f.environment, 1);
    assert_ptr_equal(f.route->handle, la_metadata_handle);
    assert_int_equal(find(-1, LA_GET, "auth.example", "/.well-known/oauth-authorization-server").environment, 0);
    assert_int_equal(find(-1, LA_GET, "auth.example", "/.well-known/openid-configuration/t1").environment, 1);
    assert_int_equal(find(-1, LA_GET, "auth.example", "/t1/.well-known/openid-configuration").environment, 1);
    assert_int_equal(find(-1, LA_GET, "auth.example", "/t1/.well-known/oauth-authorization-server").code, LA_NO_ROUTE);
    assert_ptr_equal(find(-1, LA_HEAD, "auth.example", "/t1/oauth2/jwks").route->handle, la_jwks_handle);
}

static void paths_match_exactly(void **state)
{
    const char *wrong[] = {"/oauth2/token/",
                           "/oauth2/tokens",
                           "/OAUTH2/token",
                           "//oauth2/token",
                           "/oauth2/toke",
                           "/",
                           "/t1",
                           "/t1/",
                           "/oauth2/%74oken",
                           "/metrics",
                           "/readyz",
                           "*"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(find(-1, LA_POST, "auth.example", wrong[i]).code, LA_NO_ROUTE);
}

static void unknown_hosts_are_misdirected_unless_there_is_a_default(void **state)
{
    assert_int_equal(find(-1, LA_POST, "other.example", "/oauth2/token").code, LA_MISDIRECTED);
    assert_int_equal(find(-1, LA_POST, "auth.example.evil", "/oauth2/token").code, LA_MISDIRECTED);
    snapshot->default_environment = 2;
    assert_int_equal(find(-1, LA_POST, "other.example", "/oauth2/token").environment, 2);
    assert_int_equal(find(-1, LA_POST, "other.example", "/nothing").code, LA_NO_ROUTE);
    assert_int_equal(find(-1, LA_POST, "auth.example", "/oauth2/token").environment, 0);
    snapshot->default_environment = -1;
}

static void a_listener_of_its_own_decides_whatever_host_says(void **state)
{
    found f = find(2, LA_POST, "auth.example", "/oauth2/token");

    assert_int_equal(f.code, LA_OK);
    assert_int_equal(f.environment, 2);
}

static void other_methods_are_told_which_are_allowed(void **state)
{
    const la_http_method wrong[] = {LA_GET, LA_HEAD, LA_OPTIONS, LA_PUT, LA_PATCH, LA_DELETE, LA_METHOD_OTHER};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        found f = find(-1, wrong[i], "auth.example", "/oauth2/token");

        assert_int_equal(f.code, LA_METHOD);
        assert_string_equal(f.route->allow, "POST");
    }
    assert_int_equal(find(-1, LA_POST, "auth.example", "/oauth2/jwks").code, LA_METHOD);
    assert_int_equal(find(-1, LA_OPTIONS, "auth.example", "/oauth2/jwks").code, LA_OK);
}

static la_code find_admin(la_http_method method, const char *host, const char *path, const la_route **ret)
{
    la_http_request request = {.method = method, .path = la_slice_of(path), .authority = la_slice_of(host)};

    return la_routes_find_admin(LA_SLICE("https://admin.example"), &request, ret);
}

static void administration_has_its_own(void **state)
{
    const la_route *route;

    assert_int_equal(find_admin(LA_GET, "localhost", "/metrics", &route), LA_OK);
    assert_ptr_equal(route->handle, la_metrics_handle);
    assert_int_equal(find_admin(LA_POST, "localhost", "/metrics", &route), LA_METHOD);
    assert_int_equal(find_admin(LA_GET, "localhost", "/", &route), LA_OK);
    assert_ptr_equal(route->handle, la_dashboard_handle);
    assert_int_equal(find_admin(LA_GET, "localhost", "/oauth2/token", &route), LA_OK);
    assert_ptr_equal(route->handle, la_dashboard_handle);
    assert_int_equal(find_admin(LA_POST, "localhost", "/oauth2/token", &route), LA_METHOD);
    assert_string_equal(route->allow, "GET, HEAD");
    assert_int_equal(find_admin(LA_GET, "localhost", "*", &route), LA_NO_ROUTE);
}

static void every_method_below_admin_is_the_apis(void **state)
{
    const la_route *route;

    for (int method = LA_GET; method <= LA_METHOD_OTHER; method++) {
        assert_int_equal(find_admin((la_http_method)method, "localhost", "/admin/v1/session", &route), LA_OK);
        assert_ptr_equal(route->handle, la_admin_api_handle);
    }
    assert_int_equal(find_admin(LA_GET, "localhost", "/administration", &route), LA_OK);
    assert_ptr_equal(route->handle, la_dashboard_handle);
}

static void foreign_hosts_get_health_and_nothing_else(void **state)
{
    const la_route *route;

    assert_int_equal(find_admin(LA_GET, "evil.example", "/livez", &route), LA_OK);
    assert_int_equal(find_admin(LA_GET, "evil.example", "/readyz", &route), LA_OK);
    assert_int_equal(find_admin(LA_GET, "evil.example", "/metrics", &route), LA_OK);
    assert_int_equal(find_admin(LA_GET, "evil.example", "/", &route), LA_MISDIRECTED);
    assert_int_equal(find_admin(LA_POST, "evil.example", "/", &route), LA_MISDIRECTED);
    assert_int_equal(find_admin(LA_GET, "evil.example", "/admin/v1/session", &route), LA_MISDIRECTED);
    assert_int_equal(find_admin(LA_GET, "admin.example", "/admin/v1/session", &route), LA_OK);
}

static void etags_are_compared_weakly_and_listwise(void **state)
{
    la_document d;
    char list[256];

    la_document_init(&d);
    la_buffer_add_text(&d.body, "{\"keys\":[]}");
    assert_ok(la_document_seal(&d, 900));
    assert_int_equal(strlen(d.etag), LA_ETAG_CHARS);
    assert_non_null(strstr(d.headers, "Cache-Control: public, max-age=900\r\n"));
    assert_non_null(strstr(d.headers, "Access-Control-Allow-Origin: *\r\n"));
    assert_true(la_document_is_current(&d, la_slice_of(d.etag)));
    assert_true(la_document_is_current(&d, LA_SLICE(" * ")));
    snprintf(list, sizeof list, "\"a\", W/%s ,\"b\"", d.etag);
    assert_true(la_document_is_current(&d, la_slice_of(list)));
    assert_false(la_document_is_current(&d, LA_SLICE("\"a\", \"b\"")));
    assert_false(la_document_is_current(&d, LA_SLICE("")));
    assert_false(la_document_is_current(&d, LA_NO_SLICE));
    la_document_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_and_issuer_path_choose_the_environment),
        cmocka_unit_test(well_known_is_inserted_before_the_issuer_path),
        cmocka_unit_test(paths_match_exactly),
        cmocka_unit_test(unknown_hosts_are_misdirected_unless_there_is_a_default),
        cmocka_unit_test(a_listener_of_its_own_decides_whatever_host_says),
        cmocka_unit_test(other_methods_are_told_which_are_allowed),
        cmocka_unit_test(administration_has_its_own),
        cmocka_unit_test(every_method_below_admin_is_the_apis),
        cmocka_unit_test(foreign_hosts_get_health_and_nothing_else),
        cmocka_unit_test(etags_are_compared_weakly_and_listwise),
    };

    return cmocka_run_group_tests(tests, make_snapshot, free_snapshot);
}
