/* Which key a token is bound to, and where it has to be. */
#include "prover.h"

#include "oauth/binding.h"

static fixture *f;
static prover p;
static const uint8_t thumbprint[LA_THUMBPRINT_BYTES] = {1, 2, 3};

static int set_up(void **state)
{
    (void)state;
    f = fixture_new("ES256", LA_PROFILE_RFC9068);
    f->environment.dpop = (la_dpop_config){.nonce_lifetime_s = 100, .proof_lifetime_s = 60};
    prover_init(&p, "ES256");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    prover_done(&p);
    fixture_free(f);
    return 0;
}

static la_token_outcome decide(const la_registration *registration, bool proof, bool certificate)
{
    la_application_record application = {
        .application_id = 1, .client_id = LA_SLICE("who"), .registration = *registration};
    la_token_request request = {0};
    la_token_outcome outcome = {0};
    prover_remember(&f->context);
    if (proof) {
        request.dpop = prover_proof(&p, "a", NOW_S, "");
        request.n_dpop = 1;
    }
    if (certificate) {
        request.client_certificate = LA_SLICE("DER");
        request.client_thumbprint = thumbprint;
    }
    outcome.result = la_binding_decide(&f->context, &request, &application, &outcome);
    return outcome;
}

static void every_combination(void **state)
{
    (void)state;
    static const la_registration none = {0}, dpop = {.dpop_bound = true}, certificate = {.certificate_bound = true},
                                 fapi = {.fapi = true}, fapi_dpop = {.fapi = true, .dpop_bound = true};
    static const struct {
        const la_registration *registration;
        bool proof, certificate;
        la_code code;
        la_binding_kind kind;
    } cases[] = {
        {&none, false, false, LA_OK, LA_BINDING_NONE},
        {&none, false, true, LA_OK, LA_BINDING_CERTIFICATE},
        {&none, true, false, LA_OK, LA_BINDING_DPOP},
        {&none, true, true, LA_OK, LA_BINDING_DPOP},
        {&dpop, false, false, LA_DPOP_NEEDED, LA_BINDING_NONE},
        {&dpop, false, true, LA_DPOP_NEEDED, LA_BINDING_NONE},
        {&dpop, true, true, LA_OK, LA_BINDING_DPOP},
        {&certificate, false, false, LA_CERTIFICATE_NEEDED, LA_BINDING_NONE},
        {&certificate, true, false, LA_CERTIFICATE_NEEDED, LA_BINDING_NONE},
        {&certificate, true, true, LA_DPOP_UNWANTED, LA_BINDING_NONE},
        {&certificate, false, true, LA_OK, LA_BINDING_CERTIFICATE},
        {&fapi, false, false, LA_BINDING_NEEDED, LA_BINDING_NONE},
        {&fapi, false, true, LA_OK, LA_BINDING_CERTIFICATE},
        {&fapi, true, false, LA_OK, LA_BINDING_DPOP},
        {&fapi_dpop, false, true, LA_DPOP_NEEDED, LA_BINDING_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        la_token_outcome o = decide(cases[i].registration, cases[i].proof, cases[i].certificate);
        if (o.result.code != cases[i].code)
            fail_msg("case %zu: %s", i, la_result_info_of(o.result.code)->name);
        if (cases[i].code != LA_OK)
            continue;
        assert_int_equal(o.binding.kind, cases[i].kind);
        if (o.binding.kind != LA_BINDING_NONE)
            assert_memory_equal(o.binding.thumbprint, o.binding.kind == LA_BINDING_DPOP ? p.jkt : thumbprint, 32);
    }
}

static void an_environment_of_fapi(void **state)
{
    (void)state;
    f->environment.fapi = true;
    assert_int_equal(decide(&(la_registration){0}, false, false).result.code, LA_BINDING_NEEDED);
    assert_int_equal(decide(&(la_registration){0}, true, false).result.code, LA_OK);
    f->environment.fapi = false;
}

/* Whoever hands a certificate on without its thumbprint gets it computed, never a zero. */
static void a_thumbprint_of_nobody(void **state)
{
    (void)state;
    uint8_t expected[LA_SHA256_BYTES];
    la_application_record application = {.application_id = 1, .client_id = LA_SLICE("who")};
    la_token_request request = {.client_certificate = LA_SLICE("DER")};
    la_token_outcome outcome = {0};
    la_sha256("DER", 3, expected);
    assert_ok(la_binding_decide(&f->context, &request, &application, &outcome));
    assert_memory_equal(outcome.binding.thumbprint, expected, sizeof expected);
}

static void one_member_in_cnf(void **state)
{
    (void)state;
    char memory[200];
    la_buffer b;
    la_binding binding = {.kind = LA_BINDING_CERTIFICATE};
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_binding_write_cnf(&(la_binding){0}, &b);
    assert_int_equal(b.n, 0);
    la_binding_write_cnf(&binding, &b);
    assert_string_equal(la_buffer_text(&b), ",\"cnf\":{\"x5t#S256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}");
    la_buffer_clear(&b);
    binding.kind = LA_BINDING_DPOP;
    la_binding_write_cnf(&binding, &b);
    assert_string_equal(la_buffer_text(&b), ",\"cnf\":{\"jkt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination),
        cmocka_unit_test(an_environment_of_fapi),
        cmocka_unit_test(a_thumbprint_of_nobody),
        cmocka_unit_test(one_member_in_cnf),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
