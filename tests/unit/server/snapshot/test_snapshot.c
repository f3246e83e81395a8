/* The feed from a real store into a real registry, and snapshots made of it. */
#include "unit.h"

#include "admin/commands.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/follower/feed.h"
#include "server/snapshot/reload.h"
#include "server/snapshot/snapshot.h"

static const char config_text[] = "registry: {path: registry}\n"
                                  "environments:\n"
                                  "  - name: production\n"
                                  "    issuer: https://auth.example\n"
                                  "    default: true\n"
                                  "    api: {audience: \"https://api.example\"}\n"
                                  "    customer: {audience: \"https://sdk.example\"}\n"
                                  "  - name: sandbox\n"
                                  "    issuer: https://sandbox.example\n"
                                  "    hosts: [sandbox.example, sandbox.internal]\n"
                                  "    algorithm: EdDSA\n"
                                  "    api: {audience: \"https://api.example\"}\n"
                                  "    customer: {audience: \"https://sdk.example\"}\n";

typedef struct rig {
    char *folder;
    char path[512];
    la_shared_config *config;
    la_commands commands;
    la_registry *registry;
    la_registry_view *view;
    la_metrics *metrics;
} rig;

static void write_config(rig *r, const char *text)
{
    FILE *f = fopen(r->path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int set_up(void **state)
{
    rig *r = calloc(1, sizeof *r);
    char path[600];
    la_config *loaded = NULL;

    r->folder = unit_mkdir();
    snprintf(r->path, sizeof r->path, "%s/leanauth.yaml", r->folder);
    write_config(r, config_text);
    snprintf(path, sizeof path, "%s/master.key", r->folder);
    assert_ok(la_master_key_create(path));
    assert_ok(la_config_load(r->path, &loaded));
    r->config = la_shared_config_new(loaded);
    assert_ok(la_commands_open(&r->config->config, LA_STORE_CREATE, &r->commands));
    assert_ok(la_registry_open(r->config->config.registry_path, &r->registry));
    assert_ok(la_registry_view_new(r->registry, &r->view));
    r->metrics = la_metrics_new(1);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    rig *r = *state;

    la_registry_view_free(r->view);
    la_registry_free(r->registry);
    la_commands_close(&r->commands);
    la_shared_config_release(r->config);
    la_metrics_free(r->metrics);
    unit_rmdir(r->folder);
    free(r);
    return 0;
}

static la_feed_outcome feed(rig *r)
{
    la_feed_outcome outcome;
    bool from_store;

    assert_ok(la_feed_apply(r->registry, r->commands.store, &outcome, &from_store));
    return outcome;
}

static la_result make(rig *r, const la_master_key *master_key, const la_snapshot *previous, bool strict, int64_t now_s,
                      la_snapshot **ret)
{
    la_snapshot_source source = {
        .config = r->config,
        .master_key = master_key,
        .view = r->view,
        .metrics = r->metrics,
        .previous = previous,
        .now_s = now_s,
        .strict = strict,
    };
    la_result result;

    assert_ok(la_registry_view_refresh(r->view));
    result = la_snapshot_new(&source, ret);
    la_registry_view_rest(r->view);
    return result;
}

static unsigned keys_in(const la_snapshot *s, unsigned environment)
{
    la_slice jwks = la_buffer_slice(&s->environments[environment].documents[LA_DOCUMENT_JWKS].body);
    unsigned n = 0;

    for (size_t i = 0; i + 5 <= jwks.n; i++)
        n += memcmp(jwks.p + i, "\"kid\"", 5) == 0;
    return n;
}

static void the_feed_fills_then_follows_then_has_nothing_to_do(void **state)
{
    rig *r = *state;
    la_created_application created;
    la_application_record found;
    la_feed_outcome outcome = feed(r);
    uint16_t production = r->commands.environment_ids[0];

    assert_true(outcome.rebuilt);
    assert_true(outcome.snapshot_due);
    outcome = feed(r);
    assert_int_equal(outcome.items, 0);
    assert_false(outcome.rebuilt);
    assert_ok(la_command_create_application(
        &r->commands,
        &(la_application_plan){.environment = LA_SLICE("production"), .name = LA_SLICE("n"), .scopes = LA_SLICE("api")},
        &created));
    outcome = feed(r);
    assert_in_range(outcome.items, 1, 2);
    assert_false(outcome.rebuilt);
    assert_false(outcome.snapshot_due); /* an application needs none */
    assert_ok(la_registry_view_refresh(r->view));
    assert_ok(la_registry_find_application(r->view, production, la_slice_of(created.row.client_id), &found));
    assert_int_equal(found.n_secrets, 1);
    assert_ok(la_command_rotate_key(&r->commands, LA_SLICE("production"), la_clock_now_s()));
    outcome = feed(r);
    assert_true(outcome.snapshot_due);
    la_registry_view_rest(r->view);
}

static void another_database_means_from_scratch(void **state)
{
    rig *r = *state;
    la_created_application created;
    la_application_record found;
    uint16_t production = r->commands.environment_ids[0];
    char command[1200];

    assert_ok(la_command_create_application(
        &r->commands,
        &(la_application_plan){.environment = LA_SLICE("production"), .name = LA_SLICE("n"), .scopes = LA_SLICE("api")},
        &created));
    (void)feed(r);
    la_commands_close(&r->commands);
    snprintf(command, sizeof command, "rm -f '%s'*", r->config->config.sqlite_path);
    assert_int_equal(system(command), 0);
    assert_ok(la_commands_open(&r->config->config, LA_STORE_CREATE, &r->commands));
    assert_true(feed(r).rebuilt);
    assert_ok(la_registry_view_refresh(r->view));
    assert_code(la_registry_find_application(r->view, production, la_slice_of(created.row.client_id), &found),
                LA_NOT_FOUND);
    la_registry_view_rest(r->view);
}

static void a_snapshot_has_what_the_loops_need(void **state)
{
    rig *r = *state;
    la_snapshot *s;
    const la_snapshot_environment *e;

    (void)feed(r);
    assert_ok(make(r, r->commands.master_key, NULL, true, la_clock_now_s(), &s));
    assert_int_equal(s->n_environments, 2);
    assert_int_equal(s->default_environment, 0);
    assert_int_equal(s->n_hosts, 3);
    assert_slice(s->hosts[2].name, "sandbox.internal");
    e = &s->environments[1];
    assert_string_equal(la_key_algorithm(la_shared_key_get(e->key))->name, "EdDSA");
    assert_int_equal(keys_in(s, 1), 1);
    assert_non_null(strstr(e->refusal_headers, "WWW-Authenticate: Basic realm=\"sandbox\", charset=\"UTF-8\"\r\n"));
    assert_non_null(memmem(e->documents[LA_DOCUMENT_METADATA].body.p, e->documents[LA_DOCUMENT_METADATA].body.n,
                           "https://sandbox.example/oauth2/token", 36));
    la_snapshot_release(s);
}

/* The keys' times alone decide; no other node and no database is asked. */
static void a_rotation_walks_through_snapshots(void **state)
{
    rig *r = *state;
    int64_t now_s = la_clock_now_s();
    la_snapshot *first, *published, *active, *last;

    (void)feed(r);
    assert_ok(make(r, r->commands.master_key, NULL, true, now_s, &first));
    assert_ok(la_command_rotate_key(&r->commands, LA_SLICE("production"), now_s));
    (void)feed(r);
    assert_ok(make(r, r->commands.master_key, first, false, now_s, &published));
    assert_int_equal(keys_in(published, 0), 2);
    assert_ptr_equal(published->environments[0].key, first->environments[0].key); /* unwrapped once */
    assert_in_range(published->next_change_s, now_s + 900, now_s + 3600);
    assert_int_equal(published->environments[0].next_change_s, published->next_change_s);

    assert_ok(make(r, r->commands.master_key, published, false, published->next_change_s, &active));
    assert_ptr_not_equal(active->environments[0].key, first->environments[0].key);
    assert_int_equal(keys_in(active, 0), 2); /* tokens of the former one still live */
    assert_ok(make(r, r->commands.master_key, active, false, active->next_change_s, &last));
    assert_int_equal(keys_in(last, 0), 1);
    assert_string_equal(la_key_id(la_shared_key_get(last->environments[0].key)),
                        la_key_id(la_shared_key_get(active->environments[0].key)));
    la_snapshot_release(first);
    la_snapshot_release(last);
    la_snapshot_release(published);
    la_snapshot_release(active);
}

static void the_wrong_master_key_is_said_at_once(void **state)
{
    rig *r = *state;
    la_master_key *other = NULL;
    la_snapshot *s = NULL;
    char path[600];

    (void)feed(r);
    snprintf(path, sizeof path, "%s/other.key", r->folder);
    assert_ok(la_master_key_create(path));
    assert_ok(la_master_key_load(path, &other));
    assert_code(make(r, other, NULL, true, la_clock_now_s(), &s), LA_CRYPTO);
    assert_non_null(strstr(la_detail(), "pepper"));
    assert_null(s);
    la_master_key_free(other);
}

/* While running, a key that cannot be used must not stop what works. */
static void the_former_key_goes_on_where_a_new_one_cannot_be_unwrapped(void **state)
{
    rig *r = *state;
    la_master_key *other = NULL;
    la_snapshot *first, *second, *strict = NULL;
    int64_t later_s;
    char path[600];

    (void)feed(r);
    assert_ok(make(r, r->commands.master_key, NULL, true, la_clock_now_s(), &first));
    assert_ok(la_command_rotate_key(&r->commands, LA_SLICE("production"), la_clock_now_s()));
    (void)feed(r);
    snprintf(path, sizeof path, "%s/other.key", r->folder);
    assert_ok(la_master_key_create(path));
    assert_ok(la_master_key_load(path, &other));
    assert_ok(make(r, r->commands.master_key, first, false, la_clock_now_s(), &second));
    later_s = second->next_change_s;
    la_snapshot_release(second);
    la_log_set_level(LA_LOG_ERROR + 1); /* it is logged, which nobody needs to see here */
    assert_ok(make(r, other, first, false, later_s, &second));
    la_log_set_level(LA_LOG_INFO);
    assert_ptr_equal(second->environments[0].key, first->environments[0].key);
    assert_int_equal(keys_in(second, 0), 2);
    assert_code(make(r, other, first, true, later_s, &strict), LA_CRYPTO);
    la_snapshot_release(first);
    la_snapshot_release(second);
    la_master_key_free(other);
}

static void an_environment_that_the_registry_lacks_is_refused(void **state)
{
    rig *r = *state;
    la_snapshot *s = NULL;

    assert_code(make(r, r->commands.master_key, NULL, true, la_clock_now_s(), &s), LA_NOT_FOUND); /* nothing was fed */
    assert_null(s);
}

static void what_needs_a_restart_stays_when_the_configuration_is_read_again(void **state)
{
    rig *r = *state;
    la_shared_config *c = NULL;
    char text[2048];

    la_log_set_level(LA_LOG_ERROR);
    snprintf(text, sizeof text,
             "listen: {address: 127.0.0.2, port: 9999}\nmaster_key: other.key\n"
             "limits: {connections: 5, body_bytes: 2048}\nlog: {requests: none}\n%s",
             config_text);
    write_config(r, text);
    assert_ok(la_reload(r->path, r->config, &c));
    assert_int_equal(c->config.listen.port, 8080);
    assert_string_equal(c->config.listen.address, "127.0.0.1");
    assert_string_equal(c->config.master_key_path, r->config->config.master_key_path);
    assert_int_equal(c->config.limits.connections, 10000);
    assert_int_equal(c->config.limits.body_bytes, 2048);
    assert_int_equal(c->config.log_requests, LA_REQUEST_LOG_NONE);
    la_shared_config_release(c);
    c = NULL;
    write_config(r, "environments: 5\n");
    assert_code(la_reload(r->path, r->config, &c), LA_INVALID);
    assert_null(c);
    la_log_set_level(LA_LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_feed_fills_then_follows_then_has_nothing_to_do, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_database_means_from_scratch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_snapshot_has_what_the_loops_need, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rotation_walks_through_snapshots, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_wrong_master_key_is_said_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_former_key_goes_on_where_a_new_one_cannot_be_unwrapped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_environment_that_the_registry_lacks_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_needs_a_restart_stays_when_the_configuration_is_read_again, set_up,
                                        tear_down),
    };

    assert_ok(la_secret_setup());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
