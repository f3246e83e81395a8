/* Who may be what, who may take what away from whom, and own passwords and second factors. */
#include "rig.h"

#include "base/clock.h"

#include <liboath/oath.h>

static void act_as(rig *r, const la_operator_row *o)
{
    static char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)o->operator_id);
    r->commands.actor = (la_actor){LA_ACTOR_OPERATOR, la_slice_of(id), la_slice_of(o->email), LA_SLICE(""),
                                   LA_SLICE("")};
}

static void test_add(void **state)
{
    rig *r = *state;
    la_operator_row o;
    char password[LA_GENERATED_PASSWORD_BYTES];
    const la_slice sandbox[] = {LA_SLICE("sandbox"), LA_SLICE("sandbox")};
    la_new_operator wanted = {.email = LA_SLICE(" Huda@Example.com "),
                              .role = LA_ROLE_DEVELOPER,
                              .environments = sandbox,
                              .n_environments = 2};
    assert_ok(la_command_add_operator(&r->commands, &wanted, &o, password));
    assert_string_equal(o.email, "Huda@Example.com");
    assert_string_equal(o.name, "Huda");
    assert_int_equal(o.n_environments, 1);
    assert_false(o.all_environments);
    assert_true(o.must_change_password);
    assert_true(o.enabled);
    assert_int_equal(strlen(password), 24);
    assert_string_equal(
        read_sql(r, "SELECT detail FROM audit_event WHERE action = 'operator.create'"),
        "{\"after\":{\"email\":\"Huda@Example.com\",\"enabled\":true,\"environments\":[\"sandbox\"],\"name\":"
        "\"Huda\",\"role\":\"developer\"}}");
    wanted.email = LA_SLICE("huda@example.COM");
    assert_code(la_command_add_operator(&r->commands, &wanted, &o, password), LA_EXISTS);
    assert_ok(la_command_find_operator(&r->commands, LA_SLICE("HUDA@example.com"), &o));
    assert_ok(la_command_find_operator(&r->commands, LA_SLICE("1"), &o));
    assert_code(la_command_find_operator(&r->commands, LA_SLICE("2"), &o), LA_NOT_FOUND);
    assert_code(la_command_find_operator(&r->commands, LA_SLICE("nobody"), &o), LA_NOT_FOUND);
}

static void test_add_refused(void **state)
{
    rig *r = *state;
    la_operator_row o;
    char password[LA_GENERATED_PASSWORD_BYTES];
    const la_slice unknown[] = {LA_SLICE("staging")}, known[] = {LA_SLICE("sandbox")};
    la_new_operator wanted = {.email = LA_SLICE("no email"), .role = LA_ROLE_ADMIN, .all_environments = true};
    assert_code(la_command_add_operator(&r->commands, &wanted, &o, password), LA_INVALID);
    wanted.email = LA_SLICE("a@b");
    wanted.password = LA_SLICE("password1234");
    assert_code(la_command_add_operator(&r->commands, &wanted, &o, password), LA_INVALID);
    wanted.password = LA_NO_SLICE;
    wanted.name = LA_SLICE("\n\n");
    assert_code(la_command_add_operator(&r->commands, &wanted, &o, password), LA_INVALID);
    wanted.name = LA_NO_SLICE;
    wanted.all_environments = false;
    wanted.environments = unknown;
    wanted.n_environments = 1;
    assert_code(la_command_add_operator(&r->commands, &wanted, &o, password), LA_NOT_FOUND);
    wanted.environments = known; /* an admin of one environment is none */
    assert_code(la_command_add_operator(&r->commands, &wanted, &o, password), LA_INVALID);
    assert_int_equal(run_sql(r, "SELECT count(*) FROM operator"), 0);
    assert_int_equal(count_events(r, "operator.create"), 0);
}

static void test_last_admin_stays(void **state)
{
    rig *r = *state;
    la_operator_row one = add_operator(r, "one@example.com", LA_ROLE_ADMIN), two, out;
    la_role developer = LA_ROLE_DEVELOPER;
    bool off = false;
    la_operator_edit demote = {.role = &developer}, disable = {.enabled = &off};
    assert_code(la_command_update_operator(&r->commands, &one, &demote, &out), LA_CONFLICT);
    assert_code(la_command_update_operator(&r->commands, &one, &disable, &out), LA_CONFLICT);
    assert_code(la_command_delete_operator(&r->commands, &one), LA_CONFLICT);
    two = add_operator(r, "two@example.com", LA_ROLE_ADMIN);
    assert_ok(la_command_update_operator(&r->commands, &two, &disable, &two));
    /* A disabled one is no admin who could let others in. */
    assert_code(la_command_delete_operator(&r->commands, &one), LA_CONFLICT);
    assert_ok(la_command_delete_operator(&r->commands, &two));
    assert_string_equal(read_sql(r, "SELECT group_concat(action, ' ') FROM audit_event WHERE target_kind = 'operator'"),
                        "operator.create operator.create operator.update operator.delete");
}

static void test_nobody_takes_away_their_own_access(void **state)
{
    rig *r = *state;
    la_operator_row one = add_operator(r, "one@example.com", LA_ROLE_ADMIN), out;
    la_operator_row two = add_operator(r, "two@example.com", LA_ROLE_ADMIN);
    la_role auditor = LA_ROLE_AUDITOR;
    bool off = false;
    la_operator_edit demote = {.role = &auditor}, disable = {.enabled = &off}, rename = {.name = LA_SLICE("One")};
    act_as(r, &one);
    assert_code(la_command_update_operator(&r->commands, &one, &demote, &out), LA_CONFLICT);
    assert_code(la_command_update_operator(&r->commands, &one, &disable, &out), LA_CONFLICT);
    assert_code(la_command_delete_operator(&r->commands, &one), LA_CONFLICT);
    assert_ok(la_command_update_operator(&r->commands, &one, &rename, &one));
    assert_ok(la_command_update_operator(&r->commands, &two, &demote, &two));
    assert_int_equal(two.role, LA_ROLE_AUDITOR);
}

static void test_update(void **state)
{
    rig *r = *state;
    add_operator(r, "one@example.com", LA_ROLE_ADMIN);
    la_operator_row o = add_operator(r, "two@example.com", LA_ROLE_DEVELOPER), seen = o;
    const la_slice both[] = {LA_SLICE("sandbox"), LA_SLICE("production")}, unknown[] = {LA_SLICE("staging")};
    la_operator_edit edit = {.set_environments = true, .environments = both, .n_environments = 2};
    assert_ok(la_command_update_operator(&r->commands, &o, &edit, &o));
    assert_false(o.all_environments);
    assert_int_equal(o.n_environments, 2);
    int64_t before = count_events(r, "");
    uint64_t version = o.version;
    assert_ok(la_command_update_operator(&r->commands, &o, &edit, &o)); /* as it is */
    assert_int_equal(count_events(r, ""), before);
    assert_int_equal(o.version, version);
    assert_code(la_command_update_operator(&r->commands, &seen, &edit, &seen), LA_STALE);
    assert_int_equal(seen.version, version);
    edit.environments = unknown;
    edit.n_environments = 1;
    assert_code(la_command_update_operator(&r->commands, &o, &edit, &o), LA_NOT_FOUND);
    /* One that is no longer configured may stay, beside others. */
    run_sql(r, "INSERT INTO operator_environment VALUES (%llu, 'staging')", (unsigned long long)o.operator_id);
    const la_slice kept[] = {LA_SLICE("staging"), LA_SLICE("sandbox")};
    edit.environments = kept;
    edit.n_environments = 2;
    assert_ok(la_command_update_operator(&r->commands, &o, &edit, &o));
    assert_int_equal(o.n_environments, 2);
    la_role admin = LA_ROLE_ADMIN;
    la_operator_edit promote = {.role = &admin};
    assert_ok(la_command_update_operator(&r->commands, &o, &promote, &o));
    assert_true(o.all_environments);
}

static void test_other_rights_end_sessions(void **state)
{
    rig *r = *state;
    la_operator_row o = add_operator(r, "one@example.com", LA_ROLE_DEVELOPER), who;
    la_session_row s;
    char cookie[LA_COOKIE_BYTES];
    la_slice email = LA_SLICE("one@example.com");
    la_role auditor = LA_ROLE_AUDITOR;
    la_operator_edit rename = {.name = LA_SLICE("One")}, demote = {.role = &auditor};
    assert_ok(la_command_login(&r->commands, email, LA_SLICE(PASSWORD), LA_SLICE("browser"), &s, &who, cookie));
    assert_ok(la_command_find_operator(&r->commands, email, &o));
    assert_ok(la_command_update_operator(&r->commands, &o, &rename, &o));
    assert_ok(la_command_find_session(&r->commands, la_slice_of(cookie), &s, &who));
    assert_ok(la_command_update_operator(&r->commands, &o, &demote, &o));
    assert_code(la_command_find_session(&r->commands, la_slice_of(cookie), &s, &who), LA_UNAUTHENTICATED);
}

static void test_reset_password(void **state)
{
    rig *r = *state;
    la_operator_row o = add_operator(r, "one@example.com", LA_ROLE_ADMIN), who;
    la_session_row s;
    char cookie[LA_COOKIE_BYTES], again[LA_COOKIE_BYTES], password[LA_GENERATED_PASSWORD_BYTES];
    la_slice email = LA_SLICE("one@example.com");
    assert_ok(la_command_login(&r->commands, email, LA_SLICE(PASSWORD), LA_SLICE(""), &s, &who, cookie));
    assert_ok(la_command_reset_password(&r->commands, &o, password));
    assert_code(la_command_find_session(&r->commands, la_slice_of(cookie), &s, &who), LA_UNAUTHENTICATED);
    assert_code(la_command_login(&r->commands, email, LA_SLICE(PASSWORD), LA_SLICE(""), &s, &who, again),
                LA_UNAUTHENTICATED);
    assert_ok(la_command_login(&r->commands, email, la_slice_of(password), LA_SLICE(""), &s, &who, again));
    assert_int_equal(s.state, LA_SESSION_PASSWORD_CHANGE_REQUIRED);
    assert_int_equal(run_sql(r, "SELECT count(*) FROM audit_event WHERE instr(detail, '%s')", password), 0);
}

static void test_change_password(void **state)
{
    rig *r = *state;
    la_operator_row o = add_operator(r, "one@example.com", LA_ROLE_ADMIN);
    la_slice wanted = LA_SLICE("a violin under the stairs");
    assert_code(la_command_change_password(&r->commands, &o, NULL, LA_SLICE("wrong"), wanted, NULL, NULL),
                LA_FORBIDDEN);
    assert_code(la_command_change_password(&r->commands, &o, NULL, LA_SLICE(PASSWORD), LA_SLICE("short"), NULL, NULL),
                LA_INVALID);
    assert_code(la_command_change_password(&r->commands, &o, NULL, LA_SLICE(PASSWORD), LA_SLICE(PASSWORD), NULL, NULL),
                LA_INVALID);
    assert_int_equal(count_events(r, "operator.password_change"), 0);
    assert_int_equal(count_events(r, "session.login_failed"), 1);
    assert_ok(la_command_change_password(&r->commands, &o, NULL, LA_SLICE(PASSWORD), wanted, NULL, NULL));
    assert_int_equal(count_events(r, "operator.password_change"), 1);
    /* The row that was read before is of the past. */
    assert_code(la_command_change_password(&r->commands, &o, NULL, LA_SLICE(PASSWORD), LA_SLICE("yet another one, 12"),
                                           NULL, NULL),
                LA_CONFLICT);
    assert_ok(la_command_find_operator(&r->commands, LA_SLICE("one@example.com"), &o));
    assert_ok(la_command_check_password(&r->commands, &o, wanted));
}

/* ---- second factor ---- */

static void code_of(const char *base32, int64_t at_s, char ret[7])
{
    char *secret;
    size_t n;
    assert_int_equal(oath_base32_decode(base32, strlen(base32), &secret, &n), OATH_OK);
    assert_int_equal(oath_totp_generate(secret, n, (time_t)at_s, 30, 0, 6, ret), OATH_OK);
    free(secret);
}

static void test_totp(void **state)
{
    rig *r = *state;
    la_operator_row o = add_operator(r, "one@example.com", LA_ROLE_ADMIN);
    la_totp_offer offer;
    la_recovery_codes codes, more;
    char code[7];
    assert_code(la_command_confirm_totp(&r->commands, &o, LA_SLICE("123456"), &codes), LA_CONFLICT);
    assert_code(la_command_new_recovery_codes(&r->commands, &o, &codes), LA_CONFLICT);
    assert_ok(la_command_begin_totp(&r->commands, &o, &offer));
    assert_int_equal(strlen(offer.secret), 32);
    assert_non_null(strstr(offer.uri, offer.secret));
    assert_code(la_command_confirm_totp(&r->commands, &o, LA_SLICE("12345"), &codes), LA_FORBIDDEN);
    assert_ok(la_command_find_operator(&r->commands, LA_SLICE("1"), &o));
    assert_false(o.totp_enabled);
    code_of(offer.secret, la_clock_now_s(), code);
    assert_ok(la_command_confirm_totp(&r->commands, &o, la_slice_of(code), &codes));
    assert_ok(la_command_find_operator(&r->commands, LA_SLICE("1"), &o));
    assert_true(o.totp_enabled);
    assert_int_equal(o.recovery_codes_left, 10);
    for (unsigned i = 0; i < LA_RECOVERY_CODES; i++)
        assert_int_equal(strlen(codes.codes[i]), 14);
    assert_ok(la_command_new_recovery_codes(&r->commands, &o, &more));
    assert_memory_not_equal(&codes, &more, sizeof more);
    /* The configuration requires one. */
    assert_code(la_command_remove_totp(&r->commands, &o), LA_FORBIDDEN);
    /* Nothing of it is readable in the database. */
    assert_int_equal(run_sql(r, "SELECT count(*) FROM audit_event WHERE instr(detail, '%s') OR instr(detail, '%s')",
                             offer.secret, codes.codes[0]),
                     0);
    assert_int_equal(count_events(r, "operator.totp_enable"), 1);
    assert_int_equal(count_events(r, "operator.recovery_codes"), 1);
    assert_ok(la_command_reset_totp(&r->commands, &o));
    assert_ok(la_command_find_operator(&r->commands, LA_SLICE("1"), &o));
    assert_false(o.totp_enabled);
    assert_int_equal(o.recovery_codes_left, 0);
    assert_ok(la_command_reset_totp(&r->commands, &o)); /* nothing left: no event */
    assert_int_equal(count_events(r, "operator.totp_reset"), 1);
}

/* A new telephone takes over without a moment without second factor: the old one counts until the new one is confirmed. */
static void test_totp_changes_hands(void **state)
{
    rig *r = *state;
    la_operator_row o = add_operator(r, "one@example.com", LA_ROLE_ADMIN);
    la_totp_offer first, second;
    la_recovery_codes codes;
    la_session_row s;
    char code[7], cookie[LA_COOKIE_BYTES];
    la_slice email = LA_SLICE("one@example.com");
    int64_t now_s = la_clock_now_s();
    assert_ok(la_command_begin_totp(&r->commands, &o, &first));
    code_of(first.secret, now_s, code);
    assert_ok(la_command_confirm_totp(&r->commands, &o, la_slice_of(code), &codes));
    assert_ok(la_command_begin_totp(&r->commands, &o, &second));
    assert_ok(la_command_login(&r->commands, email, LA_SLICE(PASSWORD), LA_SLICE(""), &s, &o, cookie));
    assert_int_equal(s.state, LA_SESSION_TOTP_REQUIRED);
    code_of(second.secret, now_s + 30, code);
    assert_code(la_command_login_totp(&r->commands, &s, la_slice_of(code), LA_NO_SLICE, &s, cookie),
                LA_UNAUTHENTICATED);
    code_of(first.secret, now_s + 30, code);
    assert_ok(la_command_login_totp(&r->commands, &s, la_slice_of(code), LA_NO_SLICE, &s, cookie));
    code_of(second.secret, now_s, code);
    assert_ok(la_command_confirm_totp(&r->commands, &o, la_slice_of(code), &codes));
    assert_ok(la_command_login(&r->commands, email, LA_SLICE(PASSWORD), LA_SLICE(""), &s, &o, cookie));
    code_of(second.secret, now_s + 30, code);
    assert_ok(la_command_login_totp(&r->commands, &s, la_slice_of(code), LA_NO_SLICE, &s, cookie));
}

static void test_totp_removed_where_it_is_not_required(void **state)
{
    rig *r = rig_open("admin: {require_totp: false}\n");
    la_operator_row o = add_operator(r, "one@example.com", LA_ROLE_ADMIN);
    la_totp_offer offer;
    la_recovery_codes codes;
    char code[7];
    assert_ok(la_command_remove_totp(&r->commands, &o)); /* there is none */
    assert_ok(la_command_begin_totp(&r->commands, &o, &offer));
    code_of(offer.secret, la_clock_now_s(), code);
    assert_ok(la_command_confirm_totp(&r->commands, &o, la_slice_of(code), &codes));
    assert_ok(la_command_remove_totp(&r->commands, &o));
    assert_ok(la_command_find_operator(&r->commands, LA_SLICE("1"), &o));
    assert_false(o.totp_enabled);
    assert_int_equal(o.totp_wrapped_n, 0);
    assert_int_equal(count_events(r, "operator.totp_disable"), 1);
    rig_close(r);
}

/* What is wrapped for one operator is nothing to another. */
static void test_totp_is_bound_to_its_operator(void **state)
{
    rig *r = *state;
    la_operator_row one = add_operator(r, "one@example.com", LA_ROLE_ADMIN), two;
    la_totp_offer offer;
    la_recovery_codes codes;
    char code[7];
    two = add_operator(r, "two@example.com", LA_ROLE_ADMIN);
    assert_ok(la_command_begin_totp(&r->commands, &one, &offer));
    run_sql(r, "UPDATE operator SET totp_wrapped = (SELECT totp_wrapped FROM operator WHERE operator_id = 1) WHERE "
               "operator_id = 2");
    code_of(offer.secret, la_clock_now_s(), code);
    assert_code(la_command_confirm_totp(&r->commands, &two, la_slice_of(code), &codes), LA_CRYPTO);
    assert_ok(la_command_confirm_totp(&r->commands, &one, la_slice_of(code), &codes));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_add),
        TEST(test_add_refused),
        TEST(test_last_admin_stays),
        TEST(test_nobody_takes_away_their_own_access),
        TEST(test_update),
        TEST(test_other_rights_end_sessions),
        TEST(test_reset_password),
        TEST(test_change_password),
        TEST(test_totp),
        TEST(test_totp_changes_hands),
        cmocka_unit_test(test_totp_removed_where_it_is_not_required),
        TEST(test_totp_is_bound_to_its_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
