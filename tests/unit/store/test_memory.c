/* Each allocation of SQLite fails in turn, once and for good: the result is NO_MEMORY or success, and nothing is half. */
#include "support.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opening_survives),  TEST(creating_survives), TEST(listing_survives),
        TEST(the_feed_survives), TEST(writing_survives),
    };
    return cmocka_run_group_tests_name("store memory", tests, set_up_allocator, NULL);
}
