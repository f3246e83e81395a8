/* The log under attack: whatever is changed in the database from outside is found, and the first place is named. */
#include "rig.h"

/* A copy of the tables, so that one attack after the other meets the same log. */
static void save(const rig *r)
{
    run_sql(
        r,
        "CREATE TABLE saved_event AS SELECT * FROM audit_event; CREATE TABLE saved_head AS SELECT * FROM audit_head");
}

static void restore(const rig *r)
{
    run_sql(r, "DELETE FROM audit_event; INSERT INTO audit_event SELECT * FROM saved_event; DELETE FROM audit_head; "
               "INSERT INTO audit_head SELECT * FROM saved_head");
}

static const char *const columns[] = {
    "at_ms = at_ms + 1",
    "at_ms = -at_ms",
    "actor_kind = 'operator'",
    "actor_id = actor_id || 'x'",
    "actor_name = 'x'",
    "address = '192.0.2.8'",
    "address = address || ' '",
    "request_id = ''",
    "environment = 'other'",
    "action = 'application.delete'",
    "outcome = 'refused'",
    "target_kind = ''",
    "target_id = 'x'",
    "target_name = 'x'",
    "detail = '{}'",
    "detail = detail || ' '",
    "previous_hash = x'00'",
    "previous_hash = x''",
    "previous_hash = randomblob(32)",
    "hash = x''",
    "hash = zeroblob(32)",
    "hash = randomblob(32)",
    "hash = CAST(hash || x'00' AS BLOB)",
    "target_name = target_id, target_id = target_name",
    "actor_id = actor_id || actor_name, actor_name = ''",
};

/* So that a column that is added later is attacked too. What becomes of the sequence has tests of its own below. */
static void assert_all_are_attacked(const rig *r)
{
    int64_t attacked = 0;
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        size_t n = strcspn(columns[c], " ");
        bool again = false;
        for (size_t d = 0; d < c; d++)
            again |= strncmp(columns[d], columns[c], n + 1) == 0;
        if (!again)
            attacked += run_sql(r, "SELECT count(*) FROM pragma_table_info('audit_event') WHERE name = '%.*s'", (int)n,
                                columns[c]);
    }
    assert_int_equal(attacked + 1, run_sql(r, "SELECT count(*) FROM pragma_table_info('audit_event')"));
}

/* Every column of every event. An attack that changes nothing of an event is left out. */
static void test_every_column(void **state)
{
    rig *r = *state;
    fill_log(r, 4);
    assert_all_are_attacked(r);
    save(r);
    int64_t n = count_events(r, "");
    assert_whole(r, (uint64_t)n);
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        for (int64_t at = 1; at <= n; at++) {
            char what[200];
            snprintf(what, sizeof what, "%s of event %lld", columns[c], (long long)at);
            run_sql(r, "UPDATE audit_event SET %s WHERE sequence = %lld", columns[c], (long long)at);
            bool changed = run_sql(r,
                                   "SELECT count(*) FROM (SELECT * FROM audit_event EXCEPT SELECT * FROM saved_event)");
            if (changed)
                assert_broken(r, what, (uint64_t)at);
            restore(r);
        }
    assert_whole(r, (uint64_t)n);
}

/* The hash of an event is made to fit its alteration: then the next one tells, or the head. */
static void test_altered_with_its_hash(void **state)
{
    rig *r = *state;
    fill_log(r, 3);
    save(r);
    int64_t n = count_events(r, "");
    for (int64_t at = 1; at <= n; at++) {
        run_sql(r, "UPDATE audit_event SET actor_name = 'x', hash = randomblob(32) WHERE sequence = %lld",
                (long long)at);
        assert_broken(r, "an altered event", (uint64_t)at);
        restore(r);
    }
}

static void test_removed_moved_added(void **state)
{
    rig *r = *state;
    fill_log(r, 4);
    save(r);
    int64_t n = count_events(r, "");
    for (int64_t at = 1; at <= n; at++) {
        run_sql(r, "DELETE FROM audit_event WHERE sequence = %lld", (long long)at);
        assert_broken(r, "a removed event", (uint64_t)at);
        /* The gap closed by renumbering. */
        run_sql(r,
                "UPDATE audit_event SET sequence = -sequence WHERE sequence > %lld; UPDATE audit_event SET sequence = "
                "-sequence - 1 WHERE sequence < 0",
                (long long)at);
        assert_broken(r, "a removed event, renumbered", (uint64_t)at);
        restore(r);
        run_sql(r, "DELETE FROM audit_event WHERE sequence >= %lld", (long long)at);
        assert_broken(r, "the end cut off", (uint64_t)at);
        restore(r);
        if (at < n) {
            run_sql(
                r,
                "UPDATE audit_event SET sequence = -1 WHERE sequence = %lld; UPDATE audit_event SET sequence = %lld "
                "WHERE sequence = %lld; UPDATE audit_event SET sequence = %lld WHERE sequence = -1",
                (long long)at, (long long)at, (long long)at + 1, (long long)at + 1);
            assert_broken(r, "two events swapped", (uint64_t)at);
            restore(r);
        }
        run_sql(
            r,
            "UPDATE audit_event SET sequence = -sequence - 1 WHERE sequence > %lld; UPDATE audit_event SET sequence = "
            "-sequence WHERE sequence < 0; INSERT INTO audit_event SELECT sequence + 1, at_ms, actor_kind, actor_id, "
            "actor_name, address, request_id, environment, action, outcome, target_kind, target_id, target_name, "
            "detail, hash, hash FROM audit_event WHERE sequence = %lld",
            (long long)at, (long long)at);
        assert_broken(r, "an event put in between", (uint64_t)at + 1);
        restore(r);
    }
    run_sql(
        r,
        "INSERT INTO audit_event SELECT 0, at_ms, actor_kind, actor_id, actor_name, address, request_id, environment, "
        "action, outcome, target_kind, target_id, target_name, detail, previous_hash, hash FROM audit_event WHERE "
        "sequence = 1");
    assert_broken(r, "an event before the first", 1);
    run_sql(r, "UPDATE audit_event SET sequence = -7 WHERE sequence = 0");
    assert_broken(r, "an event below zero", 1);
}

static void test_head(void **state)
{
    rig *r = *state;
    fill_log(r, 3);
    save(r);
    uint64_t n = (uint64_t)count_events(r, "");
    static const char *const attacks[] = {
        "UPDATE audit_head SET hash = randomblob(32)", "UPDATE audit_head SET hash = x''",
        "UPDATE audit_head SET mac = randomblob(32)",  "UPDATE audit_head SET mac = x''",
        "UPDATE audit_head SET mac = zeroblob(32)",    "UPDATE audit_head SET mac = hash",
    };
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        run_sql(r, "%s", attacks[i]);
        assert_broken(r, attacks[i], n);
        restore(r);
    }
    run_sql(r, "UPDATE audit_head SET sequence = sequence + 1");
    assert_broken(r, "a head that runs ahead", n + 1);
    restore(r);
    run_sql(
        r, "UPDATE audit_head SET sequence = sequence - 1, hash = (SELECT hash FROM audit_event WHERE sequence = %llu)",
        (unsigned long long)n - 1);
    assert_broken(r, "a head that was moved back", n - 1);
    run_sql(r, "DELETE FROM audit_event WHERE sequence = %llu", (unsigned long long)n);
    assert_broken(r, "the last event removed, and the head moved back", n - 1);
    restore(r);
    run_sql(r, "DELETE FROM audit_head");
    assert_broken(r, "no head", 1);
    run_sql(r, "DELETE FROM audit_event");
    assert_broken(r, "an emptied log", 1);
}

/* A chain that was made anew whole, which needs no key, does not get its seal from the next honest event. */
static void test_no_seal_for_what_was_made_anew(void **state)
{
    rig *r = *state;
    fill_log(r, 2);
    uint64_t n = (uint64_t)count_events(r, "");
    run_sql(r, "UPDATE audit_head SET mac = randomblob(32)");
    add_application(r, "production", "afterwards");
    assert_broken(r, "an end without seal", n + 1);
    add_application(r, "production", "and again");
    assert_broken(r, "an end without seal", n + 2);
}

/* Somebody was at the head or the end of the log: secrets can be revoked and keys rotated nevertheless, nothing is written over, and the
 * log is never whole again, whatever is put back later. */
static void test_work_goes_on_behind_a_broken_head(void **state)
{
    static const struct {
        const char *attack;
        uint64_t first_bad, numbered; /* beyond the last one; 0: that itself */
    } attacks[] = {
        {"DELETE FROM audit_head", 1, 1},
        {"UPDATE audit_head SET sequence = 2, hash = (SELECT hash FROM audit_event WHERE sequence = 2)", 1, 1},
        {"UPDATE audit_head SET sequence = 0, hash = zeroblob(32)", 1, 1},
        {"UPDATE audit_head SET sequence = -1", 1, 1},
        {"UPDATE audit_head SET sequence = sequence + 10", 1, 11},
        {"UPDATE audit_head SET sequence = 9223372036854775807", 1, 1},
        {"UPDATE audit_head SET hash = x'00'", 1, 1},
        {"DELETE FROM audit_event WHERE sequence = (SELECT max(sequence) FROM audit_event)", 0, 1},
    };
    rig *r = *state;
    la_application_row a = add_application(r, "production", "Billing");
    fill_log(r, 2);
    save(r);
    uint64_t n = (uint64_t)count_events(r, "");
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        uint64_t id;
        char secret[LA_CLIENT_SECRET_MAX + 1];
        run_sql(r, "%s", attacks[i].attack);
        assert_ok(la_command_add_secret(&r->commands, &a, 0, &id, secret));
        assert_int_equal(run_sql(r, "SELECT sequence FROM audit_head"), n + attacks[i].numbered);
        assert_int_equal(run_sql(r, "SELECT length(replace(hex(mac), '0', '')) FROM audit_head"), 0);
        assert_broken(r, attacks[i].attack, n + attacks[i].first_bad);
        assert_ok(la_command_revoke_secret(&r->commands, &a, id));
        assert_false(verify_log(r).whole);
        restore(r);
    }
    run_sql(r, "DELETE FROM audit_event WHERE sequence = %llu", (unsigned long long)n);
    add_application(r, "production", "afterwards");
    run_sql(r, "INSERT INTO audit_event SELECT * FROM saved_event WHERE sequence = %llu", (unsigned long long)n);
    assert_broken(r, "a lost event that was put back", n + 1);
}

/* The head of an earlier time, seal and all: what comes next takes no seal from it. */
static void test_no_seal_from_an_old_head(void **state)
{
    rig *r = *state;
    fill_log(r, 2);
    save(r);
    fill_log(r, 2);
    uint64_t n = (uint64_t)count_events(r, "");
    run_sql(r, "DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM saved_head");
    assert_broken(r, "an old head", n - 1);
    add_application(r, "production", "afterwards");
    assert_broken(r, "an old head", n + 1);
    assert_int_equal(run_sql(r, "SELECT length(replace(hex(mac), '0', '')) FROM audit_head"), 0);
}

static void test_emptied_log_does_not_begin_anew(void **state)
{
    rig *r = *state;
    fill_log(r, 2);
    run_sql(r, "DELETE FROM audit_event; DELETE FROM audit_head");
    add_application(r, "production", "afterwards");
    assert_broken(r, "a log that was emptied", 1);
}

/* The key of the head is gone: there is a new one, but what it has not seen it does not vouch for. */
static void test_lost_key(void **state)
{
    static const char *const attacks[] = {
        "DELETE FROM meta WHERE name = 'audit-key'",
        "DELETE FROM meta WHERE name = 'audit-key'; DELETE FROM audit_head",
        "DELETE FROM meta WHERE name = 'audit-key'; DELETE FROM audit_event",
    };
    rig *r = *state;
    fill_log(r, 2);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        run_sql(r, "%s", attacks[i]);
        la_commands_close(&r->commands);
        assert_ok(la_commands_open(r->config, LA_STORE_MIGRATE, &r->commands));
        assert_false(verify_log(r).whole);
        add_application(r, "production", "afterwards");
        assert_false(verify_log(r).whole);
    }
}

static void test_key_of_another_database(void **state)
{
    rig *r = *state;
    la_commands again;
    run_sql(r, "UPDATE meta SET value = (SELECT value FROM meta WHERE name = 'pepper') WHERE name = 'audit-key'");
    assert_code(la_commands_open(r->config, LA_STORE_MIGRATE, &again), LA_CRYPTO);
}

/* ---- marks ---- */

static void test_mark(void **state)
{
    rig *r = *state;
    la_audit_verdict v = verify_log(*state);
    la_audit_mark mark = {v.head_sequence, {0}}, other;
    memcpy(mark.hash, v.head_hash, sizeof mark.hash);
    fill_log(r, 2);
    assert_ok(la_audit_verify(&r->commands, &mark, &v));
    assert_true(v.whole);
    other = mark;
    other.hash[0] ^= 1;
    assert_ok(la_audit_verify(&r->commands, &other, &v));
    assert_false(v.whole);
    assert_int_equal(v.first_bad, mark.sequence);
    mark.sequence = 99;
    assert_ok(la_audit_verify(&r->commands, &mark, &v));
    assert_false(v.whole);
    assert_int_equal(v.first_bad, BEFORE + 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_every_column),
        TEST(test_altered_with_its_hash),
        TEST(test_removed_moved_added),
        TEST(test_head),
        TEST(test_no_seal_for_what_was_made_anew),
        TEST(test_work_goes_on_behind_a_broken_head),
        TEST(test_no_seal_from_an_old_head),
        TEST(test_emptied_log_does_not_begin_anew),
        TEST(test_lost_key),
        TEST(test_key_of_another_database),
        TEST(test_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
