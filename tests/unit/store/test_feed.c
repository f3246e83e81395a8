#include "support.h"

/* ---- single changes ---- */

static void follow_from_the_start(fixture *f, mirror *m, la_feed_position *position)
{
    assert_ok(la_store_read_all(f->store, mirror_apply, m, position));
}

static void a_fresh_position_reads_from_the_first_change(void **state)
{
    fixture *f = *state;
    mirror m = {0}, all = {0};
    la_feed_position newest, position = {0};
    unsigned items;
    add_application(f, f->sandbox, "c", NULL);
    follow_from_the_start(f, &all, &newest);
    memcpy(position.store, newest.store, sizeof position.store);
    assert_ok(la_store_read_changes(f->store, &position, 100, mirror_apply, &m, &items));
    assert_int_equal(items, 3);
    assert_mirrors_equal(&m, &all);
    assert_memory_equal(&position, &newest, sizeof newest);
    mirror_done(&m);
    mirror_done(&all);
}

static void nothing_new_is_nothing(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position, before;
    unsigned items = 9;
    follow_from_the_start(f, &m, &position);
    before = position;
    assert_ok(la_store_read_changes(f->store, &position, 100, mirror_apply, &m, &items));
    assert_int_equal(items, 0);
    assert_memory_equal(&position, &before, sizeof before);
    mirror_done(&m);
}

static void a_range_of_deleted_applications_does_not_end_the_reading(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    la_application_row row;
    unsigned items;
    follow_from_the_start(f, &m, &position);
    la_new_application a = new_application(f->sandbox, "gone", NULL);
    assert_ok(la_store_import_begin(f->store));
    assert_ok(la_store_import_add(f->store, &a, NOW_S));
    assert_ok(la_store_import_commit(f->store));
    assert_ok(la_store_find_application(f->store, 0, LA_SLICE("gone"), &row));
    assert_ok(la_store_delete_application(f->store, row.application_id));
    assert_ok(la_store_read_changes(f->store, &position, 1, mirror_apply, &m, &items));
    assert_int_equal(items, 1); /* the deletion, not the empty range */
    assert_mirror_follows(f->store, &m, &position, 1);
    mirror_done(&m);
}

static la_result refuse(void *self, const la_feed_item *item)
{
    unsigned *left = self;
    return (*left)-- ? la_ok() : la_fail(LA_FULL, "the reader cannot go on");
}

static void a_reader_that_fails_stays_where_it_was(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position, before;
    unsigned items = 99, left = 1;
    follow_from_the_start(f, &m, &position);
    before = position;
    add_application(f, f->sandbox, "c", NULL);
    add_application(f, f->sandbox, "d", NULL);
    assert_code(la_store_read_changes(f->store, &position, 100, refuse, &left, &items), LA_FULL);
    assert_string_equal(la_detail(), "the reader cannot go on");
    assert_memory_equal(&position, &before, sizeof before);
    assert_int_equal(items, 99);
    left = 2;
    assert_code(la_store_read_all(f->store, refuse, &left, &position), LA_FULL);
    assert_memory_equal(&position, &before, sizeof before);
    assert_mirror_follows(f->store, &m, &position, 100);
    mirror_done(&m);
}

static void only_secrets_that_are_not_revoked_are_in(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    uint64_t first, second;
    la_new_secret one = keyed_secret(1),
                  slow = {.kind = LA_SECRET_SLOW, .slow_hash = LA_SLICE("$2b$10$abc"), .hint = LA_SLICE("h")};
    uint64_t a = add_application(f, f->sandbox, "c", NULL);
    assert_ok(la_store_add_secret(f->store, a, &one, 8, NOW_S, &first));
    assert_ok(la_store_add_secret(f->store, a, &slow, 8, NOW_S, &second));
    follow_from_the_start(f, &m, &position);
    assert_non_null(strstr(mirror_get(&m, "application 2 c"), "digest=0101"));
    assert_non_null(strstr(mirror_get(&m, "application 2 c"), "kind=1 digest=0000 slow=$2b$10$abc"));
    assert_ok(la_store_revoke_secret(f->store, a, first, NOW_S));
    assert_mirror_follows(f->store, &m, &position, 1);
    assert_null(strstr(mirror_get(&m, "application 2 c"), "digest=0101"));
    mirror_done(&m);
}

static void of_many_secrets_the_longest_lived_are_in(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    uint64_t id;
    uint64_t a = add_application(f, f->sandbox, "c", NULL);
    for (uint8_t i = 0; i < 3 * LA_SECRETS_MAX; i++) { /* each lives 10 s, the next is made after 5 */
        la_new_secret secret = keyed_secret((uint8_t)(i + 1));
        secret.expires_at_s = i == 4 ? 0 : NOW_S + 5 * i + 10;
        assert_ok(la_store_add_secret(f->store, a, &secret, LA_SECRETS_MAX, NOW_S + 5 * i, &id));
    }
    follow_from_the_start(f, &m, &position);
    const char *text = mirror_get(&m, "application 2 c");
    assert_non_null(strstr(text, "until 0 kind=0 digest=0505"));
    assert_non_null(strstr(text, "digest=1818")); /* the last */
    assert_non_null(strstr(text, "digest=1212"));
    assert_null(strstr(text, "digest=1111"));
    mirror_done(&m);
}

static void the_mark_shows_commits_of_others(void **state)
{
    fixture *f = *state;
    la_store *other;
    uint64_t before, after, own;
    la_new_secret secret = keyed_secret(1);
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &other));
    assert_ok(la_store_change_mark(other, &before));
    assert_ok(la_store_change_mark(other, &after));
    assert_int_equal(before, after);
    assert_ok(la_store_change_mark(f->store, &own));
    add_application(f, f->sandbox, "c", &secret);
    assert_ok(la_store_change_mark(other, &after));
    assert_int_not_equal(before, after);
    assert_ok(la_store_change_mark(f->store, &after));
    assert_int_equal(own, after); /* one's own commits do not show */
    la_store_close(other);
}

/* ---- positions that do not fit ---- */

static void assert_refused(la_store *s, la_feed_position position)
{
    mirror m = {0};
    la_feed_position before = position;
    unsigned items = 99;
    assert_code(la_store_read_changes(s, &position, 100, mirror_apply, &m, &items), LA_CONFLICT);
    assert_int_equal(m.applied, 0);
    assert_int_equal(items, 99);
    assert_memory_equal(&position, &before, sizeof before);
}

static void positions_of_other_databases_are_refused(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    follow_from_the_start(f, &m, &position);
    la_feed_position other = position, later = position, tagged = position, beyond = position;
    other.store[5] ^= 1;
    later.sequence++;
    tagged.tag ^= 1;
    beyond.sequence = UINT64_MAX;
    assert_refused(f->store, other);
    assert_refused(f->store, later);
    assert_refused(f->store, tagged);
    assert_refused(f->store, beyond);
    assert_refused(f->store, (la_feed_position){0});
    mirror_done(&m);
}

static void copy_file(const char *from, const char *to)
{
    char command[800];
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

static void a_restored_backup_is_noticed(void **state)
{
    fixture *f = *state;
    char backup[320];
    mirror m = {0};
    la_feed_position position;
    snprintf(backup, sizeof backup, "%s.backup", f->path);
    add_application(f, f->sandbox, "c", NULL);
    la_store_close(f->store);
    copy_file(f->path, backup);
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
    follow_from_the_start(f, &m, &position);
    add_application(f, f->sandbox, "lost", NULL);
    assert_mirror_follows(f->store, &m, &position, 10);
    la_store_close(f->store);
    assert_int_equal(rename(backup, f->path), 0);
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
    assert_refused(f->store, position); /* beyond the newest */
    add_application(f, f->sandbox, "new", NULL);
    assert_refused(f->store, position); /* same number, another change */
    add_application(f, f->sandbox, "newer", NULL);
    assert_refused(f->store, position);
    mirror_done(&m);
}

static void old_changes_are_trimmed(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position, fresh = {0};
    follow_from_the_start(f, &m, &position);
    memcpy(fresh.store, position.store, sizeof fresh.store);
    la_store_close(f->store);
    run_sql(f->path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 101500)"
                     "INSERT INTO change (tag, kind, environment_id, key) SELECT random(), 1, 1, 'production' FROM n");
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
    uint64_t a = add_application(f, f->sandbox, "c", NULL);
    assert_ok(la_store_add_customer(f->store, a, LA_SLICE("u"), LA_NO_SLICE, NOW_S));
    assert_ok(la_store_delete_application(f->store, a));
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM change"), 100000);
    assert_refused(f->store, position);
    assert_refused(f->store, fresh);
    mirror_done(&m);

    follow_from_the_start(f, &m, &position);
    uint64_t b = add_application(f, f->sandbox, "d", NULL);
    for (unsigned i = 0; i < 1100; i++)
        assert_ok(set_enabled(f->store, b, i % 2));
    assert_in_range(run_sql(f->path, "SELECT count(*) FROM change"), 100000, 101023); /* every 1024 changes */
    assert_mirror_follows(f->store, &m, &position, 100);
    mirror_done(&m);
}

/* ---- a random walk ---- */

static uint64_t dice_state;

static unsigned dice(unsigned sides)
{
    dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(dice_state >> 33) % sides;
}

static bool some_application(fixture *f, la_application_row *ret)
{
    char client_id[20];
    snprintf(client_id, sizeof client_id, "c%u", dice(30));
    uint16_t environment_id = dice(2) ? f->sandbox : f->production;
    return la_is_ok(la_store_find_application(f->store, environment_id, la_slice_of(client_id), ret));
}

static la_result step_application(fixture *f, unsigned choice, int64_t now_s)
{
    char client_id[20];
    la_application_row row;
    la_new_secret secret = keyed_secret((uint8_t)dice(256));
    snprintf(client_id, sizeof client_id, "c%u", dice(30));
    la_new_application a = new_application(dice(2) ? f->sandbox : f->production, client_id, dice(3) ? &secret : NULL);
    if (choice == 0)
        return la_store_create_application(f->store, &a, now_s);
    if (!some_application(f, &row))
        return la_ok();
    if (choice == 1)
        return set_enabled(f->store, row.application_id, dice(2));
    return la_store_delete_application(f->store, row.application_id);
}

static la_result step_import(fixture *f, int64_t now_s)
{
    la_new_secret secret = keyed_secret((uint8_t)dice(256));
    unsigned n = dice(6);
    LA_TRY(la_store_import_begin(f->store));
    for (unsigned i = 0; i < n; i++) {
        char client_id[20];
        snprintf(client_id, sizeof client_id, "c%u", dice(30));
        la_new_application a = new_application(dice(2) ? f->sandbox : f->production, client_id, &secret);
        la_result r = la_store_import_add(f->store, &a, now_s);
        if (!la_is_ok(r)) {
            la_store_import_abort(f->store);
            return r;
        }
    }
    return la_store_import_commit(f->store);
}

static la_result remember_secret(void *self, const la_secret_row *row)
{
    if (dice(2))
        *(uint64_t *)self = row->secret_id;
    return la_ok();
}

static la_result step_secret(fixture *f, unsigned choice, int64_t now_s)
{
    la_application_row row;
    uint64_t id = 0;
    uint8_t digest[LA_DIGEST_BYTES] = {(uint8_t)dice(256)};
    la_new_secret keyed = keyed_secret((uint8_t)dice(256));
    la_new_secret slow = {.kind = LA_SECRET_SLOW, .slow_hash = LA_SLICE("$6$abc"), .hint = LA_SLICE("h")};
    if (!some_application(f, &row))
        return la_ok();
    keyed.expires_at_s = dice(2) ? now_s + dice(50) : 0;
    if (choice == 0)
        return la_store_add_secret(f->store, row.application_id, dice(2) ? &keyed : &slow, 1 + dice(8), now_s, &id);
    LA_TRY(la_store_list_secrets(f->store, row.application_id, remember_secret, &id));
    if (choice == 1)
        return la_store_revoke_secret(f->store, row.application_id, id, now_s);
    if (choice == 2)
        return la_store_put_last_used(f->store, &(la_last_used){id, now_s}, 1);
    return la_store_upgrade_secret(f->store, id, digest);
}

static la_result step_customer(fixture *f, unsigned choice, int64_t now_s)
{
    la_application_row row;
    char customer_id[20];
    snprintf(customer_id, sizeof customer_id, "u%u", dice(20));
    if (!some_application(f, &row))
        return la_ok();
    if (choice == 0)
        return la_store_remove_customer(f->store, row.application_id, la_slice_of(customer_id));
    return la_store_add_customer(f->store, row.application_id, la_slice_of(customer_id), LA_SLICE("x"), now_s);
}

typedef struct newest {
    uint64_t key_id;
} newest;

static la_result remember_key(void *self, const la_key_record *key)
{
    newest *n = self;
    if (key->key_id > n->key_id)
        n->key_id = key->key_id;
    return la_ok();
}

static la_result step_key(fixture *f, unsigned choice, int64_t now_s)
{
    uint16_t environment_id = dice(2) ? f->sandbox : f->production;
    newest n = {0};
    char kid[44];
    snprintf(kid, sizeof kid, "kid%lld%u", (long long)now_s, dice(3));
    la_key_record key = {.environment_id = environment_id,
                         .algorithm = LA_SLICE("ES256"),
                         .kid = la_slice_of(kid),
                         .published_at_s = now_s,
                         .activates_at_s = now_s + 9,
                         .public_jwk = LA_SLICE("{}"),
                         .wrapped_private = LA_SLICE("w")};
    if (choice == 0)
        return la_store_delete_removed_keys(f->store, environment_id, now_s);
    LA_TRY(la_store_list_keys(f->store, environment_id, remember_key, &n));
    la_key_retirement retired = {n.key_id, now_s + 9, now_s + 40};
    return la_store_add_key(f->store, &key, n.key_id, &retired, n.key_id ? 1 : 0);
}

static la_result step(fixture *f, int64_t now_s)
{
    uint16_t id;
    char name[20];
    switch (dice(16)) {
    case 0:
    case 1:
        return step_application(f, 0, now_s);
    case 2:
        return step_application(f, 1, now_s);
    case 3:
        return step_application(f, 2, now_s);
    case 4:
        return step_import(f, now_s);
    case 5:
    case 6:
    case 7:
        return step_secret(f, 0, now_s);
    case 8:
    case 9:
    case 10:
        return step_secret(f, 1 + dice(3), now_s);
    case 11:
    case 12:
    case 13:
        return step_customer(f, dice(3), now_s);
    case 14:
        return step_key(f, dice(3), now_s);
    default:
        snprintf(name, sizeof name, "environment%u", dice(5));
        LA_TRY(la_store_ensure_environment(f->store, la_slice_of(name), &id));
        return la_store_put_pepper(f->store, LA_SLICE("pepper"));
    }
}

static bool harmless(la_code code)
{
    return code == LA_OK || code == LA_EXISTS || code == LA_NOT_FOUND || code == LA_CONFLICT;
}

static void a_follower_always_has_what_is_there(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    la_store *reader;
    unsigned done = 0;
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &reader));
    assert_ok(la_store_read_all(reader, mirror_apply, &m, &position));
    for (dice_state = 1; done < 4000; done++) {
        la_result r = step(f, NOW_S + done);
        if (!harmless(r.code))
            fail_msg("step %u: %s: %s", done, la_result_info_of(r.code)->name, la_detail());
        if (dice(4) == 0)
            assert_mirror_follows(reader, &m, &position, 1 + dice(20));
    }
    assert_mirror_follows(reader, &m, &position, 5);
    assert_true(m.n > 20);
    mirror_done(&m);
    la_store_close(reader);
}

/* A writer commits between two reads of a follower that goes one item at a time. */
static void a_follower_in_small_steps_arrives_too(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    unsigned items;
    follow_from_the_start(f, &m, &position);
    dice_state = 2;
    for (unsigned i = 0; i < 1500; i++) {
        assert_true(harmless(step(f, NOW_S + i).code));
        if (i % 3 == 0)
            assert_ok(la_store_read_changes(f->store, &position, 1, mirror_apply, &m, &items));
    }
    assert_mirror_follows(f->store, &m, &position, 1);
    mirror_done(&m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_position_reads_from_the_first_change),
        TEST(nothing_new_is_nothing),
        TEST(a_range_of_deleted_applications_does_not_end_the_reading),
        TEST(a_reader_that_fails_stays_where_it_was),
        TEST(only_secrets_that_are_not_revoked_are_in),
        TEST(of_many_secrets_the_longest_lived_are_in),
        TEST(the_mark_shows_commits_of_others),
        TEST(positions_of_other_databases_are_refused),
        TEST(a_restored_backup_is_noticed),
        TEST(old_changes_are_trimmed),
        TEST(a_follower_always_has_what_is_there),
        TEST(a_follower_in_small_steps_arrives_too),
    };
    return cmocka_run_group_tests_name("store feed", tests, NULL, NULL);
}
