/* The log as it is written: which changes, by whom, with what; and none without the other. */
#include "rig.h"

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
    assert_code(
        la_command_create_application(
            &r->commands,
            &(la_application_plan){.environment = LA_SLICE("production"), .name = LA_SLICE(""), .scopes = LA_SLICE("")},
            &created),
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
    assert_ok(la_command_add_customer(&r->commands, &a, customer, LA_SLICE("user-17"), &(int64_t){0}));
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
