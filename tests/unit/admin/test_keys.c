/* Signing keys as the store keeps them over several rotations, with an injected clock. */
#include "unit.h"

#include "admin/audit.h"
#include "base/secret.h"

#define START_S 1800000000 /* 2027 */
#define DAY_S 86400
#define KEYS_MAX 64

#define CONFIG                                            \
    "store: {sqlite: leanauth.db}\n"                      \
    "master_key: master.key\n"                            \
    "environments:\n"                                     \
    "  - name: sandbox\n"                                 \
    "    issuer: https://auth.example.com\n"              \
    "    algorithm: EdDSA\n"                              \
    "    api: {audience: urn:api, lifetime_s: %u}\n"      \
    "    customer: {audience: urn:sdk, lifetime_s: %u}\n" \
    "    jwks_max_age_s: %u\n"                            \
    "    keys: {rotate_every_s: %u, publish_margin_s: %u}\n"

typedef struct fixture {
    char *folder;
    char config_path[300], key_path[300], store_path[300];
    la_config *config;
    la_commands commands;
} fixture;

typedef struct keys {
    la_key_record of[KEYS_MAX]; /* times only */
    size_t n;
} keys;

static la_result note(void *self, const la_key_record *key)
{
    keys *k = self;
    assert_true(k->n < KEYS_MAX);
    k->of[k->n] = *key;
    k->of[k->n].algorithm = k->of[k->n].kid = k->of[k->n].public_jwk = k->of[k->n].wrapped_private = LA_NO_SLICE;
    k->n++;
    return la_ok();
}

static keys list(fixture *f)
{
    keys k = {0};
    assert_ok(la_command_list_keys(&f->commands, LA_NO_SLICE, note, &k));
    return k;
}

/* Another configuration for the same store. */
static void configure(fixture *f, unsigned lifetime_s, unsigned max_age_s, unsigned every_s, unsigned margin_s)
{
    FILE *file = fopen(f->config_path, "w");
    assert_non_null(file);
    fprintf(file, CONFIG, lifetime_s, lifetime_s, max_age_s, every_s, margin_s);
    assert_int_equal(fclose(file), 0);
    la_config_free(f->config);
    assert_ok(la_config_load(f->config_path, &f->config));
    f->commands.config = f->config;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_ok(la_secret_setup());
    f->folder = unit_mkdir();
    snprintf(f->config_path, sizeof f->config_path, "%s/leanauth.yaml", f->folder);
    snprintf(f->key_path, sizeof f->key_path, "%s/master.key", f->folder);
    snprintf(f->store_path, sizeof f->store_path, "%s/leanauth.db", f->folder);
    configure(f, 3600, 900, 0, 300);
    assert_ok(la_master_key_create(f->key_path));
    assert_ok(la_master_key_load(f->key_path, &f->commands.master_key));
    assert_ok(la_store_open(f->store_path, LA_STORE_CREATE, &f->commands.store));
    assert_ok(la_audit_open(f->commands.master_key, f->commands.store, &f->commands.audit));
    assert_ok(la_store_ensure_environment(f->commands.store, LA_SLICE("sandbox"), &f->commands.environment_ids[0]));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    la_commands_close(&f->commands);
    la_config_free(f->config);
    unit_rmdir(f->folder);
    free(f);
    return 0;
}

static void rotate(fixture *f, int64_t now_s)
{
    assert_ok(la_command_rotate_key(&f->commands, LA_SLICE("sandbox"), now_s));
}

static size_t open_keys(fixture *f)
{
    keys k = list(f);
    size_t n = 0;
    for (size_t i = 0; i < k.n; i++)
        n += k.of[i].removed_at_s == 0;
    return n;
}

static void the_rotation_after_a_clock_that_was_behind_retires_every_key(void **state)
{
    fixture *f = *state;
    assert_ok(la_command_keep_keys(&f->commands, START_S));
    rotate(f, START_S - 10 * DAY_S); /* the clock is set back: nothing is decided about the first one */
    rotate(f, START_S - 9 * DAY_S);
    assert_int_equal(open_keys(f), 2);
    rotate(f, START_S + DAY_S); /* it is right again */
    assert_int_equal(open_keys(f), 1);
    assert_ok(la_command_keep_keys(&f->commands, START_S + 10 * DAY_S));
    assert_int_equal(list(f).n, 1);
}

/* Whatever the lifetimes were or will be, a token lives for a day at most. */
static void a_key_stays_for_a_token_of_another_configuration(void **state)
{
    fixture *f = *state;
    configure(f, DAY_S, 900, 0, 300);
    assert_ok(la_command_keep_keys(&f->commands, START_S));
    configure(f, 60, 900, 0, 300); /* tokens that live for a day are out there */
    rotate(f, START_S + 7200);
    keys k = list(f);
    assert_int_equal(k.n, 2);
    assert_int_equal(k.of[0].retires_at_s, k.of[1].activates_at_s);
    assert_int_equal(k.of[0].removed_at_s, k.of[0].retires_at_s + DAY_S + 300);
}

/* Resource servers and nodes take sets of a bounded size: a rotation that is faster than keys go has to wait. */
static void keys_never_pile_up(void **state)
{
    fixture *f = *state;
    configure(f, DAY_S, 1, 2, 0);
    for (int64_t s = 0; s < 300; s++)
        assert_ok(la_command_keep_keys(&f->commands, START_S + s));
    assert_int_equal(list(f).n, 32);
    assert_code(la_command_rotate_key(&f->commands, LA_SLICE("sandbox"), START_S + 300), LA_CONFLICT);
    assert_ok(la_command_keep_keys(&f->commands, START_S + 2 * DAY_S)); /* they are gone, and it goes on */
    assert_ok(la_command_keep_keys(&f->commands, START_S + 2 * DAY_S + 1));
    assert_in_range(list(f).n, 1, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_rotation_after_a_clock_that_was_behind_retires_every_key),
        TEST(a_key_stays_for_a_token_of_another_configuration),
        TEST(keys_never_pile_up),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
