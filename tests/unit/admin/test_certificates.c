/* The rules of client certificates, their events, and the CRL; OpenSSL reads what comes out. */
#include "rig.h"

#include "admin/certificates.h"
#include "base/clock.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

static la_application_row application_by(rig *r, const char *environment, la_auth_method method)
{
    la_application_row a = add_application(r, environment, "bank");
    run_sql(r, "UPDATE application SET auth_method = %d WHERE client_id = '%s'", method, a.client_id);
    assert_ok(la_command_find_application(&r->commands, la_slice_of(environment), la_slice_of(a.client_id), &a));
    return a;
}

static la_certificate_row issue(rig *r, const la_application_row *a, la_buffer *ret_pem)
{
    la_issued_certificate i;
    assert_ok(la_command_issue_certificate(&r->commands, a, LA_NO_SLICE, 0, &i));
    assert_true(i.key.n > 0 && i.certificate.n > 0 && i.chain.n > 0);
    if (ret_pem)
        la_buffer_add(ret_pem, la_buffer_slice(&i.certificate));
    la_certificate_row row = i.row;
    la_issued_certificate_done(&i);
    return row;
}

/* The CRL that nodes would serve; the caller frees it. */
static X509_CRL *read_crl(rig *r, const char *environment)
{
    uint8_t der[4096];
    const uint8_t *p = der;
    size_t n = 0;
    const char *hex = read_sql(r,
                               "SELECT hex(crl) FROM authority JOIN environment USING (environment_id)"
                               " WHERE name = '%s'",
                               environment);
    for (; hex[2 * n] && n < sizeof der; n++) {
        unsigned octet;
        assert_int_equal(sscanf(hex + 2 * n, "%2x", &octet), 1);
        der[n] = (uint8_t)octet;
    }
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)n);
    assert_non_null(crl);
    assert_ptr_equal(p, der + n);
    return crl;
}

static long crl_number(rig *r, const char *environment)
{
    X509_CRL *crl = read_crl(r, environment);
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    assert_non_null(number);
    long n = ASN1_INTEGER_get(number);
    ASN1_INTEGER_free(number);
    X509_CRL_free(crl);
    return n;
}

static bool crl_has(rig *r, const char *environment, const char *serial)
{
    X509_REVOKED *entry;
    BIGNUM *n = NULL;
    X509_CRL *crl = read_crl(r, environment);
    assert_true(BN_hex2bn(&n, serial) > 0);
    ASN1_INTEGER *number = BN_to_ASN1_INTEGER(n, NULL);
    bool has = X509_CRL_get0_by_serial(crl, &entry, number) == 1;
    ASN1_INTEGER_free(number);
    BN_free(n);
    X509_CRL_free(crl);
    return has;
}

static void the_authority_is_made_with_the_first_and_once(void **state)
{
    rig *r = *state;
    la_buffer before, after;
    la_application_row a = application_by(r, "production", LA_AUTH_TLS_CLIENT);
    la_buffer_init(&before, 16384);
    la_buffer_init(&after, 16384);
    assert_code(la_command_read_authority(&r->commands, LA_SLICE("production"), &before), LA_NOT_FOUND);
    issue(r, &a, NULL);
    assert_ok(la_command_read_authority(&r->commands, LA_SLICE("production"), &before));
    issue(r, &a, NULL);
    assert_ok(la_command_read_authority(&r->commands, LA_SLICE("production"), &after));
    assert_int_equal(before.n, after.n);
    assert_memory_equal(before.p, after.p, after.n);
    assert_int_equal(count_events(r, "authority.create"), 1);
    assert_int_equal(count_events(r, "certificate.issue"), 2);
    /* Another environment has none of it. */
    assert_code(la_command_read_authority(&r->commands, LA_SLICE("sandbox"), &before), LA_NOT_FOUND);
    assert_code(la_command_read_authority(&r->commands, LA_SLICE("nowhere"), &before), LA_NOT_FOUND);
    la_buffer_done(&before);
    la_buffer_done(&after);
    assert_true(verify_log(r).whole);
}

static void its_key_is_wrapped_and_tied_to_its_environment(void **state)
{
    rig *r = *state;
    la_issued_certificate i;
    la_application_row a = application_by(r, "production", LA_AUTH_TLS_CLIENT);
    la_application_row b = application_by(r, "sandbox", LA_AUTH_TLS_CLIENT);
    issue(r, &a, NULL);
    issue(r, &b, NULL);
    /* Somebody who writes to the database moves the key of one environment to the other. */
    run_sql(r, "UPDATE authority SET certificate = (SELECT certificate FROM authority WHERE environment_id ="
               " (SELECT min(environment_id) FROM authority)), wrapped_private = (SELECT wrapped_private FROM authority"
               " WHERE environment_id = (SELECT min(environment_id) FROM authority))");
    la_result first = la_command_issue_certificate(&r->commands, &a, LA_NO_SLICE, 0, &i);
    la_issued_certificate_done(&i);
    la_result second = la_command_issue_certificate(&r->commands, &b, LA_NO_SLICE, 0, &i);
    la_issued_certificate_done(&i);
    assert_int_equal(la_is_ok(first) + la_is_ok(second), 1);
}

static void two_live_at_once(void **state)
{
    rig *r = *state;
    la_issued_certificate i;
    la_application_row a = application_by(r, "production", LA_AUTH_TLS_CLIENT);
    la_certificate_row first = issue(r, &a, NULL);
    issue(r, &a, NULL);
    assert_code(la_command_issue_certificate(&r->commands, &a, LA_NO_SLICE, 0, &i), LA_CONFLICT);
    assert_non_null(strstr(la_detail(), "2 live certificates"));
    la_issued_certificate_done(&i);
    assert_int_equal(count_events(r, "certificate.issue"), 2);
    assert_ok(la_command_revoke_certificate(&r->commands, &a, first.certificate_id));
    issue(r, &a, NULL);
}

static void lifetimes_are_as_asked(void **state)
{
    rig *r = *state;
    la_issued_certificate i;
    int64_t now_s = la_clock_now_s();
    la_application_row a = application_by(r, "production", LA_AUTH_PRIVATE_KEY_JWT);
    la_certificate_row year = issue(r, &a, NULL); /* to bind its tokens */
    assert_in_range(year.not_after_s - now_s, 31536000 - 5, 31536000 + 60);
    assert_in_range(now_s - year.not_before_s, 240, 400);
    assert_ok(la_command_issue_certificate(&r->commands, &a, LA_NO_SLICE, 3600, &i));
    assert_in_range(i.row.not_after_s - now_s, 3600 - 5, 3600 + 60);
    char subject[300];
    snprintf(subject, sizeof subject, "CN=%s,OU=production,O=leanauth", a.client_id);
    assert_string_equal(i.row.subject, subject);
    la_issued_certificate_done(&i);
}

static void each_method_has_its_kind(void **state)
{
    rig *r = *state;
    la_issued_certificate i;
    la_certificate_row row;
    la_buffer pem;
    la_buffer_init(&pem, 16384);
    la_application_row ca = application_by(r, "production", LA_AUTH_TLS_CLIENT);
    la_application_row own = application_by(r, "production", LA_AUTH_SELF_SIGNED_TLS);
    assert_code(la_command_issue_certificate(&r->commands, &own, LA_NO_SLICE, 0, &i), LA_CONFLICT);
    la_issued_certificate_done(&i);
    assert_int_equal(count_events(r, "authority.create"), 0);
    issue(r, &ca, &pem);
    assert_code(la_command_register_certificate(&r->commands, &ca, la_buffer_slice(&pem), &row), LA_CONFLICT);
    /* Registered is what it is, whoever signed it: no chain is asked for. */
    assert_ok(la_command_register_certificate(&r->commands, &own, la_buffer_slice(&pem), &row));
    assert_false(row.issued);
    assert_code(la_command_register_certificate(&r->commands, &own, la_buffer_slice(&pem), &row), LA_EXISTS);
    assert_code(la_command_register_certificate(&r->commands, &own, LA_SLICE("nonsense"), &row), LA_INVALID);
    assert_code(la_command_register_certificate(&r->commands, &own, LA_SLICE(""), &row), LA_INVALID);
    assert_int_equal(count_events(r, "certificate.register"), 1);
    la_buffer_done(&pem);
}

static void what_is_no_request_gets_no_certificate(void **state)
{
    rig *r = *state;
    la_issued_certificate i;
    la_buffer pem;
    la_buffer_init(&pem, 16384);
    la_application_row a = application_by(r, "production", LA_AUTH_TLS_CLIENT);
    issue(r, &a, &pem);
    const la_slice bad[] = {LA_SLICE(""), LA_SLICE("nonsense"), la_buffer_slice(&pem)};
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
        assert_code(la_command_issue_certificate(&r->commands, &a, bad[n], 0, &i), LA_INVALID);
        assert_int_equal(i.key.n + i.certificate.n + i.chain.n, 0);
        la_issued_certificate_done(&i);
    }
    assert_int_equal(count_events(r, "certificate.issue"), 1);
    la_buffer_done(&pem);
}

static void a_revoked_one_is_on_the_next_crl(void **state)
{
    rig *r = *state;
    int64_t now_s = la_clock_now_s();
    la_application_row a = application_by(r, "production", LA_AUTH_TLS_CLIENT);
    la_certificate_row one = issue(r, &a, NULL), two = issue(r, &a, NULL);
    assert_ok(la_command_keep_crls(&r->commands, now_s));
    assert_int_equal(crl_number(r, "production"), 1);
    assert_false(crl_has(r, "production", one.serial));
    assert_ok(la_command_keep_crls(&r->commands, now_s)); /* nothing is due */
    assert_int_equal(crl_number(r, "production"), 1);
    assert_ok(la_command_revoke_certificate(&r->commands, &a, one.certificate_id));
    assert_int_equal(crl_number(r, "production"), 3); /* at once; none has the number of what was not signed any more */
    assert_true(crl_has(r, "production", one.serial));
    assert_false(crl_has(r, "production", two.serial));
    assert_ok(la_command_revoke_certificate(&r->commands, &a, one.certificate_id));
    assert_int_equal(crl_number(r, "production"), 3);
    assert_int_equal(count_events(r, "certificate.revoke"), 1);
    assert_code(la_command_revoke_certificate(&r->commands, &a, 99), LA_NOT_FOUND);
    assert_ok(la_command_keep_crls(&r->commands, now_s + 86400 + 60)); /* a new one every day */
    assert_int_equal(crl_number(r, "production"), 4);
    assert_true(crl_has(r, "production", one.serial));
}

static void with_the_application_its_certificates_go_on_the_crl(void **state)
{
    rig *r = *state;
    la_application_row a = application_by(r, "production", LA_AUTH_TLS_CLIENT);
    la_certificate_row one = issue(r, &a, NULL);
    assert_ok(la_command_keep_crls(&r->commands, la_clock_now_s()));
    assert_ok(la_command_delete_application(&r->commands, &a));
    assert_ok(la_command_keep_crls(&r->commands, la_clock_now_s()));
    assert_int_equal(crl_number(r, "production"), 3);
    assert_true(crl_has(r, "production", one.serial));
}

/* An authority whose list cannot be signed, or has become too long, is trouble of its own environment alone. */
static void one_environment_keeps_no_other_from_its_crl(void **state)
{
    rig *r = *state;
    int64_t now_s = la_clock_now_s();
    const char *first = "production", *second = "sandbox";
    la_application_row a = application_by(r, first, LA_AUTH_TLS_CLIENT),
                       b = application_by(r, second, LA_AUTH_TLS_CLIENT);
    issue(r, &a, NULL);
    issue(r, &b, NULL);
    run_sql(r,
            "UPDATE authority SET wrapped_private = zeroblob(100) WHERE environment_id ="
            " (SELECT environment_id FROM environment WHERE name = '%s')",
            first);
    assert_false(la_is_ok(la_command_keep_crls(&r->commands, now_s)));
    assert_non_null(strstr(la_detail(), first));
    assert_int_equal(crl_number(r, second), 1);
}

/* A clock that was ahead by years must not keep a CRL from being renewed for years. */
static void a_crl_of_a_clock_that_was_ahead_is_renewed(void **state)
{
    rig *r = *state;
    int64_t now_s = la_clock_now_s();
    la_application_row a = application_by(r, "production", LA_AUTH_TLS_CLIENT);
    issue(r, &a, NULL);
    assert_ok(la_command_keep_crls(&r->commands, now_s + 10LL * 365 * 86400));
    assert_ok(la_command_keep_crls(&r->commands, now_s));
    assert_int_equal(crl_number(r, "production"), 2);
    X509_CRL *crl = read_crl(r, "production");
    time_t soon = (time_t)now_s;
    assert_int_equal(X509_cmp_time(X509_CRL_get0_lastUpdate(crl), &soon), -1);
    X509_CRL_free(crl);
}

static void a_certificate_can_be_read_again_and_its_key_cannot(void **state)
{
    rig *r = *state;
    la_buffer issued, again;
    la_buffer_init(&issued, 16384);
    la_buffer_init(&again, 16384);
    la_application_row a = application_by(r, "production", LA_AUTH_TLS_CLIENT);
    la_certificate_row one = issue(r, &a, &issued);
    assert_ok(la_command_read_certificate(&r->commands, &a, one.certificate_id, &again));
    assert_int_equal(again.n, issued.n);
    assert_memory_equal(again.p, issued.p, issued.n);
    assert_code(la_command_read_certificate(&r->commands, &a, one.certificate_id + 1, &again), LA_NOT_FOUND);
    la_buffer_done(&issued);
    la_buffer_done(&again);
}

static void states_have_names(void **state)
{
    la_certificate_row row = {.not_after_s = 100};
    assert_string_equal(la_certificate_state(&row, 100), "live");
    assert_string_equal(la_certificate_state(&row, 101), "expired");
    row.revoked_at_s = 5;
    assert_string_equal(la_certificate_state(&row, 101), "revoked");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_authority_is_made_with_the_first_and_once),
        TEST(its_key_is_wrapped_and_tied_to_its_environment),
        TEST(two_live_at_once),
        TEST(lifetimes_are_as_asked),
        TEST(each_method_has_its_kind),
        TEST(what_is_no_request_gets_no_certificate),
        TEST(a_revoked_one_is_on_the_next_crl),
        TEST(with_the_application_its_certificates_go_on_the_crl),
        TEST(one_environment_keeps_no_other_from_its_crl),
        TEST(a_crl_of_a_clock_that_was_ahead_is_renewed),
        TEST(a_certificate_can_be_read_again_and_its_key_cannot),
        cmocka_unit_test(states_have_names),
    };
    return cmocka_run_group_tests_name("certificates", tests, NULL, NULL);
}
