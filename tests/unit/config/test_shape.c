/* Wrong keys, wrong types, wrong values: each is refused with its line, its path and what was expected. */
#include "rig.h"

typedef struct refusal {
    const char *text, *said;
} refusal;

static void refuse_all(const refusal *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rig_refused(cases[i].text, cases[i].said);
}
#define REFUSE_ALL(cases) refuse_all(cases, sizeof(cases) / sizeof *(cases))

static void unknown_options_are_named_with_those_there_are(void **state)
{
    static const refusal cases[] = {
        {"listn: {port: 80}\n" ENVIRONMENT,
         "1: expected one of the options listen, mtls_listen, tls, proxies, admin, workers, store, registry, "
         "master_key, log, limits, replay, jwks_fetch, usage, environments; found listn"},
        {"listen:\n  adress: ::1\n" ENVIRONMENT,
         "2: listen: expected one of the options address, port, tls; found adress"},
        {ENVIRONMENT "    isuer: x\n",
         "6: environments[0]: expected one of the options name, issuer, hosts, default, listen, tls, mtls_url, "
         "test, algorithm, profile, api, customer, scopes, allow_origin, fapi, assertion, dpop, token_reuse_s, "
         "status_list, status_list_ttl_s, requests_per_minute, "
         "request_burst, "
         "secrets_per_application, jwks_max_age_s, keys, mtls; found isuer"},
        {ENVIRONMENT "    keys: {rotate_every: 1}\n",
         "6: environments[0].keys: expected one of the options rotate_every_s, publish_margin_s; found rotate_every"},
        {ENVIRONMENT "    Algorithm: ES256\n", "6: environments[0]: expected one of the options"},
        {ENVIRONMENT "    <<: {}\n", "6: environments[0]: expected one of the options"},
        {ENVIRONMENT "    \"te\\tst\": true\n", "6: environments[0]: expected one of the options"},
        {ENVIRONMENT "    ? [a, b]\n    : 1\n", "6: environments[0]: expected the name of an option"},
        {ENVIRONMENT "    ? {a: b}\n    : 1\n", "6: environments[0]: expected the name of an option"},
    };
    REFUSE_ALL(cases);
}

static void options_without_default_are_missed(void **state)
{
    static const refusal cases[] = {
        {"workers: 2\n", "1: expected the option environments here: it has no default"},
        {"environments:\n  - issuer: https://a.example\n", "2: environments[0]: expected the option name here"},
        {"environments:\n  - name: a\n    api: {audience: urn:a}\n    customer: {audience: urn:b}\n",
         "2: environments[0]: expected the option issuer here"},
        {"environments:\n  - name: a\n    issuer: https://a.example\n    customer: {audience: urn:b}\n",
         "2: environments[0]: expected the option api here"},
        {"environments:\n  - name: a\n    issuer: https://a.example\n    api:\n      lifetime_s: 60\n",
         "5: environments[0].api: expected the option audience here"},
        {ENVIRONMENT "    listen: {address: \"::1\"}\n", "6: environments[0].listen: expected the option port here"},
        {ENVIRONMENT "    listen: {port: 9000}\n", "6: environments[0].listen: expected the option address here"},
        {ENVIRONMENT "    scopes:\n      - name: pay\n",
         "7: environments[0].scopes[0]: expected the option audience here"},
        {ENVIRONMENT "    scopes:\n      - audience: urn:x\n",
         "7: environments[0].scopes[0]: expected the option name here"},
    };
    REFUSE_ALL(cases);
}

static void options_stand_once(void **state)
{
    static const refusal cases[] = {
        {"workers: 1\nlog: {}\nworkers: 1\n" ENVIRONMENT, "3: workers: expected it once; found it in line 1 too"},
        {"listen:\n  port: 1\n  port: 2\n" ENVIRONMENT, "3: listen.port: expected it once; found it in line 2 too"},
        {ENVIRONMENT "    name: b\n", "6: environments[0].name: expected it once; found it in line 2 too"},
        {ENVIRONMENT "environments: []\n", "6: environments: expected it once; found it in line 1 too"},
    };
    REFUSE_ALL(cases);
}

static void wrong_types_say_what_they_are(void **state)
{
    static const refusal cases[] = {
        {"- a\n", "1: expected a mapping with listen, mtls_listen, tls,"},
        {"text\n", "1: expected a mapping with listen, mtls_listen, tls,"},
        {"listen: 8080\n" ENVIRONMENT, "1: listen: expected a mapping with address, port, tls; found 8080"},
        {"listen: [a, 80]\n" ENVIRONMENT, "1: listen: expected a mapping with address, port, tls; found a list"},
        {"limits:\n" ENVIRONMENT, "1: limits: expected a mapping with header_bytes,"},
        {"workers: {n: 1}\n" ENVIRONMENT, "1: workers: expected a whole number from 0 to 256; found a mapping"},
        {"workers: []\n" ENVIRONMENT, "1: workers: expected a whole number from 0 to 256; found a list"},
        {"workers: [4]\n" ENVIRONMENT, "1: workers: expected a whole number from 0 to 256; found a list"},
        {"master_key: [a]\n" ENVIRONMENT,
         "1: master_key: expected a path of 1 to 3000 bytes without control characters; found a list"},
        {"master_key: {}\n" ENVIRONMENT, "1: master_key: expected a path"},
        {"master_key: ~\n" ENVIRONMENT, "1: master_key: expected a text; found ~"},
        {"master_key: null\n" ENVIRONMENT, "1: master_key: expected a text; found null"},
        {"master_key:\n" ENVIRONMENT,
         "1: master_key: expected a path of 1 to 3000 bytes without control characters; found nothing"},
        {"master_key: ''\n" ENVIRONMENT,
         "1: master_key: expected a path of 1 to 3000 bytes without control characters; found an empty text"},
        {"log: {level: {}}\n" ENVIRONMENT, "1: log.level: expected one of debug, info, warn, error; found a mapping"},
        {"log: {level: []}\n" ENVIRONMENT, "1: log.level: expected one of debug, info, warn, error; found a list"},
        {"environments: {}\n", "1: environments: expected a list; found a mapping"},
        {"environments: x\n", "1: environments: expected a list; found x"},
        {"environments: []\n", "1: environments: expected a list of 1 to 64 entries; found 0"},
        {"environments: [x]\n", "1: environments[0]: expected a mapping with name, issuer,"},
        {"environments: [[]]\n", "1: environments[0]: expected a mapping with name, issuer,"},
        {ENVIRONMENT "    hosts: a.example\n", "6: environments[0].hosts: expected a list; found a.example"},
        {ENVIRONMENT "    hosts: []\n", "6: environments[0].hosts: expected a list of 1 to 64 entries; found 0"},
        {ENVIRONMENT "    hosts: [[a.example]]\n", "6: environments[0].hosts[0]: expected a host name or address"},
        {ENVIRONMENT "    hosts: [{a: b}]\n", "6: environments[0].hosts[0]: expected a host name or address"},
        {ENVIRONMENT "    test: {}\n", "6: environments[0].test: expected true or false; found a mapping"},
        {ENVIRONMENT "    scopes: [pay]\n",
         "6: environments[0].scopes[0]: expected a mapping with name, audience, resources, lifetime_s; found pay"},
        {"environments:\n  - name: a\n    issuer: {}\n",
         "3: environments[0].issuer: expected a URL that starts with https://"},
        {"environments:\n  - name: a\n    issuer: [https://a.example]\n",
         "3: environments[0].issuer: expected a URL that starts"},
        {"environments:\n  - name: a\n    api: {audience: []}\n",
         "3: environments[0].api.audience: expected an absolute URI"},
        {"environments:\n  - name: []\n", "2: environments[0].name: expected a name of 1 to 40 characters"},
        {"listen: {address: []}\n" ENVIRONMENT, "1: listen.address: expected a numeric IPv4 or IPv6 address"},
    };
    REFUSE_ALL(cases);
}

static void numbers_never_wrap(void **state)
{
    static const char *const wrong[] = {
        "-1",
        "65536",
        "4294967297",
        "4294967376",
        "18446744073709551617",
        "-18446744073709551615",
        "99999999999999999999999",
        "1e3",
        "0x10",
        "010",
        "0o10",
        "1_000",
        "80.0",
        "+80",
        " \"80\"",
        "'80'",
        "eighty",
        ".inf",
        "1:20",
        "0",
        "00",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[1000];
        snprintf(text, sizeof text, "# a comment\nlisten:\n  port: %s\n" ENVIRONMENT, wrong[i]);
        rig_refused(text, "3: listen.port: expected a whole number from 1 to 65535");
    }
    rig_refused("listen: {port: 4294967297}\n" ENVIRONMENT,
                "1: listen.port: expected a whole number from 1 to 65535; found 4294967297");
    rig_refused("listen: {port: \"8080\"}\n" ENVIRONMENT,
                "1: listen.port: expected a whole number from 1 to 65535, without quotes; found \"8080\"");
}

/* Each option that is a number, just outside of both ends of its range. */
static void ranges_are_kept(void **state)
{
    static const struct {
        const char *option, *text;
        unsigned long least, most;
    } ranges[] = {
        {"listen.port", "listen: {port: %s}\n" ENVIRONMENT, 1, 65535},
        {"admin.port", "admin: {port: %s}\n" ENVIRONMENT, 1, 65535},
        {"admin.token_lifetime_s", "admin: {token_lifetime_s: %s}\n" ENVIRONMENT, 1, 86400},
        {"admin.session_idle_s", "admin: {session_idle_s: %s, session_max_s: 604800}\n" ENVIRONMENT, 60, 86400},
        {"admin.session_max_s", "admin: {session_max_s: %s, session_idle_s: 60}\n" ENVIRONMENT, 60, 604800},
        {"usage.flush_s", "usage: {flush_s: %s}\n" ENVIRONMENT, 1, 300},
        {"usage.keep_minutes_s", "usage: {keep_minutes_s: %s}\n" ENVIRONMENT, 10800, 31536000},
        {"usage.keep_hours_s", "usage: {keep_hours_s: %s}\n" ENVIRONMENT, 172800, 315360000},
        {"usage.keep_days_s", "usage: {keep_days_s: %s}\n" ENVIRONMENT, 0, 3153600000},
        {"workers", "workers: %s\n" ENVIRONMENT, 0, 256},
        {"store.last_used_flush_s", "store: {last_used_flush_s: %s}\n" ENVIRONMENT, 1, 3600},
        {"registry.ready_max_stale_s", "registry: {ready_max_stale_s: %s}\n" ENVIRONMENT, 0, 86400},
        {"limits.header_bytes", "limits: {header_bytes: %s}\n" ENVIRONMENT, 1024, 65536},
        {"limits.body_bytes", "limits: {body_bytes: %s}\n" ENVIRONMENT, 1024, 1048576},
        {"limits.connections", "limits: {connections: %s}\n" ENVIRONMENT, 1, 1000000},
        {"limits.connections_per_address", "limits: {connections_per_address: %s}\n" ENVIRONMENT, 1, 1000000},
        {"limits.request_timeout_s", "limits: {request_timeout_s: %s}\n" ENVIRONMENT, 1, 3600},
        {"limits.idle_timeout_s", "limits: {idle_timeout_s: %s}\n" ENVIRONMENT, 1, 3600},
        {"limits.drain_timeout_s", "limits: {drain_timeout_s: %s}\n" ENVIRONMENT, 1, 600},
        {"limits.failed_auth_per_minute", "limits: {failed_auth_per_minute: %s}\n" ENVIRONMENT, 0, 1000000},
        {"limits.failed_auth_per_address_per_minute", "limits: {failed_auth_per_address_per_minute: %s}\n" ENVIRONMENT,
         0, 1000000},
        {"environments[0].listen.port", ENVIRONMENT "    listen: {port: %s, address: \"::1\"}\n", 1, 65535},
        {"environments[0].secrets_per_application", ENVIRONMENT "    secrets_per_application: %s\n", 1, 8},
        {"environments[0].jwks_max_age_s", ENVIRONMENT "    jwks_max_age_s: %s\n", 1, 86400},
        {"environments[0].keys.publish_margin_s", ENVIRONMENT "    keys: {publish_margin_s: %s}\n", 0, 86400},
        {"environments[0].keys.rotate_every_s", ENVIRONMENT "    keys: {rotate_every_s: %s}\n", 0, 315360000},
        {"environments[0].scopes[0].lifetime_s",
         ENVIRONMENT "    scopes: [{name: p, audience: urn:p, lifetime_s: %s}]\n", 1, 86400},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        for (int k = 0; k < 4; k++) {
            char text[1000], number[32], said[200];
            const char *in = strstr(ranges[i].text, "%s");
            long value = k == 0   ? (long)ranges[i].least - 1
                         : k == 1 ? (long)ranges[i].most + 1
                         : k == 2 ? (long)ranges[i].least
                                  : (long)ranges[i].most;
            snprintf(number, sizeof number, "%ld", value);
            snprintf(text, sizeof text, "%.*s%s%s", (int)(in - ranges[i].text), ranges[i].text, number, in + 2);
            if (k >= 2) {
                la_config_free(rig_load(text));
                continue;
            }
            snprintf(said, sizeof said, "%d: %s: expected a whole number from %lu to %lu; found %ld",
                     text[0] == 'e' ? 6 : 1, ranges[i].option, ranges[i].least, ranges[i].most, value);
            rig_refused(text, said);
        }
    }
    rig_refused("environments:\n  - name: a\n    api: {audience: urn:a, lifetime_s: 0}\n",
                "3: environments[0].api.lifetime_s: expected a whole number from 1 to 86400; found 0");
    rig_refused("environments:\n  - name: a\n    customer:\n      audience: urn:a\n      lifetime_s: 86401\n",
                "5: environments[0].customer.lifetime_s: expected a whole number from 1 to 86400; found 86401");
}

static void flags_are_true_or_false(void **state)
{
    static const char *const wrong[] = {"yes",  "no",   "on", "off",      "1",       "0",
                                        "True", "TRUE", "",   "\"true\"", "'false'", "~"};
    static const char *const options[] = {"test", "default", "allow_origin"};
    for (size_t o = 0; o < sizeof options / sizeof *options; o++) {
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            char text[1000], said[200];
            snprintf(text, sizeof text, ENVIRONMENT "    %s: %s\n", options[o], wrong[i]);
            snprintf(said, sizeof said, "6: environments[0].%s: expected true or false", options[o]);
            rig_refused(text, said);
        }
    }
}

static void choices_are_listed(void **state)
{
    static const refusal cases[] = {
        {"log: {level: verbose}\n" ENVIRONMENT,
         "1: log.level: expected one of debug, info, warn, error; found verbose"},
        {"log: {level: Info}\n" ENVIRONMENT, "1: log.level: expected one of debug, info, warn, error; found Info"},
        {"log: {level: 1}\n" ENVIRONMENT, "1: log.level: expected one of debug, info, warn, error; found 1"},
        {"log: {requests: some}\n" ENVIRONMENT, "1: log.requests: expected one of all, refused, none; found some"},
        {ENVIRONMENT "    algorithm: ES257\n", "6: environments[0].algorithm: expected one of ES256, RS256, PS256, "
                                               "ES384, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87; found ES257"},
        {ENVIRONMENT "    algorithm: none\n", "6: environments[0].algorithm: expected one of ES256,"},
        {ENVIRONMENT "    algorithm: HS256\n", "6: environments[0].algorithm: expected one of ES256,"},
        {ENVIRONMENT "    algorithm: es256\n", "6: environments[0].algorithm: expected one of ES256,"},
        {ENVIRONMENT "    algorithm: \"ES256\\0\"\n", "6: environments[0].algorithm: expected one of ES256,"},
        {ENVIRONMENT "    profile: jwt\n", "6: environments[0].profile: expected one of rfc9068, spring; found jwt"},
        {"environments:\n  - name: a\n    customer: {audience: urn:a, policy: all}\n",
         "3: environments[0].customer.policy: expected one of any, registered; found all"},
        {"environments:\n  - name: a\n    customer: {audience: urn:a, id_format: guid}\n",
         "3: environments[0].customer.id_format: expected one of uuid, digits, opaque; found guid"},
    };
    REFUSE_ALL(cases);
}

/* A file from outside must not write to the operator's terminal, nor make a line of the log endless. */
static void what_was_found_is_shown_short_and_printable(void **state)
{
    char text[1400], longest[600];
    rig_refused(ENVIRONMENT "    algorithm: \"\\e[31mred\\n\"\n",
                "6: environments[0].algorithm: expected one of ES256, RS256, PS256, ES384, EdDSA, ML-DSA-44, "
                "ML-DSA-65, ML-DSA-87; found \"?[31mred?\"");
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    snprintf(text, sizeof text, ENVIRONMENT "    algorithm: %s\n", longest);
    rig_refused(text, "6: environments[0].algorithm: expected one of ES256, RS256, PS256, ES384, EdDSA, ML-DSA-44, "
                      "ML-DSA-65, ML-DSA-87; found "
                      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...");
}

static void texts_have_no_control_characters(void **state)
{
    static const refusal cases[] = {
        {"master_key: \"a\\0b\"\n" ENVIRONMENT, "1: master_key: expected a path"},
        {"store: {sqlite: \"a\\nb\"}\n" ENVIRONMENT, "1: store.sqlite: expected a path"},
        {"registry: {path: \"\\x7f\"}\n" ENVIRONMENT, "1: registry.path: expected a path"},
        {"registry:\n  path: |\n    registry\n" ENVIRONMENT, "2: registry.path: expected a path"},
        {"listen: {address: \"::1\\0\"}\n" ENVIRONMENT, "1: listen.address: expected a numeric"},
        {ENVIRONMENT "    hosts: [\"a.example\\0.org\"]\n", "6: environments[0].hosts[0]: expected a host name"},
        {"environments:\n  - name: \"a\\0\"\n", "2: environments[0].name: expected a name"},
        {"environments:\n  - name: a\n    issuer: \"https://a.example\\0\"\n",
         "3: environments[0].issuer: expected an issuer"},
        {"environments:\n  - name: a\n    api: {audience: \"urn:a\\0\"}\n",
         "3: environments[0].api.audience: expected an absolute"},
        {ENVIRONMENT "    scopes: [{name: \"p\\0\", audience: urn:p}]\n",
         "6: environments[0].scopes[0].name: expected a scope name"},
    };
    REFUSE_ALL(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_options_are_named_with_those_there_are),
        cmocka_unit_test(options_without_default_are_missed),
        cmocka_unit_test(options_stand_once),
        cmocka_unit_test(wrong_types_say_what_they_are),
        cmocka_unit_test(numbers_never_wrap),
        cmocka_unit_test(ranges_are_kept),
        cmocka_unit_test(flags_are_true_or_false),
        cmocka_unit_test(choices_are_listed),
        cmocka_unit_test(what_was_found_is_shown_short_and_printable),
        cmocka_unit_test(texts_have_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
