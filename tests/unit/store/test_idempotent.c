#include "support.h"

#include "store/operators.h"

static void an_answer_is_kept_under_its_key(void **state)
{
    fixture *f = *state;
    static la_idempotent_row row, found;
    uint8_t key[LA_DIGEST_BYTES] = {1}, other[LA_DIGEST_BYTES] = {2};
    row = (la_idempotent_row){.request_digest = {9}, .at_s = NOW_S, .answer_n = sizeof row.answer};
    memset(row.answer, 0xa5, sizeof row.answer);
    assert_code(la_store_find_idempotent(f->store, key, &found), LA_NOT_FOUND);
    assert_ok(la_store_add_idempotent(f->store, key, &row));
    assert_ok(la_store_find_idempotent(f->store, key, &found));
    assert_memory_equal(found.request_digest, row.request_digest, LA_DIGEST_BYTES);
    assert_int_equal(found.at_s, NOW_S);
    assert_int_equal(found.answer_n, sizeof row.answer);
    assert_memory_equal(found.answer, row.answer, sizeof row.answer);
    assert_code(la_store_add_idempotent(f->store, key, &row), LA_EXISTS);
    row.answer_n = 0;
    assert_ok(la_store_add_idempotent(f->store, other, &row));
    assert_ok(la_store_find_idempotent(f->store, other, &found));
    assert_int_equal(found.answer_n, 0);
    row.answer_n = sizeof row.answer + 1;
    other[0] = 3;
    assert_code(la_store_add_idempotent(f->store, other, &row), LA_TOO_LARGE);
}

/* A creation and its answer are one group: of two requests with one key, one creates. */
static void the_second_of_two_requests_creates_nothing(void **state)
{
    fixture *f = *state;
    uint8_t key[LA_DIGEST_BYTES] = {1};
    static la_idempotent_row row;
    row = (la_idempotent_row){.at_s = NOW_S, .answer_n = 1};
    for (unsigned i = 0; i < 2; i++) {
        la_new_application a = new_application(f->sandbox, i ? "b" : "a", NULL);
        assert_ok(la_store_begin(f->store));
        assert_ok(la_store_create_application(f->store, &a, NOW_S));
        if (la_is_ok(la_store_add_idempotent(f->store, key, &row)))
            assert_ok(la_store_commit(f->store));
        else
            la_store_rollback(f->store);
    }
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM application"), 1);
}

static void answers_are_forgotten(void **state)
{
    fixture *f = *state;
    static la_idempotent_row row;
    for (uint8_t i = 0; i < 10; i++) {
        uint8_t key[LA_DIGEST_BYTES] = {i};
        row = (la_idempotent_row){.at_s = NOW_S + i, .answer_n = 1};
        assert_ok(la_store_add_idempotent(f->store, key, &row));
    }
    assert_ok(la_store_expire_sessions(f->store, NOW_S, NOW_S, NOW_S + 5, 3));
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM idempotent"), 7);
    assert_ok(la_store_expire_sessions(f->store, NOW_S, NOW_S, NOW_S + 5, 3));
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM idempotent"), 5);
    assert_int_equal(run_sql(f->path, "SELECT min(at_s) FROM idempotent"), NOW_S + 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_kept_under_its_key),
        TEST(the_second_of_two_requests_creates_nothing),
        TEST(answers_are_forgotten),
    };
    return cmocka_run_group_tests_name("store idempotent", tests, NULL, NULL);
}
