/* What a configuration becomes: every option, every default, paths, and the example that is shipped. */
#include "rig.h"

#include "base/log.h"

#include <unistd.h>

static void absent_options_have_their_defaults(void **state)
{
    la_config *c = rig_load(ENVIRONMENT);
    assert_string_equal(c->listen.address, "127.0.0.1");
    assert_int_equal(c->listen.port, 8080);
    assert_string_equal(c->admin.address, "127.0.0.1");
    assert_int_equal(c->admin.port, 8081);
    assert_null(c->admin_origin);
    assert_int_equal(c->admin_environment, -1);
    assert_slice(c->admin_audience, "urn:leanauth:admin");
    assert_int_equal(c->admin_token_lifetime_s, 600);
    assert_true(c->admin_require_totp);
    assert_int_equal(c->admin_session_idle_s, 1800);
    assert_int_equal(c->admin_session_max_s, 43200);
    assert_int_equal(c->replay_max_entries, 1000000);
    assert_int_equal(c->jwks_fetch.timeout_s, 5);
    assert_int_equal(c->jwks_fetch.max_bytes, 65536);
    assert_int_equal(c->jwks_fetch.min_refresh_s, 30);
    assert_int_equal(c->jwks_fetch.n_allowed, 0);
    assert_null(c->jwks_fetch.trust_anchors);
    assert_int_equal(c->usage_flush_s, 10);
    assert_int_equal(c->usage_keep_minutes_s, 172800);
    assert_int_equal(c->usage_keep_hours_s, 7776000);
    assert_int_equal(c->usage_keep_days_s, 94608000);
    assert_int_equal(c->workers, sysconf(_SC_NPROCESSORS_ONLN));
    assert_int_equal(c->last_used_flush_s, 30);
    assert_int_equal(c->ready_max_stale_s, 0);
    assert_int_equal(c->log_level, LA_LOG_INFO);
    assert_int_equal(c->log_requests, LA_REQUEST_LOG_ALL);
    assert_int_equal(c->limits.header_bytes, 16384);
    assert_int_equal(c->limits.body_bytes, 65536);
    assert_int_equal(c->limits.connections, 10000);
    assert_int_equal(c->limits.connections_per_address, 1000);
    assert_int_equal(c->limits.request_timeout_s, 10);
    assert_int_equal(c->limits.idle_timeout_s, 75);
    assert_int_equal(c->limits.drain_timeout_s, 10);
    assert_int_equal(c->limits.failed_auth_per_minute, 60);
    assert_int_equal(c->limits.failed_auth_per_address_per_minute, 600);

    assert_int_equal(c->n_environments, 1);
    const la_environment_config *e = &c->environments[0];
    assert_slice(e->name, "production");
    assert_slice(e->issuer, "https://auth.example.com");
    assert_slice(e->path, "");
    assert_int_equal(e->n_hosts, 1);
    assert_slice(e->hosts[0], "auth.example.com");
    assert_false(e->is_default);
    assert_null(e->listen.address);
    assert_false(e->test);
    assert_slice(e->algorithm, "ES256");
    assert_int_equal(e->profile, LA_PROFILE_RFC9068);
    assert_slice(e->api.name, "api");
    assert_slice(e->api.audience, "https://api.example.com");
    assert_int_equal(e->api.lifetime_s, 3600);
    assert_slice(e->customer.name, "customer");
    assert_slice(e->customer.audience, "https://sdk.example.com");
    assert_int_equal(e->customer.lifetime_s, 3600);
    assert_int_equal(e->customer_policy, LA_CUSTOMERS_ANY);
    assert_int_equal(e->customer_id_format, LA_CUSTOMER_ID_UUID);
    assert_int_equal(e->n_scopes, 0);
    assert_false(e->allow_origin);
    assert_int_equal(e->secrets_per_application, 2);
    assert_int_equal(e->jwks_max_age_s, 900);
    assert_int_equal(e->key_rotate_every_s, 7776000);
    assert_int_equal(e->key_publish_margin_s, 300);
    la_config_free(c);
}

static const char everything[] =
    "listen: {address: \"::1\", port: 9000}\n"
    "admin: {address: 127.0.0.2, port: 9001, origin: \"https://leanauth.example.com\", environment: sandbox-1, "
    "audience: \"urn:a\", token_lifetime_s: 60, require_totp: false, session_idle_s: 61, session_max_s: 62}\n"
    "replay: {max_entries: 1001}\n"
    "jwks_fetch: {timeout_s: 1, max_bytes: 1024, min_refresh_s: 2, allow_addresses: [127.0.0.0/8, \"::1\"], "
    "trust_anchors: /a/ca}\n"
    "usage: {flush_s: 11, keep_minutes_s: 10801, keep_hours_s: 172801, keep_days_s: 0}\n"
    "workers: 3\n"
    "store: {sqlite: data/tokens.db, last_used_flush_s: 31}\n"
    "registry: {path: /run/registry, ready_max_stale_s: 61}\n"
    "master_key: ../keys/master\n"
    "log: {level: warn, requests: refused}\n"
    "limits:\n"
    "  header_bytes: 1025\n"
    "  body_bytes: 1026\n"
    "  connections: 11\n"
    "  connections_per_address: 12\n"
    "  request_timeout_s: 13\n"
    "  idle_timeout_s: 14\n"
    "  drain_timeout_s: 15\n"
    "  failed_auth_per_minute: 16\n"
    "  failed_auth_per_address_per_minute: 17\n"
    "environments:\n"
    "  - name: sandbox-1\n"
    "    issuer: https://Auth.example.com:8443/tenant/\n"
    "    hosts: [Auth.Example.com, \"[::1]\", 10.0.0.1]\n"
    "    default: true\n"
    "    listen: {address: 0.0.0.0, port: 9002}\n"
    "    test: true\n"
    "    algorithm: EdDSA\n"
    "    profile: spring\n"
    "    api: {audience: \"urn:api\", resources: [\"urn:ledger\", \"urn:cards\"], lifetime_s: 1}\n"
    "    customer: {audience: \"urn:sdk\", lifetime_s: 600, policy: registered, id_format: digits}\n"
    "    scopes:\n"
    "      - {name: pay, audience: \"urn:api\", lifetime_s: 86400}\n"
    "      - {name: report, audience: \"urn:report\"}\n"
    "    allow_origin: true\n"
    "    token_reuse_s: 30\n"
    "    status_list: true\n"
    "    status_list_ttl_s: 300\n"
    "    requests_per_minute: 60\n"
    "    request_burst: 5\n"
    "    secrets_per_application: 8\n"
    "    jwks_max_age_s: 60\n"
    "    keys: {rotate_every_s: 86400, publish_margin_s: 0}\n"
    "    mtls: {trust_anchors: anchors.pem, crl: /etc/crl.pem, own_authority: false}\n";

static void every_option_of_the_file_is_there(void **state)
{
    la_config *c = rig_load(everything);
    assert_string_equal(c->listen.address, "::1");
    assert_int_equal(c->listen.port, 9000);
    assert_string_equal(c->admin.address, "127.0.0.2");
    assert_int_equal(c->admin.port, 9001);
    assert_string_equal(c->admin_origin, "https://leanauth.example.com");
    assert_int_equal(c->admin_environment, 0);
    assert_slice(c->admin_audience, "urn:a");
    assert_int_equal(c->admin_token_lifetime_s, 60);
    assert_false(c->admin_require_totp);
    assert_int_equal(c->admin_session_idle_s, 61);
    assert_int_equal(c->admin_session_max_s, 62);
    assert_int_equal(c->replay_max_entries, 1001);
    assert_int_equal(c->jwks_fetch.timeout_s, 1);
    assert_int_equal(c->jwks_fetch.max_bytes, 1024);
    assert_int_equal(c->jwks_fetch.min_refresh_s, 2);
    assert_int_equal(c->jwks_fetch.n_allowed, 2);
    assert_int_equal(c->jwks_fetch.allowed[1].n_bytes, 16);
    assert_string_equal(c->jwks_fetch.trust_anchors, "/a/ca");
    assert_int_equal(c->usage_flush_s, 11);
    assert_int_equal(c->usage_keep_minutes_s, 10801);
    assert_int_equal(c->usage_keep_hours_s, 172801);
    assert_int_equal(c->usage_keep_days_s, 0);
    assert_int_equal(c->workers, 3);
    assert_int_equal(c->last_used_flush_s, 31);
    assert_string_equal(c->registry_path, "/run/registry");
    assert_int_equal(c->ready_max_stale_s, 61);
    assert_int_equal(c->log_level, LA_LOG_WARN);
    assert_int_equal(c->log_requests, LA_REQUEST_LOG_REFUSED);
    assert_int_equal(c->limits.header_bytes, 1025);
    assert_int_equal(c->limits.body_bytes, 1026);
    assert_int_equal(c->limits.connections, 11);
    assert_int_equal(c->limits.connections_per_address, 12);
    assert_int_equal(c->limits.request_timeout_s, 13);
    assert_int_equal(c->limits.idle_timeout_s, 14);
    assert_int_equal(c->limits.drain_timeout_s, 15);
    assert_int_equal(c->limits.failed_auth_per_minute, 16);
    assert_int_equal(c->limits.failed_auth_per_address_per_minute, 17);
    la_config_free(c);
}

static void every_option_of_an_environment_is_there(void **state)
{
    la_config *c = rig_load(everything);
    const la_environment_config *e = la_config_environment(c, LA_SLICE("sandbox-1"));
    assert_non_null(e);
    assert_slice(e->issuer, "https://Auth.example.com:8443/tenant/"); /* byte for byte (RFC 8414 3.3) */
    assert_slice(e->path, "/tenant");
    assert_int_equal(e->n_hosts, 3);
    assert_slice(e->hosts[0], "auth.example.com");
    assert_slice(e->hosts[1], "[::1]");
    assert_slice(e->hosts[2], "10.0.0.1");
    assert_true(e->is_default);
    assert_string_equal(e->listen.address, "0.0.0.0");
    assert_int_equal(e->listen.port, 9002);
    assert_true(e->test);
    assert_slice(e->algorithm, "EdDSA");
    assert_int_equal(e->profile, LA_PROFILE_SPRING);
    assert_slice(e->api.audience, "urn:api");
    assert_int_equal(e->api.lifetime_s, 1);
    assert_int_equal(e->api.n_resources, 2);
    assert_slice(e->api.resources[1], "urn:cards");
    assert_int_equal(e->customer.n_resources, 0);
    assert_int_equal(e->token_reuse_s, 30);
    assert_true(e->status_list);
    assert_int_equal(e->status_list_ttl_s, 300);
    assert_int_equal(e->requests_per_minute, 60);
    assert_int_equal(e->request_burst, 5);
    assert_slice(e->customer.audience, "urn:sdk");
    assert_int_equal(e->customer.lifetime_s, 600);
    assert_int_equal(e->customer_policy, LA_CUSTOMERS_REGISTERED);
    assert_int_equal(e->customer_id_format, LA_CUSTOMER_ID_DIGITS);
    assert_int_equal(e->n_scopes, 4); /* two of the administration */
    assert_slice(e->scopes[0].name, "pay");
    assert_slice(e->scopes[0].audience, "urn:api");
    assert_int_equal(e->scopes[0].lifetime_s, 86400);
    assert_slice(e->scopes[1].name, "report");
    assert_int_equal(e->scopes[1].lifetime_s, 3600);
    assert_true(e->allow_origin);
    assert_int_equal(e->secrets_per_application, 8);
    assert_int_equal(e->jwks_max_age_s, 60);
    assert_int_equal(e->key_rotate_every_s, 86400);
    assert_int_equal(e->key_publish_margin_s, 0);
    assert_non_null(strstr(e->mtls.trust_anchors, "/anchors.pem"));
    assert_string_equal(e->mtls.crl, "/etc/crl.pem");
    assert_false(e->mtls.own_authority);
    assert_null(la_config_environment(c, LA_SLICE("sandbox")));
    la_config_free(c);
}

static void an_explicit_zero_is_not_the_default(void **state)
{
    la_config *c = rig_load("limits: {failed_auth_per_minute: 0, failed_auth_per_address_per_minute: 0}\n" ENVIRONMENT
                            "    keys: {rotate_every_s: 0, publish_margin_s: 0}\n");
    assert_int_equal(c->limits.failed_auth_per_minute, 0);
    assert_int_equal(c->limits.failed_auth_per_address_per_minute, 0);
    assert_int_equal(c->environments[0].key_rotate_every_s, 0);
    assert_int_equal(c->environments[0].key_publish_margin_s, 0);
    la_config_free(c);
}

static void choices_mean_what_they_say(void **state)
{
    static const char *const algorithms[] = {"ES256", "RS256", "PS256", "ES384", "EdDSA"};
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    static const char *const requests[] = {"all", "refused", "none"};
    static const char *const formats[] = {"uuid", "digits", "opaque"};
    for (int i = 0; i < 5; i++) {
        char text[2000];
        snprintf(
            text, sizeof text,
            "log: {level: %s, requests: %s}\n" ENVIRONMENT SECOND(
                "b", "https://b.example") "    algorithm: %s\n"
                                          "  - name: c\n    issuer: https://c.example\n    api: {audience: \"urn:a\"}\n"
                                          "    customer: {audience: \"urn:b\", id_format: %s}\n",
            levels[i % 4], requests[i % 3], algorithms[i], formats[i % 3]);
        la_config *c = rig_load(text);
        assert_slice(c->environments[1].algorithm, algorithms[i]);
        assert_int_equal(c->environments[2].customer_id_format, i % 3);
        assert_int_equal(c->log_level, i % 4);
        assert_int_equal(c->log_requests, i % 3);
        la_config_free(c);
    }
}

/* Relative paths start at the folder of the file, wherever the process stands. */
static void paths_start_at_the_folder_of_the_file(void **state)
{
    char *folder = unit_mkdir(), path[300], expected[320], before[1000];
    la_config *c = NULL;
    snprintf(path, sizeof path, "%s/leanauth.yaml", folder);
    rig_write(path, everything, strlen(everything));
    assert_ok(la_config_load(path, &c));
    assert_string_equal(c->file, path);
    assert_string_equal(c->directory, folder);
    snprintf(expected, sizeof expected, "%s/data/tokens.db", folder);
    assert_string_equal(c->sqlite_path, expected);
    snprintf(expected, sizeof expected, "%s/../keys/master", folder);
    assert_string_equal(c->master_key_path, expected);
    c = la_config_free(c);
    assert_null(c);

    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    rig_write("leanauth.yaml", ENVIRONMENT, strlen(ENVIRONMENT));
    assert_ok(la_config_load("leanauth.yaml", &c));
    assert_string_equal(c->directory, ".");
    assert_string_equal(c->sqlite_path, "./leanauth.db");
    assert_string_equal(c->registry_path, "./registry");
    assert_string_equal(c->master_key_path, "./master.key");
    la_config_free(c);
    assert_int_equal(chdir(before), 0);
    unit_rmdir(folder);
}

static void a_failure_leaves_the_result_alone(void **state)
{
    la_config untouched, *c = &untouched;
    assert_code(rig_load_bytes("x", 1, &c), LA_INVALID);
    assert_ptr_equal(c, &untouched);
    assert_null(la_config_free(NULL));
}

static void many_environments_up_to_their_maximum(void **state)
{
    static char text[64 * 1024];
    for (int n = LA_ENVIRONMENTS_MAX; n <= LA_ENVIRONMENTS_MAX + 1; n++) {
        size_t at = (size_t)sprintf(text, "environments:\n");
        for (int i = 0; i < n; i++)
            at += (size_t)sprintf(text + at,
                                  "  - name: e%d\n    issuer: https://e%d.example\n"
                                  "    api: {audience: \"urn:a\"}\n    customer: {audience: \"urn:b\"}\n",
                                  i, i);
        if (n > LA_ENVIRONMENTS_MAX) {
            rig_refused(text, "2: environments: expected a list of 1 to 64 entries; found 65");
            continue;
        }
        la_config *c = rig_load(text);
        assert_int_equal(c->n_environments, n);
        assert_slice(c->environments[n - 1].hosts[0], "e63.example");
        la_config_free(c);
    }
}

/* ---- the example ---- */

static void check_real_servers(const la_config *c)
{
    static const char *const servers[][3] = {
        {"production", "https://auth.leantech.me", "auth.leantech.me"},
        {"sandbox-uae", "https://auth.sandbox.ae.leantech.me", "auth.sandbox.ae.leantech.me"},
        {"sandbox-ksa", "https://auth.sandbox.sa.leantech.me", "auth.sandbox.sa.leantech.me"},
    };
    assert_int_equal(c->n_environments, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_slice(c->environments[i].name, servers[i][0]);
        assert_slice(c->environments[i].issuer, servers[i][1]);
        assert_slice(c->environments[i].hosts[0], servers[i][2]);
        assert_int_equal(c->environments[i].test, i > 0);
    }
}

static void the_example_loads(void **state)
{
    la_config *c = NULL;
    assert_ok(la_config_load(LA_SOURCE_ROOT "/packaging/leanauth.example.yaml", &c));
    check_real_servers(c);
    la_config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_options_have_their_defaults),
        cmocka_unit_test(every_option_of_the_file_is_there),
        cmocka_unit_test(every_option_of_an_environment_is_there),
        cmocka_unit_test(an_explicit_zero_is_not_the_default),
        cmocka_unit_test(choices_mean_what_they_say),
        cmocka_unit_test(paths_start_at_the_folder_of_the_file),
        cmocka_unit_test(a_failure_leaves_the_result_alone),
        cmocka_unit_test(many_environments_up_to_their_maximum),
        cmocka_unit_test(the_example_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
