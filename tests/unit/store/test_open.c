#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

typedef struct place {
    char *dir;
    char path[300], wal[310], shm[310];
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof *p);
    p->dir = unit_mkdir();
    snprintf(p->path, sizeof p->path, "%s/leanauth.db", p->dir);
    snprintf(p->wal, sizeof p->wal, "%s-wal", p->path);
    snprintf(p->shm, sizeof p->shm, "%s-shm", p->path);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    unit_rmdir(p->dir);
    free(p);
    return 0;
}

static void create(place *p)
{
    la_store *s;
    uint16_t id;
    assert_ok(la_store_open(p->path, LA_STORE_CREATE, &s));
    assert_ok(la_store_ensure_environment(s, LA_SLICE("production"), &id));
    la_store_close(s);
}

static unsigned count_files(const char *dir)
{
    char command[400];
    unsigned n = 0;
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", dir);
    FILE *out = popen(command, "r");
    assert_int_equal(fscanf(out, "%u", &n), 1);
    pclose(out);
    return n;
}

static void write_at(const char *path, off_t offset, const void *bytes, size_t n)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(pwrite(fd, bytes, n, offset), n);
    close(fd);
}

/* Refused with `code`, and not a byte of it changed. */
static void assert_refused(place *p, la_store_mode mode, la_code code)
{
    char before[65], after[65];
    la_store *s = NULL;
    hash_file(p->path, before);
    assert_code(la_store_open(p->path, mode, &s), code);
    assert_null(s);
    assert_non_null(strstr(la_detail(), p->path));
    assert_null(strchr(la_detail(), '\n'));
    hash_file(p->path, after);
    assert_string_equal(before, after);
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void only_create_creates(void **state)
{
    place *p = *state;
    la_store *s;
    assert_code(la_store_open(p->path, LA_STORE_MIGRATE, &s), LA_NOT_FOUND);
    assert_non_null(strstr(la_detail(), "leanauth init"));
    assert_int_equal(count_files(p->dir), 0);
    create(p);
    assert_int_equal(count_files(p->dir), 1); /* closed: nothing lies about */
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &s));
    la_store_close(s);
    assert_ok(la_store_open(p->path, LA_STORE_CREATE, &s)); /* keeps what is there */
    uint16_t id;
    assert_ok(la_store_find_environment(s, LA_SLICE("production"), &id));
    la_store_close(s);
}

static void only_the_owner_may_read_it(void **state)
{
    place *p = *state;
    la_store *s;
    uint16_t id;
    mode_t mask = umask(0);
    assert_ok(la_store_open(p->path, LA_STORE_CREATE, &s));
    assert_ok(la_store_ensure_environment(s, LA_SLICE("production"), &id));
    umask(mask);
    assert_int_equal(mode_of(p->path), 0600);
    assert_int_equal(mode_of(p->wal), 0600);
    assert_int_equal(mode_of(p->shm), 0600);
    la_store_close(s);
}

static void the_settings_are_the_durable_ones(void **state)
{
    place *p = *state;
    create(p);
    assert_int_equal(run_sql(p->path, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    assert_int_equal(run_sql(p->path, "PRAGMA application_id"), 0x6c6e6175);
    assert_int_equal(run_sql(p->path, "PRAGMA user_version"), 4);
}

static void a_copy_without_wal_mode_gets_it_back(void **state)
{
    place *p = *state;
    la_store *s;
    create(p);
    run_sql(p->path, "PRAGMA journal_mode = DELETE"); /* as VACUUM INTO leaves it */
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &s));
    assert_true(la_store_is_present(s));
    unlink(p->wal);
    assert_false(la_store_is_present(s));
    la_store_close(s);
    assert_int_equal(run_sql(p->path, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
}

static void what_is_no_database_is_refused(void **state)
{
    place *p = *state;
    char text[5000];
    memset(text, 'x', sizeof text);
    write_at(p->path, 0, text, sizeof text);
    assert_refused(p, LA_STORE_CREATE, LA_CORRUPT);
    assert_int_equal(truncate(p->path, 20), 0);
    assert_refused(p, LA_STORE_CREATE, LA_CORRUPT);
    assert_int_equal(truncate(p->path, 0), 0);
    assert_refused(p, LA_STORE_CREATE, LA_CORRUPT);
    assert_refused(p, LA_STORE_MIGRATE, LA_CORRUPT);
    assert_int_equal(count_files(p->dir), 1);
}

static void the_database_of_another_program_is_refused(void **state)
{
    place *p = *state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x); INSERT INTO t VALUES (1)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_refused(p, LA_STORE_CREATE, LA_CORRUPT);
    assert_non_null(strstr(la_detail(), "another program"));
    assert_int_equal(count_files(p->dir), 1);
}

static void a_newer_version_is_left_untouched(void **state)
{
    place *p = *state;
    create(p);
    run_sql(p->path, "PRAGMA user_version = 5");
    assert_refused(p, LA_STORE_CREATE, LA_NEWER);
    assert_refused(p, LA_STORE_MIGRATE, LA_NEWER);
    assert_non_null(strstr(la_detail(), "version 5"));
    assert_int_equal(count_files(p->dir), 1);
}

/* The newer version has been committed, and its program killed: it stands in the write-ahead log alone. */
static void a_newer_version_in_the_log_is_left_untouched(void **state)
{
    place *p = *state;
    char before[65], after[65];
    int status;
    create(p);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db;
        sqlite3_open(p->path, &db);
        sqlite3_exec(db, "CREATE TABLE later (x); PRAGMA user_version = 7", NULL, NULL, NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    hash_file(p->wal, before);
    assert_refused(p, LA_STORE_MIGRATE, LA_NEWER);
    assert_non_null(strstr(la_detail(), "version 7"));
    hash_file(p->wal, after);
    assert_string_equal(before, after);
}

static void assert_damage_is_found(place *p)
{
    la_store *s = NULL;
    assert_code(la_store_open(p->path, LA_STORE_MIGRATE, &s), LA_CORRUPT);
    assert_null(s);
    assert_non_null(strstr(la_detail(), p->path));
    assert_non_null(strstr(la_detail(), "backup"));
    assert_null(strchr(la_detail(), '\n'));
}

static off_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void damage_is_found_at_start(void **state)
{
    place *p = *state;
    char copy[320], command[700], noise[4096];
    la_store *s;
    create(p);
    off_t bytes = size_of(p->path);
    memset(noise, 0xA5, sizeof noise);
    snprintf(copy, sizeof copy, "%s.copy", p->path);
    snprintf(command, sizeof command, "cp '%s' '%s'", copy, p->path);
    assert_int_equal(rename(p->path, copy), 0);
    unsigned found = 0, pages = 0;
    for (off_t at = 0; at < bytes; at += 4096, pages++) {
        assert_int_equal(system(command), 0);
        write_at(p->path, at + (at == 0 ? 100 : 0), noise, at == 0 ? 3000 : sizeof noise);
        assert_damage_is_found(p);
        found++;
    }
    assert_int_equal(found, pages);
    for (off_t keep = 4096; keep < bytes; keep += 4096) { /* cut off */
        assert_int_equal(system(command), 0);
        assert_int_equal(truncate(p->path, keep), 0);
        assert_damage_is_found(p);
    }
    assert_int_equal(system(command), 0);
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &s)); /* the copy itself is whole */
    la_store_close(s);
}

static void a_missing_table_is_damage(void **state)
{
    place *p = *state;
    static const char *const losses[] = {
        "DROP TABLE customer",
        "DROP TABLE change",
        "DROP TABLE operator",
        "DROP TABLE audit_event",
        "DROP TABLE audit_head",
        "DROP TABLE usage_total",
        "ALTER TABLE signing_key RENAME COLUMN wrapped_private TO other",
        "DELETE FROM meta WHERE name = 'store'",
        "UPDATE meta SET value = x'00' WHERE name = 'store'",
        "PRAGMA user_version = 0",
    };
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        create(p);
        run_sql(p->path, losses[i]);
        assert_damage_is_found(p);
        unlink(p->path);
        unlink(p->wal);
        unlink(p->shm);
    }
}

static void a_folder_or_a_missing_folder_is_an_io_error(void **state)
{
    place *p = *state;
    char path[400];
    la_store *s = NULL;
    assert_code(la_store_open(p->dir, LA_STORE_CREATE, &s), LA_IO);
    snprintf(path, sizeof path, "%s/none/leanauth.db", p->dir);
    assert_code(la_store_open(path, LA_STORE_CREATE, &s), LA_IO);
    assert_code(la_store_open(path, LA_STORE_MIGRATE, &s), LA_NOT_FOUND);
    create(p);
    snprintf(path, sizeof path, "%s/file", p->path);
    assert_code(la_store_open(path, LA_STORE_CREATE, &s), LA_IO);
    assert_null(s);
}

static void presence_is_that_of_the_file(void **state)
{
    place *p = *state;
    char away[320];
    la_store *s, *other;
    uint16_t id;
    create(p);
    snprintf(away, sizeof away, "%s.away", p->path);
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &s));
    assert_true(la_store_is_present(s));
    assert_int_equal(rename(p->path, away), 0);
    assert_false(la_store_is_present(s));
    assert_ok(la_store_find_environment(s, LA_SLICE("production"), &id)); /* reading goes on */
    assert_code(la_store_ensure_environment(s, LA_SLICE("new"), &id), LA_UNAVAILABLE);
    assert_int_equal(rename(away, p->path), 0);
    assert_true(la_store_is_present(s));
    assert_ok(la_store_ensure_environment(s, LA_SLICE("new"), &id));

    /* Another one in its place; closing the old handle leaves its log alone. */
    assert_int_equal(rename(p->path, away), 0);
    unlink(p->wal);
    unlink(p->shm);
    assert_ok(la_store_open(p->path, LA_STORE_CREATE, &other));
    assert_ok(la_store_ensure_environment(other, LA_SLICE("elsewhere"), &id));
    assert_false(la_store_is_present(s));
    assert_code(la_store_ensure_environment(s, LA_SLICE("newer"), &id), LA_UNAVAILABLE);
    la_store_close(s);
    assert_true(size_of(p->wal) > 0);
    assert_true(la_store_is_present(other));
    la_store_close(other);
}

static void a_log_that_is_removed_is_moved_into_the_database(void **state)
{
    place *p = *state;
    la_store *s, *second, *fresh;
    uint16_t id;
    create(p);
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &s));
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &second));
    assert_ok(la_store_ensure_environment(s, LA_SLICE("in-the-log-alone"), &id));
    unlink(p->wal);
    assert_false(la_store_is_present(s));
    assert_false(la_store_is_present(second));
    assert_code(la_store_ensure_environment(s, LA_SLICE("new"), &id), LA_UNAVAILABLE);

    /* A third handle would read a new log by the index that the two have. */
    assert_code(la_store_open(p->path, LA_STORE_MIGRATE, &fresh), LA_UNAVAILABLE);
    la_store_close(s);
    assert_code(la_store_open(p->path, LA_STORE_MIGRATE, &fresh), LA_UNAVAILABLE);
    la_store_close(second);
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &fresh));
    assert_ok(la_store_find_environment(fresh, LA_SLICE("in-the-log-alone"), &id));
    la_store_close(fresh);
}

static void a_log_that_is_replaced_is_left_alone(void **state)
{
    place *p = *state;
    la_store *s;
    uint16_t id;
    create(p);
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &s));
    assert_ok(la_store_ensure_environment(s, LA_SLICE("production"), &id));
    unlink(p->wal);
    write_at(p->wal, 0, "log", 3);
    assert_false(la_store_is_present(s));
    la_store_close(s);
    assert_int_equal(size_of(p->wal), 3);
}

static void another_database_beside_the_former_log_waits(void **state)
{
    place *p = *state;
    char away[320], fresh[320];
    la_store *s, *other;
    create(p);
    snprintf(away, sizeof away, "%s.away", p->path);
    snprintf(fresh, sizeof fresh, "%s.fresh", p->path);
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &s));
    assert_ok(la_store_open(fresh, LA_STORE_CREATE, &other));
    la_store_close(other);
    assert_int_equal(rename(p->path, away), 0);
    assert_int_equal(rename(fresh, p->path), 0);
    assert_code(la_store_open(p->path, LA_STORE_MIGRATE, &other), LA_UNAVAILABLE);
    la_store_close(s);
    assert_ok(la_store_open(p->path, LA_STORE_MIGRATE, &other));
    la_store_close(other);
}

static void a_relative_path_survives_a_change_of_folder(void **state)
{
    place *p = *state;
    char before[4096];
    la_store *s;
    uint16_t id;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(p->dir), 0);
    assert_ok(la_store_open("leanauth.db", LA_STORE_CREATE, &s));
    assert_int_equal(chdir("/"), 0);
    assert_true(la_store_is_present(s));
    assert_ok(la_store_ensure_environment(s, LA_SLICE("production"), &id));
    la_store_close(s);
    assert_int_equal(chdir(before), 0);
}

static void a_log_without_its_database_stops_creation(void **state)
{
    place *p = *state;
    la_store *s = NULL;
    write_at(p->wal, 0, "log", 3);
    assert_code(la_store_open(p->path, LA_STORE_CREATE, &s), LA_CONFLICT);
    assert_non_null(strstr(la_detail(), "-wal"));
    assert_int_equal(count_files(p->dir), 1);
    unlink(p->wal);
    create(p);
}

static void a_killed_creation_leaves_no_database(void **state)
{
    place *p = *state;
    for (unsigned i = 0; i < 30; i++) {
        la_store *s;
        int status;
        pid_t child = fork();
        if (child == 0)
            _exit(la_is_ok(la_store_open(p->path, LA_STORE_CREATE, &s)) ? 0 : 1);
        usleep(i * 200);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        assert_ok(la_store_open(p->path, LA_STORE_CREATE, &s));
        la_store_close(s);
        unlink(p->path);
        unlink(p->wal);
        unlink(p->shm);
    }
}

static void two_creators_share_one_database(void **state)
{
    place *p = *state;
    pid_t children[6];
    int status;
    la_store *s;
    uint16_t id;
    for (unsigned i = 0; i < 6; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char name[20];
            snprintf(name, sizeof name, "e%u", i);
            bool ok = la_is_ok(la_store_open(p->path, LA_STORE_CREATE, &s)) &&
                      la_is_ok(la_store_ensure_environment(s, la_slice_of(name), &id));
            if (ok)
                la_store_close(s);
            else
                fprintf(stderr, "# %s\n", la_detail());
            _exit(ok ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(run_sql(p->path, "SELECT count(*) FROM environment"), 6);
    assert_int_equal(count_files(p->dir), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_create_creates),
        TEST(only_the_owner_may_read_it),
        TEST(the_settings_are_the_durable_ones),
        TEST(a_copy_without_wal_mode_gets_it_back),
        TEST(what_is_no_database_is_refused),
        TEST(the_database_of_another_program_is_refused),
        TEST(a_newer_version_is_left_untouched),
        TEST(a_newer_version_in_the_log_is_left_untouched),
        TEST(damage_is_found_at_start),
        TEST(a_missing_table_is_damage),
        TEST(a_folder_or_a_missing_folder_is_an_io_error),
        TEST(presence_is_that_of_the_file),
        TEST(a_log_that_is_removed_is_moved_into_the_database),
        TEST(a_log_that_is_replaced_is_left_alone),
        TEST(another_database_beside_the_former_log_waits),
        TEST(a_relative_path_survives_a_change_of_folder),
        TEST(a_log_without_its_database_stops_creation),
        TEST(a_killed_creation_leaves_no_database),
        TEST(two_creators_share_one_database),
    };
    return cmocka_run_group_tests_name("store open", tests, NULL, NULL);
}
