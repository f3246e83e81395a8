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

/* What version 1 left behind, opened by this one. */
static void a_database_of_version_1_keeps_all_that_it_has(void **state)
{
    bare *b = *state;
    la_store *s;
    la_application_row row;
    la_feed_position position;
    mirror m = {0};
    uint64_t n, secret_id;
    run_sql(b->path, "PRAGMA application_id = 1819173237"); /* "lnau" */
    assert_ok(la_store_migrate(b->db, b->path, la_schema_steps, 1));
    sqlite3_close(b->db);
    b->db = NULL;
    run_sql(b->path,
            "INSERT INTO environment (name) VALUES ('production'), ('sandbox');"
            "INSERT INTO meta VALUES ('pepper', x'0102');"
            "INSERT INTO application (environment_id, client_id, name, scopes, auth_method, enabled, created_at_s)"
            " VALUES (1, 'a', 'Acme', 'api', 0, 1, 1000), (2, 'b', 'Zoë', 'api customer', 1, 0, 2000);"
            "INSERT INTO secret (application_id, number, digest, hint, created_at_s, expires_at_s, last_used_at_s)"
            " VALUES (1, 1, zeroblob(32), 'las_…', 1000, 0, 1500);"
            "INSERT INTO customer VALUES (2, 'u1', 2, '', 2000);"
            "INSERT INTO signing_key VALUES (1, 1, 'ES256', 'kid', 1, 2, 0, 0, '{}', x'03');"
            "INSERT INTO change (tag, kind, environment_id, key) VALUES (7, 3, 1, 'a'), (8, 3, 2, 'b');");
    int64_t tag = run_sql(b->path, "SELECT hex(value) = '' FROM meta WHERE name = 'store'");
    assert_int_equal(tag, 0);
    assert_ok(la_store_open(b->path, LA_STORE_MIGRATE, &s));
    assert_int_equal(run_sql(b->path, "PRAGMA user_version"), la_schema_version);
    assert_ok(la_store_find_application(s, 0, LA_SLICE("b"), &row));
    assert_string_equal(row.name, "Zoë");
    assert_false(row.enabled);
    assert_int_equal(row.created_at_s, 2000);
    assert_int_equal(row.updated_at_s, 2000);
    assert_int_equal(row.version, 1);
    assert_ok(la_store_find_application(s, 0, LA_SLICE("a"), &row));
    assert_int_equal(row.live_secrets, 1);
    assert_int_equal(row.last_used_at_s, 1500);
    assert_ok(la_store_count_applications(s, 2, &n));
    assert_int_equal(n, 1);
    assert_ok(la_store_read_all(s, mirror_apply, &m, &position));
    assert_int_equal(m.n, 7);
    assert_int_equal(position.sequence, 2); /* a registry that followed version 1 goes on from there */
    assert_int_equal(position.tag, 8);
    la_new_secret secret = keyed_secret(1);
    assert_ok(la_store_add_secret(s, 1, &secret, 4, NOW_S, &secret_id));
    assert_ok(set_enabled(s, 2, true));
    assert_mirror_follows(s, &m, &position, 1);
    assert_int_equal(run_sql(b->path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    assert_int_equal(run_sql(b->path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    mirror_done(&m);
    la_store_close(s);
    assert_ok(la_store_open(b->path, LA_STORE_MIGRATE, &s)); /* once more: nothing is left to do */
    la_store_close(s);
}

/* Version 4 reads an application with a name as a customer; there was none before. */
static void a_database_of_version_3_keeps_its_revocations(void **state)
{
    bare *b = *state;
    assert_ok(la_store_migrate(b->db, b->path, la_schema_steps, 3));
    run_sql(b->path, "INSERT INTO environment (name) VALUES ('production');"
                     "INSERT INTO revocation (environment_id, kind, application_id, credential_tag, jti, before_s,"
                     " expires_at_s, list, list_index) VALUES (1, 1, 7, 0, 'one', 5, 9, zeroblob(32), 17),"
                     " (1, 2, 7, 3, '', 5, 9, NULL, 0), (1, 3, 7, 0, '', 5, 9, NULL, 0);");
    assert_ok(la_store_migrate(b->db, b->path, la_schema_steps, la_schema_version));
    assert_int_equal(run_sql(b->path, "SELECT list_index FROM revocation WHERE name = 'one' AND length(list) = 32"),
                     17);
    assert_int_equal(run_sql(b->path, "SELECT count(*) FROM revocation WHERE before_s = 5 AND expires_at_s = 9"), 3);
    assert_int_equal(run_sql(b->path, "SELECT count(*) FROM revocation WHERE kind > 1 AND name <> ''"), 0);
    assert_int_equal(run_sql(b->path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

/* The schema is the same whether it was made at once or step by step with data in between. */
static void both_ways_lead_to_one_schema(void **state)
{
    bare *b = *state;
    sqlite3 *other;
    char sql[700];
    assert_ok(la_store_migrate(b->db, b->path, la_schema_steps, la_schema_version));
    snprintf(sql, sizeof sql, "%s.other", b->path);
    assert_int_equal(sqlite3_open(sql, &other), SQLITE_OK);
    for (unsigned i = 1; i <= la_schema_version; i++)
        assert_ok(la_store_migrate(other, sql, la_schema_steps, i));
    sqlite3_close(other);
    snprintf(sql, sizeof sql,
             "ATTACH '%s.other' AS o; SELECT count(*) FROM (SELECT type, name, sql FROM main.sqlite_schema"
             " EXCEPT SELECT type, name, sql FROM o.sqlite_schema)",
             b->path);
    assert_int_equal(run_sql(b->path, sql), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_steps_are_taken_in_order),
        TEST(an_older_database_takes_only_what_it_lacks),
        TEST(a_failing_step_undoes_those_before_it),
        TEST(a_locked_database_is_not_waited_for_forever),
        TEST(our_schema_has_a_step_for_each_version),
        TEST(a_database_of_version_1_keeps_all_that_it_has),
        TEST(a_database_of_version_3_keeps_its_revocations),
        TEST(both_ways_lead_to_one_schema),
    };
    return cmocka_run_group_tests_name("store migrations", tests, NULL, NULL);
}
