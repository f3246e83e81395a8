#include "support.h"

#include "store/audit.h"

#include <signal.h>
#include <sys/wait.h>

#define DAY_S (NOW_S - NOW_S % 86400)
#define MINUTE (DAY_S / 60)

static la_usage_count count(uint16_t environment_id, uint64_t application_id, int64_t minute, const char *outcome,
                            uint64_t n)
{
    la_usage_count c = {environment_id, application_id, minute, "", n};
    snprintf(c.outcome, sizeof c.outcome, "%s", outcome);
    return c;
}

static la_usage_query query(fixture *f, la_usage_step step, int64_t from_s, int64_t to_s)
{
    return (la_usage_query){f->production, 0, true, from_s, to_s, step};
}

static la_result note_point(void *self, const la_usage_point *p)
{
    char *text = self;
    snprintf(text + strlen(text), 500 - strlen(text), "%lld:%llu/%llu ", (long long)(p->at_s - DAY_S),
             (unsigned long long)p->issued, (unsigned long long)p->refused);
    return la_ok();
}

static void assert_points(fixture *f, la_usage_query q, const char *expected)
{
    char text[500] = "";
    assert_ok(la_store_usage_points(f->store, &q, note_point, text));
    assert_string_equal(text, expected);
}

static la_result note_reason(void *self, la_slice reason, uint64_t n)
{
    char *text = self;
    snprintf(text + strlen(text), 500 - strlen(text), "%.*s=%llu ", LA_FMT(reason), (unsigned long long)n);
    return la_ok();
}

static void assert_reasons(fixture *f, la_usage_query q, unsigned limit, const char *expected)
{
    char text[500] = "";
    assert_ok(la_store_usage_reasons(f->store, &q, limit, note_reason, text));
    assert_string_equal(text, expected);
}

static la_result note_application(void *self, const la_usage_application *a)
{
    char *text = self;
    snprintf(text + strlen(text), 500 - strlen(text), "%llu(%s,%s)%llu/%llu ", (unsigned long long)a->application_id,
             a->client_id.p ? "id" : "-",
             a->name.n == 7 ? "deleted"
             : a->name.p    ? "name"
                            : "-",
             (unsigned long long)a->issued, (unsigned long long)a->refused);
    return la_ok();
}

static void assert_applications(fixture *f, la_usage_query q, unsigned limit, const char *expected)
{
    char text[500] = "";
    assert_ok(la_store_usage_applications(f->store, &q, limit, note_application, text));
    assert_string_equal(text, expected);
}

static void add_some(fixture *f)
{
    const la_usage_count counts[] = {
        count(f->production, 1, MINUTE, LA_USAGE_ISSUED, 10),
        count(f->production, 2, MINUTE, LA_USAGE_ISSUED, 3),
        count(f->production, 2, MINUTE, "client_secret_wrong", 2),
        count(f->production, 0, MINUTE, "client_unknown", 5),
        count(f->production, 1, MINUTE + 1, LA_USAGE_ISSUED, 7),
        count(f->production, 1, MINUTE + 61, LA_USAGE_ISSUED, 1),
        count(f->production, 1, MINUTE + 61, "scope_unknown", 2),
        count(f->production, 1, MINUTE + 2, LA_USAGE_ISSUED, 0), /* nothing */
        count(f->sandbox, 3, MINUTE, LA_USAGE_ISSUED, 100),
        count(f->production, 1, MINUTE - 1, LA_USAGE_ISSUED, 4), /* the day before */
    };
    assert_ok(la_store_add_usage(f->store, counts, sizeof counts / sizeof *counts, NULL, 0));
}

static void counts_are_there_by_minute_hour_and_day(void **state)
{
    fixture *f = *state;
    add_some(f);
    assert_points(f, query(f, LA_USAGE_MINUTE, DAY_S, DAY_S + 7200), "0:13/7 60:7/0 3660:1/2 ");
    assert_points(f, query(f, LA_USAGE_HOUR, DAY_S, DAY_S + 86400), "0:20/7 3600:1/2 ");
    assert_points(f, query(f, LA_USAGE_DAY, DAY_S - 86400, DAY_S + 86400), "-86400:4/0 0:21/9 ");
    assert_points(f, query(f, LA_USAGE_MINUTE, DAY_S + 59, DAY_S + 60), "0:13/7 "); /* the step that from is in */
    assert_points(f, query(f, LA_USAGE_MINUTE, DAY_S + 60, DAY_S + 60), "");
    la_usage_query q = query(f, LA_USAGE_HOUR, DAY_S, DAY_S + 86400);
    q.any_application = false;
    q.application_id = 1;
    assert_points(f, q, "0:17/0 3600:1/2 ");
    q.application_id = 0;
    assert_points(f, q, "0:0/5 ");
    q.application_id = 3; /* of the other environment */
    assert_points(f, q, "");
    q.to_s = q.from_s;
    assert_points(f, q, "");
}

static void later_counts_are_added_wherever_they_belong(void **state)
{
    fixture *f = *state;
    add_some(f);
    la_usage_count late = count(f->production, 1, MINUTE, LA_USAGE_ISSUED, 1);
    for (unsigned i = 0; i < 3; i++)
        assert_ok(la_store_add_usage(f->store, &late, 1, NULL, 0));
    assert_points(f, query(f, LA_USAGE_MINUTE, DAY_S, DAY_S + 60), "0:16/7 ");
    assert_points(f, query(f, LA_USAGE_HOUR, DAY_S, DAY_S + 3600), "0:23/7 ");
    assert_points(f, query(f, LA_USAGE_DAY, DAY_S, DAY_S + 86400), "0:24/9 ");
}

static void reasons_come_most_first(void **state)
{
    fixture *f = *state;
    add_some(f);
    la_usage_query q = query(f, LA_USAGE_DAY, DAY_S, DAY_S + 86400);
    assert_reasons(f, q, 10, "client_unknown=5 client_secret_wrong=2 scope_unknown=2 ");
    assert_reasons(f, q, 1, "client_unknown=5 ");
    assert_reasons(f, q, 0, "");
    q.any_application = false;
    q.application_id = 1;
    assert_reasons(f, q, 10, "scope_unknown=2 ");
}

static void applications_come_most_first_and_outlive_themselves(void **state)
{
    fixture *f = *state;
    uint64_t first = add_application(f, f->production, "a", NULL),
             second = add_application(f, f->production, "b", NULL);
    assert_int_equal(first, 1);
    assert_int_equal(second, 2);
    add_some(f);
    la_usage_query q = query(f, LA_USAGE_HOUR, DAY_S, DAY_S + 7200);
    assert_applications(f, q, 10, "1(id,name)18/2 0(-,-)0/5 2(id,name)3/2 ");
    assert_applications(f, q, 2, "1(id,name)18/2 0(-,-)0/5 ");
    assert_ok(la_store_delete_application(f->store, first));
    assert_applications(f, q, 1, "1(-,deleted)18/2 ");
    la_usage_count late = count(f->production, first, MINUTE, LA_USAGE_ISSUED, 1);
    assert_ok(la_store_add_usage(f->store, &late, 1, NULL, 0));
    assert_applications(f, q, 1, "1(-,deleted)19/2 ");
}

/* Whatever way the span is cut into days, hours and minutes, it has what its minutes have. */
static void a_span_of_applications_is_cut_without_loss(void **state)
{
    fixture *f = *state;
    static la_usage_count counts[3 * 1440];
    for (int64_t i = 0; i < 3 * 1440; i++)
        counts[i] = count(f->production, 5, MINUTE + i, LA_USAGE_ISSUED, 1);
    assert_ok(la_store_add_usage(f->store, counts, sizeof counts / sizeof *counts, NULL, 0));
    static const int64_t spans[][2] = {{0, 1},       {0, 60},     {59, 61},     {1, 59},      {60, 120},
                                       {61, 119},    {30, 1470},  {0, 1440},    {1, 1441},    {1380, 1500},
                                       {1439, 1441}, {900, 2400}, {1440, 2880}, {1441, 2879}, {7, 7},
                                       {120, 1560},  {119, 121},  {2700, 4200}, {1500, 2940}};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        char expected[100] = "";
        int64_t n = spans[i][1] - spans[i][0];
        if (n)
            snprintf(expected, sizeof expected, "5(-,deleted)%lld/0 ", (long long)n);
        assert_applications(f, query(f, LA_USAGE_MINUTE, DAY_S + spans[i][0] * 60, DAY_S + spans[i][1] * 60), 9,
                            expected);
    }
    assert_applications(f, query(f, LA_USAGE_HOUR, DAY_S + 10, DAY_S + 3601), 9,
                        "5(-,deleted)120/0 "); /* whole steps */
    assert_applications(f, query(f, LA_USAGE_DAY, DAY_S + 10, DAY_S + 86401), 9, "5(-,deleted)2880/0 ");
}

typedef struct latencies {
    unsigned n;
    int64_t at_s[4];
    uint64_t buckets[4][LA_USAGE_BUCKETS];
} latencies;

static la_result note_latency(void *self, int64_t at_s, const uint64_t buckets[LA_USAGE_BUCKETS])
{
    latencies *l = self;
    l->at_s[l->n] = at_s - DAY_S;
    memcpy(l->buckets[l->n++], buckets, sizeof l->buckets[0]);
    return la_ok();
}

static void latencies_are_added_bucket_by_bucket(void **state)
{
    fixture *f = *state;
    const la_usage_latency given[] = {
        {f->production, MINUTE, {1, 2, 3}},     {f->production, MINUTE, {[0] = 1, [14] = 9}},
        {f->production, MINUTE + 1, {[7] = 4}}, {f->production, MINUTE + 2, {0}},
        {f->sandbox, MINUTE, {[3] = 100}},
    };
    latencies minutes = {0}, hours = {0};
    assert_ok(la_store_add_usage(f->store, NULL, 0, given, sizeof given / sizeof *given));
    la_usage_query q = query(f, LA_USAGE_MINUTE, DAY_S, DAY_S + 3600);
    assert_ok(la_store_usage_latencies(f->store, &q, note_latency, &minutes));
    assert_int_equal(minutes.n, 2);
    assert_int_equal(minutes.at_s[0], 0);
    assert_int_equal(minutes.buckets[0][0], 2);
    assert_int_equal(minutes.buckets[0][2], 3);
    assert_int_equal(minutes.buckets[0][3], 0);
    assert_int_equal(minutes.buckets[0][14], 9);
    assert_int_equal(minutes.at_s[1], 60);
    assert_int_equal(minutes.buckets[1][7], 4);
    assert_int_equal(minutes.buckets[1][0], 0);
    q = query(f, LA_USAGE_HOUR, DAY_S, DAY_S + 3600);
    assert_ok(la_store_usage_latencies(f->store, &q, note_latency, &hours));
    assert_int_equal(hours.n, 1);
    assert_int_equal(hours.buckets[0][0], 2);
    assert_int_equal(hours.buckets[0][7], 4);
    assert_int_equal(hours.buckets[0][14], 9);
}

static void a_query_is_bounded(void **state)
{
    fixture *f = *state;
    char text[500] = "";
    la_usage_query q = query(f, LA_USAGE_MINUTE, DAY_S, DAY_S + 1500 * 60);
    assert_ok(la_store_usage_points(f->store, &q, note_point, text));
    q.to_s++;
    assert_code(la_store_usage_points(f->store, &q, note_point, text), LA_INVALID);
    assert_code(la_store_usage_reasons(f->store, &q, 1, note_reason, text), LA_INVALID);
    assert_code(la_store_usage_applications(f->store, &q, 1, note_application, text), LA_INVALID);
    assert_code(la_store_usage_latencies(f->store, &q, note_latency, text), LA_INVALID);
    q = query(f, LA_USAGE_MINUTE, DAY_S, INT64_MAX);
    assert_code(la_store_usage_points(f->store, &q, note_point, text), LA_INVALID);
    q = query(f, LA_USAGE_MINUTE, INT64_MIN, DAY_S);
    assert_code(la_store_usage_points(f->store, &q, note_point, text), LA_INVALID);
    q = query(f, LA_USAGE_MINUTE, DAY_S, DAY_S - 1);
    assert_code(la_store_usage_points(f->store, &q, note_point, text), LA_INVALID);
    q = query(f, LA_USAGE_STEPS, DAY_S, DAY_S);
    assert_code(la_store_usage_points(f->store, &q, note_point, text), LA_INVALID);
    assert_string_equal(text, "");
}

static void bad_counts_change_nothing(void **state)
{
    fixture *f = *state;
    la_usage_count counts[] = {count(f->production, 1, MINUTE, LA_USAGE_ISSUED, 1),
                               count(f->production, 1, -1, LA_USAGE_ISSUED, 1)};
    assert_code(la_store_add_usage(f->store, counts, 2, NULL, 0), LA_INVALID);
    counts[1] = count(f->production, 1, MINUTE, "", 1);
    assert_code(la_store_add_usage(f->store, counts, 2, NULL, 0), LA_INVALID);
    counts[1] = count(f->production, 1, INT64_MAX, "x", 1);
    assert_code(la_store_add_usage(f->store, counts, 2, NULL, 0), LA_INVALID);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM usage_total"), 0);
    counts[1] = count(f->production, 1, MINUTE, "'; DROP TABLE usage_total; --", 1);
    assert_ok(la_store_add_usage(f->store, counts, 2, NULL, 0));
    assert_reasons(f, query(f, LA_USAGE_DAY, DAY_S, DAY_S + 1), 9, "'; DROP TABLE usage_total; --=1 ");
}

static void what_is_older_than_its_time_goes(void **state)
{
    fixture *f = *state;
    bool more = true;
    add_some(f);
    la_usage_latency latency = {f->production, MINUTE, {1}};
    assert_ok(la_store_add_usage(f->store, NULL, 0, &latency, 1));
    la_usage_retention keep = {0};
    assert_ok(la_store_roll_usage(f->store, DAY_S + 1000 * INT64_C(86400), &keep, &more)); /* for ever */
    assert_false(more);
    assert_points(f, query(f, LA_USAGE_MINUTE, DAY_S, DAY_S + 7200), "0:13/7 60:7/0 3660:1/2 ");
    keep = (la_usage_retention){.minutes_s = 3600, .hours_s = 86400, .days_s = 0};
    assert_ok(la_store_roll_usage(f->store, DAY_S + 3660, &keep, &more));
    assert_points(f, query(f, LA_USAGE_MINUTE, DAY_S, DAY_S + 7200), "60:7/0 3660:1/2 ");
    assert_points(f, query(f, LA_USAGE_HOUR, DAY_S, DAY_S + 7200), "0:20/7 3600:1/2 ");
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM usage_latency WHERE step = 0"), 0);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM usage_latency"), 2);
    assert_ok(la_store_roll_usage(f->store, DAY_S + 90001, &keep, &more));
    assert_points(f, query(f, LA_USAGE_MINUTE, DAY_S, DAY_S + 7200), "");
    assert_points(f, query(f, LA_USAGE_HOUR, DAY_S, DAY_S + 7200), "");
    assert_points(f, query(f, LA_USAGE_DAY, DAY_S, DAY_S + 1), "0:21/9 ");
}

static void removal_takes_a_little_at_a_time(void **state)
{
    fixture *f = *state;
    bool more = true;
    unsigned rounds = 0;
    static la_usage_count counts[12000];
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        counts[i] = count(f->production, i + 1, MINUTE, LA_USAGE_ISSUED, 1);
    assert_ok(la_store_add_usage(f->store, counts, sizeof counts / sizeof *counts, NULL, 0));
    la_usage_retention keep = {.minutes_s = 60};
    for (; more; rounds++)
        assert_ok(la_store_roll_usage(f->store, DAY_S + 200, &keep, &more));
    assert_int_equal(rounds, 3);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM usage_application WHERE step = 0"), 0);
    assert_int_equal(run_sql(f->path, "SELECT sum(count) FROM usage_application WHERE step = 2"), 12000);
}

/* A process that is killed while it adds: each flush is there by minute, hour and day, or not at all. */
static void a_kill_never_counts_half(void **state)
{
    fixture *f = *state;
    la_store_close(f->store);
    f->store = NULL;
    for (unsigned round = 0; round < 10; round++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            la_store *s;
            if (!la_is_ok(la_store_open(f->path, LA_STORE_MIGRATE, &s)))
                _exit(1);
            for (int64_t i = 0;; i++) {
                la_usage_count c[] = {count(1, 1, MINUTE + i % 200, LA_USAGE_ISSUED, 1), count(1, 2, MINUTE, "x", 1)};
                if (!la_is_ok(la_store_add_usage(s, c, 2, NULL, 0)))
                    _exit(2);
            }
        }
        usleep(5000 + 3000 * round);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
    }
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &f->store));
    int64_t flushes = run_sql(f->path, "SELECT sum(count) FROM usage_total WHERE step = 0 AND outcome = 'x'");
    assert_int_equal(run_sql(f->path, "SELECT count(DISTINCT total) FROM (SELECT sum(count) AS total FROM usage_total"
                                      " GROUP BY step, outcome UNION ALL SELECT sum(count) FROM usage_application"
                                      " GROUP BY step, outcome)"),
                     flushes ? 1 : 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts_are_there_by_minute_hour_and_day),
        TEST(later_counts_are_added_wherever_they_belong),
        TEST(reasons_come_most_first),
        TEST(applications_come_most_first_and_outlive_themselves),
        TEST(a_span_of_applications_is_cut_without_loss),
        TEST(latencies_are_added_bucket_by_bucket),
        TEST(a_query_is_bounded),
        TEST(bad_counts_change_nothing),
        TEST(what_is_older_than_its_time_goes),
        TEST(removal_takes_a_little_at_a_time),
        TEST(a_kill_never_counts_half),
    };
    return cmocka_run_group_tests_name("store usage", tests, NULL, NULL);
}
