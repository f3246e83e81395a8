#include "unit.h"

static void split(void **state)
{
    la_slice rest = LA_SLICE("a,,b,"), part;
    assert_true(la_slice_split(&rest, ',', &part));
    assert_slice(part, "a");
    assert_true(la_slice_split(&rest, ',', &part));
    assert_slice(part, "");
    assert_true(la_slice_split(&rest, ',', &part));
    assert_slice(part, "b");
    assert_true(la_slice_split(&rest, ',', &part));
    assert_slice(part, "");
    assert_false(la_slice_split(&rest, ',', &part));
    rest = LA_SLICE("");
    assert_true(la_slice_split(&rest, ',', &part)); /* one empty part, as in "a," */
    assert_false(la_slice_split(&rest, ',', &part));
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        unsigned long long max;
        bool ok;
        unsigned long long v;
    } rows[] = {
        {"0", 10, true, 0},
        {"10", 10, true, 10},
        {"11", 10, false, 0},
        {"", 10, false, 0},
        {"+1", 10, false, 0},
        {"-1", 10, false, 0},
        {" 1", 10, false, 0},
        {"0x1", 99, false, 0},
        {"9", 5, false, 0},
        {"007", 9, true, 7},
        {"1e3", 9999, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned long long v = 0;
        assert_int_equal(la_slice_to_u64(la_slice_of(rows[i].text), rows[i].max, &v), rows[i].ok);
        assert_true(v == rows[i].v);
    }
}

static void compare(void **state)
{
    assert_true(la_slice_equal_nocase(LA_SLICE("BaSiC"), LA_SLICE("basic")));
    assert_false(la_slice_equal_nocase(LA_SLICE("@"), LA_SLICE("`"))); /* differ by 0x20, yet are no letters */
    assert_false(la_slice_equal_nocase(LA_SLICE("a"), LA_SLICE("ab")));
    assert_true(la_slice_starts(LA_SLICE("customer.1"), LA_SLICE("customer.")));
    assert_false(la_slice_starts(LA_SLICE("cust"), LA_SLICE("customer.")));
    assert_slice(la_slice_trim(LA_SLICE(" \t a b \t")), "a b");
    assert_slice(la_slice_trim(LA_SLICE(" \t")), "");
}

static void utf8(void **state)
{
    static const la_slice good[] = {
        LA_SLICE(""),
        LA_SLICE("a"),
        LA_SLICE("\xC2\x80"),
        LA_SLICE("\xDF\xBF"),
        LA_SLICE("\xE0\xA0\x80"),
        LA_SLICE("\xED\x9F\xBF"),
        LA_SLICE("\xEE\x80\x80"),
        LA_SLICE("\xF0\x90\x80\x80"),
        LA_SLICE("\xF4\x8F\xBF\xBF"),
    };
    static const la_slice bad[] = {
        LA_SLICE("\x80"),
        LA_SLICE("\xC0\xAF"),
        LA_SLICE("\xC1\xBF"),
        LA_SLICE("\xC2"),
        LA_SLICE("\xE0\x9F\xBF"),
        LA_SLICE("\xE2\x82"),
        LA_SLICE("\xED\xA0\x80"),
        LA_SLICE("\xF0\x8F\xBF\xBF"),
        LA_SLICE("\xF4\x90\x80\x80"),
        LA_SLICE("\xF5\x80\x80\x80"),
        LA_SLICE("\xFF"),
        LA_SLICE("a\xE2\x28\xA1"),
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(la_slice_is_utf8(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(la_slice_is_utf8(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(split), cmocka_unit_test(numbers), cmocka_unit_test(compare),
                                       cmocka_unit_test(utf8)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
