#include "support.h"

typedef struct listing {
    la_secret_row rows[20];
    unsigned n;
} listing;

static la_result note(void *self, const la_secret_row *row)
{
    listing *l = self;
    l->rows[l->n++] = *row;
    return la_ok();
}

static listing list(fixture *f, uint64_t application_id)
{
    listing l = {0};
    assert_ok(la_store_list_secrets(f->store, application_id, note, &l));
    return l;
}

static void what_was_added_is_listed(void **state)
{
    fixture *f = *state;
    la_new_secret first = keyed_secret(1), second = keyed_secret(2);
    uint64_t id = 0;
    second.expires_at_s = NOW_S + 100;
    uint64_t a = add_application(f, f->sandbox, "c", &first);
    assert_ok(la_store_add_secret(f->store, a, &second, 2, NOW_S + 5, &id));
    listing l = list(f, a);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.rows[1].secret_id, id);
    assert_true(l.rows[0].secret_id < id);
    assert_string_equal(l.rows[1].hint, "las_live_aB3…x9Zk");
    assert_int_equal(l.rows[1].kind, LA_SECRET_KEYED);
    assert_int_equal(l.rows[1].created_at_s, NOW_S + 5);
    assert_int_equal(l.rows[1].expires_at_s, NOW_S + 100);
    assert_int_equal(l.rows[1].revoked_at_s, 0);
    assert_int_equal(l.rows[1].last_used_at_s, 0);
    assert_int_equal(list(f, a + 1).n, 0);
}

static void only_so_many_live_at_a_time(void **state)
{
    fixture *f = *state;
    la_new_secret secret = keyed_secret(1), brief = keyed_secret(2);
    uint64_t first, second;
    brief.expires_at_s = NOW_S + 10;
    uint64_t a = add_application(f, f->sandbox, "c", NULL);
    assert_code(la_store_add_secret(f->store, a, &secret, 0, NOW_S, &first), LA_CONFLICT);
    assert_ok(la_store_add_secret(f->store, a, &secret, 2, NOW_S, &first));
    assert_ok(la_store_add_secret(f->store, a, &brief, 2, NOW_S, &second));
    assert_code(la_store_add_secret(f->store, a, &secret, 2, NOW_S + 9, &second), LA_CONFLICT);
    assert_ok(la_store_add_secret(f->store, a, &secret, 2, NOW_S + 10, &second)); /* the brief one has expired */
    assert_code(la_store_add_secret(f->store, a, &secret, 2, NOW_S + 10, &second), LA_CONFLICT);
    assert_ok(la_store_revoke_secret(f->store, a, first, NOW_S + 10));
    assert_ok(la_store_add_secret(f->store, a, &secret, 2, NOW_S + 10, &second));
    assert_code(la_store_add_secret(f->store, a + 1, &secret, 2, NOW_S, &second), LA_NOT_FOUND);
}

static void no_limit_exceeds_that_of_the_record(void **state)
{
    fixture *f = *state;
    la_new_secret secret = keyed_secret(1);
    uint64_t id, a = add_application(f, f->sandbox, "c", NULL);
    for (unsigned i = 0; i < LA_SECRETS_MAX; i++)
        assert_ok(la_store_add_secret(f->store, a, &secret, 1000, NOW_S, &id));
    assert_code(la_store_add_secret(f->store, a, &secret, 1000, NOW_S, &id), LA_CONFLICT);
}

static void revoking_keeps_the_first_time(void **state)
{
    fixture *f = *state;
    la_new_secret secret = keyed_secret(1);
    uint64_t a = add_application(f, f->sandbox, "c", &secret), b = add_application(f, f->sandbox, "d", &secret);
    uint64_t id = list(f, a).rows[0].secret_id;
    assert_code(la_store_revoke_secret(f->store, b, id, NOW_S), LA_NOT_FOUND);
    assert_code(la_store_revoke_secret(f->store, a, id + 1, NOW_S), LA_NOT_FOUND);
    assert_code(la_store_revoke_secret(f->store, a, UINT64_MAX, NOW_S), LA_NOT_FOUND);
    assert_ok(la_store_revoke_secret(f->store, a, id, NOW_S + 7));
    int64_t changes = run_sql(f->path, "SELECT max(sequence) FROM change");
    assert_ok(la_store_revoke_secret(f->store, a, id, NOW_S + 8));
    assert_int_equal(list(f, a).rows[0].revoked_at_s, NOW_S + 7);
    assert_int_equal(list(f, b).rows[0].revoked_at_s, 0);
    assert_int_equal(run_sql(f->path, "SELECT max(sequence) FROM change"), changes);
}

static void an_imported_secret_is_upgraded_once(void **state)
{
    fixture *f = *state;
    uint8_t digest[LA_DIGEST_BYTES] = {9}, other[LA_DIGEST_BYTES] = {8};
    la_new_secret slow = {.kind = LA_SECRET_SLOW, .slow_hash = LA_SLICE("$2b$10$abc"), .hint = LA_SLICE("imported")};
    uint64_t a = add_application(f, f->sandbox, "c", &slow);
    uint64_t id = list(f, a).rows[0].secret_id;
    assert_int_equal(list(f, a).rows[0].kind, LA_SECRET_SLOW);
    assert_ok(la_store_upgrade_secret(f->store, id, digest));
    assert_int_equal(list(f, a).rows[0].kind, LA_SECRET_KEYED);
    assert_ok(la_store_upgrade_secret(f->store, id, other)); /* too late: another node was faster */
    assert_int_equal(run_sql(f->path, "SELECT hex(digest) LIKE '0900%' FROM secret"), 1);
    assert_code(la_store_upgrade_secret(f->store, id + 1, digest), LA_NOT_FOUND);
}

static void last_used_never_moves_backwards(void **state)
{
    fixture *f = *state;
    la_new_secret secret = keyed_secret(1);
    uint64_t a = add_application(f, f->sandbox, "c", &secret), b = add_application(f, f->sandbox, "d", &secret);
    uint64_t id_a = list(f, a).rows[0].secret_id, id_b = list(f, b).rows[0].secret_id;
    la_last_used later[] = {{id_a, NOW_S + 5}, {id_a + 77, NOW_S}, {0, NOW_S}, {UINT64_MAX, NOW_S}, {id_b, NOW_S + 1}};
    la_last_used earlier[] = {{id_a, NOW_S + 4}, {id_b, NOW_S + 2}};
    int64_t changes = run_sql(f->path, "SELECT max(sequence) FROM change");
    assert_ok(la_store_put_last_used(f->store, later, 5));
    assert_ok(la_store_put_last_used(f->store, earlier, 2));
    assert_ok(la_store_put_last_used(f->store, NULL, 0));
    assert_int_equal(list(f, a).rows[0].last_used_at_s, NOW_S + 5);
    assert_int_equal(list(f, b).rows[0].last_used_at_s, NOW_S + 2);
    assert_int_equal(run_sql(f->path, "SELECT max(sequence) FROM change"), changes);
}

static void hashes_and_hints_have_limits(void **state)
{
    fixture *f = *state;
    char text[LA_SLOW_HASH_MAX + 1];
    uint64_t id, a = add_application(f, f->sandbox, "c", NULL);
    memset(text, 'x', sizeof text);
    la_new_secret slow = {.kind = LA_SECRET_SLOW, .slow_hash = {text, LA_SLOW_HASH_MAX}, .hint = {text, 39}};
    assert_ok(la_store_add_secret(f->store, a, &slow, 8, NOW_S, &id));
    assert_int_equal(strlen(list(f, a).rows[0].hint), 39);
    slow.slow_hash.n++;
    assert_code(la_store_add_secret(f->store, a, &slow, 8, NOW_S, &id), LA_INVALID);
    slow = (la_new_secret){.kind = LA_SECRET_SLOW, .hint = LA_SLICE("h")};
    assert_code(la_store_add_secret(f->store, a, &slow, 8, NOW_S, &id), LA_INVALID);
    la_new_secret keyed = keyed_secret(1);
    keyed.expires_at_s = -1;
    assert_code(la_store_add_secret(f->store, a, &keyed, 8, NOW_S, &id), LA_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_added_is_listed),
        TEST(only_so_many_live_at_a_time),
        TEST(no_limit_exceeds_that_of_the_record),
        TEST(revoking_keeps_the_first_time),
        TEST(an_imported_secret_is_upgraded_once),
        TEST(last_used_never_moves_backwards),
        TEST(hashes_and_hints_have_limits),
    };
    return cmocka_run_group_tests_name("store secrets", tests, NULL, NULL);
}
