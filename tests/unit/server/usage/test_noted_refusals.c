#include "unit.h"

#include "server/usage/noted_refusals.h"

#define T 1700000000

static la_noted_refusals *noted;
static const la_usage_refusal *due[LA_NOTED_MAX];

static void add(const char *client_id, uint64_t count, int64_t at_s)
{
    la_usage_refusal r = {
        .environment_id = 1, .code = LA_BROWSER, .count = count, .first_at_s = at_s, .last_at_s = at_s};

    snprintf(r.client_id, sizeof r.client_id, "%s", client_id);
    snprintf(r.address, sizeof r.address, "192.0.2.%d", (int)(at_s % 200));
    la_noted_refusals_add(noted, &r, 1);
}

static void the_first_is_due_at_once_and_the_rest_condensed(void **state)
{
    add("a", 1, T);
    assert_int_equal(la_noted_refusals_next(noted, T + 1, false, due), 1);
    assert_int_equal(due[0]->count, 1);
    la_noted_refusals_written(noted, T + 1);
    add("a", 2, T + 2);
    add("a", 3, T + 30);
    assert_int_equal(la_noted_refusals_next(noted, T + 31, false, due), 0);
    la_noted_refusals_written(noted, T + 31); /* nothing was offered */
    assert_int_equal(la_noted_refusals_next(noted, T + 61, false, due), 1);
    assert_int_equal(due[0]->count, 5);
    assert_int_equal(due[0]->first_at_s, T + 2);
    assert_int_equal(due[0]->last_at_s, T + 30);
    la_noted_refusals_written(noted, T + 61);
    assert_int_equal(la_noted_refusals_next(noted, T + 200, false, due), 0);
    add("a", 1, T + 201);
    assert_int_equal(la_noted_refusals_next(noted, T + 201, false, due), 1);
    assert_int_equal(due[0]->count, 1);
}

static void what_could_not_be_written_stays_due(void **state)
{
    add("a", 1, T);
    add("b", 1, T);
    assert_int_equal(la_noted_refusals_next(noted, T, false, due), 2);
    add("a", 4, T + 1);
    assert_int_equal(la_noted_refusals_next(noted, T + 1, false, due), 2);
    assert_int_equal(due[0]->count, 5);
}

static void everything_is_due_at_the_end(void **state)
{
    add("a", 1, T);
    assert_int_equal(la_noted_refusals_next(noted, T, false, due), 1);
    la_noted_refusals_written(noted, T);
    add("a", 1, T + 1);
    assert_int_equal(la_noted_refusals_next(noted, T + 1, false, due), 0);
    assert_int_equal(la_noted_refusals_next(noted, T + 1, true, due), 1);
}

static void a_flood_of_names_is_bounded(void **state)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < 5000; i++) {
        char id[24];

        snprintf(id, sizeof id, "client-%u", i);
        add(id, 1, T);
    }
    size_t n = la_noted_refusals_next(noted, T, false, due);
    assert_true(n <= LA_NOTED_MAX);
    for (size_t i = 0; i < n; i++)
        total += due[i]->count;
    assert_int_equal(total, 5000);
    assert_string_equal(due[n - 1]->client_id, "");
}

/* After a minute without it a kind makes room for others. */
static void quiet_kinds_are_forgotten(void **state)
{
    for (unsigned i = 0; i < LA_NOTED_MAX; i++) {
        char id[24];

        snprintf(id, sizeof id, "client-%u", i);
        add(id, 1, T);
    }
    la_noted_refusals_next(noted, T, false, due);
    la_noted_refusals_written(noted, T);
    assert_int_equal(la_noted_refusals_next(noted, T + LA_NOTED_EVERY_S, false, due), 0);
    add("another", 1, T + 100);
    assert_int_equal(la_noted_refusals_next(noted, T + 100, false, due), 1);
    assert_string_equal(due[0]->client_id, "another");
}

static int open_noted(void **state)
{
    noted = la_noted_refusals_new();
    return noted ? 0 : -1;
}

static int close_noted(void **state)
{
    la_noted_refusals_free(noted);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_noted, close_noted)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_is_due_at_once_and_the_rest_condensed),
        TEST(what_could_not_be_written_stays_due),
        TEST(everything_is_due_at_the_end),
        TEST(a_flood_of_names_is_bounded),
        TEST(quiet_kinds_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
