#include "unit.h"

#include "server/admin/admin_host.h"

static bool ours(const char *authority, const char *origin)
{
    return la_admin_host_is_ours(la_slice_of(authority), la_slice_of(origin));
}

static void loopback_is_always_ours(void **state)
{
    static const char *const yes[] = {"localhost",     "LOCALHOST:8081", "localhost:1", "127.0.0.1",
                                      "127.8.9.10:80", "[::1]",          "[::1]:8081",  "[0:0:0:0:0:0:0:1]:8081"};

    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        assert_true(ours(yes[i], NULL));
        assert_true(ours(yes[i], "https://admin.example"));
    }
}

static void names_that_a_resolver_could_answer_are_not(void **state)
{
    static const char *const no[] = {"",
                                     "evil.example",
                                     "evil.example:8081",
                                     "localhost.evil.example",
                                     "localhost.",
                                     "127.0.0.1.evil.example",
                                     "127.1",
                                     "2130706433",
                                     "0x7f000001",
                                     "0.0.0.0",
                                     "128.0.0.1",
                                     "[::]",
                                     "[::ffff:127.0.0.1]",
                                     "::1",
                                     "user@localhost",
                                     "localhost:99999",
                                     "127.0.0.1111111111111111111111111111111111111111111111111"};

    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        assert_false(ours(no[i], NULL));
        assert_false(ours(no[i], "https://admin.example"));
    }
    assert_false(ours(NULL, "https://admin.example"));
}

static void the_configured_origin_is_ours_with_its_port(void **state)
{
    assert_true(ours("admin.example", "https://admin.example"));
    assert_true(ours("ADMIN.example:443", "https://admin.example"));
    assert_true(ours("admin.example:443", "https://Admin.Example:443"));
    assert_false(ours("admin.example:80", "https://admin.example"));
    assert_false(ours("admin.example:8443", "https://admin.example"));
    assert_true(ours("admin.example:8443", "https://admin.example:8443"));
    assert_false(ours("admin.example", "https://admin.example:8443"));
    assert_true(ours("admin.example", "http://admin.example"));
    assert_true(ours("admin.example:80", "http://admin.example"));
    assert_true(ours("10.0.0.5:8081", "http://10.0.0.5:8081"));
    assert_false(ours("10.0.0.6:8081", "http://10.0.0.5:8081"));
    assert_false(ours("other.example", "https://admin.example"));
    assert_false(ours("admin.example", "admin.example"));
}

static void the_headers_forbid_what_is_not_needed(void **state)
{
    char memory[1024];
    la_buffer b;

    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_admin_headers_write(LA_NO_SLICE, &b);
    assert_true(la_buffer_ok(&b));
    assert_non_null(strstr(la_buffer_text(&b), "frame-ancestors 'none'\r\n"));
    assert_null(strstr(la_buffer_text(&b), "unsafe"));
    assert_null(strstr(la_buffer_text(&b), "Strict-Transport-Security"));
    la_buffer_clear(&b);
    la_admin_headers_write(LA_SLICE("http://admin.example"), &b);
    assert_null(strstr(la_buffer_text(&b), "Strict-Transport-Security"));
    la_buffer_clear(&b);
    la_admin_headers_write(LA_SLICE("https://admin.example"), &b);
    assert_true(la_buffer_ok(&b));
    assert_non_null(strstr(la_buffer_text(&b), "\r\nStrict-Transport-Security: max-age="));
    assert_memory_equal(b.p + b.n - 2, "\r\n", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_always_ours),
        cmocka_unit_test(names_that_a_resolver_could_answer_are_not),
        cmocka_unit_test(the_configured_origin_is_ours_with_its_port),
        cmocka_unit_test(the_headers_forbid_what_is_not_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
