#include "unit.h"

#include "server/tables/replay.h"

#include <pthread.h>
#include <stdatomic.h>

#define NOW INT64_C(1800000000)
#define THREADS 50

static la_replay_verdict take_as(la_replay *r, uint16_t environment, uint8_t kind, const char *issuer, const char *jti,
                                 int64_t expires_at_s, int64_t now_s)
{
    /* Each is another client's, unless a test is about clients. */
    la_replay_key key = {environment, kind, la_slice_of(jti), la_slice_of(issuer), la_slice_of(jti)};

    return la_replay_take(r, &key, expires_at_s, now_s);
}

static la_replay_verdict take(la_replay *r, const char *jti, int64_t expires_at_s, int64_t now_s)
{
    return take_as(r, 1, 1, "client", jti, expires_at_s, now_s);
}

static la_replay_verdict take_number(la_replay *r, unsigned number, int64_t expires_at_s, int64_t now_s)
{
    char jti[16];

    snprintf(jti, sizeof jti, "%u", number);
    return take(r, jti, expires_at_s, now_s);
}

static void a_jti_is_used_once_until_its_end(void **state)
{
    la_replay *r = la_replay_new(100);

    assert_int_equal(take(r, "a", NOW + 60, NOW), LA_REPLAY_FIRST);
    assert_int_equal(take(r, "a", NOW + 60, NOW), LA_REPLAY_USED);
    assert_int_equal(take(r, "a", NOW + 60, NOW + 59), LA_REPLAY_USED);
    assert_int_equal(take(r, "a", NOW + 600, NOW + 1), LA_REPLAY_USED); /* signed again with a later end */
    assert_int_equal(take(r, "b", NOW + 60, NOW), LA_REPLAY_FIRST);
    assert_int_equal(take(r, "over", NOW, NOW), LA_REPLAY_USED);
    assert_int_equal(la_replay_entries(r), 2);
    la_replay_free(r);
}

/* conformance: ASR-15 */
static void the_same_jti_of_another_issuer_kind_or_environment_is_another(void **state)
{
    la_replay *r = la_replay_new(100);

    assert_int_equal(take_as(r, 1, 0, "c", "j", NOW + 60, NOW), LA_REPLAY_FIRST);
    assert_int_equal(take_as(r, 1, 0, "d", "j", NOW + 60, NOW), LA_REPLAY_FIRST);
    assert_int_equal(take_as(r, 1, 1, "c", "j", NOW + 60, NOW), LA_REPLAY_FIRST);
    assert_int_equal(take_as(r, 2, 0, "c", "j", NOW + 60, NOW), LA_REPLAY_FIRST);
    assert_int_equal(take_as(r, 256, 0, "c", "j", NOW + 60, NOW), LA_REPLAY_FIRST);
    /* The border between the two texts counts. */
    assert_int_equal(take_as(r, 1, 0, "cj", "", NOW + 60, NOW), LA_REPLAY_FIRST);
    assert_int_equal(take_as(r, 1, 0, "", "cj", NOW + 60, NOW), LA_REPLAY_FIRST);
    assert_int_equal(take_as(r, 1, 0, "c", "j", NOW + 60, NOW), LA_REPLAY_USED);
    assert_int_equal(la_replay_entries(r), 7);
    la_replay_free(r);
}

static void what_is_over_makes_room_wherever_it_is(void **state)
{
    la_replay *r = la_replay_new(1000);

    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(take_number(r, i, NOW + 60, NOW), LA_REPLAY_FIRST);
    for (unsigned i = 1000; i < 1100; i++)
        assert_int_equal(take_number(r, i, NOW + 60, NOW + 59), LA_REPLAY_FULL);
    assert_int_equal(la_replay_refused_full(r), 100);
    assert_int_equal(take_number(r, 5, NOW + 60, NOW + 59), LA_REPLAY_USED); /* full, and still exact */
    for (unsigned i = 1000; i < 2000; i++)
        assert_int_equal(take_number(r, i, NOW + 120, NOW + 60), LA_REPLAY_FIRST);
    assert_int_equal(take_number(r, 2000, NOW + 120, NOW + 60), LA_REPLAY_FULL);
    assert_int_equal(la_replay_entries(r), 1000);
    la_replay_free(r);
}

static void what_is_over_goes_as_others_come(void **state)
{
    la_replay *r = la_replay_new(1000000);
    unsigned n = 0;

    for (int64_t s = 0; s < 300; s++)
        for (unsigned i = 0; i < 200; i++)
            assert_int_equal(take_number(r, n++, NOW + s + 10 + i % 5, NOW + s), LA_REPLAY_FIRST);
    /* 60000 came, and 15 seconds of them can be alive. */
    assert_in_range(la_replay_entries(r), 1, 200 * 20);
    la_replay_free(r);
}

static void each_of_many_is_found_again(void **state)
{
    la_replay *r = la_replay_new(101000);

    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(take_number(r, i, NOW + 1 + i * 7919 % 3600, NOW), LA_REPLAY_FIRST);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(take_number(r, i, NOW + 1 + i * 7919 % 3600, NOW), LA_REPLAY_USED);
    /* Half an hour later: what is alive is known, what is over is refused. */
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(take_number(r, i, NOW + 1 + i * 7919 % 3600, NOW + 1800), LA_REPLAY_USED);
    la_replay_free(r);
}

static void a_clock_that_is_set_back_lets_no_replay_in(void **state)
{
    la_replay *r = la_replay_new(10000);

    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(take_number(r, i, NOW + 60, NOW), LA_REPLAY_FIRST);
    for (unsigned i = 1000; i < 5000; i++) /* so that all of the former are forgotten */
        assert_int_equal(take_number(r, i, NOW + 200, NOW + 100), LA_REPLAY_FIRST);
    assert_int_equal(la_replay_entries(r), 4000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(take_number(r, i, NOW + 60, NOW), LA_REPLAY_USED);
    /* And what lasts longer than anything forgotten is taken as ever. */
    for (unsigned i = 5000; i < 6000; i++)
        assert_int_equal(take_number(r, i, NOW + 61, NOW), LA_REPLAY_FIRST);
    la_replay_free(r);
}

static void a_clock_that_ran_ahead_for_a_while_refuses_nothing_for_longer_than_the_lifetime(void **state)
{
    la_replay *r = la_replay_new(10000);
    const int64_t year = 31536000;

    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(take_number(r, i, NOW + 60, NOW), LA_REPLAY_FIRST);
    for (unsigned i = 1000; i < 2000; i++)
        assert_int_equal(take_number(r, i, NOW + year + 60, NOW + year), LA_REPLAY_FIRST);
    for (unsigned i = 2000; i < 3000; i++)
        assert_int_equal(take_number(r, i, NOW + 130, NOW + 70), LA_REPLAY_FIRST);
    la_replay_free(r);
}

static unsigned fill(la_replay *r, const char *client_id, unsigned *next, int64_t expires_at_s, int64_t now_s)
{
    unsigned taken = 0;
    char jti[16];
    la_replay_key key = {1, 0, la_slice_of(client_id), LA_SLICE("issuer"), LA_NO_SLICE};

    for (;; taken++) {
        snprintf(jti, sizeof jti, "f%u", (*next)++);
        key.jti = la_slice_of(jti);
        if (la_replay_take(r, &key, expires_at_s, now_s) != LA_REPLAY_FIRST)
            return taken;
    }
}

/* Nobody locks others out, whatever it sends and with however many keys it signs its proofs. */
static void one_client_leaves_room_for_others(void **state)
{
    la_replay *r = la_replay_new(8000);
    unsigned next = 0;

    assert_int_equal(fill(r, "greedy", &next, NOW + 60, NOW), 7000);
    assert_int_equal(fill(r, "greedy", &next, NOW + 60, NOW), 0);
    assert_int_equal(take(r, "of another", NOW + 60, NOW), LA_REPLAY_FIRST);
    assert_in_range(fill(r, "as greedy", &next, NOW + 60, NOW), 800, 900); /* 7/8 of what is left */
    assert_in_range(fill(r, "a third", &next, NOW + 60, NOW), 80, 120);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(take_number(r, i, NOW + 60, NOW), LA_REPLAY_FIRST);
    /* Once what it had is over, all of its share is there again. */
    assert_int_equal(fill(r, "greedy", &next, NOW + 120, NOW + 60), 7000);
    la_replay_free(r);
}

typedef struct race {
    la_replay *replay;
    pthread_barrier_t start;
    atomic_uint first, used, full;
    unsigned rounds;
} race;

static void *run(void *self)
{
    race *x = self;

    for (unsigned round = 0; round < x->rounds; round++) {
        la_replay_verdict v;

        pthread_barrier_wait(&x->start);
        v = take_number(x->replay, round, NOW + 60, NOW);
        atomic_fetch_add(v == LA_REPLAY_FIRST ? &x->first : v == LA_REPLAY_USED ? &x->used : &x->full, 1);
    }
    return NULL;
}

static void race_all(race *x)
{
    pthread_t threads[THREADS];

    pthread_barrier_init(&x->start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, x), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&x->start);
}

/* conformance: ASR-16 */
static void of_fifty_threads_with_one_jti_exactly_one_is_first(void **state)
{
    race x = {.replay = la_replay_new(1000), .rounds = 100};

    race_all(&x);
    assert_int_equal(atomic_load(&x.first), 100);
    assert_int_equal(atomic_load(&x.used), 100 * (THREADS - 1));
    la_replay_free(x.replay);
}

static void threads_share_the_limit_exactly(void **state)
{
    race x = {.replay = la_replay_new(10), .rounds = 40};

    race_all(&x);
    assert_int_equal(atomic_load(&x.first), 10);
    assert_int_equal(la_replay_entries(x.replay), 10);
    assert_int_equal(atomic_load(&x.used) + atomic_load(&x.full), 40 * THREADS - 10);
    assert_int_equal(atomic_load(&x.full), la_replay_refused_full(x.replay));
    la_replay_free(x.replay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jti_is_used_once_until_its_end),
        cmocka_unit_test(the_same_jti_of_another_issuer_kind_or_environment_is_another),
        cmocka_unit_test(what_is_over_makes_room_wherever_it_is),
        cmocka_unit_test(what_is_over_goes_as_others_come),
        cmocka_unit_test(each_of_many_is_found_again),
        cmocka_unit_test(one_client_leaves_room_for_others),
        cmocka_unit_test(a_clock_that_is_set_back_lets_no_replay_in),
        cmocka_unit_test(a_clock_that_ran_ahead_for_a_while_refuses_nothing_for_longer_than_the_lifetime),
        cmocka_unit_test(of_fifty_threads_with_one_jti_exactly_one_is_first),
        cmocka_unit_test(threads_share_the_limit_exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
