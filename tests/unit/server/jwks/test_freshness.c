#include "unit.h"

#include "server/jwks/freshness.h"

#define NOW INT64_C(1786097472) /* Fri, 07 Aug 2026 10:11:12 GMT */

static int64_t lifetime(const char *fields)
{
    la_slice rest = la_slice_of(fields), line;
    la_freshness f;

    la_freshness_init(&f);
    while (la_slice_split(&rest, '\n', &line))
        la_freshness_note(&f, line);
    return la_freshness_lifetime_s(&f, 300, NOW);
}

static void max_age_counts_before_expires(void **state)
{
    assert_int_equal(lifetime("Cache-Control: max-age=600"), 600);
    assert_int_equal(lifetime("cache-control:public , MAX-AGE=600\r"), 600);
    assert_int_equal(lifetime("Cache-Control: max-age=\"600\""), 600);
    assert_int_equal(lifetime("Expires: Fri, 07 Aug 2026 10:12:12 GMT\nCache-Control: max-age=600"), 600);
    assert_int_equal(lifetime("Cache-Control: max-age=600\nCache-Control: max-age=30"), 30);
    assert_int_equal(lifetime("Cache-Control: max-age=99999999999999999999999"), INT64_C(2147483648));
}

static void age_is_taken_off(void **state)
{
    assert_int_equal(lifetime("Cache-Control: max-age=600\nAge: 100"), 500);
    assert_int_equal(lifetime("Age: 599\nCache-Control: max-age=600\nAge: 1"), 1);
    assert_int_equal(lifetime("Cache-Control: max-age=600\nAge: 1000"), 0);
    assert_int_equal(lifetime("Cache-Control: max-age=600\nAge: -5"), 600);
    assert_int_equal(lifetime("Age: 100"), 200);
}

static void no_cache_and_no_store_are_stale_at_once(void **state)
{
    assert_int_equal(lifetime("Cache-Control: no-store"), 0);
    assert_int_equal(lifetime("Cache-Control: max-age=600, no-cache"), 0);
    assert_int_equal(lifetime("Cache-Control: no-cache=\"set-cookie\"\nCache-Control: max-age=600"), 0);
}

static void expires_is_measured_by_its_own_date(void **state)
{
    assert_int_equal(lifetime("Expires: Fri, 07 Aug 2026 10:12:12 GMT"), 60);
    assert_int_equal(lifetime("Date: Fri, 07 Aug 2026 09:12:12 GMT\nExpires: Fri, 07 Aug 2026 10:12:12 GMT"), 3600);
    assert_int_equal(lifetime("Expires: Fri, 07 Aug 2026 09:12:12 GMT"), 0);
    assert_int_equal(lifetime("Expires: 0"), 0);
    assert_int_equal(lifetime("Expires: -1"), 0);
    assert_int_equal(lifetime("Date: nonsense\nExpires: Fri, 07 Aug 2026 10:12:12 GMT"), 60);
}

static void what_cannot_be_read_is_not_fresh(void **state)
{
    assert_int_equal(lifetime("Cache-Control: max-age=soon"), 0);
    assert_int_equal(lifetime("Cache-Control: max-age"), 0);
    assert_int_equal(lifetime("Cache-Control: max-age=-1"), 0);
    assert_int_equal(lifetime("Cache-Control: max-age="), 0);
}

static void other_fields_say_nothing(void **state)
{
    assert_int_equal(lifetime(""), 300);
    assert_int_equal(lifetime("HTTP/1.1 200 OK\nX-Cache-Control: no-store\nCache-Controls: no-store\nno-store"), 300);
    assert_int_equal(lifetime("Cache-Control: s-maxage=9, immutable"), 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_age_counts_before_expires),
        cmocka_unit_test(age_is_taken_off),
        cmocka_unit_test(no_cache_and_no_store_are_stale_at_once),
        cmocka_unit_test(expires_is_measured_by_its_own_date),
        cmocka_unit_test(what_cannot_be_read_is_not_fresh),
        cmocka_unit_test(other_fields_say_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
