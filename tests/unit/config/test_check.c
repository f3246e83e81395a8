/* What options must be to each other, each refusal with its line. */
#include "rig.h"

static void environments_have_names_and_issuers_of_their_own(void **state)
{
    rig_refused(ENVIRONMENT SECOND("production", "https://b.example"),
                "6: environments[1].name: expected a name of its own; found production, which environments[0] has too");
    rig_refused(ENVIRONMENT SECOND("b", "https://auth.example.com"),
                "7: environments[1].issuer: expected an issuer of its own");
    /* The same one but for a slash, with hosts that do not tell. */
    rig_refused(ENVIRONMENT SECOND("b", "https://auth.example.com/") "    hosts: [b.example]\n",
                "7: environments[1].issuer: expected an issuer of its own");
}

static void hosts_are_claimed_once(void **state)
{
    rig_refused(
        ENVIRONMENT SECOND("b", "https://b.example") "    hosts:\n      - b.example\n      - auth.EXAMPLE.com\n",
        "12: environments[1].hosts[1]: expected a host of its own; found auth.example.com, which environments[0] has "
        "too");
    rig_refused(ENVIRONMENT SECOND("b", "https://auth.example.com:8443"),
                "7: environments[1].issuer: expected a host of its own; found auth.example.com");
    rig_refused(ENVIRONMENT "    hosts: [a.example, b.example, a.example]\n",
                "6: environments[0].hosts[2]: expected a host of its own; found a.example");
}

static void one_host_may_have_several_issuer_paths(void **state)
{
    la_config *c = rig_load(ENVIRONMENT SECOND("b", "https://auth.example.com/b")
                                SECOND("c", "https://auth.example.com/c/"));
    assert_int_equal(c->n_environments, 3);
    assert_slice(c->environments[0].path, "");
    assert_slice(c->environments[1].path, "/b");
    assert_slice(c->environments[2].path, "/c");
    assert_slice(c->environments[2].issuer, "https://auth.example.com/c/");
    la_config_free(c);
    rig_refused(ENVIRONMENT SECOND("b", "https://auth.example.com/b") SECOND("c", "https://auth.example.com:444/b"),
                "11: environments[2].issuer: expected a host of its own");
}

static void at_most_one_environment_is_the_default(void **state)
{
    rig_refused(ENVIRONMENT "    default: true\n" SECOND("b", "https://b.example") "    default: true\n",
                "11: environments[1].default: expected at most one default");
    la_config_free(rig_load(ENVIRONMENT "    default: true\n" SECOND("b", "https://b.example") "    default: false\n"));
}

static void the_administration_has_an_environment_that_exists(void **state)
{
    rig_refused("admin:\n  environment: staging\n" ENVIRONMENT,
                "2: admin.environment: expected the name of one of the environments");
    la_config *c = rig_load("admin: {environment: b, token_lifetime_s: 60}\n" ENVIRONMENT SECOND(
        "b", "https://b.example") "    scopes: [{name: payments, audience: urn:p}]\n");
    const la_environment_config *b = &c->environments[1];
    assert_int_equal(c->admin_environment, 1);
    assert_int_equal(c->environments[0].n_scopes, 0);
    assert_int_equal(b->n_scopes, 3);
    assert_int_equal(b->n_admin_scopes, 2);
    assert_slice(b->scopes[0].name, "payments");
    assert_slice(b->scopes[1].name, "admin:read");
    assert_slice(b->scopes[2].name, "admin:write");
    for (unsigned i = 1; i < 3; i++) {
        assert_slice(b->scopes[i].audience, "urn:leanauth:admin");
        assert_int_equal(b->scopes[i].lifetime_s, 60);
    }
    la_config_free(c);
}

static void the_administration_shares_its_audience_with_nobody(void **state)
{
    static const char said[] = "1: admin.audience: expected an audience of its own";
    rig_refused("admin: {environment: production, audience: \"https://api.example.com\"}\n" ENVIRONMENT, said);
    rig_refused("admin: {environment: production, audience: \"https://sdk.example.com\"}\n" ENVIRONMENT, said);
    rig_refused("admin: {environment: production, audience: urn:p}\n" ENVIRONMENT
                "    scopes: [{name: payments, audience: urn:p}]\n",
                said);
    /* The audience of another environment is nothing to this one. */
    la_config_free(
        rig_load("admin: {environment: production, audience: \"https://api.example.org\"}\n" ENVIRONMENT SECOND(
            "b", "https://b.example")));
}

static void a_session_is_idle_no_longer_than_it_lives(void **state)
{
    rig_refused("admin:\n  session_idle_s: 61\n  session_max_s: 60\n" ENVIRONMENT,
                "2: admin.session_idle_s: expected at most admin.session_max_s");
    la_config_free(rig_load("admin: {session_idle_s: 60, session_max_s: 60}\n" ENVIRONMENT));
}

static void listen_addresses_do_not_overlap(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"listen: {port: 8081}\n" ENVIRONMENT, "1: admin: expected another address"},
        {"listen: {port: 9000}\nadmin: {port: 9000}\n" ENVIRONMENT, "2: admin: expected another address"},
        {"listen: {address: 0.0.0.0, port: 9000}\nadmin: {port: 9000}\n" ENVIRONMENT, "2: admin: expected another"},
        {"listen: {address: \"::\", port: 9000}\nadmin: {port: 9000}\n" ENVIRONMENT, "2: admin: expected another"},
        {"listen: {address: \"::1\", port: 9000}\nadmin: {address: \"0:0::1\", port: 9000}\n" ENVIRONMENT,
         "2: admin: expected another"},
        {ENVIRONMENT "    listen: {address: 127.0.0.1, port: 8080}\n",
         "6: environments[0].listen: expected an address of its own"},
        {ENVIRONMENT "    listen: {address: 127.0.0.1, port: 8081}\n",
         "6: environments[0].listen: expected an address of its own"},
        {ENVIRONMENT "    listen: {address: 0.0.0.0, port: 8080}\n",
         "6: environments[0].listen: expected an address of its own"},
        {ENVIRONMENT "    listen: {address: 127.0.0.2, port: 9}\n" SECOND(
             "b", "https://b.example") "    listen: {address: 127.0.0.2, port: 9}\n",
         "11: environments[1].listen: expected an address of its own; found that of environments[0]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        rig_refused(cases[i].text, cases[i].said);
    la_config_free(rig_load("listen: {address: 127.0.0.2, port: 9000}\nadmin: {port: 9000}\n" ENVIRONMENT));
    la_config_free(rig_load("listen: {address: \"::1\", port: 9000}\nadmin: {port: 9000}\n" ENVIRONMENT));
    la_config_free(rig_load(ENVIRONMENT "    listen: {address: 127.0.0.1, port: 8082}\n"));
}

static void token_classes_never_share_an_audience(void **state)
{
    rig_refused("environments:\n"
                "  - name: a\n"
                "    issuer: https://auth.example.com\n"
                "    api: {audience: https://same.example}\n"
                "    customer: {audience: https://same.example}\n",
                "5: environments[0].customer.audience: expected another audience than that of api");
    rig_refused(ENVIRONMENT "    scopes:\n      - name: pay\n        audience: https://sdk.example.com\n",
                "8: environments[0].scopes[0].audience: expected another audience than that of customer tokens");
    la_config_free(rig_load(ENVIRONMENT "    scopes: [{name: pay, audience: https://api.example.com}]\n"));
    rig_refused("environments:\n"
                "  - name: a\n"
                "    issuer: https://auth.example.com\n"
                "    api: {audience: https://api.example, resources: [https://ledger.example, https://sdk.example]}\n"
                "    customer: {audience: https://sdk.example}\n",
                "4: environments[0].api.resources[1]: expected no audience of customer tokens");
    rig_refused("environments:\n"
                "  - name: a\n"
                "    issuer: https://auth.example.com\n"
                "    api: {audience: https://api.example}\n"
                "    customer: {audience: https://sdk.example, resources: [https://api.example]}\n",
                "5: environments[0].customer.resources[0]: expected no audience of api");
    rig_refused(ENVIRONMENT "    scopes: [{name: pay, audience: urn:pay, resources: [https://sdk.example.com]}]\n",
                "6: environments[0].scopes[0].resources[0]: expected no audience of customer tokens");
    rig_refused("environments:\n"
                "  - name: a\n"
                "    issuer: https://auth.example.com\n"
                "    api: {audience: https://api.example, resources: [https://auth.example.com/oauth2/token]}\n"
                "    customer: {audience: https://sdk.example}\n",
                "4: environments[0].api.resources[0]: expected the audience of a resource server");
}

static void the_token_endpoint_is_no_audience(void **state)
{
    rig_refused("environments:\n"
                "  - name: a\n"
                "    issuer: https://auth.example.com/\n"
                "    api: {audience: https://auth.example.com/oauth2/token}\n"
                "    customer: {audience: https://sdk.example}\n",
                "4: environments[0].api.audience: expected the audience of a resource server");
    rig_refused("environments:\n"
                "  - name: a\n"
                "    issuer: https://auth.example.com/t\n"
                "    api: {audience: https://api.example}\n"
                "    customer: {audience: https://auth.example.com/t/oauth2/token}\n",
                "5: environments[0].customer.audience: expected the audience of a resource server");
    rig_refused(ENVIRONMENT "    scopes: [{name: pay, audience: https://auth.example.com/oauth2/token}]\n",
                "6: environments[0].scopes[0].audience: expected the audience of a resource server");
}

static void a_crl_is_of_an_authority_that_is_trusted(void **state)
{
    rig_refused(ENVIRONMENT "    mtls: {crl: crl.pem}\n",
                "6: environments[0].mtls.crl: expected mtls.trust_anchors, too");
    la_config_free(rig_load(ENVIRONMENT "    mtls: {crl: crl.pem, trust_anchors: a.pem}\n"));
}

static void scopes_have_names_of_their_own(void **state)
{
    rig_refused(ENVIRONMENT "    scopes:\n      - {name: pay, audience: urn:p}\n      - {name: pay, audience: urn:q}\n",
                "8: environments[0].scopes[1].name: expected a name of its own; found that of scopes[0]");
    rig_refused(ENVIRONMENT "    scopes: [{name: api, audience: urn:p}]\n",
                "6: environments[0].scopes[0].name: expected a scope name other");
    rig_refused(ENVIRONMENT "    scopes: [{name: customer, audience: urn:p}]\n",
                "6: environments[0].scopes[0].name: expected a scope name other");
    rig_refused(ENVIRONMENT "    scopes: [{name: customer.1, audience: urn:p}]\n",
                "6: environments[0].scopes[0].name: expected a scope name other");
    la_config_free(
        rig_load(ENVIRONMENT "    scopes: [{name: customers, audience: urn:p}, {name: API, audience: urn:p}]\n"));
}

static void a_rotation_is_longer_than_a_publication(void **state)
{
    rig_refused(ENVIRONMENT "    keys:\n      rotate_every_s: 1200\n",
                "7: environments[0].keys.rotate_every_s: expected 0, or at least 1201 (jwks_max_age_s + "
                "keys.publish_margin_s + 1); "
                "found 1200");
    la_config_free(rig_load(ENVIRONMENT "    keys: {rotate_every_s: 1201}\n"));
    la_config_free(rig_load(ENVIRONMENT "    keys: {rotate_every_s: 0}\n"));
    la_config_free(rig_load(ENVIRONMENT "    jwks_max_age_s: 1\n    keys: {rotate_every_s: 2, publish_margin_s: 0}\n"));
    rig_refused(ENVIRONMENT "    jwks_max_age_s: 2\n    keys: {rotate_every_s: 2, publish_margin_s: 0}\n",
                "7: environments[0].keys.rotate_every_s: expected 0, or at least 3");
    /* Too short by the other option alone. */
    rig_refused(ENVIRONMENT "    jwks_max_age_s: 86400\n    keys: {publish_margin_s: 86400, rotate_every_s: 172800}\n",
                "7: environments[0].keys.rotate_every_s: expected 0, or at least 172801");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environments_have_names_and_issuers_of_their_own),
        cmocka_unit_test(hosts_are_claimed_once),
        cmocka_unit_test(one_host_may_have_several_issuer_paths),
        cmocka_unit_test(at_most_one_environment_is_the_default),
        cmocka_unit_test(the_administration_has_an_environment_that_exists),
        cmocka_unit_test(the_administration_shares_its_audience_with_nobody),
        cmocka_unit_test(a_session_is_idle_no_longer_than_it_lives),
        cmocka_unit_test(listen_addresses_do_not_overlap),
        cmocka_unit_test(token_classes_never_share_an_audience),
        cmocka_unit_test(the_token_endpoint_is_no_audience),
        cmocka_unit_test(a_crl_is_of_an_authority_that_is_trusted),
        cmocka_unit_test(scopes_have_names_of_their_own),
        cmocka_unit_test(a_rotation_is_longer_than_a_publication),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
