#include "unit.h"

#include "server/tables/rate_limit.h"

#include <pthread.h>
#include <stdatomic.h>

#define SECOND INT64_C(1000000)
#define NOW (1000 * SECOND)

static const la_rate sixty = {.per_minute = 60};

static void a_full_bucket_gives_its_burst_and_then_its_rate(void **state)
{
    la_rate_limit *l = la_rate_limit_new();
    la_rate_answer a;

    for (uint32_t i = 0; i < 60; i++) {
        a = la_rate_limit_take(l, 7, sixty, NOW);
        assert_true(a.allowed);
        assert_int_equal(a.remaining, 59 - i);
        assert_int_equal(a.reset_s, i + 1);
        assert_int_equal(a.retry_after_s, 0);
    }
    for (int i = 0; i < 10; i++) { /* a refused one takes nothing */
        a = la_rate_limit_take(l, 7, sixty, NOW);
        assert_false(a.allowed);
        assert_int_equal(a.remaining, 0);
        assert_int_equal(a.reset_s, 60);
        assert_int_equal(a.retry_after_s, 1);
    }
    assert_false(la_rate_limit_take(l, 7, sixty, NOW + SECOND - 1).allowed);
    assert_true(la_rate_limit_take(l, 7, sixty, NOW + SECOND).allowed);
    assert_false(la_rate_limit_take(l, 7, sixty, NOW + SECOND).allowed);
    a = la_rate_limit_take(l, 7, sixty, NOW + 100 * SECOND); /* never more than full */
    assert_true(a.allowed);
    assert_int_equal(a.remaining, 59);
    la_rate_limit_free(l);
}

static void the_burst_is_what_it_was_set_to(void **state)
{
    la_rate_limit *l = la_rate_limit_new();
    const la_rate rate = {.per_minute = 6, .burst = 2};
    la_rate_answer a;

    assert_true(la_rate_limit_take(l, 1, rate, NOW).allowed);
    assert_true(la_rate_limit_take(l, 1, rate, NOW).allowed);
    a = la_rate_limit_take(l, 1, rate, NOW + 1);
    assert_false(a.allowed);
    assert_int_equal(a.retry_after_s, 10);
    assert_int_equal(a.reset_s, 20);
    assert_true(la_rate_limit_take(l, 1, rate, NOW + a.retry_after_s * SECOND).allowed);
    la_rate_limit_free(l);
}

static void applications_have_buckets_of_their_own(void **state)
{
    la_rate_limit *l = la_rate_limit_new();
    const la_rate one = {.per_minute = 1};

    for (uint64_t id = 1; id < 300000; id++)
        assert_true(la_rate_limit_take(l, id, one, NOW).allowed);
    for (uint64_t id = 1; id < 300000; id++)
        assert_false(la_rate_limit_take(l, id, one, NOW).allowed);
    /* Beyond the table's size two share one: never more than a limit. */
    assert_false(la_rate_limit_take(l, 5 + LA_RATE_LIMIT_BUCKETS, one, NOW).allowed);
    assert_true(la_rate_limit_take(l, UINT64_MAX, one, NOW).allowed);
    la_rate_limit_free(l);
}

static void no_minute_has_more_than_the_rate(void **state)
{
    static const uint32_t rates[] = {1, 7, 60, 999, 70001, 700000, 1000000};

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        la_rate_limit *l = la_rate_limit_new();
        const la_rate rate = {.per_minute = rates[i], .burst = 2}; /* or the pace of the loop would count */
        uint32_t allowed = 0;

        for (int64_t us = 0; us < 60 * SECOND; us += 20)
            allowed += la_rate_limit_take(l, 1, rate, NOW + us).allowed;
        assert_in_range(allowed, rates[i] - rates[i] / 40, rates[i] + 1);
        la_rate_limit_free(l);
    }
}

static void no_limit_is_none(void **state)
{
    la_rate_limit *l = la_rate_limit_new();
    la_rate_answer a;

    for (int i = 0; i < 1000; i++) {
        a = la_rate_limit_take(l, 1, (la_rate){.burst = 5}, NOW);
        assert_true(a.allowed);
    }
    assert_int_equal(a.remaining + a.reset_s + a.retry_after_s, 0);
    la_rate_limit_free(l);
}

static void a_new_limit_counts_from_the_next_request(void **state)
{
    la_rate_limit *l = la_rate_limit_new();
    const la_rate slow = {.per_minute = 1, .burst = 1000};

    for (int i = 0; i < 1000; i++)
        assert_true(la_rate_limit_take(l, 1, slow, NOW).allowed);
    /* What was empty for a thousand minutes is empty for one by the new measure, not for a thousand. */
    assert_int_equal(la_rate_limit_take(l, 1, sixty, NOW).retry_after_s, 1);
    assert_true(la_rate_limit_take(l, 2, sixty, NOW).allowed);
    assert_false(la_rate_limit_take(l, 1, (la_rate){.per_minute = UINT32_MAX, .burst = 1}, NOW).allowed);
    assert_true(la_rate_limit_take(l, 3, (la_rate){.per_minute = 1, .burst = UINT32_MAX}, NOW).allowed);
    la_rate_limit_free(l);
}

enum { THREADS = 16, BURST = 1000 };

typedef struct race {
    la_rate_limit *limit;
    pthread_barrier_t start;
    atomic_uint allowed, remaining_seen[BURST];
} race;

static void *run(void *self)
{
    race *x = self;
    const la_rate rate = {.per_minute = 60, .burst = BURST};

    pthread_barrier_wait(&x->start);
    for (int i = 0; i < BURST; i++) {
        la_rate_answer a = la_rate_limit_take(x->limit, 42, rate, NOW);

        if (a.allowed) {
            atomic_fetch_add(&x->allowed, 1);
            atomic_fetch_add(&x->remaining_seen[a.remaining], 1);
        }
    }
    return NULL;
}

/* conformance: CA-24 */
static void of_many_threads_exactly_a_burst_passes(void **state)
{
    static race x;
    pthread_t threads[THREADS];

    x.limit = la_rate_limit_new();
    pthread_barrier_init(&x.start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &x), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&x.allowed), BURST);
    for (int i = 0; i < BURST; i++)
        assert_int_equal(atomic_load(&x.remaining_seen[i]), 1); /* each was told another number */
    pthread_barrier_destroy(&x.start);
    la_rate_limit_free(x.limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_bucket_gives_its_burst_and_then_its_rate),
        cmocka_unit_test(the_burst_is_what_it_was_set_to),
        cmocka_unit_test(applications_have_buckets_of_their_own),
        cmocka_unit_test(no_minute_has_more_than_the_rate),
        cmocka_unit_test(no_limit_is_none),
        cmocka_unit_test(a_new_limit_counts_from_the_next_request),
        cmocka_unit_test(of_many_threads_exactly_a_burst_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
