#include "rig.h"

#include "base/secret.h"

#include <sqlite3.h>

static const char environments[] = "environments:\n"
                                   "  - name: production\n"
                                   "    issuer: https://auth.example.com\n"
                                   "    api: {audience: https://api.example.com}\n"
                                   "    customer: {audience: https://sdk.example.com}\n"
                                   "  - name: sandbox\n"
                                   "    issuer: https://sandbox.example.com\n"
                                   "    test: true\n"
                                   "    api: {audience: https://api.sandbox.example.com}\n"
                                   "    customer: {audience: https://sdk.sandbox.example.com}\n";

rig *rig_open(const char *options)
{
    rig *r = calloc(1, sizeof *r);
    char path[300], key[300];
    assert_non_null(r);
    assert_ok(la_secret_setup());
    r->folder = unit_mkdir();
    snprintf(path, sizeof path, "%s/leanauth.yaml", r->folder);
    snprintf(key, sizeof key, "%s/master.key", r->folder);
    snprintf(r->database, sizeof r->database, "%s/leanauth.db", r->folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%s%s", options, environments);
    fclose(f);
    assert_ok(la_config_load(path, &r->config));
    assert_ok(la_master_key_create(key));
    assert_ok(la_commands_open(r->config, LA_STORE_CREATE, &r->commands));
    r->commands.actor = (la_actor){
        .kind = LA_ACTOR_COMMAND_LINE,
        .id = LA_SLICE("tester"),
        .name = LA_SLICE("tester"),
        .address = LA_SLICE("192.0.2.7"),
        .request_id = LA_SLICE("request-1"),
    };
    return r;
}

void rig_close(rig *r)
{
    la_commands_close(&r->commands);
    la_config_free(r->config);
    unit_rmdir(r->folder);
    free(r);
}

int set_up(void **state)
{
    *state = rig_open("");
    return 0;
}

int tear_down(void **state)
{
    rig_close(*state);
    return 0;
}

__attribute__((format(printf, 2, 0))) static const char *query(const rig *r, const char *format, va_list args)
{
    static char text[8192];
    char sql[4096];
    sqlite3 *db;
    sqlite3_stmt *statement;
    vsnprintf(sql, sizeof sql, format, args);
    assert_int_equal(sqlite3_open(r->database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = 1", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
    text[0] = 0;
    for (const char *rest = sql; *rest;) {
        if (sqlite3_prepare_v2(db, rest, -1, &statement, &rest) != SQLITE_OK)
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        int rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW && sqlite3_column_text(statement, 0))
            snprintf(text, sizeof text, "%s", (const char *)sqlite3_column_text(statement, 0));
        else if (rc != SQLITE_DONE && rc != SQLITE_ROW)
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        sqlite3_finalize(statement);
        while (*rest == ' ')
            rest++;
    }
    sqlite3_close(db);
    return text;
}

int64_t run_sql(const rig *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int64_t v = strtoll(query(r, format, args), NULL, 10);
    va_end(args);
    return v;
}

const char *read_sql(const rig *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = query(r, format, args);
    va_end(args);
    return text;
}

int64_t count_events(const rig *r, const char *action)
{
    return run_sql(r, "SELECT count(*) FROM audit_event WHERE action = '%s' OR '%s' = ''", action, action);
}

la_application_row add_application(rig *r, const char *environment, const char *name)
{
    la_created_application created;
    assert_ok(la_command_create_application(&r->commands,
                                            &(la_application_plan){.environment = la_slice_of(environment),
                                                                   .name = la_slice_of(name),
                                                                   .scopes = LA_SLICE("")},
                                            &created));
    return created.row;
}

la_operator_row add_operator(rig *r, const char *email, la_role role)
{
    la_operator_row row;
    char none[LA_GENERATED_PASSWORD_BYTES];
    la_new_operator o = {
        .email = la_slice_of(email),
        .role = role,
        .all_environments = true,
        .password = LA_SLICE(PASSWORD),
    };
    assert_ok(la_command_add_operator(&r->commands, &o, &row, none));
    return row;
}

/* ---- the audit log ---- */

la_audit_verdict verify_log(rig *r)
{
    la_audit_verdict v;
    assert_ok(la_audit_verify(&r->commands, NULL, &v));
    return v;
}

void assert_whole(rig *r, uint64_t events)
{
    la_audit_verdict v = verify_log(r);
    assert_string_equal(v.reason, "");
    assert_true(v.whole);
    assert_int_equal(v.events, events);
    assert_int_equal(v.head_sequence, events);
}

void assert_broken(rig *r, const char *what, uint64_t first_bad)
{
    la_audit_verdict v = verify_log(r);
    if (v.whole)
        fail_msg("%s is not found", what);
    if (v.first_bad != first_bad)
        fail_msg("%s: event %llu is named instead of %llu: %s", what, (unsigned long long)v.first_bad,
                 (unsigned long long)first_bad, v.reason);
    assert_int_not_equal(v.reason[0], 0);
}

void fill_log(rig *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "application %u", i);
        add_application(r, i % 2 ? "sandbox" : "production", name);
    }
}
