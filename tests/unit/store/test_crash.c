/* What concurrent writers, and writers that are killed, leave behind. */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define WRITERS 3
#define EACH 150

typedef struct writer {
    pthread_t thread;
    const char *path;
    uint16_t environment_id;
    unsigned number, done;
} writer;

static void *write_many(void *self)
{
    writer *w = self;
    la_store *s;
    la_new_secret secret = keyed_secret((uint8_t)w->number);
    if (!la_is_ok(la_store_open(w->path, LA_STORE_MIGRATE, &s)))
        return NULL;
    for (unsigned i = 0; i < EACH; i++) {
        char client_id[40];
        snprintf(client_id, sizeof client_id, "w%u-%u", w->number, i);
        la_new_application a = new_application(w->environment_id, client_id, &secret);
        la_result r;
        do
            r = la_store_create_application(s, &a, NOW_S);
        while (r.code == LA_UNAVAILABLE); /* waited too long for the lock: try again, as it says */
        if (la_is_ok(r))
            w->done++;
    }
    la_store_close(s);
    return NULL;
}

static void concurrent_writers_lose_nothing(void **state)
{
    fixture *f = *state;
    writer writers[WRITERS];
    mirror m = {0};
    la_feed_position position;
    unsigned items;
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (writer){.path = f->path, .environment_id = f->sandbox, .number = i};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]), 0);
    }
    for (unsigned i = 0; i < 200; i++) /* follow meanwhile */
        assert_ok(la_store_read_changes(f->store, &position, 10, mirror_apply, &m, &items));
    for (unsigned i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_int_equal(writers[i].done, EACH);
    }
    assert_mirror_follows(f->store, &m, &position, 10);
    assert_int_equal(m.n, 2 + WRITERS * EACH);
    assert_int_equal(run_sql(f->path, "SELECT max(sequence) - count(*) FROM change"), 0); /* none skipped */
    mirror_done(&m);
}

/* Writes and says so on `out` until it is killed. */
static void write_until_killed(const char *path, uint16_t environment_id, unsigned round, int out)
{
    la_store *s;
    la_new_secret secret = keyed_secret(1);
    la_application_row row;
    if (!la_is_ok(la_store_open(path, LA_STORE_MIGRATE, &s)))
        _exit(1);
    for (unsigned i = 0;; i++) {
        char client_id[40];
        snprintf(client_id, sizeof client_id, "r%u-%u", round, i);
        la_new_application a = new_application(environment_id, client_id, &secret);
        if (!la_is_ok(la_store_create_application(s, &a, NOW_S)))
            _exit(2);
        if (i % 3 == 0 && la_is_ok(la_store_find_application(s, environment_id, a.client_id, &row)) &&
            !la_is_ok(set_enabled(s, row.application_id, false)))
            _exit(3);
        if (write(out, &i, sizeof i) != sizeof i)
            _exit(4);
    }
}

/* Gives how many writes were acknowledged. */
static unsigned run_and_kill(fixture *f, unsigned round, unsigned after)
{
    int ends[2], status;
    unsigned i, acknowledged = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        write_until_killed(f->path, f->sandbox, round, ends[1]);
    }
    close(ends[1]);
    while (acknowledged < after && read(ends[0], &i, sizeof i) == sizeof i)
        acknowledged++;
    usleep(round * 37 % 900);
    kill(child, SIGKILL);
    while (read(ends[0], &i, sizeof i) == sizeof i) /* what it said before it died */
        acknowledged++;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return acknowledged;
}

static void what_was_acknowledged_survives_a_kill(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    la_application_row row;
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    for (unsigned round = 0; round < 40; round++) {
        la_store_close(f->store); /* a handle must not be carried over a fork */
        f->store = NULL;
        unsigned acknowledged = run_and_kill(f, round, round % 7);
        assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
        for (unsigned i = 0; i < acknowledged; i++) {
            char client_id[40];
            snprintf(client_id, sizeof client_id, "r%u-%u", round, i);
            assert_ok(la_store_find_application(f->store, f->sandbox, la_slice_of(client_id), &row));
            assert_int_equal(row.enabled, i % 3 != 0);
        }
        assert_mirror_follows(f->store, &m, &position, 10);
    }
    assert_int_equal(run_sql(f->path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    mirror_done(&m);
}

static void a_killed_import_leaves_nothing(void **state)
{
    fixture *f = *state;
    for (unsigned round = 0; round < 10; round++) {
        int status;
        char sign;
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        la_store_close(f->store);
        f->store = NULL;
        pid_t child = fork();
        if (child == 0) {
            la_store *s;
            if (!la_is_ok(la_store_open(f->path, LA_STORE_MIGRATE, &s)) || !la_is_ok(la_store_import_begin(s)))
                _exit(1);
            for (unsigned i = 0;; i++) { /* never commits */
                char client_id[40];
                snprintf(client_id, sizeof client_id, "i%u", i);
                la_new_application a = new_application(f->sandbox, client_id, NULL);
                if (!la_is_ok(la_store_import_add(s, &a, NOW_S)))
                    _exit(2);
                if (i == 100 && write(ends[1], "x", 1) != 1)
                    _exit(3);
            }
        }
        assert_int_equal(read(ends[0], &sign, 1), 1);
        usleep(round * 500);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        close(ends[0]);
        close(ends[1]);
        assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
        assert_int_equal(run_sql(f->path, "SELECT count(*) FROM application"), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(concurrent_writers_lose_nothing),
        TEST(what_was_acknowledged_survives_a_kill),
        TEST(a_killed_import_leaves_nothing),
    };
    return cmocka_run_group_tests_name("store crash", tests, NULL, NULL);
}
