#include "unit.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/uuid.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static int setup(void **state)
{
    return la_is_ok(la_secret_setup()) ? 0 : -1;
}

static void no_core_dumps(void **state)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
}

static void pool_never_repeats_nor_keeps(void **state)
{
    static la_random r;
    uint8_t a[20], seen[1000][20];
    for (int i = 0; i < 1000; i++) {
        la_random_take(&r, a, sizeof a);
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(a, seen[j], sizeof a);
        memcpy(seen[i], a, sizeof a);
        uint8_t zero[20] = {0};
        assert_memory_equal(r.pool + r.left, zero, sizeof zero); /* what was handed out is gone */
    }
}

static void uuids(void **state)
{
    static la_random r;
    char text[LA_UUID_CHARS];
    for (int i = 0; i < 100; i++) {
        la_uuid_new(&r, text);
        assert_true(la_uuid_is((la_slice){text, sizeof text}));
        assert_int_equal(text[14], '4');
        assert_non_null(strchr("89ab", text[19]));
    }
    assert_true(la_uuid_is(LA_SLICE("a1b2c3d4-e5f6-7890-abcd-ef0123456789")));
    assert_false(la_uuid_is(LA_SLICE("A1B2C3D4-E5F6-7890-ABCD-EF0123456789")));
    assert_false(la_uuid_is(LA_SLICE("a1b2c3d4-e5f6-7890-abcd-ef012345678")));
    assert_false(la_uuid_is(LA_SLICE("a1b2c3d4-e5f6-7890-abcd-ef01234567890")));
    assert_false(la_uuid_is(LA_SLICE("a1b2c3d4e-5f6-7890-abcd-ef0123456789")));
    assert_false(la_uuid_is(LA_SLICE("a1b2c3d4-e5f6-7890-abcd-ef012345678g")));
}

static void times(void **state)
{
    char text[LA_CLOCK_HTTP_BYTES];
    la_clock_format_http(784111777, text); /* the example of RFC 9110 5.6.7 */
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    la_clock_format_rfc3339(784111777, text);
    assert_string_equal(text, "1994-11-06T08:49:37Z");
    la_clock_format_rfc3339(INT64_MAX, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_core_dumps), cmocka_unit_test(pool_never_repeats_nor_keeps),
                                       cmocka_unit_test(uuids), cmocka_unit_test(times)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
