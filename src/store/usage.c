/*
 * Usage counts: tokens issued and refused, and how long it took. Three tables, each of which holds minutes, hours and days:
 * usage_total for an environment as a whole, usage_application for each client, usage_latency.
 */
#include "store/audit.h"
#include "store/sqlite_internal.h"

#include <string.h>

#define REMOVED_AT_ONCE 5000 /* rows of one table, so that the write lock is short */

static const int64_t step_s[LA_USAGE_STEPS] = {60, 3600, 86400};

/* ---- adding ---- */

static la_result add_total(la_store *s, la_usage_step step, const la_usage_count *c)
{
    la_sql q;
    int64_t at_s = c->minute * 60;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO usage_total (step, at_s, environment_id, outcome, count) VALUES (?, ?, ?, ?, ?)"
                        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
                        &q));
    la_sql_int(&q, step);
    la_sql_int(&q, at_s - at_s % step_s[step]);
    la_sql_int(&q, c->environment_id);
    la_sql_text(&q, la_slice_of(c->outcome));
    la_sql_id(&q, c->count);
    return la_sql_run(&q);
}

static la_result add_application(la_store *s, la_usage_step step, const la_usage_count *c)
{
    la_sql q;
    int64_t at_s = c->minute * 60;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO usage_application (step, at_s, environment_id, application_id, outcome, count)"
                        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
                        &q));
    la_sql_int(&q, step);
    la_sql_int(&q, at_s - at_s % step_s[step]);
    la_sql_int(&q, c->environment_id);
    la_sql_id(&q, c->application_id);
    la_sql_text(&q, la_slice_of(c->outcome));
    la_sql_id(&q, c->count);
    return la_sql_run(&q);
}

static la_result add_bucket(la_store *s, la_usage_step step, const la_usage_latency *l, unsigned bucket)
{
    la_sql q;
    int64_t at_s = l->minute * 60;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO usage_latency (step, at_s, environment_id, bucket, count) VALUES (?, ?, ?, ?, ?)"
                        " ON CONFLICT DO UPDATE SET count = count + excluded.count",
                        &q));
    la_sql_int(&q, step);
    la_sql_int(&q, at_s - at_s % step_s[step]);
    la_sql_int(&q, l->environment_id);
    la_sql_int(&q, bucket);
    la_sql_id(&q, l->buckets[bucket]);
    return la_sql_run(&q);
}

static la_result add_latency(la_store *s, la_usage_step step, const la_usage_latency *l)
{
    for (unsigned bucket = 0; bucket < LA_USAGE_BUCKETS; bucket++)
        if (l->buckets[bucket])
            LA_TRY(add_bucket(s, step, l, bucket));
    return la_ok();
}

static bool is_same_total(const la_usage_count *a, const la_usage_count *b)
{
    return a->minute == b->minute && a->environment_id == b->environment_id && strcmp(a->outcome, b->outcome) == 0;
}

/* Counts of one total mostly follow each other: what it grows by is added up first. */
static la_result add_totals(la_store *s, la_usage_step step, const la_usage_count *counts, size_t n)
{
    for (size_t i = 0; i < n;) {
        la_usage_count total = counts[i];
        for (i++; i < n && is_same_total(&total, &counts[i]); i++)
            total.count += counts[i].count;
        if (total.count)
            LA_TRY(add_total(s, step, &total));
    }
    return la_ok();
}

static la_result add_usage(la_store *s, const la_usage_count *counts, size_t n, const la_usage_latency *latencies,
                           size_t n_latencies)
{
    for (la_usage_step step = LA_USAGE_MINUTE; step < LA_USAGE_STEPS; step++) {
        LA_TRY(add_totals(s, step, counts, n));
        for (size_t i = 0; i < n; i++)
            if (counts[i].count)
                LA_TRY(add_application(s, step, &counts[i]));
        for (size_t i = 0; i < n_latencies; i++)
            LA_TRY(add_latency(s, step, &latencies[i]));
    }
    return la_ok();
}

static la_result check_minute(int64_t minute)
{
    if (minute < 0 || minute > INT64_MAX / 60)
        return la_fail(LA_INVALID, "a minute of usage is out of range");
    return la_ok();
}

static la_result check_usage(const la_usage_count *counts, size_t n, const la_usage_latency *latencies,
                             size_t n_latencies)
{
    for (size_t i = 0; i < n; i++) {
        LA_TRY(check_minute(counts[i].minute));
        if (counts[i].outcome[0] == '\0')
            return la_fail(LA_INVALID, "the outcome of a usage count is empty");
    }
    for (size_t i = 0; i < n_latencies; i++)
        LA_TRY(check_minute(latencies[i].minute));
    return la_ok();
}

la_result la_store_add_usage(la_store *s, const la_usage_count *counts, size_t n, const la_usage_latency *latencies,
                             size_t n_latencies)
{
    if (n == 0 && n_latencies == 0)
        return la_ok();
    LA_TRY(check_usage(counts, n, latencies, n_latencies));
    LA_TRY(la_write_begin(s));
    return la_write_end(s, add_usage(s, counts, n, latencies, n_latencies));
}

/* ---- queries ---- */

static int64_t first_step(const la_usage_query *q)
{
    return q->from_s - q->from_s % step_s[q->step];
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* To the beginning of a step that is not before it. */
static int64_t round_up(int64_t at_s, int64_t step)
{
    return (at_s + step - 1) / step * step;
}

static la_result check_query(const la_usage_query *q)
{
    if ((unsigned)q->step >= LA_USAGE_STEPS)
        return la_fail(LA_INVALID, "the step is unknown");
    if (q->from_s < 0 || q->to_s < q->from_s || q->to_s > INT64_MAX / 2)
        return la_fail(LA_INVALID, "the span of usage ends before it begins, or is out of range");
    if ((q->to_s - first_step(q) - 1) / step_s[q->step] >= LA_USAGE_POINTS_MAX)
        return la_fail(LA_INVALID, "the span of usage has more than %d steps; ask for longer steps or a shorter span",
                       LA_USAGE_POINTS_MAX);
    return la_ok();
}

static void bind_span(la_sql *q, const la_usage_query *wanted)
{
    la_sql_int(q, wanted->step);
    la_sql_int(q, first_step(wanted));
    la_sql_int(q, wanted->to_s);
    la_sql_int(q, wanted->environment_id);
}

#define OF_ENVIRONMENT " WHERE step = ?1 AND at_s >= ?2 AND at_s < ?3 AND environment_id = ?4"
/* One application is looked up step by step: between its rows are those of all others. */
#define OF_APPLICATION                                                                                               \
    " FROM (WITH RECURSIVE t(at_s) AS (SELECT ?2 WHERE ?2 < ?3 UNION ALL SELECT at_s + ?6 FROM t WHERE at_s + ?6 < " \
    "?3)"                                                                                                            \
    " SELECT at_s FROM t) AS t CROSS JOIN usage_application AS u"                                                    \
    " ON u.step = ?1 AND u.at_s = t.at_s AND u.environment_id = ?4 AND u.application_id = ?5"

static la_result begin_query(la_store *s, const la_usage_query *wanted, const char *of_all, const char *of_one,
                             la_sql *ret)
{
    LA_TRY(la_sql_begin(s, wanted->any_application ? of_all : of_one, ret));
    bind_span(ret, wanted);
    if (!wanted->any_application) {
        la_sql_id(ret, wanted->application_id);
        la_sql_int(ret, step_s[wanted->step]);
    }
    return la_ok();
}

#define ISSUED "coalesce(sum(count) FILTER (WHERE outcome = '" LA_USAGE_ISSUED "'), 0)"
#define REFUSED "coalesce(sum(count) FILTER (WHERE outcome <> '" LA_USAGE_ISSUED "'), 0)"

typedef la_result (*point_fn)(void *self, const la_usage_point *p);
static la_result usage_points(la_store *s, const la_usage_query *wanted, point_fn each, void *self)
{
    la_sql q;
    la_result r = la_ok();
    LA_TRY(begin_query(s, wanted,
                       "SELECT at_s, " ISSUED ", " REFUSED " FROM usage_total" OF_ENVIRONMENT
                       " GROUP BY at_s ORDER BY at_s",
                       "SELECT t.at_s, " ISSUED ", " REFUSED OF_APPLICATION " GROUP BY t.at_s ORDER BY t.at_s", &q));
    while (la_sql_next(&q, &r)) {
        la_usage_point point = {la_sql_get_int(&q, 0), (uint64_t)la_sql_get_int(&q, 1),
                                (uint64_t)la_sql_get_int(&q, 2)};
        r = each(self, &point);
    }
    return r;
}

la_result la_store_usage_points(la_store *s, const la_usage_query *q, point_fn each, void *self)
{
    LA_TRY(check_query(q));
    LA_TRY(la_read_begin(s));
    return la_read_end(s, usage_points(s, q, each, self));
}

#define BY_REASON " GROUP BY outcome ORDER BY total DESC, outcome"
typedef la_result (*reason_fn)(void *self, la_slice reason, uint64_t count);
static la_result usage_reasons(la_store *s, const la_usage_query *wanted, unsigned limit, reason_fn each, void *self)
{
    la_sql q;
    la_result r = la_ok();
    LA_TRY(begin_query(
        s, wanted,
        "SELECT outcome, sum(count) AS total FROM usage_total" OF_ENVIRONMENT " AND outcome <> '" LA_USAGE_ISSUED
        "'" BY_REASON,
        "SELECT outcome, sum(count) AS total" OF_APPLICATION " WHERE outcome <> '" LA_USAGE_ISSUED "'" BY_REASON, &q));
    for (; limit > 0 && la_sql_next(&q, &r); limit--)
        r = each(self, la_sql_get_slice(&q, 0), (uint64_t)la_sql_get_int(&q, 1));
    la_sql_done(&q);
    return r;
}

la_result la_store_usage_reasons(la_store *s, const la_usage_query *q, unsigned limit, reason_fn each, void *self)
{
    LA_TRY(check_query(q));
    LA_TRY(la_read_begin(s));
    return la_read_end(s, usage_reasons(s, q, limit, each, self));
}

/* One step's buckets as their rows come by. */
typedef struct histogram {
    bool any;
    int64_t at_s;
    uint64_t buckets[LA_USAGE_BUCKETS];
} histogram;

typedef la_result (*latency_fn)(void *self, int64_t at_s, const uint64_t buckets[LA_USAGE_BUCKETS]);
static la_result gather_bucket(histogram *h, la_sql *q, bool row, latency_fn each, void *self)
{
    bool next = !row || !h->any || h->at_s != la_sql_get_int(q, 0);
    if (next && h->any)
        LA_TRY(each(self, h->at_s, h->buckets));
    if (!row)
        return la_ok();
    if (next)
        *h = (histogram){.any = true, .at_s = la_sql_get_int(q, 0)};
    int64_t bucket = la_sql_get_int(q, 1);
    if (bucket >= 0 && bucket < LA_USAGE_BUCKETS)
        h->buckets[bucket] = (uint64_t)la_sql_get_int(q, 2);
    return la_ok();
}

static la_result usage_latencies(la_store *s, const la_usage_query *wanted, latency_fn each, void *self)
{
    la_sql q;
    bool row;
    histogram h = {0};
    LA_TRY(la_sql_begin(s, "SELECT at_s, bucket, count FROM usage_latency" OF_ENVIRONMENT " ORDER BY at_s", &q));
    bind_span(&q, wanted);
    do {
        LA_TRY(la_sql_step(&q, &row));
        la_result r = gather_bucket(&h, &q, row, each, self);
        if (!la_is_ok(r)) {
            la_sql_done(&q);
            return r;
        }
    } while (row);
    return la_ok();
}

la_result la_store_usage_latencies(la_store *s, const la_usage_query *q, latency_fn each, void *self)
{
    LA_TRY(check_query(q));
    LA_TRY(la_read_begin(s));
    return la_read_end(s, usage_latencies(s, q, each, self));
}

typedef la_result (*application_fn)(void *self, const la_usage_application *a);
static la_result give_applications(la_sql *q, application_fn each, void *self)
{
    la_result r = la_ok();
    while (la_sql_next(q, &r)) {
        la_usage_application a = {
            .application_id = (uint64_t)la_sql_get_int(q, 0),
            .client_id = la_sql_get_slice(q, 1),
            .name = la_sql_get_slice(q, 2),
            .issued = (uint64_t)la_sql_get_int(q, 3),
            .refused = (uint64_t)la_sql_get_int(q, 4),
        };
        if (a.application_id && !a.client_id.p)
            a.name = LA_SLICE("deleted");
        r = each(self, &a);
    }
    return r;
}

/*
 * A span cut so that as much of it as possible is whole days, and of what is left whole hours: minutes, hours, days, hours, minutes.
 * With many applications there are far fewer rows of these. Piece i lasts from ret[i] to ret[i + 1].
 */
#define PIECES 5
static void cut(const la_usage_query *q, int64_t ret[PIECES + 1])
{
    const int64_t hour_s = step_s[LA_USAGE_HOUR], day_s = step_s[LA_USAGE_DAY];
    int64_t to = round_up(q->to_s, step_s[q->step]);
    ret[0] = first_step(q);
    ret[1] = least(round_up(ret[0], hour_s), to);
    ret[2] = most(ret[1], least(round_up(ret[1], day_s), to - to % hour_s));
    ret[3] = most(ret[2], to - to % day_s);
    ret[4] = most(ret[3], to - to % hour_s);
    ret[5] = to;
}

#define PIECE(step, from, to)                                                                              \
    "SELECT application_id, outcome, count FROM usage_application WHERE step = " step " AND at_s >= " from \
    " AND at_s < " to " AND environment_id = ?7"
#define ALL_PIECES                                                                                 \
    PIECE("0", "?1", "?2")                                                                         \
    " UNION ALL " PIECE("1", "?2", "?3") " UNION ALL " PIECE("2", "?3", "?4") " UNION ALL " PIECE( \
        "1", "?4", "?5") " UNION ALL " PIECE("0", "?5", "?6")

static la_result usage_applications(la_store *s, const la_usage_query *wanted, unsigned limit, application_fn each,
                                    void *self)
{
    la_sql q;
    int64_t bounds[PIECES + 1];
    cut(wanted, bounds);
    LA_TRY(la_sql_begin(s,
                        "SELECT u.application_id, a.client_id, a.name, u.issued, u.refused"
                        " FROM (SELECT application_id, " ISSUED " AS issued, " REFUSED " AS refused"
                        " FROM (" ALL_PIECES ") GROUP BY application_id"
                        " ORDER BY sum(count) DESC, application_id LIMIT ?8) AS u"
                        " LEFT JOIN application AS a ON a.application_id = u.application_id"
                        " ORDER BY u.issued + u.refused DESC, u.application_id",
                        &q));
    for (size_t i = 0; i <= PIECES; i++)
        la_sql_int(&q, bounds[i]);
    la_sql_int(&q, wanted->environment_id);
    la_sql_int(&q, limit);
    return give_applications(&q, each, self);
}

la_result la_store_usage_applications(la_store *s, const la_usage_query *q, unsigned limit, application_fn each,
                                      void *self)
{
    LA_TRY(check_query(q));
    LA_TRY(la_read_begin(s));
    return la_read_end(s, usage_applications(s, q, limit, each, self));
}

/* ---- removal ---- */

/* Runs one of the DELETEs below; *ret_more is set where it may have left something, and stays as it is otherwise. */
static la_result remove_some(la_store *s, const char *sql, la_usage_step step, int64_t before_s, bool *ret_more)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, sql, &q));
    la_sql_int(&q, step);
    la_sql_int(&q, before_s);
    la_sql_int(&q, REMOVED_AT_ONCE);
    LA_TRY(la_sql_run(&q));
    if (sqlite3_changes64(s->db) == REMOVED_AT_ONCE)
        *ret_more = true;
    return la_ok();
}

#define DELETE_OLD(table, key) \
    "DELETE FROM " table " WHERE (" key ") IN (SELECT " key " FROM " table " WHERE step = ?1 AND at_s < ?2 LIMIT ?3)"

static la_result remove_old(la_store *s, int64_t now_s, const int64_t keep_s[LA_USAGE_STEPS], bool *ret_more)
{
    static const char *const deletions[] = {
        DELETE_OLD("usage_total", "step, at_s, environment_id, outcome"),
        DELETE_OLD("usage_application", "step, at_s, environment_id, application_id, outcome"),
        DELETE_OLD("usage_latency", "step, at_s, environment_id, bucket"),
    };
    for (la_usage_step step = LA_USAGE_MINUTE; step < LA_USAGE_STEPS; step++)
        for (size_t i = 0; keep_s[step] && i < sizeof deletions / sizeof *deletions; i++)
            LA_TRY(remove_some(s, deletions[i], step, now_s - keep_s[step], ret_more));
    return la_ok();
}

la_result la_store_roll_usage(la_store *s, int64_t now_s, const la_usage_retention *keep, bool *ret_more)
{
    const int64_t keep_s[LA_USAGE_STEPS] = {keep->minutes_s, keep->hours_s, keep->days_s};
    bool more = false;
    LA_TRY(la_write_begin(s));
    LA_TRY(la_write_end(s, remove_old(s, now_s, keep_s, &more)));
    *ret_more = more;
    return la_ok();
}
