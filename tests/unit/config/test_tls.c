/* The options of TLS and of proxies: what they may say, what they must be to each other, and their defaults. */
#include "rig.h"

#include "config/value.h"

#define TOP "tls: {certificate: c.pem, key: /k.pem}\n"

static void certificates_are_where_tls_is_spoken(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"listen: {tls: true}\n" ENVIRONMENT, "1: listen.tls: expected tls, or environments[].tls"},
        {"tls: {certificate: c.pem}\n" ENVIRONMENT, "1: tls: expected certificate and key together"},
        {"mtls_listen: {address: 127.0.0.1, port: 9}\n" ENVIRONMENT, "1: mtls_listen: expected tls, or"},
        {TOP "mtls_listen: {address: 127.0.0.1, port: 8080}\n" ENVIRONMENT, "2: mtls_listen: expected another address"},
        {TOP "mtls_listen: {address: 0.0.0.0, port: 8081}\n" ENVIRONMENT, "2: mtls_listen: expected another address"},
        {ENVIRONMENT "    listen: {address: 127.0.0.1, port: 9, tls: true}\n",
         "6: environments[0].listen.tls: expected environments[].tls or tls"},
        {TOP "mtls_listen: {address: 127.0.0.1, port: 9}\n" ENVIRONMENT "    listen: {address: 127.0.0.1, port: 9}\n",
         "8: environments[0].listen: expected an address of its own; found that of mtls_listen"},
        {"admin: {tls: {certificate: a.pem}}\n" ENVIRONMENT, "1: admin.tls: expected the option key here"},
        {"tls: {min_version: 1.1}\n" ENVIRONMENT, "1: tls.min_version: expected one of 1.2, 1.3; found 1.1"},
        {ENVIRONMENT "    mtls_url: http://localhost\n",
         "6: environments[0].mtls_url: expected a URL that starts with"},
        {ENVIRONMENT "    mtls_url: https://m.example/t\n", "6: environments[0].mtls_url: expected the path of the"},
        {ENVIRONMENT "    mtls_url: https://m.example\n" SECOND("b", "https://m.example"),
         "8: environments[1].issuer: expected a host of its own"},
        {ENVIRONMENT SECOND("b", "https://b.example") "    mtls_url: https://auth.example.com\n",
         "10: environments[1].mtls_url: expected a host of its own"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        rig_refused(cases[i].text, cases[i].said);
    la_config_free(rig_load("listen: {tls: true}\n" ENVIRONMENT "    tls: {certificate: c.pem, key: k.pem}\n"));
}

static void what_was_said_is_there(void **state)
{
    la_config *c = rig_load("listen: {address: \"unix:/run/x.sock\", tls: true}\n"
                            "mtls_listen: {address: \"::1\", port: 9443}\n"
                            "admin: {tls: {certificate: /a.pem, key: /b.pem}}\n"
                            "tls: {certificate: c.pem, key: /k.pem, min_version: 1.3}\n" ENVIRONMENT
                            "    tls: {certificate: e.pem, key: f.pem}\n"
                            "    listen: {address: 127.0.0.1, port: 9, tls: true}\n");
    assert_string_equal(c->listen.address, "unix:/run/x.sock");
    assert_true(c->listen.tls && c->mtls_listen.tls && c->admin.tls);
    assert_string_equal(c->mtls_listen.address, "::1");
    assert_string_equal(c->admin_tls.certificate, "/a.pem");
    assert_string_equal(c->admin_tls.key, "/b.pem");
    assert_string_equal(c->tls.key, "/k.pem");
    assert_string_equal(strrchr(c->tls.certificate, '/'), "/c.pem");
    assert_int_equal(c->tls_min_version, LA_TLS_1_3);
    assert_string_equal(strrchr(c->environments[0].tls.key, '/'), "/f.pem");
    assert_true(c->environments[0].listen.tls);
    assert_slice(c->environments[0].mtls_url, "https://auth.example.com:9443");
    assert_int_equal(c->environments[0].n_hosts, 1);
    la_config_free(c);

    c = rig_load(ENVIRONMENT);
    assert_false(c->listen.tls || c->admin.tls);
    assert_null(c->mtls_listen.address);
    assert_null(c->tls.certificate);
    assert_null(c->environments[0].mtls_url.p);
    assert_int_equal(c->tls_min_version, LA_TLS_1_2);
    assert_int_equal(c->proxies.n_addresses, 0);
    assert_true(c->proxies.forwarded_for);
    la_config_free(c);
}

static void the_host_of_mtls_url_is_answered(void **state)
{
    la_config *c = rig_load(ENVIRONMENT "    mtls_url: https://MTLS.example.com/\n");
    assert_slice(c->environments[0].mtls_url, "https://MTLS.example.com");
    assert_int_equal(c->environments[0].n_hosts, 2);
    assert_slice(c->environments[0].hosts[1], "mtls.example.com");
    la_config_free(c);
    c = rig_load("mtls_listen: {address: 127.0.0.1, port: 443}\n" TOP
                 "environments:\n" SECOND("b", "https://b.example/t/"));
    assert_slice(c->environments[0].mtls_url, "https://b.example/t");
    la_config_free(c);
}

static void proxies_are_ranges(void **state)
{
    static const char *const wrong[] = {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "::/129", "unix:", "host", "", "/8"};
    la_config *c = rig_load("proxies:\n  addresses: [unix, 192.0.2.7, 10.0.0.0/8, \"2001:db8::/32\", \"fc00::/7\"]\n"
                            "  client_certificate: xfcc\n  forwarded_for: false\n" ENVIRONMENT);
    const la_proxies_config *p = &c->proxies;
    assert_int_equal(p->n_addresses, 5);
    assert_int_equal(p->addresses[0].n_bytes, 0);
    assert_int_equal(p->addresses[1].n_bits, 32);
    assert_int_equal(p->addresses[2].bytes[0], 10);
    assert_int_equal(p->addresses[2].n_bits, 8);
    assert_int_equal(p->addresses[3].n_bytes, 16);
    assert_int_equal(p->addresses[4].n_bits, 7);
    assert_int_equal(p->certificate, LA_PROXY_CERTIFICATE_XFCC);
    assert_slice(p->certificate_header, "x-forwarded-client-cert");
    assert_false(p->forwarded_for);
    la_config_free(c);
    c = rig_load("proxies: {addresses: [unix], client_certificate: escaped-pem, client_certificate_header: "
                 "X-My-Cert}\n" ENVIRONMENT);
    assert_slice(c->proxies.certificate_header, "x-my-cert");
    la_config_free(c);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_non_null(la_text_expected(LA_TEXT_PROXY, la_slice_of(wrong[i])));
    rig_refused("proxies: {client_certificate: xfcc}\n" ENVIRONMENT,
                "1: proxies.client_certificate: expected proxies.addresses");
    static const char *const wide[] = {"0.0.0.0/0", "\"::/0\"", "128.0.0.0/1", "\"2000::/3\""};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        char text[300];
        snprintf(text, sizeof text, "proxies: {addresses: [unix, %s], client_certificate: client-cert}\n" ENVIRONMENT,
                 wide[i]);
        rig_refused(text, "1: proxies.addresses: expected the addresses of proxies");
        snprintf(text, sizeof text, "proxies: {addresses: [unix, %s]}\n" ENVIRONMENT, wide[i]);
        la_config_free(rig_load(text)); /* of an address alone nothing follows */
    }
    rig_refused("proxies: {client_certificate_header: Authorization}\n" ENVIRONMENT,
                "1: proxies.client_certificate_header: expected the name of a header field");
}

static void unix_sockets_have_absolute_paths(void **state)
{
    char text[128] = "unix:/";
    static const char *const wrong[] = {"unix:", "unix:/", "unix:x", "unix:@x", "unix:/a\nb"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_non_null(la_text_expected(LA_TEXT_LISTEN, la_slice_of(wrong[i])));
    memset(text + 6, 'x', 107);
    assert_null(la_text_expected(LA_TEXT_LISTEN, (la_slice){text, 5 + 107}));
    assert_non_null(la_text_expected(LA_TEXT_LISTEN, (la_slice){text, 5 + 108}));
    assert_non_null(la_text_expected(LA_TEXT_ADDRESS, LA_SLICE("unix:/run/x")));
    la_config_free(
        rig_load("listen: {address: \"unix:/a\"}\n" ENVIRONMENT "    listen: {address: \"unix:/b\", port: 9}\n"));
    rig_refused("listen: {address: \"unix:/a\"}\n" ENVIRONMENT "    listen: {address: \"unix:/a\", port: 9}\n",
                "7: environments[0].listen: expected an address of its own");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_where_tls_is_spoken), cmocka_unit_test(what_was_said_is_there),
        cmocka_unit_test(the_host_of_mtls_url_is_answered),     cmocka_unit_test(proxies_are_ranges),
        cmocka_unit_test(unix_sockets_have_absolute_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
