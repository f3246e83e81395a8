/* The log as it is written, and under attack: whatever is changed in the database from outside is found, and the first place is named. */
#include "rig.h"

#include <sqlite3.h>

static la_audit_verdict verify(rig *r)
{
    la_audit_verdict v;
    assert_ok(la_audit_verify(&r->commands, NULL, &v));
    return v;
}

static void assert_whole(rig *r, uint64_t events)
{
    la_audit_verdict v = verify(r);
    assert_string_equal(v.reason, "");
    assert_true(v.whole);
    assert_int_equal(v.events, events);
    assert_int_equal(v.head_sequence, events);
}

static void assert_broken(rig *r, const char *what, uint64_t first_bad)
{
    la_audit_verdict v = verify(r);
    if (v.whole)
        fail_msg("%s is not found", what);
    if (v.first_bad != first_bad)
        fail_msg("%s: event %llu is named instead of %llu: %s", what, (unsigned long long)v.first_bad,
                 (unsigned long long)first_bad, v.reason);
    assert_int_not_equal(v.reason[0], 0);
}

/* Three events are there from the start: the log's begin, and two signing keys. */
#define BEFORE 3

static void fill(rig *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "application %u", i);
        add_application(r, i % 2 ? "sandbox" : "production", name);
    }
}

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

/* ---- writing ---- */

static void test_event_of_a_change(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "sandbox", "Billing");
    assert_int_equal(count_events(r, ""), BEFORE + 1);
    assert_string_equal(
        read_sql(r, "SELECT actor_kind || '|' || actor_id || '|' || actor_name || '|' || address || '|' || "
                    "request_id || '|' || environment || '|' || action || '|' || outcome || '|' || "
                    "target_kind || '|' || target_name || '|' || detail FROM audit_event WHERE sequence = "
                    "4"),
        "command_line|tester|tester|192.0.2.7|request-1|sandbox|application.create|done|application|Billing|"
        "{\"after\":{\"auth_method\":\"client_secret\",\"enabled\":true,\"name\":\"Billing\",\"scopes\":"
        "\"api customer\"}}");
    assert_string_equal(read_sql(r, "SELECT target_id FROM audit_event WHERE sequence = 4"), a.client_id);
    assert_whole(r, 4);
}

static void test_what_starts_by_itself_is_the_systems(void **state)
{
    assert_string_equal(read_sql(*state, "SELECT group_concat(actor_kind || ' ' || action, ', ') FROM audit_event"),
                        "system audit.begin, system key.create, system key.create");
}

static void test_update_keeps_what_differs(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "Billing");
    bool disabled = false;
    la_application_edit edit = {.name = LA_SLICE(" Billing 2 "), .scopes = LA_SLICE("api"), .enabled = &disabled};
    assert_ok(la_command_update_application(&r->commands, &a, &edit, &a));
    assert_string_equal(a.name, "Billing 2");
    assert_int_equal(a.version, 2);
    assert_string_equal(
        read_sql(r, "SELECT detail FROM audit_event WHERE action = 'application.update'"),
        "{\"after\":{\"enabled\":false,\"name\":\"Billing 2\",\"scopes\":\"api\"},\"before\":{\"enabled\":"
        "true,\"name\":\"Billing\",\"scopes\":\"api customer\"}}");
}

static void test_unchanged_writes_nothing(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "Billing");
    bool enabled = true;
    la_application_edit edit = {.name = LA_SLICE("Billing"),
                                .scopes = LA_SLICE("api customer"),
                                .auth_method = LA_SLICE("client_secret"),
                                .enabled = &enabled};
    int64_t before = count_events(r, "");
    assert_ok(la_command_update_application(&r->commands, &a, &edit, &a));
    assert_int_equal(a.version, 1);
    assert_int_equal(count_events(r, ""), before);
}

static void test_enable_and_disable_by_name(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "Billing");
    for (int i = 0; i < 2; i++) {
        bool enabled = i == 1;
        la_application_edit edit = {.enabled = &enabled};
        assert_ok(la_command_update_application(&r->commands, &a, &edit, &a));
        assert_int_equal(count_events(r, enabled ? "application.enable" : "application.disable"), 1);
    }
}

static void test_stale_update_changes_nothing(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "Billing"), seen = a, now;
    la_application_edit first = {.name = LA_SLICE("first")}, second = {.name = LA_SLICE("second")};
    assert_ok(la_command_update_application(&r->commands, &a, &first, &a));
    int64_t before = count_events(r, "");
    assert_code(la_command_update_application(&r->commands, &seen, &second, &now), LA_STALE);
    assert_string_equal(now.name, "first");
    assert_int_equal(now.version, 2);
    assert_int_equal(count_events(r, ""), before);
}

static void test_refused_commands_leave_nothing(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "Billing");
    la_created_application created;
    uint64_t secret_id;
    char secret[LA_CLIENT_SECRET_MAX + 1];
    assert_ok(la_command_add_secret(&r->commands, &a, 0, &secret_id, secret));
    int64_t before = count_events(r, "");
    assert_code(la_command_add_secret(&r->commands, &a, 0, &secret_id, secret), LA_CONFLICT);
    assert_code(la_command_revoke_secret(&r->commands, &a, 999), LA_NOT_FOUND);
    assert_code(la_command_remove_customer(&r->commands, &a, LA_SLICE("nobody")), LA_NOT_FOUND);
    assert_code(la_command_create_application(&r->commands, LA_SLICE("production"), LA_SLICE(""), LA_SLICE(""),
                                              LA_AUTH_CLIENT_SECRET, &created),
                LA_INVALID);
    assert_int_equal(count_events(r, ""), before);
    assert_whole(r, (uint64_t)before);
}

/* Where the event cannot be written, the change is not there either. */
static void test_no_change_without_its_event(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "Billing");
    la_application_edit edit = {.name = LA_SLICE("other")};
    run_sql(r, "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT raise(ABORT, 'no room'); END");
    assert_false(la_is_ok(la_command_update_application(&r->commands, &a, &edit, &a)));
    assert_false(la_is_ok(la_command_delete_application(&r->commands, &a)));
    assert_string_equal(read_sql(r, "SELECT name FROM application"), "Billing");
    run_sql(r, "DROP TRIGGER full");
    assert_whole(r, BEFORE + 1);
}

static void test_secrets_and_customers(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "Billing");
    la_slice customer = LA_SLICE("5f0c7a1e-3b52-4d8a-9c64-e1d2b3a4f596");
    uint64_t secret_id;
    char secret[LA_CLIENT_SECRET_MAX + 1];
    assert_ok(la_command_add_secret(&r->commands, &a, 3600, &secret_id, secret));
    assert_ok(la_command_revoke_secret(&r->commands, &a, secret_id));
    assert_ok(la_command_revoke_secret(&r->commands, &a, secret_id)); /* the second time is no event */
    assert_ok(la_command_add_customer(&r->commands, &a, customer, LA_SLICE("user-17")));
    assert_ok(la_command_remove_customer(&r->commands, &a, customer));
    assert_ok(la_command_delete_application(&r->commands, &a));
    assert_string_equal(
        read_sql(r, "SELECT group_concat(action, ' ') FROM audit_event WHERE target_id = '%s'", a.client_id),
        "application.create secret.add secret.revoke customer.add customer.remove application.delete");
    /* Neither a secret nor what may name a person. */
    assert_int_equal(
        run_sql(r, "SELECT count(*) FROM audit_event WHERE instr(detail, '%s') OR instr(detail, 'user-17')", secret),
        0);
    assert_whole(r, BEFORE + 6);
}

static void test_group_of_the_caller(void **state)
{
    rig *r = *state;
    assert_ok(la_store_begin(r->commands.store));
    add_application(r, "production", "one");
    add_application(r, "production", "two");
    la_store_rollback(r->commands.store);
    assert_int_equal(count_events(r, ""), BEFORE);
    assert_ok(la_store_begin(r->commands.store));
    add_application(r, "production", "one");
    add_application(r, "production", "two");
    assert_ok(la_store_commit(r->commands.store));
    assert_int_equal(count_events(r, ""), BEFORE + 2);
    assert_whole(r, BEFORE + 2);
}

static void test_what_came_from_outside_is_cleaned(void **state)
{
    rig *r = *state;
    char big[2000];
    memset(big, 'x', sizeof big);
    la_audit_event event = {
        .action = "admin.refused",
        .refused = true,
        .target_kind = "path",
        .target_id = {"a\nb\xFF\x1b[31m", 9},
        .target_name = {big, sizeof big},
        .detail = json_pack("{s:o}", "text", json_stringn(big, sizeof big)),
    };
    json_t *list = json_array();
    for (int i = 0; i < 10; i++)
        json_array_append_new(list, json_stringn(big, sizeof big));
    assert_ok(la_audit_note(&r->commands, &event));
    event.detail = json_pack("{s:o}", "list", list);
    assert_ok(la_audit_note(&r->commands, &event));
    assert_string_equal(read_sql(r, "SELECT target_id FROM audit_event WHERE sequence = 4"), "a?b??[31m");
    assert_int_equal(run_sql(r, "SELECT length(target_name) FROM audit_event WHERE sequence = 4"), 256);
    assert_string_equal(read_sql(r, "SELECT detail FROM audit_event WHERE sequence = 5"), "{\"too_large\":true}");
    assert_whole(r, 5);
}

static void test_refusals_of_the_token_endpoint(void **state)
{
    rig *r = *state;
    const la_noted_refusal refusals[] = {
        {r->commands.environment_ids[1], LA_BROWSER, LA_SLICE("client-1"), LA_SLICE("192.0.2.1"), 12, 1800000000,
         1800000050},
        {r->commands.environment_ids[0], LA_CLIENT_OTHER_ENVIRONMENT, LA_SLICE("client-2"), LA_SLICE("::1"), 1,
         1800000000, 1800000000},
    };
    assert_ok(la_command_note_refusals(&r->commands, refusals, 2));
    assert_string_equal(
        read_sql(r, "SELECT group_concat(actor_kind || ' ' || address || ' ' || environment || ' ' || action "
                    "|| ' ' || outcome || ' ' || target_id, ', ') FROM audit_event WHERE sequence > 3"),
        "anonymous 192.0.2.1 sandbox token.refused_browser refused client-1, anonymous ::1 production "
        "token.refused_other_environment refused client-2");
    assert_string_equal(read_sql(r, "SELECT detail FROM audit_event WHERE sequence = 4"),
                        "{\"count\":12,\"first_at\":\"2027-01-15T08:00:00Z\",\"last_at\":\"2027-01-15T08:00:50Z\"}");
}

/* ---- attacks ---- */

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

/* Every column of every event. An attack that changes nothing of an event is left out. */
static void test_every_column(void **state)
{
    rig *r = *state;
    fill(r, 4);
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
    fill(r, 3);
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
    fill(r, 4);
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
    fill(r, 3);
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
    fill(r, 2);
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
    fill(r, 2);
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
        assert_false(verify(r).whole);
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
    fill(r, 2);
    save(r);
    fill(r, 2);
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
    fill(r, 2);
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
    fill(r, 2);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        run_sql(r, "%s", attacks[i]);
        la_commands_close(&r->commands);
        assert_ok(la_commands_open(r->config, LA_STORE_MIGRATE, &r->commands));
        assert_false(verify(r).whole);
        add_application(r, "production", "afterwards");
        assert_false(verify(r).whole);
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
    la_audit_verdict v = verify(*state);
    la_audit_mark mark = {v.head_sequence, {0}}, other;
    memcpy(mark.hash, v.head_hash, sizeof mark.hash);
    fill(r, 2);
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

/* ---- exports ---- */

typedef struct lines {
    unsigned n;
    char *texts[32];
} lines;

static la_result keep_line(void *self, const la_audit_row *row)
{
    lines *l = self;
    json_t *event = la_audit_to_json(row);
    assert_non_null(event);
    l->texts[l->n++] = json_dumps(event, JSON_COMPACT);
    json_decref(event);
    return la_ok();
}

static lines read_lines(rig *r)
{
    lines l = {0};
    assert_ok(la_store_read_audit(r->commands.store, 1, 32, keep_line, &l));
    return l;
}

static void free_lines(lines *l)
{
    for (unsigned i = 0; i < l->n; i++)
        free(l->texts[i]);
}

static la_audit_verdict verify_lines(rig *r, const lines *l, unsigned from, unsigned to, const la_audit_mark *mark)
{
    char path[320];
    la_audit_verdict v;
    snprintf(path, sizeof path, "%s/export.jsonl", r->folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (unsigned i = from; i < to; i++)
        fprintf(f, "%s\n", l->texts[i]);
    fclose(f);
    assert_ok(la_audit_verify_file(path, mark, &v));
    return v;
}

static void test_export(void **state)
{
    rig *r = *state;
    fill(r, 3);
    lines l = read_lines(r);
    la_audit_verdict v = verify_lines(r, &l, 0, l.n, NULL);
    assert_string_equal(v.reason, "");
    assert_true(v.whole);
    assert_int_equal(v.events, 6);
    v = verify_lines(r, &l, 2, 5, NULL); /* a part */
    assert_true(v.whole);
    assert_int_equal(v.head_sequence, 5);
    la_audit_mark mark = {6, {0}};
    memcpy(mark.hash, v.head_hash, sizeof mark.hash);
    v = verify_lines(r, &l, 0, 5, &mark);
    assert_false(v.whole);
    assert_int_equal(v.first_bad, 6);
    char *swapped = l.texts[3];
    l.texts[3] = l.texts[4];
    l.texts[4] = swapped;
    v = verify_lines(r, &l, 0, l.n, NULL);
    assert_int_equal(v.first_bad, 4);
    free_lines(&l);
}

/* Every character of an event's line, changed to another one: never whole, unless the line means the same. */
static void test_export_every_character(void **state)
{
    rig *r = *state;
    fill(r, 1);
    lines l = read_lines(r);
    char *line = l.texts[3];
    size_t n = strlen(line);
    for (size_t i = 0; i < n; i++) {
        char before = line[i];
        line[i] = before == '0' ? '1' : '0';
        la_audit_verdict v = verify_lines(r, &l, 2, 4, NULL);
        if (v.whole)
            fail_msg("character %zu (%c) of %s", i, before, line);
        assert_int_equal(v.first_bad, 4);
        line[i] = before;
    }
    assert_true(verify_lines(r, &l, 2, 4, NULL).whole);
    free_lines(&l);
}

static void test_no_export(void **state)
{
    rig *r = *state;
    la_audit_verdict v;
    lines l = {.n = 1, .texts = {"nonsense"}};
    v = verify_lines(r, &l, 0, 1, NULL);
    assert_false(v.whole);
    assert_int_equal(v.first_bad, 1);
    assert_code(la_audit_verify_file("/nonexistent/file", NULL, &v), LA_IO);
    v = verify_lines(r, &l, 0, 0, NULL);
    assert_true(v.whole);
    assert_int_equal(v.events, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_event_of_a_change),
        TEST(test_what_starts_by_itself_is_the_systems),
        TEST(test_update_keeps_what_differs),
        TEST(test_unchanged_writes_nothing),
        TEST(test_enable_and_disable_by_name),
        TEST(test_stale_update_changes_nothing),
        TEST(test_refused_commands_leave_nothing),
        TEST(test_no_change_without_its_event),
        TEST(test_secrets_and_customers),
        TEST(test_group_of_the_caller),
        TEST(test_what_came_from_outside_is_cleaned),
        TEST(test_refusals_of_the_token_endpoint),
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
        TEST(test_export),
        TEST(test_export_every_character),
        TEST(test_no_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
