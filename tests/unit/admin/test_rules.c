#include "unit.h"

#include "admin/rules.h"
#include "admin/usage.h"

static void test_email(void **state)
{
    static const char *const good[] = {"a@b", "admin@localhost", "huda.al-ali+x@mail.example.com",
                                       "\xd9\x87\xd8\xaf\xd9\x89@example.com"};
    static const char *const bad[] = {"",      "a",     "@",     "@b",     "a@",    "a@b@c",   "a b@c",
                                      "a@b c", "a@.b",  "a@b.",  "<a@b>",  "a,b@c", "a@b\nc",  "a@\x7f",
                                      "a;@b",  "a\"@b", "a:b@c", "a@b\\c", "(a)@b", "a\xff@b", "a@b\xc2\x85"};
    la_slice email;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_ok(la_rule_email(la_slice_of(good[i]), &email));
        assert_slice(email, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_code(la_rule_email(la_slice_of(bad[i]), &email), LA_INVALID);
    assert_ok(la_rule_email(LA_SLICE("  a@b\t"), &email));
    assert_slice(email, "a@b");
    char longest[300];
    memset(longest, 'a', sizeof longest);
    longest[1] = '@';
    assert_ok(la_rule_email((la_slice){longest, 254}, &email));
    assert_code(la_rule_email((la_slice){longest, 255}, &email), LA_INVALID);
}

static void test_admin_scopes(void **state)
{
    assert_true(la_rule_has_admin_scope(LA_SLICE("admin:read")));
    assert_true(la_rule_has_admin_scope(LA_SLICE("api admin:write customer")));
    assert_true(la_rule_has_admin_scope(LA_SLICE("api  admin:whatever")));
    assert_false(la_rule_has_admin_scope(LA_SLICE("")));
    assert_false(la_rule_has_admin_scope(LA_SLICE("api customer")));
    assert_false(la_rule_has_admin_scope(LA_SLICE("administration xadmin:read")));
}

static void test_usage_span(void **state)
{
    assert_ok(la_rule_usage_span(0, 1500 * 60, LA_USAGE_MINUTE));
    assert_code(la_rule_usage_span(0, 1501 * 60, LA_USAGE_MINUTE), LA_INVALID);
    assert_non_null(strstr(la_detail(), "step hour"));
    assert_code(la_rule_usage_span(30, 1500 * 60 + 30, LA_USAGE_MINUTE), LA_INVALID); /* touches 1501 */
    assert_code(la_rule_usage_span(0, 1600 * 3600, LA_USAGE_MINUTE), LA_INVALID);
    assert_non_null(strstr(la_detail(), "step day"));
    assert_ok(la_rule_usage_span(0, 1500 * INT64_C(86400), LA_USAGE_DAY));
    assert_code(la_rule_usage_span(0, 1501 * INT64_C(86400), LA_USAGE_DAY), LA_INVALID);
    assert_code(la_rule_usage_span(10, 10, LA_USAGE_DAY), LA_INVALID);
    assert_code(la_rule_usage_span(10, 5, LA_USAGE_DAY), LA_INVALID);
    assert_code(la_rule_usage_span(-1, 5, LA_USAGE_DAY), LA_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_email),
        cmocka_unit_test(test_admin_scopes),
        cmocka_unit_test(test_usage_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
