#include "unit.h"

#include "server/usage/last_used.h"
#include "server/usage/upgrades.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

static void gives_each_secret_once_with_its_latest_time(void **state)
{
    la_last_used_book *b = la_last_used_book_new(LA_LAST_USED_BITS);
    const la_last_used *uses;
    size_t n;

    assert_true(la_last_used_is_empty(b));
    assert_true(la_last_used_note(b, 0, 5)); /* nobody */
    assert_true(la_last_used_is_empty(b));
    assert_true(la_last_used_note(b, 9, 100));
    assert_true(la_last_used_note(b, 4, 101));
    assert_true(la_last_used_note(b, 9, 103));
    assert_true(la_last_used_note(b, 9, 102));
    assert_null(la_last_used_next(b, &n));
    assert_int_equal(n, 0); /* not handed over yet */
    assert_true(la_last_used_hand_over(b));
    uses = la_last_used_next(b, &n);
    assert_int_equal(n, 2);
    assert_int_equal(uses[0].secret_id, 4);
    assert_int_equal(uses[0].at_s, 101);
    assert_int_equal(uses[1].secret_id, 9);
    assert_int_equal(uses[1].at_s, 103);
    la_last_used_book_free(b);
}

static void a_batch_that_was_not_written_comes_again(void **state)
{
    la_last_used_book *b = la_last_used_book_new(LA_LAST_USED_BITS);
    const la_last_used *uses;
    size_t n, total = 0;

    for (uint64_t id = 1; id <= 12000; id++)
        assert_true(la_last_used_note(b, id, 7));
    assert_true(la_last_used_hand_over(b));
    uses = la_last_used_next(b, &n);
    assert_int_equal(n, LA_LAST_USED_BATCH);
    assert_ptr_equal(la_last_used_next(b, &n), uses);
    /* While that is being written, the loop notes on, but cannot hand over a second time. */
    assert_true(la_last_used_note(b, 77777, 8));
    assert_false(la_last_used_hand_over(b));
    for (uses = la_last_used_next(b, &n); n; uses = la_last_used_next(b, &n)) {
        assert_int_equal(uses[0].secret_id, total + 1);
        total += n;
        la_last_used_written(b, n);
    }
    assert_int_equal(total, 12000);
    assert_true(la_last_used_hand_over(b));
    uses = la_last_used_next(b, &n);
    assert_int_equal(n, 1);
    assert_int_equal(uses[0].secret_id, 77777);
    la_last_used_book_free(b);
}

static void is_bounded(void **state)
{
    la_last_used_book *b = la_last_used_book_new(LA_LAST_USED_BITS);
    unsigned dropped = 0;

    for (uint64_t id = 1; id <= (UINT64_C(1) << LA_LAST_USED_BITS) + 1000; id++)
        dropped += !la_last_used_note(b, id * 1000003, 7);
    assert_int_equal(dropped, 1000);
    assert_true(la_last_used_note(b, 1000003, 8)); /* known ones still move */
    la_last_used_book_free(b);
}

typedef struct writer {
    la_last_used_book *book;
    atomic_bool stop;
    uint64_t seen;
} writer;

static void *write_on(void *self)
{
    writer *w = self;
    size_t n;

    for (;;) {
        bool stop = atomic_load(&w->stop);

        while (la_last_used_next(w->book, &n), n) {
            w->seen += n;
            la_last_used_written(w->book, n);
        }
        if (stop)
            return NULL;
    }
}

static void loop_and_writer_work_at_the_same_time(void **state)
{
    writer w = {.book = la_last_used_book_new(LA_LAST_USED_BITS)};
    pthread_t thread;
    uint64_t noted = 0;

    assert_int_equal(pthread_create(&thread, NULL, write_on, &w), 0);
    for (uint64_t id = 1; id <= 300000; id++) {
        noted += la_last_used_note(w.book, id, 1);
        if (id % 1000 == 0)
            (void)la_last_used_hand_over(w.book);
    }
    while (!la_last_used_hand_over(w.book))
        usleep(1000);
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(w.seen, noted);
    la_last_used_book_free(w.book);
}

static void upgrades_come_in_order_once_and_bounded(void **state)
{
    la_upgrades *u = la_upgrades_new();
    uint8_t digest[LA_DIGEST_BYTES] = {1, 2, 3};
    la_upgrade upgrade;
    unsigned n = 0;

    assert_false(la_upgrades_peek(u, &upgrade));
    for (uint64_t id = 1; id <= LA_UPGRADES_MAX + 10; id++) {
        la_upgrades_add(u, id, digest);
        la_upgrades_add(u, id, digest);
    }
    while (la_upgrades_peek(u, &upgrade)) {
        assert_int_equal(upgrade.secret_id, ++n);
        assert_memory_equal(upgrade.digest, digest, sizeof digest);
        la_upgrades_drop(u);
    }
    assert_int_equal(n, LA_UPGRADES_MAX);
    la_upgrades_add(u, 5, digest);
    assert_true(la_upgrades_peek(u, &upgrade));
    la_upgrades_free(u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_secret_once_with_its_latest_time),
        cmocka_unit_test(a_batch_that_was_not_written_comes_again),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(loop_and_writer_work_at_the_same_time),
        cmocka_unit_test(upgrades_come_in_order_once_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
