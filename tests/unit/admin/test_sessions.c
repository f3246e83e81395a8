/* Logging in by steps, what ends a session, and what the log keeps of it. */
#include "rig.h"

#include "base/clock.h"

#include <liboath/oath.h>
#include <sodium.h>

#define EMAIL "one@example.com"

static const char no_totp[] = "admin: {require_totp: false, session_idle_s: 600, session_max_s: 3600}\n";

static la_result log_in(rig *r, const char *password, la_session_row *s, char cookie[LA_COOKIE_BYTES])
{
    la_operator_row o;
    return la_command_login(&r->commands, LA_SLICE(EMAIL), la_slice_of(password), LA_SLICE("Browser/1"), s, &o, cookie);
}

static la_result find(rig *r, const char *cookie)
{
    la_session_row s;
    la_operator_row o;
    return la_command_find_session(&r->commands, la_slice_of(cookie), &s, &o);
}

static void test_login(void **state)
{
    rig *r = rig_open(no_totp);
    la_session_row s, found;
    la_operator_row o;
    char cookie[LA_COOKIE_BYTES];
    add_operator(r, EMAIL, LA_ROLE_ADMIN);
    r->commands.actor = (la_actor){.kind = LA_ACTOR_ANONYMOUS, .address = LA_SLICE("192.0.2.9")};
    assert_ok(log_in(r, PASSWORD, &s, cookie));
    assert_int_equal(s.state, LA_SESSION_COMPLETE);
    assert_int_equal(s.expires_at_s - s.created_at_s, 3600);
    assert_string_equal(s.address, "192.0.2.9");
    assert_string_equal(s.user_agent, "Browser/1");
    assert_int_equal(strlen(cookie), 43);
    assert_ok(la_command_find_session(&r->commands, la_slice_of(cookie), &found, &o));
    assert_int_equal(found.session_id, s.session_id);
    assert_string_equal(o.email, EMAIL);
    assert_int_not_equal(o.last_login_at_s, 0);
    assert_string_equal(
        read_sql(r, "SELECT actor_kind || ' ' || actor_name || ' ' || address || ' ' || outcome || ' ' || detail "
                    "FROM audit_event WHERE action = 'session.login'"),
        "operator " EMAIL " 192.0.2.9 done {\"state\":\"complete\"}");
    /* The actor of the caller stays what it was. */
    assert_int_equal(r->commands.actor.kind, LA_ACTOR_ANONYMOUS);
    /* The cookie's value is not in the database. */
    assert_int_equal(run_sql(r, "SELECT count(*) FROM operator_session WHERE instr(digest, '%s')", cookie), 0);
    rig_close(r);
}

static void test_refused_alike(void **state)
{
    rig *r = rig_open(no_totp);
    la_operator_row o = add_operator(r, EMAIL, LA_ROLE_DEVELOPER), none;
    la_session_row s;
    char cookie[LA_COOKIE_BYTES], said[200];
    bool off = false;
    la_operator_edit disable = {.enabled = &off};
    assert_code(log_in(r, "wrong", &s, cookie), LA_UNAUTHENTICATED);
    snprintf(said, sizeof said, "%s", la_detail());
    assert_code(la_command_login(&r->commands, LA_SLICE("nobody@example.com"), LA_SLICE(PASSWORD), LA_SLICE(""), &s,
                                 &none, cookie),
                LA_UNAUTHENTICATED);
    assert_string_equal(la_detail(), said);
    assert_ok(la_command_update_operator(&r->commands, &o, &disable, &o));
    assert_code(log_in(r, PASSWORD, &s, cookie), LA_UNAUTHENTICATED);
    assert_string_equal(la_detail(), said);
    /* A password in the wrong field does not get into the log. */
    assert_code(
        la_command_login(&r->commands, LA_SLICE("my secret password"), LA_SLICE("x"), LA_SLICE(""), &s, &none, cookie),
        LA_UNAUTHENTICATED);
    assert_string_equal(
        read_sql(r, "SELECT group_concat(outcome || ' ' || target_id || ' ' || target_name, ', ') FROM audit_event "
                    "WHERE action = 'session.login_failed'"),
        "refused 1 " EMAIL ", refused  nobody@example.com, refused 1 " EMAIL ", refused  ");
    assert_int_equal(run_sql(r, "SELECT count(*) FROM operator_session"), 0);
    rig_close(r);
}

static void test_cookies_that_are_none(void **state)
{
    rig *r = rig_open(no_totp);
    la_session_row s;
    char cookie[LA_COOKIE_BYTES];
    add_operator(r, EMAIL, LA_ROLE_ADMIN);
    assert_ok(log_in(r, PASSWORD, &s, cookie));
    assert_code(find(r, ""), LA_UNAUTHENTICATED);
    assert_code(find(r, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), LA_UNAUTHENTICATED);
    assert_code(find(r, "AAAA"), LA_UNAUTHENTICATED);
    assert_code(find(r, "not base64url at all, but some text that is longer than any cookie of ours"),
                LA_UNAUTHENTICATED);
    cookie[0] = cookie[0] == 'A' ? 'B' : 'A';
    assert_code(find(r, cookie), LA_UNAUTHENTICATED);
    rig_close(r);
}

static void test_timeouts(void **state)
{
    static const struct {
        const char *past;
        bool over;
    } cases[] = {
        {"last_seen_at_s = last_seen_at_s - 590", false},
        {"last_seen_at_s = last_seen_at_s - 600", true},
        {"created_at_s = created_at_s - 3500", false},
        {"created_at_s = created_at_s - 3600",
         true}, /* whatever expires_at says: the configuration may have become stricter */
        {"expires_at_s = expires_at_s - 3600", true},
    };
    rig *r = rig_open(no_totp);
    add_operator(r, EMAIL, LA_ROLE_ADMIN);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        la_session_row s;
        char cookie[LA_COOKIE_BYTES];
        assert_ok(log_in(r, PASSWORD, &s, cookie));
        run_sql(r, "UPDATE operator_session SET %s", cases[i].past);
        assert_code(find(r, cookie), cases[i].over ? LA_UNAUTHENTICATED : LA_OK);
        run_sql(r, "DELETE FROM operator_session");
    }
    rig_close(r);
}

static void test_seen(void **state)
{
    rig *r = rig_open(no_totp);
    la_session_row s;
    char cookie[LA_COOKIE_BYTES];
    int64_t now_s = la_clock_now_s();
    add_operator(r, EMAIL, LA_ROLE_ADMIN);
    assert_ok(log_in(r, PASSWORD, &s, cookie));
    run_sql(r, "UPDATE operator_session SET last_seen_at_s = %lld", (long long)now_s - 30);
    assert_ok(find(r, cookie));
    assert_int_equal(run_sql(r, "SELECT last_seen_at_s FROM operator_session"), now_s - 30);
    run_sql(r, "UPDATE operator_session SET last_seen_at_s = %lld", (long long)now_s - 90);
    assert_ok(find(r, cookie));
    assert_true(run_sql(r, "SELECT last_seen_at_s FROM operator_session") >= now_s);
    rig_close(r);
}

static void test_disabled_and_removed(void **state)
{
    rig *r = rig_open(no_totp);
    la_session_row s;
    la_operator_row o = add_operator(r, EMAIL, LA_ROLE_DEVELOPER);
    char cookie[LA_COOKIE_BYTES];
    assert_ok(log_in(r, PASSWORD, &s, cookie));
    run_sql(r, "UPDATE operator SET enabled = 0");
    assert_code(find(r, cookie), LA_UNAUTHENTICATED);
    run_sql(r, "UPDATE operator SET enabled = 1");
    assert_ok(find(r, cookie));
    assert_ok(la_command_delete_operator(&r->commands, &o));
    assert_code(find(r, cookie), LA_UNAUTHENTICATED);
    rig_close(r);
}

static void test_logout_and_revoke(void **state)
{
    rig *r = rig_open(no_totp);
    la_session_row one, two;
    la_operator_row o = add_operator(r, EMAIL, LA_ROLE_ADMIN);
    char first[LA_COOKIE_BYTES], second[LA_COOKIE_BYTES];
    assert_ok(log_in(r, PASSWORD, &one, first));
    assert_ok(log_in(r, PASSWORD, &two, second));
    assert_ok(la_command_logout(&r->commands, &one));
    assert_code(find(r, first), LA_UNAUTHENTICATED);
    assert_ok(find(r, second));
    assert_code(la_command_logout(&r->commands, &one), LA_NOT_FOUND);
    assert_ok(la_command_revoke_session(&r->commands, &o, two.session_id));
    assert_code(find(r, second), LA_UNAUTHENTICATED);
    assert_code(la_command_revoke_session(&r->commands, &o, two.session_id), LA_NOT_FOUND);
    assert_int_equal(count_events(r, "session.logout"), 1);
    assert_int_equal(count_events(r, "session.revoke"), 1);
    rig_close(r);
}

static void test_renew(void **state)
{
    rig *r = rig_open(no_totp);
    la_session_row one, two, renewed;
    char first[LA_COOKIE_BYTES], second[LA_COOKIE_BYTES], third[LA_COOKIE_BYTES];
    add_operator(r, EMAIL, LA_ROLE_ADMIN);
    assert_ok(log_in(r, PASSWORD, &one, first));
    assert_ok(log_in(r, PASSWORD, &two, second));
    assert_ok(la_command_renew_session(&r->commands, &one, &renewed, third));
    assert_int_equal(renewed.session_id, one.session_id);
    assert_code(find(r, first), LA_UNAUTHENTICATED);
    assert_code(find(r, second), LA_UNAUTHENTICATED);
    assert_ok(find(r, third));
    rig_close(r);
}

static void test_states(void **state)
{
    rig *r = rig_open("");
    la_session_row s;
    la_operator_row o = add_operator(r, EMAIL, LA_ROLE_ADMIN);
    char cookie[LA_COOKIE_BYTES], password[LA_GENERATED_PASSWORD_BYTES];
    assert_ok(log_in(r, PASSWORD, &s, cookie));
    assert_int_equal(s.state, LA_SESSION_TOTP_ENROLLMENT_REQUIRED);
    assert_ok(la_command_reset_password(&r->commands, &o, password));
    assert_ok(log_in(r, password, &s, cookie));
    assert_int_equal(s.state, LA_SESSION_PASSWORD_CHANGE_REQUIRED);
    assert_ok(la_command_find_operator(&r->commands, LA_SLICE("1"), &o));
    assert_ok(la_command_change_password(&r->commands, &o, NULL, la_slice_of(password),
                                         LA_SLICE("a violin under the stairs"), NULL, NULL));
    assert_ok(la_command_renew_session(&r->commands, &s, &s, cookie));
    assert_int_equal(s.state, LA_SESSION_TOTP_ENROLLMENT_REQUIRED);
    rig_close(r);
}

static void test_old_hash_is_renewed(void **state)
{
    rig *r = rig_open(no_totp);
    la_session_row s;
    la_operator_row o = add_operator(r, EMAIL, LA_ROLE_ADMIN);
    char cookie[LA_COOKIE_BYTES], weak[crypto_pwhash_STRBYTES];
    assert_int_equal(
        crypto_pwhash_str(weak, PASSWORD, strlen(PASSWORD), crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN), 0);
    run_sql(r, "UPDATE operator SET password_hash = '%s'", weak);
    assert_code(log_in(r, "wrong", &s, cookie), LA_UNAUTHENTICATED);
    assert_string_equal(read_sql(r, "SELECT password_hash FROM operator"), weak);
    assert_ok(log_in(r, PASSWORD, &s, cookie));
    assert_string_not_equal(read_sql(r, "SELECT password_hash FROM operator"), weak);
    assert_ok(log_in(r, PASSWORD, &s, cookie));
    assert_ok(la_command_find_operator(&r->commands, LA_SLICE("1"), &o));
    rig_close(r);
}

/* ---- second factor ---- */

typedef struct enrolled {
    rig *r;
    la_totp_offer offer;
    la_recovery_codes codes;
    int64_t at_s; /* the code of this moment is used */
} enrolled;

static void code_of(const enrolled *e, int64_t at_s, char ret[7])
{
    char *secret;
    size_t n;
    assert_int_equal(oath_base32_decode(e->offer.secret, strlen(e->offer.secret), &secret, &n), OATH_OK);
    assert_int_equal(oath_totp_generate(secret, n, (time_t)at_s, 30, 0, 6, ret), OATH_OK);
    free(secret);
}

static enrolled enroll(void)
{
    enrolled e = {.r = rig_open("")};
    la_operator_row o = add_operator(e.r, EMAIL, LA_ROLE_ADMIN);
    char code[7];
    e.at_s = la_clock_now_s();
    assert_ok(la_command_begin_totp(&e.r->commands, &o, &e.offer));
    code_of(&e, e.at_s, code);
    assert_ok(la_command_confirm_totp(&e.r->commands, &o, la_slice_of(code), &e.codes));
    return e;
}

static void test_second_factor(void **state)
{
    enrolled e = enroll();
    la_session_row s, after;
    char first[LA_COOKIE_BYTES], second[LA_COOKIE_BYTES], code[7];
    assert_ok(log_in(e.r, PASSWORD, &s, first));
    assert_int_equal(s.state, LA_SESSION_TOTP_REQUIRED);
    code_of(&e, e.at_s, code); /* the one that confirmed */
    assert_code(la_command_login_totp(&e.r->commands, &s, la_slice_of(code), LA_NO_SLICE, &after, second),
                LA_UNAUTHENTICATED);
    code_of(&e, e.at_s + 30, code);
    assert_ok(la_command_login_totp(&e.r->commands, &s, la_slice_of(code), LA_NO_SLICE, &after, second));
    assert_int_equal(after.state, LA_SESSION_COMPLETE);
    assert_int_equal(after.session_id, s.session_id);
    assert_code(find(e.r, first), LA_UNAUTHENTICATED);
    assert_ok(find(e.r, second));
    assert_code(la_command_login_totp(&e.r->commands, &after, la_slice_of(code), LA_NO_SLICE, &after, second),
                LA_CONFLICT);
    /* Used, in another session too. */
    assert_ok(log_in(e.r, PASSWORD, &s, first));
    assert_code(la_command_login_totp(&e.r->commands, &s, la_slice_of(code), LA_NO_SLICE, &after, second),
                LA_UNAUTHENTICATED);
    assert_string_equal(
        read_sql(e.r, "SELECT group_concat(action || ' ' || detail, ', ') FROM audit_event WHERE action LIKE "
                      "'session.%%'"),
        "session.login {\"state\":\"totp_required\"}, "
        "session.totp_failed {\"reason\":\"used before\",\"second_factor\":\"totp\"}, "
        "session.login {\"second_factor\":\"totp\",\"state\":\"complete\"}, "
        "session.login {\"state\":\"totp_required\"}, "
        "session.totp_failed {\"reason\":\"used before\",\"second_factor\":\"totp\"}");
    rig_close(e.r);
}

static void test_five_wrong_codes_end_the_session(void **state)
{
    enrolled e = enroll();
    la_session_row s, after;
    char cookie[LA_COOKIE_BYTES], second[LA_COOKIE_BYTES], code[7];
    assert_ok(log_in(e.r, PASSWORD, &s, cookie));
    for (int i = 0; i < 5; i++) {
        assert_ok(find(e.r, cookie));
        assert_code(la_command_login_totp(&e.r->commands, &s, LA_SLICE("00000"), LA_NO_SLICE, &after, second),
                    LA_UNAUTHENTICATED);
    }
    assert_code(find(e.r, cookie), LA_UNAUTHENTICATED);
    assert_int_equal(count_events(e.r, "session.totp_failed"), 5);
    code_of(&e, e.at_s + 30, code);
    assert_code(la_command_login_totp(&e.r->commands, &s, la_slice_of(code), LA_NO_SLICE, &after, second),
                LA_NOT_FOUND);
    assert_int_equal(run_sql(e.r, "SELECT count(*) FROM operator_session"), 0);
    rig_close(e.r);
}

static void test_recovery_code(void **state)
{
    enrolled e = enroll();
    la_session_row s, after;
    la_operator_row o;
    char cookie[LA_COOKIE_BYTES], second[LA_COOKIE_BYTES], typed[32];
    assert_ok(log_in(e.r, PASSWORD, &s, cookie));
    assert_code(la_command_login_totp(&e.r->commands, &s, LA_NO_SLICE, LA_SLICE("aaaa-bbbb-cccc"), &after, second),
                LA_UNAUTHENTICATED);
    assert_code(la_command_login_totp(&e.r->commands, &s, LA_NO_SLICE, LA_SLICE(""), &after, second),
                LA_UNAUTHENTICATED);
    snprintf(typed, sizeof typed, " %s ", e.codes.codes[3]);
    for (char *c = typed; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c == '-' ? ' ' : *c);
    assert_ok(la_command_login_totp(&e.r->commands, &s, LA_NO_SLICE, la_slice_of(typed), &after, second));
    assert_ok(log_in(e.r, PASSWORD, &s, cookie));
    assert_code(la_command_login_totp(&e.r->commands, &s, LA_NO_SLICE, la_slice_of(e.codes.codes[3]), &after, second),
                LA_UNAUTHENTICATED);
    assert_ok(la_command_find_operator(&e.r->commands, LA_SLICE("1"), &o));
    assert_int_equal(o.recovery_codes_left, 9);
    assert_int_equal(run_sql(e.r, "SELECT count(*) FROM audit_event WHERE instr(detail, '%s')", e.codes.codes[3]), 0);
    rig_close(e.r);
}

static void test_half_a_login_waits_ten_minutes(void **state)
{
    enrolled e = enroll();
    la_session_row s;
    char cookie[LA_COOKIE_BYTES];
    assert_ok(log_in(e.r, PASSWORD, &s, cookie));
    run_sql(e.r, "UPDATE operator_session SET created_at_s = created_at_s - 590");
    assert_ok(find(e.r, cookie));
    run_sql(e.r, "UPDATE operator_session SET created_at_s = created_at_s - 10");
    assert_code(find(e.r, cookie), LA_UNAUTHENTICATED);
    rig_close(e.r);
}

static void test_expire(void **state)
{
    rig *r = rig_open(no_totp);
    la_session_row s;
    char cookie[LA_COOKIE_BYTES];
    add_operator(r, EMAIL, LA_ROLE_ADMIN);
    assert_ok(log_in(r, PASSWORD, &s, cookie));
    assert_ok(la_command_expire_sessions(&r->commands, la_clock_now_s()));
    assert_int_equal(run_sql(r, "SELECT count(*) FROM operator_session"), 1);
    assert_ok(la_command_expire_sessions(&r->commands, la_clock_now_s() + 700));
    assert_int_equal(run_sql(r, "SELECT count(*) FROM operator_session"), 0);
    rig_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_refused_alike),
        cmocka_unit_test(test_cookies_that_are_none),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_disabled_and_removed),
        cmocka_unit_test(test_logout_and_revoke),
        cmocka_unit_test(test_renew),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_old_hash_is_renewed),
        cmocka_unit_test(test_second_factor),
        cmocka_unit_test(test_five_wrong_codes_end_the_session),
        cmocka_unit_test(test_recovery_code),
        cmocka_unit_test(test_half_a_login_waits_ten_minutes),
        cmocka_unit_test(test_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
