/* Requests from end to end, over a real store: who may what, pages, versions, repetition. */
#include "rig.h"

#include "base/clock.h"

static void not_logged_in(void **state)
{
    rig *r = *state;
    answer a = rig_ask(r, -1, &(ask){.method = "GET", .path = "/admin/v1/session"});
    assert_int_equal(a.status, 401);
    assert_non_null(strstr(a.headers, "WWW-Authenticate: Bearer"));
    rig_forget(&a);
    assert_status(r, -1, 401, .method = "GET", .path = "/admin/v1/environments",
                  .cookie = "__Host-leanauth-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_status(r, -1, 401, .method = "GET", .path = "/admin/v1/environments", .authorization = "Basic YTpi");
    assert_status(r, -1, 401, .method = "GET", .path = "/admin/v1/environments", .authorization = "Bearer a.b.c");
    assert_status(r, -1, 400, .method = "GET", .path = "/admin/v1/environments", .authorization = "Bearer a.b.c",
                  .cookie = r->cookies[RIG_ADMIN]);
    assert_status(r, -1, 200, .method = "GET", .path = "/admin/v1/openapi.yaml");
}

static void wrong_login(void **state)
{
    rig *r = *state;
    const char *const bodies[] = {
        "{\"email\":\"nobody@example.com\",\"password\":\"" RIG_PASSWORD "\"}",
        "{\"email\":\"admin@example.com\",\"password\":\"a wrong sentence\"}",
    };
    char first[512] = "";
    for (unsigned i = 0; i < 2; i++) {
        answer a = rig_ask(r, -1, &(ask){.method = "POST", .path = "/admin/v1/session", .body = bodies[i]});
        assert_int_equal(a.status, 401);
        char *text = json_dumps(a.json, JSON_COMPACT);
        if (i == 0)
            snprintf(first, sizeof first, "%s", text);
        assert_string_equal(text, first);
        free(text);
        rig_forget(&a);
    }
    assert_int_equal(r->failed_logins, 2);
    r->throttled = true;
    answer a = rig_ask(r, -1, &(ask){.method = "POST", .path = "/admin/v1/session", .body = bodies[1]});
    assert_int_equal(a.status, 429);
    assert_non_null(strstr(a.headers, "Retry-After: 7\r\n"));
    rig_forget(&a);
}

static unsigned count_events(rig *r, const char *action)
{
    char query[100];
    snprintf(query, sizeof query, "limit=200&action=%s", action);
    answer a = rig_ask(r, RIG_AUDITOR, &(ask){.method = "GET", .path = "/admin/v1/audit", .query = query});
    unsigned n = (unsigned)json_array_size(json_object_get(a.json, "items"));
    rig_forget(&a);
    return n;
}

/* Somebody at a session that is not theirs guesses its password: each time is in the log, however it is asked. */
static void wrong_own_password(void **state)
{
    rig *r = *state;
    assert_status(r, RIG_DEVELOPER, 403, .method = "POST", .path = "/admin/v1/profile/password",
                  .body = "{\"current_password\":\"a guess\",\"new_password\":\"another long sentence\"}");
    assert_int_equal(count_events(r, "session.login_failed"), 1);
    assert_status(r, RIG_DEVELOPER, 403, .method = "DELETE", .path = "/admin/v1/profile/totp", .if_match = "*",
                  .body = "{\"password\":\"a guess\"}");
    assert_int_equal(count_events(r, "session.login_failed"), 2);
    assert_int_equal(r->failed_logins, 2);
}

/* Nobody fills the disk with logins that fail: what is over the rate is counted. */
static void failed_logins_are_rationed(void **state)
{
    rig *r = *state;
    char body[128];
    for (unsigned i = 0; i < 2 * LA_API_REFUSALS_PER_CALLER + 5; i++) {
        snprintf(body, sizeof body, "{\"email\":\"nobody%u@example.com\",\"password\":\"a guess\"}", i);
        assert_status(r, -1, 401, .method = "POST", .path = "/admin/v1/session", .body = body);
    }
    /* A minute may have begun in between. */
    assert_in_range(count_events(r, "session.login_failed"), LA_API_REFUSALS_PER_CALLER,
                    2 * LA_API_REFUSALS_PER_CALLER);
    /* They are no excuse for a refusal that matters. */
    assert_status(r, RIG_AUDITOR, 403, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"x\"}");
    assert_int_equal(count_events(r, "admin.refused"), 1);
}

static void cookie_attributes(void **state)
{
    rig *r = *state;
    answer a = rig_ask(r, -1,
                       &(ask){.method = "POST",
                              .path = "/admin/v1/session",
                              .body = "{\"email\":\"ADMIN@example.com\",\"password\":\"" RIG_PASSWORD "\"}"});
    assert_int_equal(a.status, 200);
    assert_string_equal(rig_text(&a, "state"), "complete");
    assert_string_equal(rig_text(&a, "operator.role"), "admin");
    assert_non_null(strstr(a.headers, "; Path=/; Secure; HttpOnly; SameSite=Strict\r\n"));
    rig_forget(&a);
    a = rig_ask(r, RIG_ADMIN, &(ask){.method = "DELETE", .path = "/admin/v1/session"});
    assert_int_equal(a.status, 204);
    assert_non_null(strstr(a.headers,
                           "Set-Cookie: __Host-leanauth-session=; Path=/; Secure; HttpOnly; SameSite=Strict; "
                           "Max-Age=0\r\n"));
    rig_forget(&a);
    assert_status(r, RIG_ADMIN, 401, .method = "GET", .path = "/admin/v1/session");
}

static void origin(void **state)
{
    rig *r = *state;
    const char *body = "{\"name\":\"x\"}";
    assert_status(r, RIG_ADMIN, 403, .method = "POST", .path = RIG_APPLICATIONS, .body = body, .no_origin = true);
    assert_status(r, RIG_ADMIN, 403, .method = "POST", .path = RIG_APPLICATIONS, .body = body, .origin = "null");
    assert_status(r, RIG_ADMIN, 403, .method = "POST", .path = RIG_APPLICATIONS, .body = body,
                  .origin = "http://evil.example");
    assert_status(r, -1, 403, .method = "POST", .path = "/admin/v1/session", .body = "{}",
                  .origin = "http://evil.example");
    assert_status(r, RIG_ADMIN, 201, .method = "POST", .path = RIG_APPLICATIONS, .body = body);
    /* Reading needs none. */
    assert_status(r, RIG_ADMIN, 200, .method = "GET", .path = RIG_APPLICATIONS, .no_origin = true);
}

static const char *method_name(la_api_method m)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PATCH", "DELETE"};
    return names[m];
}

/* A path of the route with parameters that exist nowhere. */
static void fill(const la_api_route *route, char *ret, size_t bytes)
{
    la_slice rest = route->path, part;
    size_t n = (size_t)snprintf(ret, bytes, "/admin/v1");
    la_slice_split(&rest, '/', &part);
    while (la_slice_split(&rest, '/', &part)) {
        la_slice value = part.p[0] != '{'                     ? part
                         : la_slice_is(part, "{environment}") ? LA_SLICE("sandbox")
                                                              : LA_SLICE("999");
        n += (size_t)snprintf(ret + n, bytes - n, "/%.*s", LA_FMT(value));
    }
}

/* A role that may not is told so before anything else is looked at; one that may never is. */
static void roles(void **state)
{
    rig *r = *state;
    static const la_role role_of[RIG_USERS] = {LA_ROLE_ADMIN, LA_ROLE_DEVELOPER, LA_ROLE_DEVELOPER, LA_ROLE_AUDITOR};
    const la_api_route *route;
    unsigned refused = 0;
    for (size_t i = 0; (route = la_api_route_at(i)); i++) {
        char path[256];
        fill(route, path, sizeof path);
        for (int user = 0; user < RIG_USERS; user++) {
            bool may = route->roles & LA_API_ROLE(role_of[user]);
            /* Enough to be refused for something else. */
            answer a = rig_ask(r, user,
                               &(ask){.method = method_name(route->method), .path = path, .query = may ? "x=y" : NULL});
            if (may ? a.status == 403 || a.status == 401 : a.status != 403)
                fail_msg("%s %s as %d: %d", method_name(route->method), path, user, a.status);
            refused += a.status == 403;
            rig_forget(&a);
        }
        answer a = rig_ask(r, -1, &(ask){.method = method_name(route->method), .path = path, .query = "x=y"});
        assert_int_equal(a.status, route->roles & LA_API_ANYBODY ? 400 : 401);
        rig_forget(&a);
    }
    assert_true(refused > 20);
    /* Each refusal that was noted is in the log, and they were not all noted. */
    answer a = rig_ask(r, RIG_ADMIN,
                       &(ask){.method = "GET", .path = "/admin/v1/audit", .query = "action=admin.refused&limit=200"});
    assert_int_equal(a.status, 200);
    size_t noted = json_array_size(json_object_get(a.json, "items"));
    assert_true(noted > 0 && noted <= 2 * 4 * LA_API_REFUSALS_PER_CALLER);
    rig_forget(&a);
}

static void environments_are_walls(void **state)
{
    rig *r = *state;
    assert_status(r, RIG_DEVELOPER, 200, .method = "GET", .path = "/admin/v1/environments/sandbox");
    assert_status(r, RIG_DEVELOPER, 404, .method = "GET", .path = "/admin/v1/environments/production");
    assert_status(r, RIG_DEVELOPER, 404, .method = "GET", .path = "/admin/v1/environments/nowhere");
    assert_status(r, RIG_STRANGER, 404, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"x\"}");
    answer a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "GET", .path = "/admin/v1/environments"});
    assert_int_equal(json_array_size(json_object_get(a.json, "items")), 1);
    rig_forget(&a);
    a = rig_ask(r, RIG_AUDITOR, &(ask){.method = "GET", .path = "/admin/v1/environments"});
    assert_int_equal(json_array_size(json_object_get(a.json, "items")), 2);
    rig_forget(&a);
}

static void bad_bodies(void **state)
{
    rig *r = *state;
    static const struct {
        const char *body;
        int status;
    } bodies[] = {
        {"", 400},
        {"{", 400},
        {"[]", 400},
        {"null", 400},
        {"{\"name\":\"a\",\"name\":\"b\"}", 400},
        {"{\"name\":\"a\",\"nmae\":\"b\"}", 400},
        {"{\"name\":1}", 400},
        {"{\"name\":\"\"}", 400},
        {"{\"name\":\"a\\u0000b\"}", 400},
        {"{\"name\":\"a\\nb\"}", 400},
        {"{\"name\":\"\xff\"}", 400},
        {"{\"name\":\"a\",\"scopes\":[]}", 400},
        {"{\"name\":\"a\",\"scopes\":\"api\"}", 400},
        {"{\"name\":\"a\",\"scopes\":[\"api customer\"]}", 400},
        {"{\"name\":\"a\",\"scopes\":[\"nothing\"]}", 400},
        {"{\"name\":\"a\",\"auth_method\":\"none\"}", 400},
        {"{\"name\":\"a\",\"scopes\":[\"payments\"],\"auth_method\":\"client_secret_basic\"}", 201},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        assert_status(r, RIG_DEVELOPER, bodies[i].status, .method = "POST", .path = RIG_APPLICATIONS,
                      .body = bodies[i].body);
    assert_status(r, RIG_DEVELOPER, 415, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"a\"}",
                  .no_type = true);
    answer a = rig_ask(
        r, RIG_DEVELOPER,
        &(ask){.method = "POST", .path = RIG_APPLICATIONS, .body = "{\"scopes\":[\"x\"],\"auth_method\":\"y\"}"});
    assert_int_equal(json_array_size(json_object_get(a.json, "errors")), 3);
    rig_forget(&a);
}

static void versions(void **state)
{
    rig *r = *state;
    char path[256];
    answer a = rig_ask(r, RIG_DEVELOPER,
                       &(ask){.method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"one\"}"});
    assert_int_equal(a.status, 201);
    rig_path(path, sizeof path, RIG_APPLICATIONS "/%s", rig_text(&a, "application.client_id"));
    assert_non_null(strstr(a.headers, path));
    rig_forget(&a);
    assert_status(r, RIG_DEVELOPER, 428, .method = "PATCH", .path = path, .body = "{\"name\":\"two\"}");
    assert_status(r, RIG_DEVELOPER, 400, .method = "PATCH", .path = path, .body = "{\"name\":\"two\"}",
                  .if_match = "1");
    assert_status(r, RIG_DEVELOPER, 412, .method = "PATCH", .path = path, .body = "{\"name\":\"two\"}",
                  .if_match = "\"2\"");
    assert_status(r, RIG_DEVELOPER, 412, .method = "PATCH", .path = path, .body = "{\"name\":\"two\"}",
                  .if_match = "W/\"1\"");
    a = rig_ask(
        r, RIG_DEVELOPER,
        &(ask){.method = "PATCH", .path = path, .body = "{\"name\":\"two\",\"enabled\":false}", .if_match = "\"1\""});
    assert_int_equal(a.status, 200);
    assert_string_equal(rig_text(&a, "name"), "two");
    assert_non_null(strstr(a.headers, "ETag: \"2\"\r\n"));
    rig_forget(&a);
    assert_status(r, RIG_DEVELOPER, 412, .method = "PATCH", .path = path, .body = "{\"name\":\"three\"}",
                  .if_match = "\"1\"");
    assert_status(r, RIG_DEVELOPER, 304, .method = "GET", .path = path, .if_none_match = "\"1\", W/\"2\"");
    assert_status(r, RIG_DEVELOPER, 200, .method = "GET", .path = path, .if_none_match = "\"1\"");
    a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "HEAD", .path = path});
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body_n, 0);
    rig_forget(&a);
    assert_status(r, RIG_DEVELOPER, 412, .method = "DELETE", .path = path, .if_match = "\"1\"");
    assert_status(r, RIG_DEVELOPER, 204, .method = "DELETE", .path = path, .if_match = "\"2\"");
    assert_status(r, RIG_DEVELOPER, 404, .method = "GET", .path = path);
}

static void repetition(void **state)
{
    rig *r = *state;
    ask first = {.method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"one\"}", .key = "k 1"};
    answer a = rig_ask(r, RIG_DEVELOPER, &first), b = rig_ask(r, RIG_DEVELOPER, &first);
    assert_int_equal(a.status, 201);
    assert_int_equal(b.status, 201);
    assert_true(json_equal(a.json, b.json));
    assert_true(strncmp(rig_text(&b, "client_secret"), "las_test_", 9) == 0);
    assert_null(strstr(a.headers, "Idempotent-Replayed"));
    assert_non_null(strstr(b.headers, "Idempotent-Replayed: true\r\n"));
    assert_non_null(strstr(b.headers, "Location: " RIG_APPLICATIONS "/"));
    rig_forget(&a);
    rig_forget(&b);
    assert_status(r, RIG_DEVELOPER, 422, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"two\"}",
                  .key = "k 1");
    /* Somebody else's key is another one; a failure is not kept. */
    assert_status(r, RIG_ADMIN, 201, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"one\"}",
                  .key = "k 1");
    assert_status(r, RIG_ADMIN, 400, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"\"}",
                  .key = "k 2");
    assert_status(r, RIG_ADMIN, 201, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"x\"}",
                  .key = "k 2");
    assert_status(r, RIG_ADMIN, 400, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"x\"}", .key = "");
    assert_status(r, RIG_ADMIN, 400, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"x\"}",
                  .key = "\xc3\xa9");
    a = rig_ask(r, RIG_ADMIN, &(ask){.method = "GET", .path = RIG_APPLICATIONS});
    assert_int_equal(json_array_size(json_object_get(a.json, "items")), 3);
    rig_forget(&a);
}

static void pages(void **state)
{
    rig *r = *state;
    char query[512], cursor[400] = "", body[64];
    unsigned seen = 0;
    for (int i = 0; i < 5; i++) {
        snprintf(body, sizeof body, "{\"name\":\"app %d\"}", i);
        assert_status(r, RIG_ADMIN, 201, .method = "POST", .path = RIG_APPLICATIONS, .body = body);
    }
    do {
        snprintf(query, sizeof query, "limit=2&q=APP%s%s", *cursor ? "&cursor=" : "", cursor);
        answer a = rig_ask(r, RIG_ADMIN, &(ask){.method = "GET", .path = RIG_APPLICATIONS, .query = query});
        assert_int_equal(a.status, 200);
        seen += (unsigned)json_array_size(json_object_get(a.json, "items"));
        if (!*cursor) { /* of this list, with these filters, alone */
            const char *next = rig_text(&a, "next");
            snprintf(query, sizeof query, "limit=2&q=other&cursor=%s", next);
            assert_status(r, RIG_ADMIN, 400, .method = "GET", .path = RIG_APPLICATIONS, .query = query);
            snprintf(query, sizeof query, "cursor=%s", next);
            assert_status(r, RIG_ADMIN, 400, .method = "GET", .path = "/admin/v1/operators", .query = query);
            snprintf(query, sizeof query, "limit=2&q=APP&cursor=%c%s", next[0] == 'A' ? 'B' : 'A', next + 1);
            assert_status(r, RIG_ADMIN, 400, .method = "GET", .path = RIG_APPLICATIONS, .query = query);
        }
        snprintf(cursor, sizeof cursor, "%s", rig_text(&a, "next"));
        rig_forget(&a);
    } while (*cursor);
    assert_int_equal(seen, 5);
    static const char *const wrong[] = {"limit=0",         "limit=201", "limit=x",     "limit=",
                                        "limit=1&limit=1", "cursor=",   "cursor=AAAA", "unknown=1",
                                        "enabled=yes",     "q=%00",     "q=%ff",       "q"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_status(r, RIG_ADMIN, 400, .method = "GET", .path = RIG_APPLICATIONS, .query = wrong[i]);
}

/* ---- the scopes that make an administrator ---- */

#define PRODUCTION "/admin/v1/environments/production/applications"

static void admin_scopes(void **state)
{
    rig *r = *state;
    char path[256], below[300], other[256];
    const char *body = "{\"name\":\"robot\",\"scopes\":[\"api\",\"admin:write\"]}";
    assert_status(r, RIG_STRANGER, 403, .method = "POST", .path = PRODUCTION, .body = body);
    answer a = rig_ask(r, RIG_ADMIN, &(ask){.method = "POST", .path = PRODUCTION, .body = body});
    assert_int_equal(a.status, 201);
    rig_path(path, sizeof path, PRODUCTION "/%s", rig_text(&a, "application.client_id"));
    rig_forget(&a);
    assert_status(r, RIG_STRANGER, 200, .method = "GET", .path = path);
    assert_status(r, RIG_STRANGER, 403, .method = "PATCH", .path = path, .body = "{\"scopes\":[\"api\"]}",
                  .if_match = "*");
    assert_status(r, RIG_STRANGER, 403, .method = "DELETE", .path = path);
    rig_path(below, sizeof below, "%s/secrets", path);
    assert_status(r, RIG_STRANGER, 403, .method = "POST", .path = below);
    assert_status(r, RIG_ADMIN, 201, .method = "POST", .path = below);
    a = rig_ask(r, RIG_ADMIN, &(ask){.method = "GET", .path = below});
    char revoke[400];
    rig_path(revoke, sizeof revoke, "%s/%s/revoke", below,
             json_string_value(json_object_get(json_array_get(json_object_get(a.json, "items"), 0), "secret_id")));
    rig_forget(&a);
    assert_status(r, RIG_STRANGER, 403, .method = "POST", .path = revoke);
    rig_path(below, sizeof below, "%s/customers", path);
    assert_status(r, RIG_STRANGER, 403, .method = "POST", .path = below,
                  .body = "{\"customer_id\":\"0f3c8a3e-5e0e-4d53-93a8-5b9df5a3a3a1\"}");
    /* Nor may an application get it afterwards. */
    a = rig_ask(r, RIG_STRANGER, &(ask){.method = "POST", .path = PRODUCTION, .body = "{\"name\":\"plain\"}"});
    rig_path(other, sizeof other, PRODUCTION "/%s", rig_text(&a, "application.client_id"));
    rig_forget(&a);
    assert_status(r, RIG_STRANGER, 403, .method = "PATCH", .path = other, .body = "{\"scopes\":[\"admin:read\"]}",
                  .if_match = "*");
    assert_status(r, RIG_STRANGER, 200, .method = "PATCH", .path = other, .body = "{\"scopes\":[\"api\"]}",
                  .if_match = "*");
}

static void bearer(void **state)
{
    rig *r = *state;
    char client_id[64], path[256];
    const char *environments = "/admin/v1/environments";
    answer a = rig_ask(r, RIG_ADMIN,
                       &(ask){.method = "POST",
                              .path = PRODUCTION,
                              .body = "{\"name\":\"robot\",\"scopes\":[\"admin:read\",\"admin:write\"]}"});
    snprintf(client_id, sizeof client_id, "%s", rig_text(&a, "application.client_id"));
    rig_forget(&a);
    char *read = rig_token(r, client_id, "admin:read", 60, "urn:leanauth:admin");
    char *write = rig_token(r, client_id, "admin:write", 60, "urn:leanauth:admin");
    char *old = rig_token(r, client_id, "admin:write", 0, "urn:leanauth:admin");
    char *other = rig_token(r, client_id, "admin:write", 60, "https://api.example");
    char *plain = rig_token(r, client_id, "api", 60, "urn:leanauth:admin");
    char *unknown = rig_token(r, "nobody", "admin:write", 60, "urn:leanauth:admin");
    const char *const refused[] = {old, other, plain, unknown};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        a = rig_ask(r, -1, &(ask){.method = "GET", .path = environments, .authorization = refused[i]});
        assert_int_equal(a.status, 401);
        assert_non_null(strstr(a.headers, "error=\"invalid_token\""));
        rig_forget(&a);
    }
    assert_status(r, -1, 200, .method = "GET", .path = environments, .authorization = read);
    assert_status(r, -1, 200, .method = "GET", .path = "/admin/v1/operators", .authorization = read);
    a = rig_ask(r, -1,
                &(ask){.method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"x\"}", .authorization = read});
    assert_int_equal(a.status, 403);
    assert_non_null(strstr(a.headers, "error=\"insufficient_scope\", scope=\"admin:write\""));
    rig_forget(&a);
    assert_status(r, -1, 201, .method = "POST", .path = RIG_APPLICATIONS, .body = "{\"name\":\"x\"}",
                  .authorization = write);
    assert_status(r, -1, 403, .method = "GET", .path = "/admin/v1/session", .authorization = write);
    assert_status(r, -1, 403, .method = "POST", .path = "/admin/v1/profile/totp", .body = "{}", .authorization = write);
    /* What the application may no longer, its tokens may not either. */
    rig_path(path, sizeof path, PRODUCTION "/%s", client_id);
    assert_status(r, RIG_ADMIN, 200, .method = "PATCH", .path = path, .body = "{\"scopes\":[\"admin:read\"]}",
                  .if_match = "*");
    assert_status(r, -1, 401, .method = "GET", .path = environments, .authorization = write);
    assert_status(r, -1, 200, .method = "GET", .path = environments, .authorization = read);
    assert_status(r, RIG_ADMIN, 200, .method = "PATCH", .path = path, .body = "{\"enabled\":false}", .if_match = "*");
    assert_status(r, -1, 401, .method = "GET", .path = environments, .authorization = read);
    free(read);
    free(write);
    free(old);
    free(other);
    free(plain);
    free(unknown);
}

static void trial(void **state)
{
    rig *r = *state;
    const char *path = "/admin/v1/environments/sandbox/token-trial";
    const char *body = "{\"client_id\":\"a&b\",\"client_secret\":\"las_test_%\",\"scope\":\"api customer.1\"}";
    r->trial_body = "{\"access_token\":\"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln\",\"token_type\":\"bearer\"}";
    answer a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "POST", .path = path, .body = body});
    assert_int_equal(a.status, 200);
    assert_string_equal(r->trial_form,
                        "grant_type=client_credentials&client_id=a%26b&client_secret=las_test_%25&scope=api%20"
                        "customer.1");
    assert_string_equal(rig_text(&a, "token.header.alg"), "ES256");
    assert_string_equal(rig_text(&a, "token.claims.sub"), "a");
    rig_forget(&a);
    r->trial_status = 401;
    r->trial_body = "{\"error\":\"invalid_client\"}";
    a = rig_ask(r, RIG_DEVELOPER, &(ask){.method = "POST", .path = path, .body = body});
    assert_int_equal(a.status, 200);
    assert_true(json_is_null(json_object_get(a.json, "token")));
    assert_int_equal(json_integer_value(json_object_get(a.json, "status")), 401);
    rig_forget(&a);
}

static void store_lost(void **state)
{
    rig *r = *state;
    char away[4300];
    snprintf(away, sizeof away, "%s.away", r->config->sqlite_path);
    la_commands_close(&r->commands);
    assert_int_equal(rename(r->config->sqlite_path, away), 0);
    answer a = rig_ask(r, RIG_ADMIN, &(ask){.method = "GET", .path = "/admin/v1/environments"});
    assert_int_equal(a.status, 503);
    assert_non_null(strstr(a.headers, "Retry-After: "));
    rig_forget(&a);
    assert_status(r, RIG_ADMIN, 200, .method = "GET", .path = "/admin/v1/openapi.yaml");
    assert_int_equal(rename(away, r->config->sqlite_path), 0);
    assert_status(r, RIG_ADMIN, 200, .method = "GET", .path = "/admin/v1/environments");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(not_logged_in),
        TEST(wrong_login),
        TEST(wrong_own_password),
        TEST(failed_logins_are_rationed),
        TEST(cookie_attributes),
        TEST(origin),
        TEST(roles),
        TEST(environments_are_walls),
        TEST(bad_bodies),
        TEST(versions),
        TEST(repetition),
        TEST(pages),
        TEST(admin_scopes),
        TEST(bearer),
        TEST(trial),
        TEST(store_lost),
    };
    return cmocka_run_group_tests_name("api/api", tests, NULL, NULL);
}
