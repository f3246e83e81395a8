/* Several operations as one transaction, and what fails in the middle of one. */
#include "support.h"

#include "store/audit.h"
#include "store/sqlite_internal.h"

static la_result create(la_store *s, uint16_t environment_id, const char *client_id)
{
    la_new_application a = new_application(environment_id, client_id, NULL);
    return la_store_create_application(s, &a, NOW_S);
}

static la_code find(la_store *s, const char *client_id)
{
    la_application_row row;
    return la_store_find_application(s, 0, la_slice_of(client_id), &row).code;
}

static la_result add_event(la_store *s, uint64_t sequence)
{
    la_audit_head head;
    LA_TRY(la_store_read_audit_head(s, &head));
    la_slice none = LA_SLICE("");
    la_audit_row e = {sequence, 0, none, none, none, none, none, none, none, none, none, none, none, LA_SLICE("{}")};
    memcpy(e.previous_hash, head.hash, sizeof e.previous_hash);
    memset(e.hash, (int)sequence, sizeof e.hash);
    return la_store_add_audit(s, &e, e.hash);
}

static void a_group_is_there_whole_or_not_at_all(void **state)
{
    fixture *f = *state;
    la_store *other;
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &other));
    for (unsigned commit = 0; commit < 2; commit++) {
        assert_ok(la_store_begin(f->store));
        assert_ok(create(f->store, f->sandbox, "a"));
        assert_ok(create(f->store, f->production, "b"));
        assert_ok(add_event(f->store, 1));
        assert_int_equal(find(f->store, "a"), LA_OK); /* seen within */
        assert_int_equal(find(other, "a"), LA_NOT_FOUND);
        if (commit)
            assert_ok(la_store_commit(f->store));
        else
            la_store_rollback(f->store);
        assert_int_equal(find(f->store, "a"), commit ? LA_OK : LA_NOT_FOUND);
        assert_int_equal(find(other, "b"), commit ? LA_OK : LA_NOT_FOUND);
        assert_int_equal(run_sql(f->path, "SELECT count(*) FROM audit_event"), commit);
    }
    la_store_close(other);
}

static void an_operation_that_fails_undoes_itself_alone(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    la_application_row row;
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    assert_ok(la_store_begin(f->store));
    assert_ok(create(f->store, f->sandbox, "a"));
    assert_code(create(f->store, f->sandbox, "a"), LA_EXISTS);
    assert_non_null(strstr(la_detail(), "'a'"));
    assert_code(create(f->store, 99, "b"), LA_NOT_FOUND);
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("a"), &row));
    bool enabled = false;
    la_application_change change = {.enabled = &enabled};
    assert_code(la_store_update_application(f->store, row.application_id, 7, &change, NOW_S), LA_STALE);
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("a"), &row));
    assert_true(row.enabled);
    assert_ok(add_event(f->store, 1));
    assert_code(add_event(f->store, 3), LA_CONFLICT);
    assert_ok(create(f->store, f->sandbox, "c"));
    assert_ok(la_store_commit(f->store));
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM application"), 2);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM audit_event"), 1);
    /* Two creations: what failed has left nothing in the feed either. */
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM change WHERE kind = 3"), 2);
    assert_mirror_follows(f->store, &m, &position, 1);
    mirror_done(&m);
}

static void groups_do_not_nest_and_end_once(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    unsigned items;
    assert_code(la_store_commit(f->store), LA_CONFLICT);
    la_store_rollback(f->store);
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    assert_ok(la_store_begin(f->store));
    assert_code(la_store_begin(f->store), LA_CONFLICT);
    assert_code(la_store_import_begin(f->store), LA_CONFLICT);
    assert_code(la_store_read_changes(f->store, &position, 1, mirror_apply, &m, &items), LA_CONFLICT);
    assert_ok(create(f->store, f->sandbox, "a"));
    assert_ok(la_store_commit(f->store));
    assert_code(la_store_commit(f->store), LA_CONFLICT);
    assert_int_equal(find(f->store, "a"), LA_OK);
    assert_ok(la_store_begin(f->store)); /* an empty one */
    assert_ok(la_store_commit(f->store));
    mirror_done(&m);
}

static la_result end_within(void *self, const la_application_row *row)
{
    la_store *s = self;
    la_store_rollback(s);
    assert_code(la_store_commit(s), LA_CONFLICT);
    assert_code(la_store_begin(s), LA_CONFLICT);
    return create(s, row->environment_id, "within");
}

static void nothing_is_written_or_ended_within_a_listing(void **state)
{
    fixture *f = *state;
    assert_ok(la_store_begin(f->store));
    assert_ok(create(f->store, f->sandbox, "a"));
    assert_code(list_from(f->store, 0, 0, 10, end_within, f->store), LA_CONFLICT);
    assert_ok(create(f->store, f->sandbox, "b"));
    assert_ok(la_store_commit(f->store));
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM application"), 2);
}

static void closing_undoes_an_open_group(void **state)
{
    fixture *f = *state;
    assert_ok(la_store_begin(f->store));
    assert_ok(create(f->store, f->sandbox, "a"));
    la_store_close(f->store);
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
    assert_int_equal(find(f->store, "a"), LA_NOT_FOUND);
}

static void a_group_needs_the_lock_and_the_file(void **state)
{
    fixture *f = *state;
    la_store *other;
    char away[400];
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &other));
    assert_ok(la_store_begin(other));
    sqlite3_busy_timeout(f->store->db, 20);
    assert_code(la_store_begin(f->store), LA_UNAVAILABLE);
    assert_code(create(f->store, f->sandbox, "a"), LA_UNAVAILABLE);
    la_store_rollback(other);
    assert_ok(la_store_begin(f->store));
    la_store_rollback(f->store);
    la_store_close(other);
    snprintf(away, sizeof away, "%s.away", f->path);
    assert_int_equal(rename(f->path, away), 0);
    assert_code(la_store_begin(f->store), LA_UNAVAILABLE);
    assert_int_equal(rename(away, f->path), 0);
    assert_ok(la_store_begin(f->store));
    la_store_rollback(f->store);
}

/* Without room one operation is undone; where SQLite has to give up the transaction, so is the group, and it says so. */
static void a_group_without_room_leaves_nothing_half(void **state)
{
    fixture *f = *state;
    la_result r = la_ok();
    char client_id[40];
    unsigned added = 0;
    assert_int_equal(sqlite3_exec(f->store->db, "PRAGMA max_page_count = 120", NULL, NULL, NULL), SQLITE_OK);
    assert_ok(la_store_begin(f->store));
    while (la_is_ok(r) && added < 100000) {
        snprintf(client_id, sizeof client_id, "c%u", added++);
        r = create(f->store, f->sandbox, client_id);
    }
    assert_code(r, LA_FULL);
    bool whole = !sqlite3_get_autocommit(f->store->db);
    assert_int_equal(find(f->store, "c0"), whole ? LA_OK : LA_FULL);
    if (!whole)
        assert_code(add_event(f->store, 1), LA_FULL);
    r = la_store_commit(f->store);
    assert_int_equal(r.code, whole ? LA_OK : LA_FULL);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM application"), whole ? added - 1 : 0);
    assert_int_equal(sqlite3_exec(f->store->db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL), SQLITE_OK);
    assert_ok(create(f->store, f->sandbox, "later"));
    assert_int_equal(run_sql(f->path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

/* What SQLite does by itself after some failures, at a moment of our choosing. */
static void a_group_that_lost_its_transaction_takes_nothing_more(void **state)
{
    fixture *f = *state;
    assert_ok(la_store_begin(f->store));
    assert_ok(create(f->store, f->sandbox, "a"));
    assert_int_equal(sqlite3_exec(f->store->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_code(create(f->store, f->sandbox, "b"), LA_UNAVAILABLE);
    assert_int_equal(find(f->store, "b"), LA_UNAVAILABLE);
    assert_code(la_store_commit(f->store), LA_UNAVAILABLE);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM application"), 0);
    assert_ok(create(f->store, f->sandbox, "b"));

    la_new_application a = new_application(f->sandbox, "a", NULL);
    assert_ok(la_store_import_begin(f->store));
    assert_ok(la_store_import_add(f->store, &a, NOW_S));
    assert_int_equal(sqlite3_exec(f->store->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_code(la_store_import_add(f->store, &a, NOW_S), LA_UNAVAILABLE);
    assert_code(la_store_import_commit(f->store), LA_UNAVAILABLE);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM application"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_group_is_there_whole_or_not_at_all),
        TEST(an_operation_that_fails_undoes_itself_alone),
        TEST(groups_do_not_nest_and_end_once),
        TEST(nothing_is_written_or_ended_within_a_listing),
        TEST(closing_undoes_an_open_group),
        TEST(a_group_needs_the_lock_and_the_file),
        TEST(a_group_without_room_leaves_nothing_half),
        TEST(a_group_that_lost_its_transaction_takes_nothing_more),
    };
    return cmocka_run_group_tests_name("store groups", tests, NULL, NULL);
}
