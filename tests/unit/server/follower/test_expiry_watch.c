/* When the end of a client certificate is told, with clocks that are given. */
#include "captured_log.h"

#include "admin/commands.h"
#include "base/secret.h"
#include "server/follower/expiry_watch.h"
#include "store/certificates.h"

#define WARN_S 200000
#define DAY_S 86400
#define LIVE_S 2000000000 /* when all of this is */
#define END_S (LIVE_S + WARN_S)
#define LINES_MOST 200

typedef struct rig {
    char *folder;
    la_config *config;
    la_commands commands;
    la_metrics *metrics;
    la_expiry_watch watch;
    int64_t now_s; /* of the next look */
    unsigned n_certificates;
} rig;

static int set_up(void **state)
{
    rig *r = calloc(1, sizeof *r);
    char path[300], key[300];
    assert_non_null(r);
    assert_ok(la_secret_setup());
    r->folder = unit_mkdir();
    snprintf(path, sizeof path, "%s/leanauth.yaml", r->folder);
    snprintf(key, sizeof key, "%s/master.key", r->folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f,
            "environments:\n"
            "  - name: production\n"
            "    issuer: https://auth.example.com\n"
            "    api: {audience: https://api.example.com}\n"
            "    customer: {audience: https://sdk.example.com}\n"
            "    mtls: {warn_before_s: %d}\n",
            WARN_S);
    fclose(f);
    assert_ok(la_config_load(path, &r->config));
    assert_ok(la_master_key_create(key));
    assert_ok(la_commands_open(r->config, LA_STORE_CREATE, &r->commands));
    r->metrics = la_metrics_new(1);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    rig *r = *state;
    la_metrics_free(r->metrics);
    la_commands_close(&r->commands);
    la_config_free(r->config);
    unit_rmdir(r->folder);
    free(r);
    return 0;
}

static uint64_t add_application(rig *r, const char *client_id)
{
    la_application_row row;
    la_new_application a = {.environment_id = r->commands.environment_ids[0],
                            .client_id = la_slice_of(client_id),
                            .name = LA_SLICE("bank"),
                            .enabled = true,
                            .scopes = LA_SLICE("api")};
    assert_ok(la_store_create_application(r->commands.store, &a, LIVE_S - 1000000));
    assert_ok(la_store_find_application(r->commands.store, 0, a.client_id, &row));
    return row.application_id;
}

static uint64_t add_certificate(rig *r, uint64_t application_id, int64_t end_s)
{
    uint8_t thumbprint[LA_THUMBPRINT_BYTES] = {0};
    char serial[16];
    uint64_t id = 0;
    unsigned i = ++r->n_certificates;
    memcpy(thumbprint, &i, sizeof i);
    snprintf(serial, sizeof serial, "%08x", i);
    la_new_certificate c = {.issued = true,
                            .thumbprint = thumbprint,
                            .serial = la_slice_of(serial),
                            .subject = LA_SLICE("CN=bank"),
                            .der = LA_SLICE("der"),
                            .not_before_s = LIVE_S - 500000,
                            .not_after_s = end_s};
    assert_ok(la_store_add_certificate(r->commands.store, application_id, &c, 8, LIVE_S - 500000, &id));
    return id;
}

static void look_now(void *self)
{
    rig *r = self;
    assert_ok(la_expiry_watch_look(&r->watch, &r->commands, r->metrics, r->now_s));
}

static char *look(rig *r, int64_t now_s)
{
    r->now_s = now_s;
    return captured_log(look_now, r);
}

static unsigned lines(const char *log)
{
    unsigned n = 0;
    for (const char *at = log; (at = strstr(at, "\"client_certificate_expires\"")); at++)
        n++;
    return n;
}

static bool gauges_have(rig *r, const char *text)
{
    static char memory[1 << 20];
    la_health health = {0};
    la_buffer b;
    la_metrics_gauges gauges = {.health = &health, .now_ms = r->now_s * 1000};
    la_buffer_init_fixed(&b, memory, sizeof memory);
    la_metrics_write(r->metrics, &gauges, &b);
    return strstr(la_buffer_text(&b), text);
}

#define EXPIRING "\nleanauth_client_certificates_expiring{environment=\"production\"} "
#define SOONEST "\nleanauth_client_certificate_expiry_seconds{environment=\"production\"} "

/* To the second: where its warning begins, and at each day behind that, once. */
static void a_line_a_day_from_its_moment_on(void **state)
{
    rig *r = *state;
    add_certificate(r, add_application(r, "app"), END_S);
    assert_int_equal(lines(look(r, LIVE_S - 61)), 0);
    assert_int_equal(lines(look(r, LIVE_S - 1)), 0);
    assert_true(gauges_have(r, EXPIRING "0\n"));
    assert_false(gauges_have(r, SOONEST));
    const char *log = look(r, LIVE_S + 59);
    assert_int_equal(lines(log), 1);
    assert_non_null(strstr(log, "\"environment\":\"production\",\"client_id\":\"app\""));
    assert_non_null(strstr(log, "\"expires_at\":\"2033-05-20T"));
    assert_non_null(strstr(log, "\"expires_in_s\":199941"));
    assert_true(gauges_have(r, EXPIRING "1\n"));
    assert_true(gauges_have(r, SOONEST "199941\n"));
    assert_int_equal(lines(look(r, LIVE_S + 119)), 0);
    assert_int_equal(lines(look(r, LIVE_S + DAY_S - 1)), 0);
    assert_int_equal(lines(look(r, LIVE_S + DAY_S + 59)), 1);
    assert_int_equal(lines(look(r, LIVE_S + 2 * DAY_S - 1)), 0);
    assert_int_equal(lines(look(r, LIVE_S + 2 * DAY_S + 59)), 1);
    assert_true(gauges_have(r, EXPIRING "1\n"));
    assert_int_equal(lines(look(r, END_S + 1)), 0); /* it has ended */
    assert_true(gauges_have(r, EXPIRING "0\n"));
}

static void exactly_at_its_moment(void **state)
{
    rig *r = *state;
    add_certificate(r, add_application(r, "app"), END_S);
    assert_int_equal(lines(look(r, LIVE_S - 60)), 0);
    assert_int_equal(lines(look(r, LIVE_S)), 1);
    assert_int_equal(lines(look(r, LIVE_S + DAY_S - 60)), 0);
    assert_int_equal(lines(look(r, LIVE_S + DAY_S)), 1);
    assert_int_equal(lines(look(r, END_S)), 1); /* its last second; two days and more behind the line before */
}

static void the_first_look_says_all(void **state)
{
    rig *r = *state;
    uint64_t a = add_application(r, "app");
    add_certificate(r, a, END_S);
    add_certificate(r, a, END_S + 70000);
    add_certificate(r, a, END_S + 5 * DAY_S); /* not soon */
    assert_int_equal(lines(look(r, LIVE_S + 80000)), 2);
    assert_true(gauges_have(r, EXPIRING "2\n"));
    assert_true(gauges_have(r, SOONEST "120000\n"));
}

static void it_looks_once_a_minute_whatever_the_clock_does(void **state)
{
    rig *r = *state;
    uint64_t a = add_application(r, "app");
    assert_int_equal(lines(look(r, LIVE_S)), 0);
    add_certificate(r, a, END_S);
    assert_int_equal(lines(look(r, LIVE_S + 59)), 0); /* not yet time */
    assert_true(gauges_have(r, EXPIRING "0\n"));
    look(r, LIVE_S - 1); /* the clock was set back: it looks, and there is nothing */
    assert_int_equal(r->watch.last_look_s, LIVE_S - 1);
    assert_int_equal(lines(look(r, LIVE_S + 59)), 1);
    assert_true(gauges_have(r, EXPIRING "1\n"));
}

static void what_nobody_can_use_is_not_told(void **state)
{
    rig *r = *state;
    uint64_t off = add_application(r, "off"), revoked = add_application(r, "revoked");
    bool enabled = false;
    la_application_change change = {.enabled = &enabled};
    add_certificate(r, off, END_S);
    uint64_t id = add_certificate(r, revoked, END_S);
    assert_ok(la_store_update_application(r->commands.store, off, 0, &change, LIVE_S));
    assert_ok(la_store_revoke_certificate(r->commands.store, revoked, id, LIVE_S - 5));
    assert_int_equal(lines(look(r, LIVE_S + 1)), 0);
    assert_true(gauges_have(r, EXPIRING "0\n"));
}

static void very_many_are_not_a_flood(void **state)
{
    rig *r = *state;
    char client_id[16];
    for (unsigned i = 0; r->n_certificates < LINES_MOST + 3; i++) {
        snprintf(client_id, sizeof client_id, "app-%u", i);
        uint64_t a = add_application(r, client_id);
        for (unsigned k = 0; k < 8 && r->n_certificates < LINES_MOST + 3; k++)
            add_certificate(r, a, END_S);
    }
    const char *log = look(r, LIVE_S + 1);
    assert_int_equal(lines(log), LINES_MOST);
    assert_non_null(strstr(log, "\"event\":\"client_certificates_expire\",\"more\":3,"));
    assert_true(gauges_have(r, EXPIRING "203\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_a_day_from_its_moment_on), TEST(exactly_at_its_moment),
        TEST(the_first_look_says_all),         TEST(it_looks_once_a_minute_whatever_the_clock_does),
        TEST(what_nobody_can_use_is_not_told), TEST(very_many_are_not_a_flood),
    };
    return cmocka_run_group_tests_name("expiry watch", tests, NULL, NULL);
}
