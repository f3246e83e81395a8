#include "unit.h"

#include "server/revocation/revocation_keeper.h"
#include "server/revocation/revoker.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct rig {
    la_revoker *revoker;
    atomic_uint loops_woken[4];
    atomic_uint keeper_woken;
} rig;

static void wake_loop(void *self, unsigned loop)
{
    rig *r = self;
    atomic_fetch_add(&r->loops_woken[loop], 1);
}

static void wake_keeper(void *self)
{
    rig *r = self;
    atomic_fetch_add(&r->keeper_woken, 1);
}

static rig *rig_new(unsigned loops)
{
    rig *r = calloc(1, sizeof *r);
    r->revoker = la_revoker_new(loops, &(la_revoker_hooks){r, wake_loop, wake_keeper});
    assert_non_null(r->revoker);
    return r;
}

static void rig_free(rig *r)
{
    la_revoker_free(r->revoker);
    free(r);
}

static la_revocation_order order_of(uint64_t application_id, const char *jti)
{
    return (la_revocation_order){
        .record = {.environment_id = 1,
                   .kind = LA_REVOKED_TOKEN,
                   .application_id = application_id,
                   .jti = la_slice_of(jti)},
        .client_id = LA_SLICE("client"),
        .address = LA_SLICE("127.0.0.1"),
        .request_id = LA_SLICE("0123456789abcdef"),
    };
}

typedef struct answers {
    unsigned n;
    la_code last;
} answers;

static void note(void *self, la_result r)
{
    answers *a = self;
    a->n++;
    a->last = r.code;
}

static void an_order_comes_back_to_its_loop(void **state)
{
    rig *r = rig_new(2);
    answers a = {0}, b = {0};
    const la_revocation_order *taken[8];
    char jti[] = "one";
    la_revocation_order first = order_of(1, jti), second = order_of(2, "two");
    assert_ok(la_revoker_submit(r->revoker, 0, &first, note, &a));
    assert_ok(la_revoker_submit(r->revoker, 1, &second, note, &b));
    memset(jti, 'x', sizeof jti); /* it was copied */
    assert_int_equal(atomic_load(&r->keeper_woken), 2);
    assert_int_equal(la_revoker_take(r->revoker, taken, 8), 2);
    assert_true(la_slice_is(taken[0]->record.jti, "one"));
    assert_true(la_slice_is(taken[1]->client_id, "client"));
    la_revoker_deliver(r->revoker, 0);
    assert_int_equal(a.n, 0);
    la_revoker_finish(r->revoker, la_ok());
    assert_int_equal(atomic_load(&r->loops_woken[0]), 1);
    assert_int_equal(atomic_load(&r->loops_woken[1]), 1);
    la_revoker_deliver(r->revoker, 0);
    assert_int_equal(a.n, 1);
    assert_int_equal(a.last, LA_OK);
    assert_int_equal(b.n, 0);
    la_revoker_deliver(r->revoker, 1);
    la_revoker_deliver(r->revoker, 1);
    assert_int_equal(b.n, 1);
    assert_int_equal(la_revoker_waiting(r->revoker), 0);
    rig_free(r);
}

static void failures_come_back_too(void **state)
{
    rig *r = rig_new(1);
    answers a = {0};
    const la_revocation_order *taken[1];
    la_revocation_order o = order_of(1, "a"), p = order_of(1, "b");
    assert_ok(la_revoker_submit(r->revoker, 0, &o, note, &a));
    assert_ok(la_revoker_submit(r->revoker, 0, &p, note, &a));
    assert_int_equal(la_revoker_take(r->revoker, taken, 1), 1);
    la_revoker_finish(r->revoker, la_error(LA_FULL));
    la_revoker_deliver(r->revoker, 0);
    assert_int_equal(a.n, 1); /* only what was taken is answered */
    assert_int_equal(a.last, LA_FULL);
    la_revoker_close(r->revoker);
    la_revoker_deliver(r->revoker, 0);
    assert_int_equal(a.n, 2);
    assert_int_equal(a.last, LA_UNAVAILABLE);
    assert_code(la_revoker_submit(r->revoker, 0, &o, note, &a), LA_UNAVAILABLE);
    assert_int_equal(a.n, 2);
    rig_free(r);
}

static void it_is_bounded(void **state)
{
    rig *r = rig_new(1);
    answers a = {0};
    unsigned n = 0;
    la_revocation_order greedy = order_of(1, "x");
    while (la_is_ok(la_revoker_submit(r->revoker, 0, &greedy, note, &a)))
        n++;
    assert_int_equal(n, LA_REVOKER_PER_CLIENT);
    for (uint64_t id = 2; n < LA_REVOKER_MAX; id++, n++) { /* nobody else has to wait for it */
        la_revocation_order o = order_of(id, "x");
        assert_ok(la_revoker_submit(r->revoker, 0, &o, note, &a));
    }
    la_revocation_order late = order_of(1000000, "x");
    assert_code(la_revoker_submit(r->revoker, 0, &late, note, &a), LA_OVERLOADED);
    la_revoker_close(r->revoker);
    la_revoker_deliver(r->revoker, 0);
    assert_int_equal(a.n, n);
    rig_free(r);
}

/* ---- both sides at once ---- */

enum { LOOPS = 3, EACH = 3000 };

typedef struct loop {
    rig *rig;
    unsigned index;
    unsigned answered;
    unsigned accepted;
} loop;

static void count(void *self, la_result r)
{
    loop *l = self;
    l->answered++;
}

static void *run_loop(void *self)
{
    loop *l = self;
    for (unsigned i = 0; i < EACH; i++) {
        char jti[24];
        snprintf(jti, sizeof jti, "%u-%u", l->index, i);
        la_revocation_order o = order_of(1 + (uint64_t)l->index * EACH + i, jti);
        for (unsigned tries = 0; tries < 1000; tries++) {
            bool accepted = la_is_ok(la_revoker_submit(l->rig->revoker, l->index, &o, count, l));
            l->accepted += accepted;
            la_revoker_deliver(l->rig->revoker, l->index);
            if (accepted)
                break;
            usleep(50); /* it is full: the other side goes on */
        }
    }
    return NULL;
}

static void *run_keeper(void *self)
{
    rig *r = self;
    const la_revocation_order *taken[16];
    for (unsigned idle = 0; idle < 2000; idle++) {
        while (la_revoker_take(r->revoker, taken, 16) > 0) {
            la_revoker_finish(r->revoker, la_ok());
            idle = 0;
        }
        usleep(50);
    }
    return NULL;
}

static void each_is_answered_exactly_once(void **state)
{
    rig *r = rig_new(LOOPS);
    loop loops[LOOPS] = {0};
    pthread_t threads[LOOPS], keeper;
    assert_int_equal(pthread_create(&keeper, NULL, run_keeper, r), 0);
    for (unsigned i = 0; i < LOOPS; i++) {
        loops[i] = (loop){.rig = r, .index = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run_loop, &loops[i]), 0);
    }
    for (unsigned i = 0; i < LOOPS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(keeper, NULL);
    la_revoker_close(r->revoker);
    for (unsigned i = 0; i < LOOPS; i++) {
        la_revoker_deliver(r->revoker, i);
        assert_true(loops[i].accepted > 0);
        assert_int_equal(loops[i].answered, loops[i].accepted);
    }
    rig_free(r);
}

/* ---- the keeper, without a store ---- */

static void without_a_store_nothing_is_acknowledged(void **state)
{
    rig *r = rig_new(1);
    answers a = {0};
    size_t n = 9;
    la_revocation_keeper *k = la_revocation_keeper_new();
    la_revocation_order o = order_of(1, "a");
    assert_ok(la_revocation_keeper_write(k, r->revoker, NULL, 1000, &n));
    assert_int_equal(n, 0);
    assert_ok(la_revoker_submit(r->revoker, 0, &o, note, &a));
    assert_code(la_revocation_keeper_write(k, r->revoker, NULL, 1000, &n), LA_UNAVAILABLE);
    assert_int_equal(n, 1);
    la_revoker_finish(r->revoker, la_error(LA_UNAVAILABLE));
    la_revoker_deliver(r->revoker, 0);
    assert_int_equal(a.last, LA_UNAVAILABLE);
    la_revocation_keeper_free(k);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_comes_back_to_its_loop),
        cmocka_unit_test(failures_come_back_too),
        cmocka_unit_test(it_is_bounded),
        cmocka_unit_test(each_is_answered_exactly_once),
        cmocka_unit_test(without_a_store_nothing_is_acknowledged),
    };
    return cmocka_run_group_tests_name("server revoker", tests, NULL, NULL);
}
