/* A disk without room: by the limit on the size of a file (EFBIG), which acts on a process of its own, and by a
 * limit on the pages of the database. */
#include "support.h"

#include "store/certificates.h"
#include "store/sqlite_internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void limit_files(rlim_t bytes)
{
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {bytes, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
}

static la_result add(la_store *s, uint16_t environment_id, unsigned i)
{
    char client_id[40];
    la_new_secret secret = keyed_secret((uint8_t)i);
    snprintf(client_id, sizeof client_id, "c%u", i);
    la_new_application a = new_application(environment_id, client_id, &secret);
    return la_store_create_application(s, &a, NOW_S);
}

static la_result add_revocation(la_store *s, uint16_t environment_id, unsigned i)
{
    char jti[40];
    bool changed;
    snprintf(jti, sizeof jti, "%032x", i);
    la_revocation_record r = {environment_id, LA_REVOKED_TOKEN, 1,           0, la_slice_of(jti),
                              NOW_S,          NOW_S + 9,        LA_NO_SLICE, 0};
    return la_store_revoke(s, &r, &changed);
}

/* Issued, and revoked at once: both, or the first. */
static la_result add_certificate(la_store *s, uint16_t environment_id, unsigned i)
{
    uint8_t thumbprint[LA_THUMBPRINT_BYTES] = {0};
    char serial[16];
    uint64_t id;
    (void)environment_id;
    memcpy(thumbprint, &i, sizeof i);
    snprintf(serial, sizeof serial, "%08x", i);
    la_new_certificate c = {.issued = true,
                            .thumbprint = thumbprint,
                            .serial = la_slice_of(serial),
                            .subject = LA_SLICE("CN=a"),
                            .der = LA_SLICE("der"),
                            .not_before_s = NOW_S,
                            .not_after_s = NOW_S + 9};
    LA_TRY(la_store_add_certificate(s, 1, &c, 8, NOW_S, &id));
    return la_store_revoke_certificate(s, 1, id, NOW_S);
}

typedef la_result (*adder)(la_store *s, uint16_t environment_id, unsigned i);

/* What the child does; the exit code says how it went. */
static int fill_until_full(const char *path, uint16_t environment_id, adder add_one, unsigned *ret_added)
{
    la_store *s;
    la_application_row row;
    la_result r;
    unsigned added = 0;
    if (!la_is_ok(la_store_open(path, LA_STORE_MIGRATE, &s)))
        return 10;
    limit_files(800 << 10);
    while (la_is_ok(r = add_one(s, environment_id, added)) && added < 100000)
        added++;
    if (r.code != LA_FULL || !strstr(la_detail(), path))
        return 11;
    if (!la_is_ok(la_store_find_application(s, environment_id, LA_SLICE("first"), &row))) /* reading goes on */
        return 12;
    limit_files(RLIM_INFINITY);
    if (!la_is_ok(add_one(s, environment_id, 100000))) /* and so does writing, once there is room */
        return 13;
    *ret_added = added + 1;
    la_store_close(s);
    return 0;
}

/* `count` is SQL: how many there are of what was added. */
static void fill_the_disk(fixture *f, adder add_one, const char *count)
{
    int ends[2], status;
    unsigned added = 0;
    assert_int_equal(add_application(f, f->sandbox, "first", NULL), 1);
    assert_int_equal(pipe(ends), 0);
    la_store_close(f->store);
    f->store = NULL;
    pid_t child = fork();
    if (child == 0) {
        int code = fill_until_full(f->path, f->sandbox, add_one, &added);
        if (write(ends[1], &added, sizeof added) != sizeof added)
            code = 20;
        _exit(code);
    }
    assert_int_equal(read(ends[0], &added, sizeof added), sizeof added);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    close(ends[0]);
    close(ends[1]);
    assert_true(added > 10);
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
    assert_int_equal(run_sql(f->path, count), added);
    assert_int_equal(run_sql(f->path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static void a_full_disk_loses_nothing(void **state)
{
    fill_the_disk(*state, add, "SELECT count(*) - 1 FROM application");
}

static void nor_a_revocation(void **state)
{
    fill_the_disk(*state, add_revocation, "SELECT count(*) FROM revocation");
}

/* Every one that was revoked is there to be on the CRL, and none is that was not. */
static void nor_a_certificate(void **state)
{
    fill_the_disk(*state, add_certificate,
                  "SELECT count(*) FROM revoked_certificate AS r JOIN certificate AS c USING (serial)"
                  " WHERE c.revoked_at_s <> 0");
    fixture *f = *state;
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM certificate WHERE revoked_at_s <> 0"),
                     run_sql(f->path, "SELECT count(*) FROM revoked_certificate"));
}

/* Opening where each file may have only so many bytes: it fails with a reason, or works; it never crashes. */
static void opening_on_a_full_disk_gives_a_reason(void **state)
{
    fixture *f = *state;
    char fresh[400];
    snprintf(fresh, sizeof fresh, "%s.fresh", f->path);
    la_store_close(f->store);
    f->store = NULL;
    for (rlim_t bytes = 0; bytes <= 128 << 10; bytes += 4 << 10) {
        for (unsigned create = 0; create < 2; create++) {
            int status;
            pid_t child = fork();
            if (child == 0) {
                la_store *s;
                limit_files(bytes);
                la_result r = create ? la_store_open(fresh, LA_STORE_CREATE, &s)
                                     : la_store_open(f->path, LA_STORE_MIGRATE, &s);
                if (la_is_ok(r))
                    la_store_close(s);
                _exit(la_is_ok(r) || (r.code == LA_FULL && la_detail()[0]) ? 0 : (int)r.code);
            }
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 0);
            unlink(fresh);
        }
    }
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
}

static void an_import_that_does_not_fit_leaves_nothing(void **state)
{
    fixture *f = *state;
    la_result r = la_ok();
    unsigned i = 0;
    assert_ok(add(f->store, f->sandbox, 999999));
    assert_int_equal(sqlite3_exec(f->store->db, "PRAGMA max_page_count = 100", NULL, NULL, NULL), SQLITE_OK);
    assert_ok(la_store_import_begin(f->store));
    while (la_is_ok(r) && i < 100000) {
        char client_id[40];
        snprintf(client_id, sizeof client_id, "c%u", i++);
        la_new_application a = new_application(f->sandbox, client_id, NULL);
        r = la_store_import_add(f->store, &a, NOW_S);
    }
    assert_code(r, LA_FULL);
    assert_non_null(strstr(la_detail(), "make room"));
    assert_code(la_store_import_commit(f->store), LA_CONFLICT);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM application"), 1);
    assert_ok(add(f->store, f->sandbox, 1));
}

static void a_writer_that_holds_the_lock_makes_it_unavailable(void **state)
{
    fixture *f = *state;
    la_store *other;
    la_application_row row;
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &other));
    assert_ok(la_store_import_begin(other));
    sqlite3_busy_timeout(f->store->db, 20);
    assert_code(add(f->store, f->sandbox, 1), LA_UNAVAILABLE);
    assert_non_null(strstr(la_detail(), "try again"));
    assert_code(la_store_find_application(f->store, 0, LA_SLICE("c1"), &row), LA_NOT_FOUND); /* readers do not wait */
    la_store_import_abort(other);
    assert_ok(add(f->store, f->sandbox, 1));
    la_store_close(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_loses_nothing),
        TEST(nor_a_revocation),
        TEST(nor_a_certificate),
        TEST(opening_on_a_full_disk_gives_a_reason),
        TEST(an_import_that_does_not_fit_leaves_nothing),
        TEST(a_writer_that_holds_the_lock_makes_it_unavailable),
    };
    return cmocka_run_group_tests_name("store full", tests, NULL, NULL);
}
