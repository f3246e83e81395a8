/* Usage of an environment: how many tokens, for whom, why not, how fast; and who asks far more often than they need. */
#include "admin/usage.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/who.h"

#define REASONS_MOST 50
#define APPLICATIONS_MOST 20
#define DEFAULT_SPAN_S (3 * 3600)

static const char *const step_names[] = {"minute", "hour", "day", NULL};

/* Upper ends of the latency's buckets, microseconds, as server/metrics/metrics.c counts them; the last is open. */
static const int64_t bucket_us[LA_USAGE_BUCKETS - 1] = {25,   50,    100,   250,   500,    1000,   2500,
                                                        5000, 10000, 25000, 50000, 100000, 250000, 1000000};

typedef struct report {
    json_t *points, *reasons, *latency, *applications, *advice;
} report;

static la_result append(json_t *list, json_t *item)
{
    return json_array_append_new(list, item) == 0 ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for the usage");
}

static la_result add_point(void *self, const la_usage_point *p)
{
    report *r = self;
    return append(r->points, json_pack("{s:o, s:I, s:I}", "at", la_api_json_time(p->at_s), "issued",
                                       (json_int_t)p->issued, "refused", (json_int_t)p->refused));
}

static la_result add_reason(void *self, la_slice reason, uint64_t count)
{
    report *r = self;
    return append(r->reasons, json_pack("{s:o, s:I}", "reason", la_api_json_text(reason), "count", (json_int_t)count));
}

/* ---- latency ---- */

/* Within its bucket a duration is taken as evenly spread. */
static int64_t quantile_us(const uint64_t buckets[LA_USAGE_BUCKETS], uint64_t total, unsigned percent)
{
    uint64_t wanted = (total * percent + 99) / 100, so_far = 0;
    int64_t from_us = 0;
    for (unsigned i = 0; i < LA_USAGE_BUCKETS - 1; i++) {
        if (buckets[i] && so_far + buckets[i] >= wanted)
            return from_us +
                   (int64_t)((double)(bucket_us[i] - from_us) * (double)(wanted - so_far) / (double)buckets[i]);
        so_far += buckets[i];
        from_us = bucket_us[i];
    }
    return bucket_us[LA_USAGE_BUCKETS - 2];
}

static la_result add_latency(void *self, int64_t at_s, const uint64_t buckets[LA_USAGE_BUCKETS])
{
    report *r = self;
    uint64_t total = 0;
    for (unsigned i = 0; i < LA_USAGE_BUCKETS; i++)
        total += buckets[i];
    if (total == 0)
        return la_ok();
    return append(r->latency, json_pack("{s:o, s:I, s:I, s:I}", "at", la_api_json_time(at_s), "p50_us",
                                        (json_int_t)quantile_us(buckets, total, 50), "p95_us",
                                        (json_int_t)quantile_us(buckets, total, 95), "p99_us",
                                        (json_int_t)quantile_us(buckets, total, 99)));
}

/* ---- applications, and advice ---- */

static la_result add_application(void *self, const la_usage_application *a)
{
    report *r = self;
    bool known = a->application_id != 0;
    return append(r->applications,
                  json_pack("{s:o, s:o, s:I, s:I}", "client_id", known ? la_api_json_text(a->client_id) : json_null(),
                            "name", known ? la_api_json_text(a->name) : json_null(), "issued", (json_int_t)a->issued,
                            "refused", (json_int_t)a->refused));
}

static la_result add_advice(void *self, const la_usage_advice *a)
{
    report *r = self;
    return append(r->advice, json_pack("{s:o, s:o, s:I, s:I, s:I}", "client_id", la_api_json_text(a->client_id), "name",
                                       la_api_json_text(a->name), "tokens", (json_int_t)a->tokens, "needed",
                                       (json_int_t)a->needed, "lifetime_s", (json_int_t)a->lifetime_s));
}

/* ---- the whole ---- */

static la_result read_client(la_api_call *c, la_usage_query *q)
{
    la_slice client_id = la_api_query_text(c, "client_id");
    la_application_row a;
    q->any_application = !client_id.p;
    if (!client_id.p)
        return la_ok();
    LA_TRY(la_api_find_application(c, client_id, &a));
    q->application_id = a.application_id;
    return la_ok();
}

/* From the beginning of the first step to the end of the last. */
static la_result read_span(la_api_call *c, la_usage_query *q)
{
    q->step = (la_usage_step)la_api_query_choice(c, "step", step_names, LA_USAGE_MINUTE);
    int64_t to_s = la_api_query_time_ms(c, "to", c->now_s * 1000) / 1000;
    int64_t from_s = la_api_query_time_ms(c, "from", (to_s - DEFAULT_SPAN_S) * 1000) / 1000;
    int64_t length_s = la_usage_step_s(q->step);
    if (!c->errors)
        la_api_blame_result(c, "step", la_rule_usage_span(from_s, to_s, q->step));
    q->from_s = from_s - from_s % length_s;
    q->to_s = to_s % length_s ? to_s + length_s - to_s % length_s : to_s;
    return la_api_check(c);
}

static la_result collect(la_api_call *c, const la_environment_config *e, const la_usage_query *q, report *r)
{
    la_store *store = c->commands->store;
    LA_TRY(la_store_usage_points(store, q, add_point, r));
    LA_TRY(la_store_usage_reasons(store, q, REASONS_MOST, add_reason, r));
    LA_TRY(la_store_usage_latencies(store, q, add_latency, r));
    LA_TRY(la_store_usage_applications(store, q, APPLICATIONS_MOST, add_application, r));
    return la_command_usage_advice(c->commands, e->name, q->from_s, q->to_s, q->step, APPLICATIONS_MOST, add_advice, r);
}

la_result la_api_usage_show(la_api_call *c)
{
    la_usage_query q = {.environment_id = c->commands->environment_ids[c->environment]};
    LA_TRY(read_span(c, &q));
    const la_environment_config *e = la_api_environment(c);
    LA_TRY(read_client(c, &q));
    report r = {
        .points = json_array(),
        .reasons = json_array(),
        .latency = json_array(),
        .applications = json_array(),
        .advice = json_array(),
    };
    la_result collected = collect(c, e, &q, &r);
    json_t *value = json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "from", la_api_json_time(q.from_s), "to",
                              la_api_json_time(q.to_s), "step", la_usage_step_name(q.step), "points", r.points,
                              "reasons", r.reasons, "latency", r.latency, "applications", r.applications, "advice",
                              r.advice);
    if (la_is_ok(collected))
        return la_api_reply(c, 200, value);
    json_decref(value);
    return collected;
}
