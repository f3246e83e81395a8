/* Each resource once around: what is created is shown, listed, changed, and gone; and the profile with its second factor. */
#include "rig.h"

#include "base/clock.h"

#define CUSTOMER "0f3c8a3e-5e0e-4d53-93a8-5b9df5a3a3a1"

static const json_t *first_item(const answer *a)
{
    return json_array_get(json_object_get(a->json, "items"), 0);
}

static void secrets(void **state)
{
    rig *r = *state;
    char path[256], revoke[300];
    answer a = rig_ask(r, RIG_DEVELOPER,
                       &(ask){.method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"a\"}"});
    rig_path(path, sizeof path, RIG_APPLICATIONS "/%s/secrets", rig_text(&a, "application.client_id"));
    rig_path(revoke, sizeof revoke, "%s/%s/revoke", path, rig_text(&a, "secret.secret_id"));
    rig_forget(&a);
    assert_status(r, RIG_DEVELOPER, 400, .method = "POST", .path = path, .body = "{\"expires_in_s\":0}");
    assert_status(r, RIG_DEVELOPER, 400, .method = "POST", .path = path, .body = "{\"expires_in_s\":4000000000}");
    assert_status(r, RIG_DEVELOPER, 400, .method = "POST", .path = path, .body = "{\"expires_in_s\":1.5}");
    a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "POST", .path = path, .body = "{\"expires_in_s\":60}"});
    assert_int_equal(a.status, 201);
    assert_true(json_is_string(json_object_get(json_object_get(a.json, "secret"), "expires_at")));
    rig_forget(&a);
    assert_status(r, RIG_DEVELOPER, 409, .method = "POST", .path = path);
    for (int again = 0; again < 2; again++) {
        a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "POST", .path = revoke});
        assert_int_equal(a.status, 200);
        assert_string_equal(rig_text(&a, "state"), "revoked");
        rig_forget(&a);
    }
    assert_status(r, RIG_DEVELOPER, 201, .method = "POST", .path = path);
    a = rig_ask(r, RIG_AUDITOR, &(ask){.method = "GET", .path = path});
    assert_int_equal(json_array_size(json_object_get(a.json, "items")), 3);
    assert_null(json_object_get(first_item(&a), "client_secret"));
    rig_forget(&a);
    rig_path(revoke, sizeof revoke, "%s/01/revoke", path);
    assert_status(r, RIG_DEVELOPER, 404, .method = "POST", .path = revoke);
    rig_path(revoke, sizeof revoke, "%s/99999999999999999999/revoke", path);
    assert_status(r, RIG_DEVELOPER, 404, .method = "POST", .path = revoke);
}

static void customers(void **state)
{
    rig *r = *state;
    char path[256], one[400];
    answer a = rig_ask(r, RIG_DEVELOPER,
                       &(ask){.method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"a\"}"});
    rig_path(path, sizeof path, RIG_APPLICATIONS "/%s/customers", rig_text(&a, "application.client_id"));
    rig_forget(&a);
    assert_status(r, RIG_DEVELOPER, 400, .method = "POST", .path = path, .body = "{\"customer_id\":\"' OR 1=1 --\"}");
    a = rig_ask(r, RIG_DEVELOPER,
                &(ask){.method = "POST",
                       .path = path,
                       .body = "{\"customer_id\":\"" CUSTOMER "\",\"app_user_id\":\"<b>me</b>\"}"});
    assert_int_equal(a.status, 201);
    assert_string_equal(rig_text(&a, "app_user_id"), "<b>me</b>");
    rig_forget(&a);
    assert_status(r, RIG_DEVELOPER, 409, .method = "POST", .path = path, .body = "{\"customer_id\":\"" CUSTOMER "\"}");
    a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "GET", .path = path, .query = "q=0f3c"});
    assert_int_equal(json_array_size(json_object_get(a.json, "items")), 1);
    rig_forget(&a);
    a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "GET", .path = path, .query = "q=%25"});
    assert_int_equal(json_array_size(json_object_get(a.json, "items")), 0);
    rig_forget(&a);
    rig_path(one, sizeof one, "%s/" CUSTOMER, path);
    assert_status(r, RIG_DEVELOPER, 204, .method = "DELETE", .path = one);
    assert_status(r, RIG_DEVELOPER, 404, .method = "DELETE", .path = one);
}

static void keys(void **state)
{
    rig *r = *state;
    const char *path = "/admin/v1/environments/sandbox/keys";
    answer a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "GET", .path = path});
    assert_int_equal(json_array_size(json_object_get(a.json, "items")), 1);
    assert_string_equal(json_string_value(json_object_get(first_item(&a), "state")), "active");
    assert_null(json_object_get(json_object_get(first_item(&a), "public_jwk"), "d"));
    assert_true(json_is_string(json_object_get(a.json, "next_rotation_at")));
    rig_forget(&a);
    a = rig_ask(r, RIG_ADMIN,
                &(ask){.method = "POST", .path = "/admin/v1/environments/sandbox/keys/rotate", .key = "r"});
    assert_int_equal(a.status, 201);
    assert_string_equal(rig_text(&a, "state"), "published");
    rig_forget(&a);
    assert_status(r, RIG_ADMIN, 409, .method = "POST", .path = "/admin/v1/environments/sandbox/keys/rotate");
    assert_status(r, RIG_ADMIN, 201, .method = "POST", .path = "/admin/v1/environments/sandbox/keys/rotate",
                  .key = "r");
    a = rig_ask(r, RIG_AUDITOR, &(ask){.method = "GET", .path = path});
    assert_int_equal(json_array_size(json_object_get(a.json, "items")), 2);
    rig_forget(&a);
}

static void operators(void **state)
{
    rig *r = *state;
    char path[128], own[128];
    assert_status(r, RIG_ADMIN, 400, .method = "POST", .path = "/admin/v1/operators",
                  .body = "{\"email\":\"x@y.z\",\"role\":\"root\",\"environments\":[\"nowhere\"]}");
    answer a = rig_ask(r, RIG_ADMIN,
                       &(ask){.method = "POST",
                              .path = "/admin/v1/operators",
                              .body = "{\"email\":\"new@example.com\",\"role\":\"developer\","
                                      "\"environments\":[\"sandbox\"]}"});
    assert_int_equal(a.status, 201);
    assert_true(strlen(rig_text(&a, "password")) >= 12);
    rig_path(path, sizeof path, "/admin/v1/operators/%s", rig_text(&a, "operator.operator_id"));
    rig_forget(&a);
    assert_status(r, RIG_ADMIN, 409, .method = "POST", .path = "/admin/v1/operators",
                  .body = "{\"email\":\"NEW@example.com\",\"role\":\"admin\",\"environments\":null}");
    assert_status(r, RIG_ADMIN, 428, .method = "PATCH", .path = path, .body = "{\"role\":\"auditor\"}");
    a = rig_ask(
        r, RIG_ADMIN,
        &(ask){
            .method = "PATCH", .path = path, .body = "{\"role\":\"auditor\",\"environments\":null}", .if_match = "*"});
    assert_int_equal(a.status, 200);
    assert_string_equal(rig_text(&a, "role"), "auditor");
    assert_true(json_is_null(json_object_get(a.json, "environments")));
    rig_forget(&a);
    assert_status(r, RIG_ADMIN, 200, .method = "POST", .path = "/admin/v1/operators/5/password");
    assert_status(r, RIG_ADMIN, 204, .method = "POST", .path = "/admin/v1/operators/5/totp/reset");
    assert_status(r, RIG_ADMIN, 204, .method = "DELETE", .path = path);
    assert_status(r, RIG_ADMIN, 404, .method = "GET", .path = path);
    assert_status(r, RIG_ADMIN, 404, .method = "GET", .path = "/admin/v1/operators/admin%40example.com");
    /* Nobody takes away their own access. */
    a = rig_ask(r, RIG_ADMIN, &(ask){.method = "GET", .path = "/admin/v1/session"});
    rig_path(own, sizeof own, "/admin/v1/operators/%s", rig_text(&a, "operator.operator_id"));
    rig_forget(&a);
    assert_status(r, RIG_ADMIN, 409, .method = "DELETE", .path = own);
    assert_status(r, RIG_ADMIN, 409, .method = "PATCH", .path = own, .body = "{\"role\":\"auditor\"}", .if_match = "*");
    assert_status(r, RIG_ADMIN, 409, .method = "PATCH", .path = own, .body = "{\"enabled\":false}", .if_match = "*");
}

static void profile(void **state)
{
    rig *r = *state;
    answer a = rig_ask(r, RIG_AUDITOR,
                       &(ask){.method = "PATCH", .path = "/admin/v1/profile", .body = "{\"name\":\"Nora\"}"});
    assert_int_equal(a.status, 200);
    assert_string_equal(rig_text(&a, "name"), "Nora");
    rig_forget(&a);
    const char *path = "/admin/v1/profile/password";
    assert_status(r, RIG_AUDITOR, 403, .method = "POST", .path = path,
                  .body = "{\"current_password\":\"wrong wrong wrong\",\"new_password\":\"another long sentence\"}");
    assert_int_equal(r->failed_logins, 1);
    assert_status(r, RIG_AUDITOR, 400, .method = "POST", .path = path,
                  .body = "{\"current_password\":\"" RIG_PASSWORD "\",\"new_password\":\"short\"}");
    a = rig_ask(
        r, RIG_AUDITOR,
        &(ask){.method = "POST",
               .path = path,
               .body = "{\"current_password\":\"" RIG_PASSWORD "\",\"new_password\":\"another long sentence\"}"});
    assert_int_equal(a.status, 204);
    assert_non_null(strstr(a.headers, "Set-Cookie: __Host-leanauth-session="));
    rig_forget(&a);
    /* The cookie before that is nobody's. */
    assert_status(r, RIG_AUDITOR, 401, .method = "GET", .path = "/admin/v1/session");
}

static void second_factor_offer(void **state)
{
    rig *r = *state;
    assert_status(r, RIG_ADMIN, 403, .method = "POST", .path = "/admin/v1/profile/totp",
                  .body = "{\"password\":\"wrong\"}");
    answer a = rig_ask(
        r, RIG_ADMIN,
        &(ask){.method = "POST", .path = "/admin/v1/profile/totp", .body = "{\"password\":\"" RIG_PASSWORD "\"}"});
    assert_int_equal(a.status, 200);
    assert_int_equal(strlen(rig_text(&a, "secret")), 32);
    assert_true(strncmp(rig_text(&a, "uri"), "otpauth://totp/", 15) == 0);
    assert_true(strncmp(rig_text(&a, "qr_svg"), "<svg", 4) == 0);
    rig_forget(&a);
    assert_status(r, RIG_ADMIN, 403, .method = "POST", .path = "/admin/v1/profile/totp/confirm",
                  .body = "{\"code\":\"abcdef\"}");
    assert_status(r, RIG_ADMIN, 409, .method = "POST", .path = "/admin/v1/session/totp",
                  .body = "{\"code\":\"123456\"}");
    assert_status(r, RIG_ADMIN, 400, .method = "POST", .path = "/admin/v1/session/totp",
                  .body = "{\"code\":\"1\",\"recovery_code\":\"2\"}");
}

static void sessions(void **state)
{
    rig *r = *state;
    char path[128];
    answer a = rig_ask(r, RIG_AUDITOR, &(ask){.method = "GET", .path = "/admin/v1/sessions"});
    assert_int_equal(json_array_size(json_object_get(a.json, "items")), 1);
    assert_true(json_is_true(json_object_get(first_item(&a), "current")));
    rig_path(path, sizeof path, "/admin/v1/sessions/%s",
             json_string_value(json_object_get(first_item(&a), "session_id")));
    rig_forget(&a);
    /* Not one's own, and not with the owner's name. */
    assert_status(r, RIG_DEVELOPER, 404, .method = "DELETE", .path = path);
    assert_status(r, RIG_DEVELOPER, 403, .method = "DELETE", .path = path, .query = "operator_id=4");
    assert_status(r, RIG_ADMIN, 404, .method = "DELETE", .path = path, .query = "operator_id=3");
    assert_status(r, RIG_ADMIN, 204, .method = "DELETE", .path = path, .query = "operator_id=4");
    assert_status(r, RIG_AUDITOR, 401, .method = "GET", .path = "/admin/v1/session");
}

static void audit(void **state)
{
    rig *r = *state;
    char path[128];
    assert_status(r, RIG_DEVELOPER, 201, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"watched\"}");
    answer a = rig_ask(r, RIG_AUDITOR,
                       &(ask){.method = "GET", .path = "/admin/v1/audit", .query = "action=application.*&limit=1"});
    const json_t *event = first_item(&a);
    assert_string_equal(json_string_value(json_object_get(event, "action")), "application.create");
    assert_string_equal(json_string_value(json_object_get(json_object_get(event, "actor"), "name")),
                        "developer@example.com");
    assert_string_equal(json_string_value(json_object_get(event, "request_id")), "request-1");
    assert_string_equal(json_string_value(json_object_get(event, "address")), "192.0.2.7");
    rig_path(path, sizeof path, "/admin/v1/audit/%lld",
             (long long)json_integer_value(json_object_get(event, "sequence")));
    rig_forget(&a);
    assert_status(r, RIG_AUDITOR, 200, .method = "GET", .path = path);
    assert_status(r, RIG_AUDITOR, 404, .method = "GET", .path = "/admin/v1/audit/999999");
    a = rig_ask(r, RIG_AUDITOR, &(ask){.method = "GET", .path = "/admin/v1/audit/verify"});
    assert_true(json_is_true(json_object_get(a.json, "whole")));
    rig_forget(&a);
    a = rig_ask(r, RIG_AUDITOR, &(ask){.method = "GET", .path = "/admin/v1/audit/export", .query = "limit=2"});
    assert_int_equal(a.status, 200);
    assert_string_equal(a.type, "application/jsonl");
    assert_non_null(strstr(a.headers, "from_sequence=3&limit=2>; rel=\"next\""));
    rig_forget(&a);
    assert_status(r, RIG_AUDITOR, 400, .method = "GET", .path = "/admin/v1/audit", .query = "from=yesterday");
    assert_status(r, RIG_AUDITOR, 400, .method = "GET", .path = "/admin/v1/audit", .query = "outcome=maybe");
}

static void usage(void **state)
{
    rig *r = *state;
    const char *path = "/admin/v1/environments/sandbox/usage";
    char query[128], client_id[64];
    la_application_row row;
    answer a = rig_ask(r, RIG_DEVELOPER,
                       &(ask){.method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"busy\"}"});
    snprintf(client_id, sizeof client_id, "%s", rig_text(&a, "application.client_id"));
    rig_forget(&a);
    assert_ok(la_command_find_application(&r->commands, LA_SLICE("sandbox"), la_slice_of(client_id), &row));
    int64_t minute = la_clock_now_s() / 60 - 1;
    la_usage_count counts[] = {
        {row.environment_id, row.application_id, minute, "issued", 5000},
        {row.environment_id, row.application_id, minute, "client_secret_wrong", 3},
        {row.environment_id, 0, minute, "client_unknown", 2},
    };
    la_usage_latency latency = {row.environment_id, minute, {0, 0, 90, 0, 0, 10}};
    assert_ok(la_store_add_usage(r->commands.store, counts, 3, &latency, 1));
    a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "GET", .path = path});
    assert_int_equal(a.status, 200);
    const json_t *point = json_array_get(json_object_get(a.json, "points"), 0);
    assert_int_equal(json_integer_value(json_object_get(point, "issued")), 5000);
    assert_int_equal(json_integer_value(json_object_get(point, "refused")), 5);
    assert_int_equal(json_array_size(json_object_get(a.json, "reasons")), 2);
    const json_t *times = json_array_get(json_object_get(a.json, "latency"), 0);
    json_int_t p50 = json_integer_value(json_object_get(times, "p50_us")),
               p99 = json_integer_value(json_object_get(times, "p99_us"));
    assert_true(p50 > 50 && p50 <= 100 && p99 > 500 && p99 <= 1000);
    const json_t *advice = json_array_get(json_object_get(a.json, "advice"), 0);
    assert_int_equal(json_integer_value(json_object_get(advice, "tokens")), 5000);
    assert_int_equal(json_integer_value(json_object_get(advice, "needed")), 8);
    rig_forget(&a);
    snprintf(query, sizeof query, "client_id=%s", client_id);
    a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "GET", .path = path, .query = query});
    point = json_array_get(json_object_get(a.json, "points"), 0);
    assert_int_equal(json_integer_value(json_object_get(point, "refused")), 3);
    rig_forget(&a);
    assert_status(r, RIG_DEVELOPER, 404, .method = "GET", .path = path, .query = "client_id=none");
    assert_status(r, RIG_DEVELOPER, 400, .method = "GET", .path = path,
                  .query = "from=2026-01-01T00:00:00Z&to=2026-11-01T00:00:00Z");
    assert_status(r, RIG_DEVELOPER, 200, .method = "GET", .path = path,
                  .query = "from=2026-01-01T00:00:00Z&to=2026-11-01T00:00:00Z&step=day");
    assert_status(r, RIG_DEVELOPER, 400, .method = "GET", .path = path,
                  .query = "from=2026-11-01T00:00:00Z&to=2026-01-01T00:00:00Z");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(secrets),  TEST(customers), TEST(keys),  TEST(operators), TEST(profile), TEST(second_factor_offer),
        TEST(sessions), TEST(audit),     TEST(usage),
    };
    return cmocka_run_group_tests_name("api/resources", tests, NULL, NULL);
}
