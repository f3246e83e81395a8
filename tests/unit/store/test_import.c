#include "support.h"

static void import_some(fixture *f, const char *prefix, unsigned n)
{
    la_new_secret secret = keyed_secret(7);
    assert_ok(la_store_import_begin(f->store));
    for (unsigned i = 0; i < n; i++) {
        char client_id[40];
        snprintf(client_id, sizeof client_id, "%s-%u", prefix, i);
        la_new_application a = new_application(f->sandbox, client_id, &secret);
        assert_ok(la_store_import_add(f->store, &a, NOW_S));
    }
}

static void an_import_is_one_change(void **state)
{
    fixture *f = *state;
    la_application_row row;
    mirror m = {0};
    la_feed_position position;
    unsigned items = 0;
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    int64_t before = run_sql(f->path, "SELECT max(sequence) FROM change");
    import_some(f, "a", 500);
    assert_ok(la_store_import_commit(f->store));
    assert_int_equal(run_sql(f->path, "SELECT max(sequence) FROM change"), before + 1);
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("a-499"), &row));
    assert_ok(la_store_read_changes(f->store, &position, 10, mirror_apply, &m, &items));
    assert_int_equal(items, 500); /* a change is never cut */
    assert_non_null(strstr(mirror_get(&m, "application 2 a-17"), "digest=0707"));
    assert_mirror_follows(f->store, &m, &position, 10);
    mirror_done(&m);
}

static void an_aborted_import_leaves_nothing(void **state)
{
    fixture *f = *state;
    la_application_row row;
    int64_t before = run_sql(f->path, "SELECT max(sequence) FROM change");
    import_some(f, "a", 10);
    la_store_import_abort(f->store);
    assert_code(la_store_find_application(f->store, 0, LA_SLICE("a-1"), &row), LA_NOT_FOUND);
    assert_int_equal(run_sql(f->path, "SELECT max(sequence) FROM change"), before);
    la_store_import_abort(f->store); /* none is under way: nothing happens */
    import_some(f, "a", 10);
    assert_ok(la_store_import_commit(f->store));
}

static void a_double_spoils_the_whole_import(void **state)
{
    fixture *f = *state;
    la_application_row row;
    la_new_application twice = new_application(f->sandbox, "a-3", NULL), other = new_application(f->sandbox, "b", NULL);
    import_some(f, "a", 10);
    assert_code(la_store_import_add(f->store, &twice, NOW_S), LA_EXISTS);
    assert_non_null(strstr(la_detail(), "a-3"));
    assert_code(la_store_import_add(f->store, &other, NOW_S), LA_CONFLICT);
    assert_code(la_store_import_commit(f->store), LA_CONFLICT);
    assert_code(la_store_find_application(f->store, 0, LA_SLICE("a-1"), &row), LA_NOT_FOUND);
    assert_code(la_store_import_commit(f->store), LA_CONFLICT);
}

static void an_empty_import_changes_nothing(void **state)
{
    fixture *f = *state;
    int64_t before = run_sql(f->path, "SELECT max(sequence) FROM change");
    assert_ok(la_store_import_begin(f->store));
    assert_ok(la_store_import_commit(f->store));
    assert_int_equal(run_sql(f->path, "SELECT max(sequence) FROM change"), before);
}

static void others_see_it_when_it_is_done(void **state)
{
    fixture *f = *state;
    la_store *other;
    la_application_row row;
    uint16_t id;
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &other));
    import_some(f, "a", 10);
    assert_code(la_store_find_application(other, 0, LA_SLICE("a-1"), &row), LA_NOT_FOUND);
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("a-1"), &row)); /* the importer itself may look */
    assert_ok(la_store_ensure_environment(f->store, LA_SLICE("production"), &id));
    assert_ok(la_store_import_commit(f->store));
    assert_ok(la_store_find_application(other, 0, LA_SLICE("a-1"), &row));
    la_store_close(other);
}

static void what_is_called_meanwhile_is_part_of_it(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    la_application_row row;
    la_new_application b = new_application(f->sandbox, "b", NULL), c = new_application(f->sandbox, "c", NULL);
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    for (unsigned commit = 0; commit < 2; commit++) {
        import_some(f, "a", 3);
        assert_ok(la_store_create_application(f->store, &b, NOW_S));
        assert_code(la_store_create_application(f->store, &b, NOW_S), LA_EXISTS); /* which spoils nothing */
        assert_ok(la_store_import_add(f->store, &c, NOW_S));
        if (commit)
            assert_ok(la_store_import_commit(f->store));
        else
            la_store_import_abort(f->store);
        assert_code(la_store_find_application(f->store, 0, LA_SLICE("a-2"), &row), commit ? LA_OK : LA_NOT_FOUND);
        assert_code(la_store_find_application(f->store, 0, LA_SLICE("b"), &row), commit ? LA_OK : LA_NOT_FOUND);
        assert_mirror_follows(f->store, &m, &position, 10);
    }
    mirror_done(&m);
}

static void imports_and_groups_do_not_nest(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    import_some(f, "a", 3);
    assert_code(la_store_import_begin(f->store), LA_CONFLICT);
    assert_code(la_store_begin(f->store), LA_CONFLICT);
    assert_code(la_store_commit(f->store), LA_CONFLICT);
    la_store_rollback(f->store); /* no group of its own */
    assert_code(la_store_read_all(f->store, mirror_apply, &m, &position), LA_CONFLICT);
    assert_ok(la_store_import_commit(f->store));
    assert_ok(la_store_begin(f->store));
    assert_code(la_store_import_begin(f->store), LA_CONFLICT);
    assert_ok(la_store_commit(f->store));
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM application"), 3);
    mirror_done(&m);
}

static void closing_aborts_it(void **state)
{
    fixture *f = *state;
    la_application_row row;
    import_some(f, "a", 3);
    la_store_close(f->store);
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
    assert_code(la_store_find_application(f->store, 0, LA_SLICE("a-1"), &row), LA_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_import_is_one_change),          TEST(an_aborted_import_leaves_nothing),
        TEST(a_double_spoils_the_whole_import), TEST(an_empty_import_changes_nothing),
        TEST(others_see_it_when_it_is_done),    TEST(what_is_called_meanwhile_is_part_of_it),
        TEST(imports_and_groups_do_not_nest),   TEST(closing_aborts_it),
    };
    return cmocka_run_group_tests_name("store import", tests, NULL, NULL);
}
