/* The dashboard's files over the real transport, from a table of this test's own. */
#include "http_rig.h"

#include "server/routes/asset.h"
#include "server/routes/routes.h"

#define BYTES(text) (const unsigned char *)(text), NULL, NULL, sizeof(text) - 1, 0, 0
#define PACKED(text, gzip, brotli)                                                                                   \
    (const unsigned char *)(text), (const unsigned char *)(gzip), (const unsigned char *)(brotli), sizeof(text) - 1, \
        sizeof(gzip) - 1, sizeof(brotli) - 1

const la_asset la_assets[] = {
    {"/index.html", "text/html; charset=utf-8", "\"1a\"", false, PACKED("the page itself", "page, gzip", "page, br")},
    {"/assets/app-5f2c.js", "text/javascript; charset=utf-8", "\"2b\"", true,
     PACKED("the code itself", "code, gzip", "code, br")},
    {"/robots.txt", "text/plain", "\"3c\"", false, BYTES("short")},
};
const unsigned la_assets_count = 3;

static void serve(void *self, la_http_exchange *x)
{
    la_route_call call = {.self = self, .exchange = x};

    la_dashboard_handle(&call);
}

static rig *shared;

static answer get(const char *method, const char *path, const char *fields)
{
    static char memory[8192];
    char request[1024];
    bool closed;
    int fd = rig_connect(shared);

    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", method, path, fields);
    send_text(shared, fd, request);
    la_slice rest = {memory, rig_receive(shared, fd, memory, sizeof memory, &closed)};
    answer a = rig_parse(&rest, strcmp(method, "HEAD") == 0);
    assert_int_equal(rest.n, 0);
    close(fd);
    rig_turn(shared);
    return a;
}

#define assert_field(a, line) assert_non_null(strstr((a).head, "\r\n" line "\r\n"))
#define assert_no_field(a, name) assert_null(strstr((a).head, "\r\n" name ":"))

static void files_come_in_the_smallest_form(void **state)
{
    answer a = get("GET", "/assets/app-5f2c.js", "Accept-Encoding: gzip, deflate, br\r\n");

    assert_int_equal(a.status, 200);
    assert_slice(a.body, "code, br");
    assert_field(a, "Content-Type: text/javascript; charset=utf-8");
    assert_field(a, "Content-Encoding: br");
    assert_field(a, "ETag: \"2b-br\"");
    assert_field(a, "Vary: Accept-Encoding");
    assert_field(a, "Cache-Control: public, max-age=31536000, immutable");
    a = get("GET", "/assets/app-5f2c.js", "Accept-Encoding: gzip, br;q=0\r\n");
    assert_slice(a.body, "code, gzip");
    assert_field(a, "Content-Encoding: gzip");
    assert_field(a, "ETag: \"2b-gzip\"");
    a = get("GET", "/assets/app-5f2c.js", "");
    assert_slice(a.body, "the code itself");
    assert_no_field(a, "Content-Encoding");
    assert_field(a, "ETag: \"2b\"");
    assert_field(a, "Vary: Accept-Encoding");
    a = get("GET", "/robots.txt", "Accept-Encoding: br, gzip\r\n");
    assert_slice(a.body, "short");
    assert_no_field(a, "Content-Encoding");
    assert_field(a, "Cache-Control: no-cache");
    assert_int_equal(get("GET", "/robots.txt", "Accept-Encoding: br, identity;q=0\r\n").status, 406);
}

static void head_has_the_same_fields(void **state)
{
    answer a = get("HEAD", "/", "Accept-Encoding: br\r\n");

    assert_int_equal(a.status, 200);
    assert_field(a, "Content-Length: 8");
    assert_field(a, "Content-Encoding: br");
}

static void what_the_client_has_is_not_sent_again(void **state)
{
    answer a = get("GET", "/", "Accept-Encoding: br\r\nIf-None-Match: W/\"1a-br\"\r\n");

    assert_int_equal(a.status, 304);
    assert_field(a, "ETag: \"1a-br\"");
    assert_field(a, "Vary: Accept-Encoding");
    assert_field(a, "Cache-Control: no-cache");
    assert_no_field(a, "Content-Encoding");
    assert_int_equal(get("GET", "/", "Accept-Encoding: gzip\r\nIf-None-Match: \"1a-br\"\r\n").status, 200);
    assert_int_equal(get("GET", "/", "If-None-Match: \"0\", \"1a\"\r\n").status, 304);
    assert_int_equal(get("GET", "/", "If-None-Match: *\r\n").status, 304);
    assert_int_equal(get("GET", "/", "If-None-Match: 1a\r\n").status, 200);
}

static void navigation_gets_the_page(void **state)
{
    static const char *const paths[] = {"/",
                                        "/login",
                                        "/audit?from=2026-11-24T00:00:00.000Z",
                                        "/e/production/applications",
                                        "/e/production/applications/my.app.v1/usage",
                                        "/administration"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        answer a = get("GET", paths[i], "");

        assert_int_equal(a.status, 200);
        assert_slice(a.body, "the page itself");
        assert_field(a, "Cache-Control: no-cache");
    }
}

static void other_files_are_not_there(void **state)
{
    static const char *const paths[] = {"/favicon.ico",       "/assets/app-0000.js",  "/assets/../index.html", "/.env",
                                        "/assets/app-5f2c.j", "/assets/app-5f2c.js/", "/%2e%2e/index.html.x"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_int_equal(get("GET", paths[i], "").status, 404);
}

static int open_rig(void **state)
{
    shared = malloc(sizeof *shared);
    assert_non_null(shared);
    rig_init(shared);
    rig_start_with(shared, serve);
    return 0;
}

static int close_rig(void **state)
{
    rig_free(shared);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_in_the_smallest_form),
        cmocka_unit_test(head_has_the_same_fields),
        cmocka_unit_test(what_the_client_has_is_not_sent_again),
        cmocka_unit_test(navigation_gets_the_page),
        cmocka_unit_test(other_files_are_not_there),
    };

    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
