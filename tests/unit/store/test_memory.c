/* Each allocation of SQLite fails in turn, once and for good: the result is NO_MEMORY or success, and nothing is half. */
#include "support.h"

#include "store/audit.h"
#include "store/certificates.h"
#include "store/operators.h"
#include "store/sqlite_internal.h"

static sqlite3_mem_methods real;
static long left = -1; /* allocations until one fails; -1: none does */
static bool for_good;

static bool fails(void)
{
    if (left < 0)
        return false;
    if (left > 0) {
        left--;
        return false;
    }
    if (!for_good)
        left = -1;
    return true;
}

static void *failing_malloc(int n)
{
    return fails() ? NULL : real.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
    return fails() ? NULL : real.xRealloc(p, n);
}

static int set_up_allocator(void **state)
{
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
    sqlite3_mem_methods m = real;
    m.xMalloc = failing_malloc;
    m.xRealloc = failing_realloc;
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0); /* every allocation is one that can fail */
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &m) == SQLITE_OK ? 0 : 1;
}

typedef la_result (*attempt)(fixture *f, unsigned i);

/* Runs `try` with the first, second, ... allocation failing until it gets through without. */
static void walk(fixture *f, attempt try, bool persistent, unsigned step)
{
    unsigned failures = 0;
    for (long i = 0;; i += step + i / 64) { /* every one at first, then ever fewer: the later ones are alike */
        left = i;
        for_good = persistent;
        la_result r = try(f, (unsigned)i);
        bool reached = left <= 0 && (left == -1 || persistent);
        left = -1;
        if (!la_is_ok(r) && r.code != LA_NO_MEMORY)
            fail_msg("allocation %ld: %s: %s", i, la_result_info_of(r.code)->name, la_detail());
        failures += !la_is_ok(r);
        if (!reached || i > 20000)
            break;
    }
    assert_true(failures > 0);
}

static la_result try_open(fixture *f, unsigned i)
{
    la_store *s;
    la_result r = la_store_open(f->path, LA_STORE_MIGRATE, &s);
    if (la_is_ok(r))
        la_store_close(s);
    return r;
}

static la_result try_create(fixture *f, unsigned i)
{
    char path[400];
    la_store *s;
    snprintf(path, sizeof path, "%s.%u", f->path, i);
    la_result r = la_store_open(path, LA_STORE_CREATE, &s);
    if (la_is_ok(r))
        la_store_close(s);
    return r;
}

static la_result note(void *self, const la_application_row *row)
{
    (*(unsigned *)self)++;
    return la_ok();
}

static la_result open_again(fixture *f)
{
    long saved = left;
    left = -1;
    la_store_close(f->store);
    f->store = NULL;
    la_result r = la_store_open(f->path, LA_STORE_MIGRATE, &f->store);
    left = saved;
    return r;
}

static la_result try_list(fixture *f, unsigned i)
{
    unsigned n = 0;
    LA_TRY(open_again(f)); /* with statements to prepare and pages to read */
    la_result r = list_from(f->store, 0, 0, 100, note, &n);
    assert_true(n == 3 || !la_is_ok(r));
    return r;
}

static la_result try_feed(fixture *f, unsigned i)
{
    mirror m = {0};
    la_feed_position position;
    LA_TRY(open_again(f));
    la_result r = la_store_read_all(f->store, mirror_apply, &m, &position);
    assert_true(!la_is_ok(r) || m.n == 6);
    mirror_done(&m);
    return r;
}

static la_result try_write(fixture *f, unsigned i)
{
    char client_id[40];
    la_new_secret secret = keyed_secret(1);
    la_application_row row;
    snprintf(client_id, sizeof client_id, "new-%u", i);
    la_new_application a = new_application(f->sandbox, client_id, &secret);
    LA_TRY(open_again(f));
    la_result r = la_store_create_application(f->store, &a, NOW_S);
    left = -1;
    assert_code(la_store_find_application(f->store, 0, a.client_id, &row), la_is_ok(r) ? LA_OK : LA_NOT_FOUND);
    assert_true(sqlite3_get_autocommit(f->store->db));
    return r;
}

static la_result add_event(la_store *s)
{
    la_audit_head head;
    la_slice none = LA_SLICE("");
    LA_TRY(la_store_read_audit_head(s, &head));
    la_audit_row e = {head.sequence + 1, 0, none, none, none, none, none, none, none, none, none, none, none, none};
    memcpy(e.previous_hash, head.hash, sizeof e.previous_hash);
    memset(e.hash, (int)e.sequence, sizeof e.hash);
    return la_store_add_audit(s, &e, e.hash);
}

static la_result change_in_group(la_store *s, const la_new_application *a)
{
    LA_TRY(la_store_create_application(s, a, NOW_S));
    return add_event(s);
}

/* A change and its event are both there, or neither. */
static la_result try_group(fixture *f, unsigned i)
{
    char client_id[40];
    la_application_row row;
    la_audit_head before, after;
    snprintf(client_id, sizeof client_id, "new-%u", i);
    la_new_application a = new_application(f->sandbox, client_id, NULL);
    LA_TRY(open_again(f));
    long saved = left;
    left = -1;
    assert_ok(la_store_read_audit_head(f->store, &before));
    left = saved;
    la_result r = la_store_begin(f->store);
    if (la_is_ok(r)) {
        r = change_in_group(f->store, &a);
        if (la_is_ok(r))
            r = la_store_commit(f->store);
        else
            la_store_rollback(f->store);
    }
    left = -1;
    assert_true(sqlite3_get_autocommit(f->store->db));
    assert_code(la_store_find_application(f->store, 0, a.client_id, &row), la_is_ok(r) ? LA_OK : LA_NOT_FOUND);
    assert_ok(la_store_read_audit_head(f->store, &after));
    assert_int_equal(after.sequence, before.sequence + (la_is_ok(r) ? 1 : 0));
    return r;
}

/* The caller goes on after a failure within the group: what it is told is there, and nothing else. */
static la_result try_group_that_goes_on(fixture *f, unsigned i)
{
    char client_id[40];
    la_application_row row;
    la_audit_head before, after;
    snprintf(client_id, sizeof client_id, "on-%u", i);
    la_new_application a = new_application(f->sandbox, client_id, NULL);
    LA_TRY(open_again(f));
    long saved = left;
    left = -1;
    assert_ok(la_store_read_audit_head(f->store, &before));
    assert_ok(la_store_begin(f->store));
    left = saved;
    la_result created = la_store_create_application(f->store, &a, NOW_S);
    la_result noted = add_event(f->store);
    la_result done = la_store_commit(f->store);
    left = -1;
    bool has_application = la_is_ok(created) && la_is_ok(done), has_event = la_is_ok(noted) && la_is_ok(done);
    assert_true(sqlite3_get_autocommit(f->store->db));
    assert_code(la_store_find_application(f->store, 0, a.client_id, &row), has_application ? LA_OK : LA_NOT_FOUND);
    assert_ok(la_store_read_audit_head(f->store, &after));
    assert_int_equal(after.sequence, before.sequence + (has_event ? 1 : 0));
    LA_TRY(created);
    LA_TRY(noted);
    return done;
}

static la_result try_usage(fixture *f, unsigned i)
{
    la_usage_count c = {f->sandbox, 1, 1000, "issued", 1};
    la_usage_latency l = {f->sandbox, 1000, {1}};
    LA_TRY(open_again(f));
    la_result r = la_store_add_usage(f->store, &c, 1, &l, 1);
    left = -1;
    assert_int_equal(run_sql(f->path, "SELECT count(DISTINCT total) FROM (SELECT sum(count) AS total FROM usage_total"
                                      " GROUP BY step UNION ALL SELECT sum(count) FROM usage_application GROUP BY step"
                                      " UNION ALL SELECT sum(count) FROM usage_latency GROUP BY step)") <= 1,
                     1);
    return r;
}

static la_result try_revoke(fixture *f, unsigned i)
{
    char jti[20];
    bool changed;
    unsigned n;
    snprintf(jti, sizeof jti, "j%u", i);
    la_revocation_record r = {f->sandbox, LA_REVOKED_TOKEN, 1, 0, la_slice_of(jti), NOW_S, NOW_S + 1, LA_NO_SLICE, 0};
    LA_TRY(open_again(f));
    la_result result = la_store_revoke(f->store, &r, &changed);
    la_result expired = la_is_ok(result) ? la_store_expire_revocations(f->store, NOW_S + 1, 9, &n) : la_ok();
    left = -1;
    assert_true(sqlite3_get_autocommit(f->store->db));
    assert_code(la_store_find_revocation(f->store, &r), la_is_ok(result) && !la_is_ok(expired) ? LA_OK : LA_NOT_FOUND);
    assert_ok(la_store_expire_revocations(f->store, NOW_S + 1, 9, &n));
    return la_is_ok(result) ? expired : result;
}

static la_new_certificate new_certificate(const uint8_t thumbprint[LA_THUMBPRINT_BYTES])
{
    return (la_new_certificate){.issued = true,
                                .thumbprint = thumbprint,
                                .serial = LA_SLICE("01"),
                                .subject = LA_SLICE("CN=a"),
                                .der = LA_SLICE("der"),
                                .not_before_s = NOW_S,
                                .not_after_s = NOW_S + 9};
}

/* The row, the application's version, the feed and the CRL's list go together. */
static la_result try_certificate(fixture *f, unsigned i)
{
    uint64_t id = 0;
    uint8_t thumbprint[LA_THUMBPRINT_BYTES] = {0};
    la_new_certificate c = new_certificate(thumbprint);
    LA_TRY(open_again(f));
    long saved = left;
    left = -1;
    int64_t before = run_sql(f->path, "SELECT version FROM application WHERE client_id = 'cert'");
    left = saved;
    memcpy(thumbprint, &i, sizeof i);
    la_result added = la_store_add_certificate(f->store, 1, &c, 2, NOW_S, &id);
    la_result revoked = la_is_ok(added) ? la_store_revoke_certificate(f->store, 1, id, NOW_S) : added;
    left = -1;
    unsigned done = (unsigned)la_is_ok(added) + (unsigned)la_is_ok(revoked);
    assert_true(sqlite3_get_autocommit(f->store->db));
    assert_int_equal(run_sql(f->path, "SELECT version FROM application WHERE client_id = 'cert'"), before + done);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM certificate WHERE revoked_at_s = 0"), done == 1);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM revoked_certificate"), done == 2);
    sqlite3_exec(f->store->db, "DELETE FROM certificate; DELETE FROM revoked_certificate", NULL, NULL, NULL);
    return revoked;
}

static la_result try_operator(fixture *f, unsigned i)
{
    la_operator_row o = {.role = LA_ROLE_ADMIN, .n_environments = 2, .environments = {"a", "b"}}, found;
    uint64_t id;
    snprintf(o.email, sizeof o.email, "%u@b.example", i);
    LA_TRY(open_again(f));
    la_result r = la_store_add_operator(f->store, &o, NOW_S, &id);
    if (la_is_ok(r))
        r = la_store_find_operator(f->store, id, &found);
    left = -1;
    assert_true(sqlite3_get_autocommit(f->store->db));
    la_result there = la_store_find_operator_by_email(f->store, la_slice_of(o.email), &found);
    assert_true(there.code == LA_NOT_FOUND || found.n_environments == 2);
    assert_true(!la_is_ok(r) || la_is_ok(there));
    return r;
}

static void fill(fixture *f)
{
    la_new_secret secret = keyed_secret(1);
    add_application(f, f->sandbox, "a", &secret);
    add_application(f, f->sandbox, "b", NULL);
    uint64_t id = add_application(f, f->production, "a", &secret);
    assert_ok(la_store_add_customer(f->store, id, LA_SLICE("u"), LA_NO_SLICE, NOW_S));
}

static void opening_survives(void **state)
{
    walk(*state, try_open, false, 1);
    walk(*state, try_open, true, 7);
}

static void creating_survives(void **state)
{
    walk(*state, try_create, false, 5);
    walk(*state, try_create, true, 23);
}

static void listing_survives(void **state)
{
    fill(*state);
    walk(*state, try_list, false, 1);
    walk(*state, try_list, true, 1);
}

static void the_feed_survives(void **state)
{
    fill(*state);
    walk(*state, try_feed, false, 1);
    walk(*state, try_feed, true, 1);
}

static void writing_survives(void **state)
{
    fixture *f = *state;
    walk(f, try_write, false, 1);
    assert_int_equal(run_sql(f->path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static void groups_survive(void **state)
{
    fixture *f = *state;
    walk(f, try_group, false, 1);
    walk(f, try_group_that_goes_on, false, 1);
    assert_int_equal(run_sql(f->path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static void counting_survives(void **state)
{
    walk(*state, try_usage, false, 3);
}

static void operators_survive(void **state)
{
    walk(*state, try_operator, false, 3);
}

static void revoking_survives(void **state)
{
    walk(*state, try_revoke, false, 1);
}

static void certificates_survive(void **state)
{
    fixture *f = *state;
    assert_int_equal(add_application(f, f->sandbox, "cert", NULL), 1);
    assert_ok(la_store_put_authority(f->store, f->sandbox, LA_SLICE("ca"), LA_SLICE("wrapped"), NOW_S));
    walk(f, try_certificate, false, 1);
    assert_int_equal(run_sql(f->path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opening_survives),  TEST(creating_survives),    TEST(listing_survives),  TEST(the_feed_survives),
        TEST(writing_survives),  TEST(groups_survive),       TEST(counting_survives), TEST(operators_survive),
        TEST(revoking_survives), TEST(certificates_survive),
    };
    return cmocka_run_group_tests_name("store memory", tests, set_up_allocator, NULL);
}
