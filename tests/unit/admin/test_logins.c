/* Guessing: what somebody who has a password, or none, may try, and what is left of it. */
#include "rig.h"

#include "admin/operators_internal.h"
#include "base/clock.h"
#include "base/secret.h"

#include <liboath/oath.h>

static const char options[] = "admin: {require_totp: false}\n";

static int set_up_optional(void **state)
{
    *state = rig_open(options);
    return 0;
}

static void code_at(rig *r, const la_operator_row *o, bool pending, int64_t at_s, char ret[8])
{
    uint8_t secret[LA_TOTP_BYTES];
    assert_ok(la_operator_totp(&r->commands, o, pending, secret));
    assert_int_equal(oath_totp_generate((const char *)secret, sizeof secret, (time_t)at_s, 30, 0, 6, ret), OATH_OK);
}

/* With a second factor; the code of the step before the present one is used. */
static la_operator_row enrol(rig *r, const char *email, la_recovery_codes *codes)
{
    la_operator_row o = add_operator(r, email, LA_ROLE_DEVELOPER);
    la_totp_offer offer;
    char code[8];
    assert_ok(la_command_begin_totp(&r->commands, &o, &offer));
    assert_ok(la_operator_read(&r->commands, o.operator_id, &o));
    code_at(r, &o, true, la_clock_now_s() - 30, code);
    assert_ok(la_command_confirm_totp(&r->commands, &o, la_slice_of(code), codes));
    assert_ok(la_operator_read(&r->commands, o.operator_id, &o));
    return o;
}

static la_session_row log_in(rig *r, const char *email)
{
    la_session_row s;
    la_operator_row o;
    char cookie[LA_COOKIE_BYTES];
    assert_ok(la_command_login(&r->commands, la_slice_of(email), LA_SLICE(PASSWORD), LA_SLICE("test"), &s, &o, cookie));
    return s;
}

/* Whoever has the password gets no more than a few codes a day, over however many sessions and addresses. */
static void test_codes_a_day(void **state)
{
    rig *r = *state;
    la_recovery_codes codes;
    la_session_row s, done;
    char cookie[LA_COOKIE_BYTES], code[8];
    unsigned tried = 0;
    la_operator_row o = enrol(r, "guessed@example.com", &codes);
    enrol(r, "other@example.com", &codes);
    o = enrol(r, "third@example.com", &codes);
    la_result last = la_ok();
    while (last.code != LA_THROTTLED && tried < 1000) {
        s = log_in(r, "third@example.com");
        for (unsigned i = 0; i < 4 && last.code != LA_THROTTLED; i++, tried++)
            last = la_command_login_totp(&r->commands, &s, LA_SLICE("12345"), LA_NO_SLICE, &done, cookie);
    }
    assert_in_range(tried, 10, 30);
    /* The right one no longer helps, nor does another session. */
    s = log_in(r, "third@example.com");
    code_at(r, &o, false, la_clock_now_s(), code);
    assert_code(la_command_login_totp(&r->commands, &s, la_slice_of(code), LA_NO_SLICE, &done, cookie), LA_THROTTLED);
    /* A recovery code cannot be guessed, so it may be used. */
    assert_ok(la_command_login_totp(&r->commands, &s, LA_NO_SLICE, la_slice_of(codes.codes[0]), &done, cookie));
    assert_int_equal(done.state, LA_SESSION_COMPLETE);
    /* It concerns nobody else, */
    o = enrol(r, "fourth@example.com", &codes);
    s = log_in(r, "fourth@example.com");
    code_at(r, &o, false, la_clock_now_s(), code);
    assert_ok(la_command_login_totp(&r->commands, &s, la_slice_of(code), LA_NO_SLICE, &done, cookie));
}

/* As if there had been that many logins before. */
static void add_sessions(rig *r, uint64_t operator_id, la_session_state state, unsigned n)
{
    run_sql(r,
            "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < %u) INSERT INTO "
            "operator_session (operator_id, digest, state, created_at_s, last_seen_at_s, expires_at_s, address, "
            "user_agent) SELECT %llu, randomblob(32), %d, %lld, %lld, %lld, '', '' FROM n",
            n, (unsigned long long)operator_id, (int)state, (long long)la_clock_now_s(), (long long)la_clock_now_s(),
            (long long)la_clock_now_s() + 3600);
}

/* Somebody with a password makes sessions without end: they push out only their like. */
static void test_sessions_are_bounded(void **state)
{
    rig *r = *state;
    la_recovery_codes codes;
    la_session_row s, done;
    char cookie[LA_COOKIE_BYTES];
    la_operator_row o = enrol(r, "many@example.com", &codes);
    s = log_in(r, "many@example.com");
    assert_ok(la_command_login_totp(&r->commands, &s, LA_NO_SLICE, la_slice_of(codes.codes[0]), &done, cookie));
    add_sessions(r, o.operator_id, LA_SESSION_TOTP_REQUIRED, 60);
    for (unsigned i = 0; i < 6; i++)
        log_in(r, "many@example.com");
    assert_in_range(run_sql(r, "SELECT count(*) FROM operator_session WHERE state <> %d", LA_SESSION_COMPLETE), 1, 20);
    assert_int_equal(run_sql(r, "SELECT count(*) FROM operator_session WHERE session_id = %llu",
                             (unsigned long long)done.session_id),
                     1);
    /* The newest is there. */
    s = log_in(r, "many@example.com");
    assert_ok(la_command_login_totp(&r->commands, &s, LA_NO_SLICE, la_slice_of(codes.codes[1]), &done, cookie));
    o = add_operator(r, "plain@example.com", LA_ROLE_DEVELOPER);
    add_sessions(r, o.operator_id, LA_SESSION_COMPLETE, 60);
    for (unsigned i = 0; i < 2; i++)
        log_in(r, "plain@example.com");
    assert_int_equal(
        run_sql(r, "SELECT count(*) FROM operator_session WHERE operator_id = %llu", (unsigned long long)o.operator_id),
        50);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_optional, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_codes_a_day),
        TEST(test_sessions_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
