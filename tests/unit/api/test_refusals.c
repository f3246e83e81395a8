/* The audit log hears of refusals, and nobody can drown it in them. */
#include "unit.h"

#include "api/refusals.h"

static void each_caller_has_a_share(void **state)
{
    la_api_refusals r = {0};
    uint64_t unwritten = 99;
    for (unsigned i = 0; i < LA_API_REFUSALS_PER_CALLER; i++)
        assert_true(la_api_refusals_take(&r, LA_SLICE("1"), 600, &unwritten));
    assert_int_equal(unwritten, 0);
    for (unsigned i = 0; i < 5; i++)
        assert_false(la_api_refusals_take(&r, LA_SLICE("1"), 601, &unwritten));
    assert_true(la_api_refusals_take(&r, LA_SLICE("2"), 602, &unwritten));
    assert_int_equal(unwritten, 0);
    assert_true(la_api_refusals_take(&r, LA_SLICE("1"), 660, &unwritten));
    assert_int_equal(unwritten, 5);
    assert_true(la_api_refusals_take(&r, LA_SLICE("1"), 661, &unwritten));
    assert_int_equal(unwritten, 0);
}

static void all_together_have_a_limit(void **state)
{
    la_api_refusals r = {0};
    unsigned written = 0;
    for (unsigned i = 0; i < 1000; i++) {
        char caller[16];
        uint64_t unwritten;
        snprintf(caller, sizeof caller, "%u", i);
        written += la_api_refusals_take(&r, la_slice_of(caller), 600, &unwritten);
    }
    assert_int_equal(written, LA_API_REFUSALS_PER_MINUTE);
}

static void a_throttled_login_is_told_once(void **state)
{
    la_api_refusals r = {0};
    assert_true(la_api_refusals_is_new(&r, LA_SLICE("192.0.2.1"), LA_SLICE("a"), 6000));
    assert_false(la_api_refusals_is_new(&r, LA_SLICE("192.0.2.1"), LA_SLICE("a"), 6030));
    assert_true(la_api_refusals_is_new(&r, LA_SLICE("192.0.2.2"), LA_SLICE("a"), 6030));
    assert_true(la_api_refusals_is_new(&r, LA_SLICE("192.0.2.1"), LA_SLICE("b"), 6030));
    assert_true(la_api_refusals_is_new(&r, LA_SLICE("192.0.2.1"), LA_SLICE("a"), 6000 + 600));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_caller_has_a_share),
        cmocka_unit_test(all_together_have_a_limit),
        cmocka_unit_test(a_throttled_login_is_told_once),
    };
    return cmocka_run_group_tests_name("api/refusals", tests, NULL, NULL);
}
