#include "unit.h"

#include "server/tables/throttle.h"

#include <pthread.h>

static const la_throttle_limits limits = {.per_client = 5, .per_address = 20};
#define SECOND INT64_C(1000000)

static void fail_times(la_throttle *t, const char *address, const char *client_id, int n, int64_t now_us)
{
    for (int i = 0; i < n; i++)
        la_throttle_note_failure(t, limits, la_slice_of(address), la_slice_of(client_id), now_us);
}

static bool blocked(la_throttle *t, const char *address, const char *client_id, int64_t now_us)
{
    uint32_t retry_after_s = 0;
    bool is_blocked = la_throttle_is_blocked(t, limits, la_slice_of(address), la_slice_of(client_id), now_us,
                                             &retry_after_s);

    if (is_blocked)
        assert_in_range(retry_after_s, 1, 60);
    return is_blocked;
}

static void blocks_at_the_limit_and_lets_one_more_in_after_its_share_of_a_minute(void **state)
{
    la_throttle *t = la_throttle_new(7 * SECOND);
    uint32_t retry_after_s;

    assert_false(blocked(t, "192.0.2.1", "c", 7 * SECOND));
    fail_times(t, "192.0.2.1", "c", 4, 8 * SECOND);
    assert_false(blocked(t, "192.0.2.1", "c", 8 * SECOND));
    fail_times(t, "192.0.2.1", "c", 1, 8 * SECOND);
    assert_true(la_throttle_is_blocked(t, limits, LA_SLICE("192.0.2.1"), LA_SLICE("c"), 8 * SECOND, &retry_after_s));
    assert_int_equal(retry_after_s, 12); /* a fifth of a minute */
    assert_true(blocked(t, "192.0.2.1", "c", 19 * SECOND));
    assert_false(blocked(t, "192.0.2.1", "c", 21 * SECOND));
    fail_times(t, "192.0.2.1", "c", 1, 21 * SECOND);
    assert_true(blocked(t, "192.0.2.1", "c", 22 * SECOND));
    assert_false(blocked(t, "192.0.2.1", "c", 100 * SECOND));
    la_throttle_free(t);
}

static void nobody_locks_a_client_out_from_another_address(void **state)
{
    la_throttle *t = la_throttle_new(0);

    fail_times(t, "192.0.2.1", "victim", 1000, SECOND);
    assert_true(blocked(t, "192.0.2.1", "victim", SECOND));
    assert_false(blocked(t, "192.0.2.2", "victim", SECOND));
    assert_false(blocked(t, "2001:db8::1", "victim", SECOND));
    la_throttle_free(t);
}

static void many_clients_of_one_address_meet_the_limit_of_the_address(void **state)
{
    la_throttle *t = la_throttle_new(0);
    char client_id[16];

    for (int i = 0; i < 20; i++) {
        snprintf(client_id, sizeof client_id, "c%d", i);
        assert_false(blocked(t, "192.0.2.1", client_id, SECOND));
        fail_times(t, "192.0.2.1", client_id, 1, SECOND);
    }
    assert_true(blocked(t, "192.0.2.1", "new", SECOND));
    assert_true(blocked(t, "192.0.2.1", NULL, SECOND));
    assert_false(blocked(t, "192.0.2.9", "new", SECOND));
    la_throttle_free(t);
}

static void addresses_of_one_ipv6_subscriber_are_one(void **state)
{
    la_throttle *t = la_throttle_new(0);

    fail_times(t, "2001:db8:1:2::1", "c", 5, SECOND);
    assert_true(blocked(t, "2001:db8:1:2:ffff::9", "c", SECOND));
    assert_false(blocked(t, "2001:db8:1:3::1", "c", SECOND));
    la_throttle_free(t);
}

static void a_limit_of_zero_is_none(void **state)
{
    la_throttle *t = la_throttle_new(0);
    uint32_t retry_after_s;
    const la_throttle_limits none = {0};

    for (int i = 0; i < 10000; i++)
        la_throttle_note_failure(t, none, LA_SLICE("192.0.2.1"), LA_SLICE("c"), SECOND);
    assert_false(la_throttle_is_blocked(t, none, LA_SLICE("192.0.2.1"), LA_SLICE("c"), SECOND, &retry_after_s));
    la_throttle_free(t);
}

static void a_flood_of_addresses_is_bounded_and_a_long_name_harmless(void **state)
{
    la_throttle *t = la_throttle_new(0);
    char address[32], name[200];

    memset(name, 'x', sizeof name);
    for (int i = 0; i < 300000; i++) {
        snprintf(address, sizeof address, "10.%d.%d.%d", i >> 16 & 255, i >> 8 & 255, i & 255);
        la_throttle_note_failure(t, limits, la_slice_of(address), (la_slice){name, sizeof name}, SECOND);
    }
    fail_times(t, "192.0.2.1", "c", 5, 2 * SECOND);
    assert_true(blocked(t, "192.0.2.1", "c", 2 * SECOND));
    la_throttle_free(t);
}

static void *fail_from_a_thread(void *t)
{
    for (int i = 0; i < 20000; i++) {
        uint32_t retry_after_s;

        la_throttle_note_failure(t, limits, LA_SLICE("192.0.2.1"), LA_SLICE("c"), SECOND + i);
        (void)la_throttle_is_blocked(t, limits, LA_SLICE("192.0.2.1"), LA_SLICE("c"), SECOND + i, &retry_after_s);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    la_throttle *t = la_throttle_new(0);
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fail_from_a_thread, t), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(blocked(t, "192.0.2.1", "c", 2 * SECOND));
    assert_false(blocked(t, "192.0.2.1", "c", 70 * SECOND)); /* however many failed at once */
    la_throttle_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_at_the_limit_and_lets_one_more_in_after_its_share_of_a_minute),
        cmocka_unit_test(nobody_locks_a_client_out_from_another_address),
        cmocka_unit_test(many_clients_of_one_address_meet_the_limit_of_the_address),
        cmocka_unit_test(addresses_of_one_ipv6_subscriber_are_one),
        cmocka_unit_test(a_limit_of_zero_is_none),
        cmocka_unit_test(a_flood_of_addresses_is_bounded_and_a_long_name_harmless),
        cmocka_unit_test(threads_share_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
