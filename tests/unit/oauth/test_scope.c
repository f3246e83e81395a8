/* Scope policy (RFC 6749 3.3): what is granted, and the code of what is not. */
#include "fixture.h"

#include "oauth/customer.h"
#include "oauth/scope.h"

static fixture *f;

static int setup(void **state)
{
    f = fixture_new("ES256", LA_PROFILE_RFC9068);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(f);
    return 0;
}

static la_result decide(la_slice requested, la_grant *ret)
{
    la_application_record a;
    assert_ok(la_registry_find_application(f->view, HERE, LA_SLICE("svc one"), &a));
    return la_scope_decide(&f->context, &a, requested, ret);
}

static void granted(void **state)
{
    la_grant g;
    assert_ok(decide(LA_SLICE("api"), &g));
    assert_int_equal(g.n_scopes, 1);
    assert_int_equal(g.n_audiences, 1);
    assert_slice(g.audiences[0], "https://api.example");
    assert_int_equal(g.lifetime_s, 3600);
    assert_null(g.customer_id.p);

    assert_ok(decide(LA_SLICE("customer." CUSTOMER), &g));
    assert_slice(g.audiences[0], "https://sdk.example");
    assert_int_equal(g.lifetime_s, 900);
    assert_slice(g.customer_id, CUSTOMER);

    assert_ok(decide(LA_SLICE("api api api"), &g));
    assert_int_equal(g.n_scopes, 1);
    assert_ok(decide(LA_SLICE("customer." CUSTOMER " customer." CUSTOMER), &g));
    assert_int_equal(g.n_scopes, 1);
    assert_ok(decide(LA_SLICE("api payments"), &g)); /* one audience, the shorter life */
    assert_int_equal(g.n_scopes, 2);
    assert_int_equal(g.lifetime_s, 60);
    assert_ok(decide(LA_SLICE("payments api"), &g));
    assert_int_equal(g.lifetime_s, 60);
}

static void refused(void **state)
{
    static const struct {
        la_slice scope;
        la_code code;
    } rows[] = {
        {{NULL, 0}, LA_SCOPE_MISSING},
        {LA_SLICE(" "), LA_SCOPE_SYNTAX},
        {LA_SLICE(" api"), LA_SCOPE_SYNTAX},
        {LA_SLICE("api "), LA_SCOPE_SYNTAX},
        {LA_SLICE("api  payments"), LA_SCOPE_SYNTAX},
        {LA_SLICE("api\tpayments"), LA_SCOPE_SYNTAX},
        {LA_SLICE("api\n"), LA_SCOPE_SYNTAX},
        {LA_SLICE("a\"pi"), LA_SCOPE_SYNTAX},
        {LA_SLICE("a\\pi"), LA_SCOPE_SYNTAX},
        {LA_SLICE("api\x7f"), LA_SCOPE_SYNTAX},
        {LA_SLICE("api\0"), LA_SCOPE_SYNTAX},
        {LA_SLICE("\xC2\xA3"), LA_SCOPE_SYNTAX},
        {LA_SLICE("API"), LA_SCOPE_UNKNOWN},
        {LA_SLICE("api+x"), LA_SCOPE_UNKNOWN},
        {LA_SLICE("apix"), LA_SCOPE_UNKNOWN},
        {LA_SLICE("ap"), LA_SCOPE_UNKNOWN},
        {LA_SLICE("Customer.1"), LA_SCOPE_UNKNOWN},
        {LA_SLICE("CUSTOMER." CUSTOMER), LA_SCOPE_UNKNOWN},
        {LA_SLICE("customers." CUSTOMER), LA_SCOPE_UNKNOWN},
        {LA_SLICE("customer"), LA_SCOPE_CUSTOMER_ID},
        {LA_SLICE("customer."), LA_SCOPE_CUSTOMER_ID},
        {LA_SLICE("customer.."), LA_SCOPE_CUSTOMER_ID},
        {LA_SLICE("customer.*"), LA_SCOPE_CUSTOMER_ID},
        {LA_SLICE("customer." CUSTOMER "/"), LA_SCOPE_CUSTOMER_ID},
        {LA_SLICE("customer." CUSTOMER "0"), LA_SCOPE_CUSTOMER_ID},
        {LA_SLICE("customer.A1B2C3D4-E5F6-7890-ABCD-EF0123456789"), LA_SCOPE_CUSTOMER_ID},
        {LA_SLICE("customer.%31%32"), LA_SCOPE_CUSTOMER_ID},
        {LA_SLICE("admin"), LA_SCOPE_NOT_ALLOWED},
        {LA_SLICE("api admin"), LA_SCOPE_NOT_ALLOWED},
        {LA_SLICE("api customer." CUSTOMER), LA_SCOPE_MIXED},
        {LA_SLICE("customer." CUSTOMER " api"), LA_SCOPE_MIXED},
        {LA_SLICE("customer." CUSTOMER " customer.00000000-0000-4000-8000-000000000000"), LA_SCOPE_MIXED},
        {LA_SLICE("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"), LA_SCOPE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        la_grant g;
        la_result r = decide(rows[i].scope, &g);
        if (r.code != rows[i].code)
            fail_msg("row %zu: %s, expected %s", i, la_result_info_of(r.code)->name,
                     la_result_info_of(rows[i].code)->name);
    }
}

static void registered_customers(void **state)
{
    la_grant g;
    la_application_record other;
    f->environment.customer_policy = LA_CUSTOMERS_REGISTERED;
    assert_ok(decide(LA_SLICE("customer." CUSTOMER), &g));
    assert_code(decide(LA_SLICE("customer.00000000-0000-4000-8000-000000000000"), &g), LA_SCOPE_CUSTOMER_UNKNOWN);
    assert_ok(la_registry_find_application(f->view, HERE, LA_SLICE("no-scope"), &other));
    assert_code(la_scope_decide(&f->context, &other, LA_SLICE("customer." CUSTOMER), &g), LA_SCOPE_CUSTOMER_UNKNOWN);
    assert_code(la_scope_decide(&f->context, &other, LA_SLICE("api"), &g), LA_SCOPE_NOT_ALLOWED);
    f->environment.customer_policy = LA_CUSTOMERS_ANY;
}

static void customer_id_formats(void **state)
{
    char long_id[66];
    memset(long_id, 'a', 65);
    assert_true(la_customer_id_is_valid(LA_CUSTOMER_ID_DIGITS, LA_SLICE("12")));
    assert_false(la_customer_id_is_valid(LA_CUSTOMER_ID_DIGITS, LA_SLICE("12a")));
    assert_false(la_customer_id_is_valid(LA_CUSTOMER_ID_DIGITS, LA_SLICE("123456789012345678901")));
    assert_true(la_customer_id_is_valid(LA_CUSTOMER_ID_OPAQUE, LA_SLICE("Ab_9-z")));
    assert_false(la_customer_id_is_valid(LA_CUSTOMER_ID_OPAQUE, LA_SLICE("a.b")));
    assert_true(la_customer_id_is_valid(LA_CUSTOMER_ID_OPAQUE, (la_slice){long_id, 64}));
    assert_false(la_customer_id_is_valid(LA_CUSTOMER_ID_OPAQUE, (la_slice){long_id, 65}));
    for (int format = 0; format < 3; format++)
        assert_false(la_customer_id_is_valid((la_customer_id_format)format, LA_SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(granted), cmocka_unit_test(refused),
                                       cmocka_unit_test(registered_customers), cmocka_unit_test(customer_id_formats)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
