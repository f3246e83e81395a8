#include "support.h"

#include "store/operators.h"

static uint64_t add_operator(fixture *f, const char *email)
{
    uint64_t id;
    la_operator_row o = {.role = LA_ROLE_ADMIN, .all_environments = true};
    snprintf(o.email, sizeof o.email, "%s", email);
    assert_ok(la_store_add_operator(f->store, &o, NOW_S, &id));
    return id;
}

static void make_digest(uint8_t fill, uint8_t ret[LA_SESSION_DIGEST_BYTES])
{
    memset(ret, fill, LA_SESSION_DIGEST_BYTES);
}

static uint64_t add_session(fixture *f, uint64_t operator_id, uint8_t fill)
{
    uint8_t digest[LA_SESSION_DIGEST_BYTES];
    uint64_t id = 0;
    la_session_row row = {
        .operator_id = operator_id,
        .state = LA_SESSION_TOTP_REQUIRED,
        .created_at_s = NOW_S,
        .last_seen_at_s = NOW_S,
        .expires_at_s = NOW_S + 1000,
        .address = "2001:db8::1",
        .user_agent = "<script>'\"; DROP TABLE operator_session; --",
    };
    make_digest(fill, digest);
    assert_ok(la_store_add_session(f->store, &row, digest, &id));
    return id;
}

static la_result find(fixture *f, uint8_t fill, la_session_row *ret)
{
    uint8_t digest[LA_SESSION_DIGEST_BYTES];
    make_digest(fill, digest);
    return la_store_find_session(f->store, digest, ret);
}

static void a_session_is_found_by_its_digest(void **state)
{
    fixture *f = *state;
    la_session_row row;
    uint8_t digest[LA_SESSION_DIGEST_BYTES];
    uint64_t operator_id = add_operator(f, "a"), id = add_session(f, operator_id, 1);
    assert_ok(find(f, 1, &row));
    assert_int_equal(row.session_id, id);
    assert_int_equal(row.operator_id, operator_id);
    assert_int_equal(row.state, LA_SESSION_TOTP_REQUIRED);
    assert_int_equal(row.failures, 0);
    assert_int_equal(row.created_at_s, NOW_S);
    assert_int_equal(row.expires_at_s, NOW_S + 1000);
    assert_string_equal(row.address, "2001:db8::1");
    assert_string_equal(row.user_agent, "<script>'\"; DROP TABLE operator_session; --");
    assert_code(find(f, 2, &row), LA_NOT_FOUND);
    make_digest(1, digest);
    row.operator_id = 99;
    assert_code(la_store_add_session(f->store, &row, digest, &id), LA_EXISTS);
    make_digest(3, digest);
    assert_code(la_store_add_session(f->store, &row, digest, &id), LA_NOT_FOUND);
}

static void a_step_of_the_login_changes_the_cookie(void **state)
{
    fixture *f = *state;
    la_session_row row;
    uint8_t digest[LA_SESSION_DIGEST_BYTES];
    unsigned failures = 0;
    uint64_t id = add_session(f, add_operator(f, "a"), 1);
    for (unsigned i = 1; i <= 5; i++) {
        assert_ok(la_store_count_session_failure(f->store, id, &failures));
        assert_int_equal(failures, i);
    }
    assert_ok(find(f, 1, &row));
    assert_int_equal(row.failures, 5);
    make_digest(2, digest);
    assert_ok(la_store_rotate_session(f->store, id, digest, LA_SESSION_COMPLETE, NOW_S + 7));
    assert_code(find(f, 1, &row), LA_NOT_FOUND);
    assert_ok(find(f, 2, &row));
    assert_int_equal(row.session_id, id);
    assert_int_equal(row.state, LA_SESSION_COMPLETE);
    assert_int_equal(row.failures, 0);
    assert_int_equal(row.last_seen_at_s, NOW_S + 7);
    assert_ok(la_store_touch_session(f->store, id, NOW_S + 9));
    assert_ok(la_store_touch_session(f->store, id, NOW_S + 8)); /* never back */
    assert_ok(find(f, 2, &row));
    assert_int_equal(row.last_seen_at_s, NOW_S + 9);
    assert_code(la_store_touch_session(f->store, id + 1, NOW_S), LA_NOT_FOUND);
    assert_code(la_store_rotate_session(f->store, id + 1, digest, LA_SESSION_COMPLETE, NOW_S), LA_NOT_FOUND);
    assert_code(la_store_count_session_failure(f->store, id + 1, &failures), LA_NOT_FOUND);
}

static la_result note(void *self, const la_session_row *row)
{
    char *text = self;
    snprintf(text + strlen(text), 100 - strlen(text), "%llu ", (unsigned long long)row->session_id);
    return la_ok();
}

static void assert_sessions(fixture *f, uint64_t operator_id, const char *expected)
{
    char text[100] = "";
    assert_ok(la_store_list_sessions(f->store, operator_id, note, text));
    assert_string_equal(text, expected);
}

static void sessions_are_listed_and_ended(void **state)
{
    fixture *f = *state;
    uint64_t a = add_operator(f, "a"), b = add_operator(f, "b");
    add_session(f, a, 1);
    add_session(f, b, 2);
    add_session(f, a, 3);
    add_session(f, a, 4);
    assert_sessions(f, a, "4 3 1 ");
    assert_code(la_store_delete_session(f->store, a, 2), LA_NOT_FOUND); /* another's */
    assert_ok(la_store_delete_session(f->store, a, 3));
    assert_code(la_store_delete_session(f->store, a, 3), LA_NOT_FOUND);
    assert_sessions(f, a, "4 1 ");
    assert_ok(la_store_delete_sessions(f->store, a, 1));
    assert_sessions(f, a, "1 ");
    assert_ok(la_store_delete_sessions(f->store, a, 0));
    assert_sessions(f, a, "");
    assert_sessions(f, b, "2 ");
    assert_int_equal(add_session(f, a, 5), 5); /* an id is never used again */
}

static void what_is_past_its_time_goes_a_little_at_a_time(void **state)
{
    fixture *f = *state;
    uint64_t a = add_operator(f, "a");
    for (uint8_t i = 1; i <= 10; i++)
        add_session(f, a, i);
    assert_ok(la_store_touch_session(f->store, 10, NOW_S + 500));
    assert_ok(la_store_expire_sessions(f->store, NOW_S + 999, NOW_S, NOW_S, 100)); /* none */
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM operator_session"), 10);
    assert_ok(la_store_expire_sessions(f->store, NOW_S + 999, NOW_S + 1, NOW_S, 4)); /* idle */
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM operator_session"), 6);
    assert_ok(la_store_expire_sessions(f->store, NOW_S + 999, NOW_S + 1, NOW_S, 100));
    assert_sessions(f, a, "10 ");
    assert_ok(la_store_expire_sessions(f->store, NOW_S + 1000, NOW_S, NOW_S, 100)); /* its end */
    assert_sessions(f, a, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_found_by_its_digest),
        TEST(a_step_of_the_login_changes_the_cookie),
        TEST(sessions_are_listed_and_ended),
        TEST(what_is_past_its_time_goes_a_little_at_a_time),
    };
    return cmocka_run_group_tests_name("store sessions", tests, NULL, NULL);
}
