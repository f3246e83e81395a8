/* What operators revoke and when it counts from, one token by its text, and what clients asked for, with their events. */
#include "rig.h"

#include "admin/revocations.h"
#include "admin/secrets.h"
#include "base/clock.h"

#define HEX "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define COLONS "01:23:45:67:89:ab:cd:ef:0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define URL "ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8"
#define TAG 0x0123456u /* the first 28 bits of it */

static la_code revoke_by(rig *r, const la_application_row *a, la_revoked_credential what, const char *thumbprint,
                         la_revocation_record *ret)
{
    la_revocation_wish wish = {
        .what = what, .thumbprint = la_slice_of(thumbprint), .customer_id = la_slice_of(thumbprint)};
    return la_command_revoke_tokens(&r->commands, a, &wish, ret).code;
}

static bool is_revoked(rig *r, const la_application_row *a, const char *jti, int64_t issued_s)
{
    bool revoked = false;
    assert_ok(la_command_is_revoked(&r->commands, a, la_slice_of(jti), issued_s, &revoked));
    return revoked;
}

static void all_of_an_application_up_to_this_second(void **state)
{
    rig *r = *state;
    la_revocation_record v;
    la_application_row a = add_application(r, "production", "bank"), b = add_application(r, "production", "other");
    int64_t before_s = la_clock_now_s();
    assert_false(is_revoked(r, &a, "one", before_s));
    assert_int_equal(revoke_by(r, &a, LA_REVOKE_ALL, NULL, &v), LA_OK);
    assert_int_equal(v.kind, LA_REVOKED_APPLICATION);
    assert_in_range(v.before_s, before_s, la_clock_now_s());
    assert_int_equal(v.expires_at_s, v.before_s + LA_TOKEN_LIFETIME_MAX_S);
    assert_true(is_revoked(r, &a, "one", v.before_s));
    assert_false(is_revoked(r, &a, "one", v.before_s + 1));
    assert_false(is_revoked(r, &b, "one", v.before_s));
    assert_int_equal(count_events(r, "token.revoke_all"), 1);
    assert_true(verify_log(r).whole);
}

/* Nodes that have not heard of it go on for as long as a change takes. */
static void of_a_disabled_one_a_little_longer(void **state)
{
    rig *r = *state;
    la_revocation_record v;
    la_application_row a = add_application(r, "production", "bank");
    a.enabled = false;
    int64_t before_s = la_clock_now_s();
    assert_int_equal(revoke_by(r, &a, LA_REVOKE_ALL, NULL, &v), LA_OK);
    assert_in_range(v.before_s, before_s + 2, la_clock_now_s() + 2);
}

static void a_certificate_by_each_spelling_of_its_thumbprint(void **state)
{
    rig *r = *state;
    static const char *const good[] = {HEX, COLONS, URL};
    static const char *const bad[] = {"",
                                      "0",
                                      (HEX "0"),
                                      (HEX "00"),
                                      "0:123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                                      (URL "A"),
                                      ("x" URL),
                                      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg"};
    la_revocation_record v;
    la_application_row a = add_application(r, "production", "bank");
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(revoke_by(r, &a, LA_REVOKE_OF_CERTIFICATE, good[i], &v), LA_OK);
        assert_int_equal(v.kind, LA_REVOKED_CREDENTIAL);
        assert_int_equal(v.credential_tag, (unsigned)LA_CREDENTIAL_CERTIFICATE << 28 | TAG);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(revoke_by(r, &a, LA_REVOKE_OF_CERTIFICATE, bad[i], &v), LA_INVALID);
    assert_int_equal(revoke_by(r, &a, LA_REVOKE_OF_KEY, URL, &v), LA_OK);
    assert_int_equal(v.credential_tag, (unsigned)LA_CREDENTIAL_KEY << 28 | TAG);
    assert_int_equal(revoke_by(r, &a, LA_REVOKE_OF_KEY, HEX, &v), LA_INVALID); /* RFC 7638 knows base64url alone */
    assert_int_equal(count_events(r, "token.revoke_all"), 4);
}

static void a_secret_and_for_longer_once_it_has_ended(void **state)
{
    rig *r = *state;
    la_revocation_record v;
    la_application_row a = add_application(r, "production", "bank");
    la_revocation_wish wish = {.what = LA_REVOKE_OF_SECRET,
                               .secret_id = (uint64_t)run_sql(r, "SELECT application_id << 16 | number FROM secret")};
    int64_t before_s = la_clock_now_s();
    assert_ok(la_command_revoke_tokens(&r->commands, &a, &wish, &v));
    assert_in_range(v.before_s, before_s, la_clock_now_s());
    assert_int_equal(v.credential_tag, la_credential_tag_of_secret(wish.secret_id));
    assert_ok(la_command_revoke_secret(&r->commands, &a, wish.secret_id));
    assert_ok(la_command_revoke_tokens(&r->commands, &a, &wish, &v));
    assert_in_range(v.before_s, before_s + 60, la_clock_now_s() + 60);
    wish.secret_id++;
    assert_int_equal(la_command_revoke_tokens(&r->commands, &a, &wish, &v).code, LA_NOT_FOUND);
    assert_non_null(strstr(la_detail(), a.client_id));
}

/* Its tokens do not say which credential got them. */
static void the_spring_profile_has_no_credentials(void **state)
{
    rig *r = *state;
    la_revocation_record v;
    la_application_row a = add_application(r, "sandbox", "bank");
    for (unsigned i = 0; i < r->config->n_environments; i++)
        ((la_environment_config *)(uintptr_t)&r->config->environments[i])->profile = LA_PROFILE_SPRING;
    assert_int_equal(revoke_by(r, &a, LA_REVOKE_OF_CERTIFICATE, HEX, &v), LA_OK);
    assert_int_equal(v.kind, LA_REVOKED_APPLICATION);
}

/* ---- of a customer ---- */

#define CUSTOMER "0f3c8a3e-5e0e-4d53-93a8-5b9df5a3a3a1"

static void set_policy(rig *r, la_customer_policy policy)
{
    for (unsigned i = 0; i < r->config->n_environments; i++)
        ((la_environment_config *)(uintptr_t)&r->config->environments[i])->customer_policy = policy;
}

static int64_t customer_before_s(rig *r)
{
    return run_sql(r, "SELECT before_s FROM revocation WHERE name = '" CUSTOMER "'");
}

static la_result add_customer(rig *r, const la_application_row *a, int64_t *ret_wait_s)
{
    return la_command_add_customer(&r->commands, a, LA_SLICE(CUSTOMER), LA_NO_SLICE, ret_wait_s);
}

/* One that is registered no more, where that counts, for as long as a change takes to be heard everywhere. */
static void of_a_customer_up_to_this_second_or_a_little_longer(void **state)
{
    rig *r = *state;
    la_revocation_record v;
    int64_t wait_s;
    la_application_row a = add_application(r, "production", "bank");
    int64_t before_s = la_clock_now_s();
    assert_int_equal(revoke_by(r, &a, LA_REVOKE_OF_CUSTOMER, CUSTOMER, &v), LA_OK);
    assert_int_equal(v.kind, LA_REVOKED_CUSTOMER);
    assert_in_range(v.before_s, before_s, la_clock_now_s());
    assert_int_equal(v.expires_at_s, v.before_s + LA_TOKEN_LIFETIME_MAX_S);
    set_policy(r, LA_CUSTOMERS_REGISTERED);
    assert_int_equal(revoke_by(r, &a, LA_REVOKE_OF_CUSTOMER, CUSTOMER, &v), LA_OK);
    assert_in_range(v.before_s, before_s + 1, la_clock_now_s() + 1);
    run_sql(r, "DELETE FROM revocation");
    assert_ok(add_customer(r, &a, &wait_s));
    assert_int_equal(revoke_by(r, &a, LA_REVOKE_OF_CUSTOMER, CUSTOMER, &v), LA_OK);
    assert_in_range(v.before_s, before_s, la_clock_now_s());
    static const char *const bad[] = {"", "a.b", "a b", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(revoke_by(r, &a, LA_REVOKE_OF_CUSTOMER, bad[i], &v), LA_INVALID);
    assert_int_equal(count_events(r, "token.revoke_all"), 3);
}

static void a_removed_customer_takes_its_tokens_with_it(void **state)
{
    rig *r = *state;
    int64_t wait_s, before_s = la_clock_now_s();
    la_application_row a = add_application(r, "production", "bank");
    assert_ok(add_customer(r, &a, &wait_s));
    assert_int_equal(wait_s, 0);
    assert_ok(la_command_remove_customer(&r->commands, &a, LA_SLICE(CUSTOMER)));
    assert_in_range(customer_before_s(r), before_s, la_clock_now_s());
    assert_int_equal(run_sql(r, "SELECT count(*) FROM audit_event WHERE action = 'customer.remove' AND detail LIKE"
                                " '%%tokens_revoked_until%%'"),
                     1);
    /* what is not there takes nothing with it */
    run_sql(r, "DELETE FROM revocation");
    assert_code(la_command_remove_customer(&r->commands, &a, LA_SLICE(CUSTOMER)), LA_NOT_FOUND);
    assert_int_equal(run_sql(r, "SELECT count(*) FROM revocation"), 0);
    assert_true(verify_log(r).whole);
}

/* It would get tokens that are revoked already. */
static void it_comes_back_once_that_moment_is_past(void **state)
{
    rig *r = *state;
    int64_t wait_s;
    la_application_row a = add_application(r, "production", "bank"), other = add_application(r, "production", "other");
    set_policy(r, LA_CUSTOMERS_REGISTERED);
    assert_ok(add_customer(r, &a, &wait_s));
    assert_ok(la_command_remove_customer(&r->commands, &a, LA_SLICE(CUSTOMER)));
    run_sql(r, "UPDATE revocation SET before_s = before_s + 600"); /* however slow this machine is */
    assert_code(add_customer(r, &a, &wait_s), LA_CONFLICT);
    assert_in_range(wait_s, 500, 603);
    assert_int_equal(run_sql(r, "SELECT count(*) FROM customer"), 0);
    assert_ok(add_customer(r, &other, &wait_s)); /* another's tokens are not concerned */
    assert_ok(la_command_remove_customer(&r->commands, &other, LA_SLICE(CUSTOMER)));
    run_sql(r, "DELETE FROM revocation WHERE application_id <> (SELECT min(application_id) FROM application)");
    int64_t now_s = la_clock_now_s();
    run_sql(r, "UPDATE revocation SET before_s = %lld", (long long)now_s - 500);
    assert_ok(add_customer(r, &a, &wait_s));
    assert_int_equal(wait_s, 0);
    /* nothing of the time in between holds, all of now does */
    assert_in_range(customer_before_s(r), now_s - 1, la_clock_now_s() - 1);
    assert_code(add_customer(r, &a, &wait_s), LA_EXISTS);
    assert_int_equal(count_events(r, "customer.add"), 3);
}

static void where_any_customer_will_do_the_time_in_between_holds(void **state)
{
    rig *r = *state;
    int64_t wait_s;
    la_application_row a = add_application(r, "production", "bank");
    assert_ok(add_customer(r, &a, &wait_s));
    assert_ok(la_command_remove_customer(&r->commands, &a, LA_SLICE(CUSTOMER)));
    run_sql(r, "UPDATE revocation SET before_s = 500");
    assert_ok(add_customer(r, &a, &wait_s));
    assert_int_equal(customer_before_s(r), 500);
}

static void what_is_no_token_of_ours_is_refused(void **state)
{
    rig *r = *state;
    static const char *const texts[] = {"", "a", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30."};
    la_application_row a;
    bool changed;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_code(la_command_revoke_token(&r->commands, la_slice_of(texts[i]), &a, &changed), LA_INVALID);
    assert_int_equal(run_sql(r, "SELECT count(*) FROM revocation"), 0);
}

static void a_token_without_a_jti_does_not_hold(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "bank");
    int64_t now_s = la_clock_now_s();
    assert_true(is_revoked(r, &a, NULL, now_s));
    assert_true(is_revoked(r, &a, "", now_s));
    assert_false(is_revoked(r, &a, "one", now_s));
}

static la_revocation_record token_of(const la_application_row *a, const char *jti)
{
    int64_t now_s = la_clock_now_s();
    return (la_revocation_record){.environment_id = a->environment_id,
                                  .kind = LA_REVOKED_TOKEN,
                                  .application_id = a->application_id,
                                  .jti = la_slice_of(jti),
                                  .before_s = now_s,
                                  .expires_at_s = now_s + 100};
}

static void what_clients_asked_for_is_one_transaction(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "bank");
    la_revocation_record one = token_of(&a, "one"), two = token_of(&a, "two"), gone = token_of(&a, "three");
    la_client_revocation all[] = {
        {&one, la_slice_of(a.client_id), LA_SLICE("192.0.2.9"), LA_SLICE("r9"), true, 3},
        {&two, la_slice_of(a.client_id), LA_SLICE("192.0.2.9"), LA_SLICE("r10"), false, 0},
        {&gone, LA_SLICE("no-longer-there"), LA_SLICE("192.0.2.9"), LA_SLICE("r11"), true, 0},
        {&one, la_slice_of(a.client_id), LA_SLICE("192.0.2.9"), LA_SLICE("r12"), true, 0}, /* again: no event */
    };
    assert_ok(la_command_record_revocations(&r->commands, all, sizeof all / sizeof all[0]));
    assert_true(is_revoked(r, &a, "one", one.before_s) && is_revoked(r, &a, "two", one.before_s));
    assert_int_equal(count_events(r, "token.revoke"), 1);
    assert_string_equal(read_sql(r,
                                 "SELECT actor_kind || ' ' || actor_id = 'application ' || '%s' FROM audit_event"
                                 " WHERE action = 'token.revoke'",
                                 a.client_id),
                        "1");
    assert_non_null(
        strstr(read_sql(r, "SELECT detail FROM audit_event WHERE action = 'token.revoke'"), "\"without_event\":3"));
    assert_int_equal(r->commands.actor.kind, LA_ACTOR_COMMAND_LINE); /* it is the operator's again */
    assert_true(verify_log(r).whole);
}

static void one_that_fails_takes_all_with_it(void **state)
{
    rig *r = *state;
    la_application_row a = add_application(r, "production", "bank");
    la_revocation_record one = token_of(&a, "one"), wrong = token_of(&a, "two");
    wrong.kind = 0;
    la_client_revocation all[] = {{&one, la_slice_of(a.client_id), LA_NO_SLICE, LA_NO_SLICE, true, 0},
                                  {&wrong, la_slice_of(a.client_id), LA_NO_SLICE, LA_NO_SLICE, true, 0}};
    assert_code(la_command_record_revocations(&r->commands, all, 2), LA_INVALID);
    assert_int_equal(run_sql(r, "SELECT count(*) FROM revocation"), 0);
    assert_int_equal(count_events(r, "token.revoke"), 0);
    assert_true(verify_log(r).whole);
}

static void records_say_what_they_are_about(void **state)
{
    (void)state;
    la_revocation_record v = {.kind = LA_REVOKED_TOKEN};
    assert_string_equal(la_revocation_about(&v), "token");
    v.kind = LA_REVOKED_APPLICATION;
    assert_string_equal(la_revocation_about(&v), "application");
    v.kind = LA_REVOKED_CUSTOMER;
    assert_string_equal(la_revocation_about(&v), "customer");
    v.kind = LA_REVOKED_CREDENTIAL;
    v.credential_tag = la_credential_tag_of_secret(1ULL << 16 | 1);
    assert_string_equal(la_revocation_about(&v), "secret");
    v.credential_tag = (uint32_t)LA_CREDENTIAL_CERTIFICATE << 28;
    assert_string_equal(la_revocation_about(&v), "certificate");
    v.credential_tag = (uint32_t)LA_CREDENTIAL_KEY << 28;
    assert_string_equal(la_revocation_about(&v), "key");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_of_an_application_up_to_this_second),
        TEST(of_a_disabled_one_a_little_longer),
        TEST(a_certificate_by_each_spelling_of_its_thumbprint),
        TEST(a_secret_and_for_longer_once_it_has_ended),
        TEST(the_spring_profile_has_no_credentials),
        TEST(of_a_customer_up_to_this_second_or_a_little_longer),
        TEST(a_removed_customer_takes_its_tokens_with_it),
        TEST(it_comes_back_once_that_moment_is_past),
        TEST(where_any_customer_will_do_the_time_in_between_holds),
        TEST(what_is_no_token_of_ours_is_refused),
        TEST(a_token_without_a_jti_does_not_hold),
        TEST(what_clients_asked_for_is_one_transaction),
        TEST(one_that_fails_takes_all_with_it),
        cmocka_unit_test(records_say_what_they_are_about),
    };
    return cmocka_run_group_tests_name("admin revocations", tests, NULL, NULL);
}
