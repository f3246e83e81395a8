#include "unit.h"

#include "server/usage/usage_ledger.h"

static void add_early(la_usage_ledger *l, uint64_t application_id, int64_t minute, unsigned outcome, uint64_t count)
{
    la_usage_entry e = {application_id, la_usage_what(1, minute, outcome), count};

    la_usage_ledger_add(l, &e, 1);
}

static void add(la_usage_ledger *l, uint64_t application_id, int64_t minute, unsigned outcome, uint64_t count)
{
    add_early(l, application_id, minute, outcome, count);
    la_usage_ledger_make_due(l);
}

/* Writes all; gives the sum of the answers. */
static uint64_t drain(la_usage_ledger *l, size_t *ret_batches)
{
    const la_usage_entry *entries;
    uint64_t total = 0;
    size_t n;

    *ret_batches = 0;
    while ((n = la_usage_ledger_next(l, &entries)) > 0) {
        assert_true(n <= LA_USAGE_BATCH);
        for (size_t i = 0; i < n; i++)
            total += la_usage_outcome(entries[i].what) & LA_USAGE_LATENCY ? 0 : entries[i].count;
        la_usage_ledger_written(l);
        ++*ret_batches;
    }
    return total;
}

static void equal_keys_are_added_up(void **state)
{
    la_usage_ledger *l = la_usage_ledger_new(10);
    const la_usage_entry *entries;

    add(l, 1, 100, LA_OK, 3);
    add(l, 1, 101, LA_OK, 1);
    add(l, 1, 100, LA_OK, 4);
    add(l, 2, 100, LA_OK, 5);
    assert_int_equal(la_usage_ledger_waiting(l), 3);
    assert_int_equal(la_usage_ledger_next(l, &entries), 3);
    assert_int_equal(entries[0].application_id, 1);
    assert_int_equal(entries[0].count, 7);
    assert_int_equal(entries[1].count, 5);
    assert_int_equal(la_usage_minute(entries[2].what), 101);
    la_usage_ledger_free(l);
}

static void a_batch_comes_again_until_it_is_written(void **state)
{
    la_usage_ledger *l = la_usage_ledger_new(14);
    const la_usage_entry *first, *again;
    size_t batches;

    for (unsigned i = 0; i < 2500; i++)
        add(l, i, 100, LA_OK, 1);
    assert_int_equal(la_usage_ledger_next(l, &first), LA_USAGE_BATCH);
    add(l, 0, 100, LA_OK, 1); /* meanwhile: it is no part of what is being written */
    assert_int_equal(la_usage_ledger_next(l, &again), LA_USAGE_BATCH);
    assert_ptr_equal(first, again);
    assert_int_equal(first[0].count, 1);
    assert_int_equal(la_usage_ledger_waiting(l), 2501);
    assert_int_equal(drain(l, &batches), 2501);
    assert_int_equal(batches, 4);
    assert_int_equal(la_usage_ledger_waiting(l), 0);
    assert_int_equal(la_usage_ledger_dropped(l), 0);
    la_usage_ledger_free(l);
}

static void written_without_an_offer_changes_nothing(void **state)
{
    la_usage_ledger *l = la_usage_ledger_new(10);
    const la_usage_entry *entries;

    la_usage_ledger_written(l);
    assert_int_equal(la_usage_ledger_next(l, &entries), 0);
    la_usage_ledger_written(l);
    add(l, 1, 100, LA_OK, 1);
    la_usage_ledger_written(l);
    assert_int_equal(la_usage_ledger_next(l, &entries), 1);
    la_usage_ledger_free(l);
}

static void the_oldest_is_dropped_and_counted(void **state)
{
    la_usage_ledger *l = la_usage_ledger_new(10);
    size_t batches;
    uint64_t left;

    for (unsigned i = 0; i < 5000; i++) {
        add(l, i, 100 + i / 100, LA_OK, 2);
        add(l, 0, 100 + i / 100, LA_USAGE_LATENCY + i % 15, 2);
    }
    assert_true(la_usage_ledger_waiting(l) <= 2048);
    assert_true(la_usage_ledger_dropped(l) > 0);
    left = drain(l, &batches);
    assert_int_equal(left + la_usage_ledger_dropped(l), 10000);
    assert_true(left > 0);
    /* It was the newest that stayed. */
    add(l, 4999, 149, LA_OK, 1);
    assert_int_equal(drain(l, &batches), 1);
    la_usage_ledger_free(l);
}

static void what_is_not_due_is_gathered(void **state)
{
    la_usage_ledger *l = la_usage_ledger_new(10);
    const la_usage_entry *entries;
    size_t batches;

    add_early(l, 1, 100, LA_OK, 1);
    add_early(l, 1, 100, LA_OK, 1);
    assert_int_equal(la_usage_ledger_next(l, &entries), 0);
    assert_null(entries);
    assert_int_equal(la_usage_ledger_waiting(l), 1);
    add(l, 2, 100, LA_OK, 1);
    assert_int_equal(la_usage_ledger_next(l, &entries), 2);
    assert_int_equal(entries[0].count, 2);
    /* Due was what was there then. */
    add_early(l, 3, 100, LA_OK, 1);
    assert_int_equal(drain(l, &batches), 3);
    assert_int_equal(la_usage_ledger_waiting(l), 1);
    la_usage_ledger_make_due(l);
    assert_int_equal(drain(l, &batches), 1);
    la_usage_ledger_free(l);
}

static void half_of_the_room_is_not_waited_in(void **state)
{
    la_usage_ledger *l = la_usage_ledger_new(10);
    const la_usage_entry *entries;
    size_t batches;

    for (unsigned i = 0; i < 512; i++)
        add_early(l, i, 100, LA_OK, 1);
    assert_int_equal(la_usage_ledger_next(l, &entries), 0);
    add_early(l, 512, 100, LA_OK, 1);
    assert_int_equal(drain(l, &batches), 513);
    assert_int_equal(la_usage_ledger_dropped(l), 0);
    la_usage_ledger_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_keys_are_added_up),
        cmocka_unit_test(a_batch_comes_again_until_it_is_written),
        cmocka_unit_test(written_without_an_offer_changes_nothing),
        cmocka_unit_test(the_oldest_is_dropped_and_counted),
        cmocka_unit_test(what_is_not_due_is_gathered),
        cmocka_unit_test(half_of_the_room_is_not_waited_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
