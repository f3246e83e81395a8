#include "unit.h"

#include "server/usage/usage_book.h"

#include <pthread.h>
#include <stdatomic.h>

#define MINUTE 29711111

static uint64_t what(unsigned outcome)
{
    return la_usage_what(7, MINUTE, outcome);
}

static uint64_t count_of(const la_usage_noted *noted, uint64_t application_id, uint64_t w)
{
    uint64_t count = 0;

    for (size_t i = 0; i < noted->n; i++)
        if (noted->entries[i].application_id == application_id && noted->entries[i].what == w)
            count += noted->entries[i].count;
    return count;
}

static void a_key_comes_apart_as_it_was_put_together(void **state)
{
    uint64_t w = la_usage_what(65535, INT32_MAX, LA_USAGE_LATENCY + 14);

    assert_int_equal(la_usage_environment(w), 65535);
    assert_int_equal(la_usage_minute(w), INT32_MAX);
    assert_int_equal(la_usage_outcome(w), LA_USAGE_LATENCY + 14);
    assert_int_equal(la_usage_outcome(what(LA_OK)), LA_OK);
}

static void counts_by_key(void **state)
{
    la_usage_book *b = la_usage_book_new(4);
    la_usage_noted noted;

    assert_true(la_usage_is_empty(b));
    for (int i = 0; i < 5; i++)
        assert_true(la_usage_note(b, 1, what(LA_OK)));
    assert_true(la_usage_note(b, 1, what(LA_SCOPE_MISSING)));
    assert_true(la_usage_note(b, 2, what(LA_OK)));
    assert_true(la_usage_note(b, 1, la_usage_what(7, MINUTE + 1, LA_OK)));
    assert_true(la_usage_note(b, 1, la_usage_what(8, MINUTE, LA_OK)));
    assert_true(la_usage_note(b, 0, what(LA_USAGE_LATENCY)));
    assert_false(la_usage_is_empty(b));
    assert_false(la_usage_take(b, &noted));
    assert_true(la_usage_hand_over(b));
    assert_true(la_usage_is_empty(b));
    assert_true(la_usage_take(b, &noted));
    assert_int_equal(noted.n, 6);
    assert_int_equal(count_of(&noted, 1, what(LA_OK)), 5);
    assert_int_equal(count_of(&noted, 1, what(LA_SCOPE_MISSING)), 1);
    assert_int_equal(count_of(&noted, 1, la_usage_what(7, MINUTE + 1, LA_OK)), 1);
    assert_int_equal(count_of(&noted, 0, what(LA_USAGE_LATENCY)), 1);
    la_usage_give_back(b);
    assert_false(la_usage_take(b, &noted));
    la_usage_book_free(b);
}

/* A table comes back empty, whatever was in it and however full it was. */
static void tables_come_back_empty(void **state)
{
    la_usage_book *b = la_usage_book_new(6);
    la_usage_noted noted;

    for (unsigned round = 0; round < 400; round++) {
        unsigned n = 1 + round % 64;

        for (unsigned i = 0; i < n; i++)
            assert_true(la_usage_note(b, round * 1000 + i, what(i % 3)));
        assert_true(la_usage_hand_over(b));
        assert_true(la_usage_take(b, &noted));
        assert_int_equal(noted.n, n);
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(count_of(&noted, round * 1000 + i, what(i % 3)), 1);
        la_usage_give_back(b);
    }
    la_usage_book_free(b);
}

static void a_full_table_is_handed_over_early_and_then_drops(void **state)
{
    la_usage_book *b = la_usage_book_new(4);
    la_usage_noted noted;
    unsigned taken = 0;

    for (unsigned i = 1; i <= 40; i++)
        taken += la_usage_note(b, i, what(LA_OK));
    assert_int_equal(taken, 32);
    assert_true(la_usage_note(b, 32, what(LA_OK))); /* known ones go on */
    assert_false(la_usage_hand_over(b));
    assert_true(la_usage_take(b, &noted));
    assert_int_equal(noted.n, 16);
    assert_true(noted.is_early);
    la_usage_give_back(b);
    assert_true(la_usage_note(b, 33, what(LA_OK)));
    assert_true(la_usage_take(b, &noted));
    assert_int_equal(count_of(&noted, 32, what(LA_OK)), 2);
    assert_true(noted.is_early);
    la_usage_give_back(b);
    assert_true(la_usage_hand_over(b));
    assert_true(la_usage_take(b, &noted));
    assert_false(noted.is_early);
    la_usage_give_back(b);
    la_usage_book_free(b);
}

static void refusals_are_condensed_by_client(void **state)
{
    la_usage_book *b = la_usage_book_new(4);
    la_usage_noted noted;

    la_usage_note_refusal(b, 1, LA_BROWSER, LA_SLICE("one"), LA_SLICE("192.0.2.1"), 100);
    la_usage_note_refusal(b, 1, LA_BROWSER, LA_SLICE("one"), LA_SLICE("192.0.2.2"), 105);
    la_usage_note_refusal(b, 1, LA_CLIENT_OTHER_ENVIRONMENT, LA_SLICE("one"), LA_SLICE("192.0.2.3"), 106);
    la_usage_note_refusal(b, 2, LA_BROWSER, LA_NO_SLICE, LA_SLICE("::1"), 107);
    assert_false(la_usage_is_empty(b));
    assert_true(la_usage_hand_over(b));
    assert_true(la_usage_take(b, &noted));
    assert_int_equal(noted.n_refusals, 3);
    assert_int_equal(noted.refusals[0].count, 2);
    assert_int_equal(noted.refusals[0].first_at_s, 100);
    assert_int_equal(noted.refusals[0].last_at_s, 105);
    assert_string_equal(noted.refusals[0].client_id, "one");
    assert_string_equal(noted.refusals[0].address, "192.0.2.2");
    assert_string_equal(noted.refusals[2].client_id, "");
    la_usage_give_back(b);
    la_usage_book_free(b);
}

static void too_many_clients_share_a_nameless_entry(void **state)
{
    la_usage_book *b = la_usage_book_new(4);
    la_usage_noted noted;
    uint64_t total = 0;

    for (unsigned i = 0; i < 1000; i++) {
        char id[16];

        snprintf(id, sizeof id, "client-%u", i);
        la_usage_note_refusal(b, 1, LA_BROWSER, la_slice_of(id), LA_SLICE("192.0.2.1"), i);
    }
    assert_true(la_usage_hand_over(b));
    assert_true(la_usage_take(b, &noted));
    assert_true(noted.n_refusals <= LA_USAGE_REFUSALS_MAX);
    for (size_t i = 0; i < noted.n_refusals; i++)
        total += noted.refusals[i].count;
    assert_int_equal(total, 1000);
    la_usage_give_back(b);
    la_usage_book_free(b);
}

/* ---- both sides at once ---- */

typedef struct writer {
    la_usage_book *book;
    atomic_bool stop;
    uint64_t total;
} writer;

static void *write_all(void *self)
{
    writer *w = self;
    la_usage_noted noted;

    for (bool last = false; !last;) {
        last = atomic_load(&w->stop);
        while (la_usage_take(w->book, &noted)) {
            for (size_t i = 0; i < noted.n; i++)
                w->total += noted.entries[i].count;
            la_usage_give_back(w->book);
        }
    }
    return NULL;
}

static void nothing_is_lost_between_two_threads(void **state)
{
    writer w = {.book = la_usage_book_new(5)};
    pthread_t thread;
    uint64_t noted = 0;

    assert_int_equal(pthread_create(&thread, NULL, write_all, &w), 0);
    for (unsigned i = 0; i < 300000; i++)
        noted += la_usage_note(w.book, i % 97, what(LA_OK));
    while (!la_usage_hand_over(w.book))
        ;
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    write_all(&w);
    assert_int_equal(w.total, noted);
    la_usage_book_free(w.book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_comes_apart_as_it_was_put_together),
        cmocka_unit_test(counts_by_key),
        cmocka_unit_test(tables_come_back_empty),
        cmocka_unit_test(a_full_table_is_handed_over_early_and_then_drops),
        cmocka_unit_test(refusals_are_condensed_by_client),
        cmocka_unit_test(too_many_clients_share_a_nameless_entry),
        cmocka_unit_test(nothing_is_lost_between_two_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
