#include "support.h"

#include "store/sqlite_internal.h"

static const char *const good_steps[] = {
    "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);",
    "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;",
    "CREATE TABLE b AS SELECT y AS z FROM a; DROP TABLE a;",
};
static const char *const bad_steps[] = {
    "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);",
    "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;",
    "CREATE TABLE b (z INTEGER) STRICT; INSERT INTO b VALUES (5); INSERT INTO nowhere VALUES (1);",
};

typedef struct bare {
    char *dir;
    char path[300];
    sqlite3 *db;
} bare;

static int set_up(void **state)
{
    bare *b = calloc(1, sizeof *b);
    b->dir = unit_mkdir();
    snprintf(b->path, sizeof b->path, "%s/bare.db", b->dir);
    assert_int_equal(sqlite3_open(b->path, &b->db), SQLITE_OK);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    bare *b = *state;
    sqlite3_close(b->db);
    unit_rmdir(b->dir);
    free(b);
    return 0;
}

static unsigned version(bare *b)
{
    unsigned v = 99;
    assert_ok(la_store_read_version(b->db, b->path, &v));
    return v;
}

static void all_steps_are_taken_in_order(void **state)
{
    bare *b = *state;
    assert_ok(la_store_migrate(b->db, b->path, good_steps, 3));
    assert_int_equal(version(b), 3);
    assert_int_equal(run_sql(b->path, "SELECT z FROM b"), 2);
}

static void an_older_database_takes_only_what_it_lacks(void **state)
{
    bare *b = *state;
    assert_ok(la_store_migrate(b->db, b->path, good_steps, 1));
    assert_int_equal(version(b), 1);
    run_sql(b->path, "UPDATE a SET x = 41");
    assert_ok(la_store_migrate(b->db, b->path, good_steps, 3));
    assert_int_equal(run_sql(b->path, "SELECT z FROM b"), 42);
    assert_ok(la_store_migrate(b->db, b->path, good_steps, 3)); /* nothing is left to do */
    assert_ok(la_store_migrate(b->db, b->path, good_steps, 2)); /* never back */
    assert_int_equal(version(b), 3);
}

static void a_failing_step_undoes_those_before_it(void **state)
{
    bare *b = *state;
    assert_ok(la_store_migrate(b->db, b->path, bad_steps, 1));
    assert_code(la_store_migrate(b->db, b->path, bad_steps, 3), LA_SERVER_ERROR);
    assert_non_null(strstr(la_detail(), "from version 2 to 3"));
    assert_true(sqlite3_get_autocommit(b->db));
    assert_int_equal(version(b), 1);
    assert_int_equal(run_sql(b->path, "SELECT count(*) FROM pragma_table_info('a')"), 1);
    assert_int_equal(run_sql(b->path, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
}

static void a_locked_database_is_not_waited_for_forever(void **state)
{
    bare *b = *state;
    sqlite3 *other;
    assert_int_equal(sqlite3_open(b->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_code(la_store_migrate(b->db, b->path, good_steps, 3), LA_UNAVAILABLE);
    sqlite3_close(other);
    assert_ok(la_store_migrate(b->db, b->path, good_steps, 3));
}

static void our_schema_has_a_step_for_each_version(void **state)
{
    bare *b = *state;
    assert_ok(la_store_migrate(b->db, b->path, la_schema_steps, la_schema_version));
    assert_int_equal(version(b), la_schema_version);
    assert_int_equal(run_sql(b->path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                                      " AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE '%STRICT%'"),
                     0);
    assert_int_equal(run_sql(b->path, "SELECT length(value) FROM meta WHERE name = 'store'"), 16);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_steps_are_taken_in_order),           TEST(an_older_database_takes_only_what_it_lacks),
        TEST(a_failing_step_undoes_those_before_it),  TEST(a_locked_database_is_not_waited_for_forever),
        TEST(our_schema_has_a_step_for_each_version),
    };
    return cmocka_run_group_tests_name("store migrations", tests, NULL, NULL);
}
