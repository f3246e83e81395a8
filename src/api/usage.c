/* Usage of an environment: how many tokens, for whom, why not, how fast; and who asks far more often than they need. */
#include "api/reply.h"
#include "api/request.h"
#include "api/who.h"
#include "oauth/customer.h"

#include <stdlib.h>

#define POINTS_MOST 1500
#define REASONS_MOST 50
#define APPLICATIONS_MOST 20
#define DEFAULT_SPAN_S (3 * 3600)

/* Who asks more often than needed: by this factor, and more than so many tokens. */
#define ADVICE_FACTOR 10
#define ADVICE_LEAST 100

static const char *const step_names[] = {"minute", "hour", "day", NULL};
static const int64_t step_s[] = {60, 3600, 86400};

/* Upper ends of the latency's buckets, microseconds, as server/metrics.c counts them; the last is open. */
static const int64_t bucket_us[LA_USAGE_BUCKETS - 1] = {25,   50,    100,   250,   500,    1000,   2500,
                                                        5000, 10000, 25000, 50000, 100000, 250000, 1000000};

typedef struct report {
    la_api_call *call;
    const la_environment_config *environment;
    int64_t span_s;
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

/* The shortest that one of its scopes has: who keeps tokens that long needs the most of them. */
static uint32_t shortest_lifetime_s(const la_environment_config *e, const char *scopes)
{
    la_slice rest = la_slice_of(scopes), name;
    uint32_t shortest = 0;
    while (la_slice_split(&rest, ' ', &name)) {
        const la_scope_policy *scope = la_environment_scope(e, name);
        if (scope && (shortest == 0 || scope->lifetime_s < shortest))
            shortest = scope->lifetime_s;
    }
    return shortest;
}

static la_result advise_one(report *r, const json_t *item)
{
    const char *client_id = json_string_value(json_object_get(item, "client_id"));
    json_int_t tokens = json_integer_value(json_object_get(item, "issued"));
    la_application_row a;
    if (!client_id || tokens <= ADVICE_LEAST)
        return la_ok();
    la_result found = la_command_find_application(r->call->commands, r->environment->name, la_slice_of(client_id), &a);
    if (found.code == LA_NOT_FOUND)
        return la_ok();
    LA_TRY(found);
    uint32_t lifetime_s = shortest_lifetime_s(r->environment, a.scopes);
    if (lifetime_s == 0)
        return la_ok();
    int64_t needed = (r->span_s + lifetime_s - 1) / lifetime_s;
    if (tokens <= needed * ADVICE_FACTOR)
        return la_ok();
    return append(r->advice, json_pack("{s:s, s:o, s:I, s:I, s:I}", "client_id", client_id, "name",
                                       la_api_json_text(la_slice_of(a.name)), "tokens", tokens, "needed",
                                       (json_int_t)needed, "lifetime_s", (json_int_t)lifetime_s));
}

static la_result advise(report *r)
{
    const json_t *item;
    size_t i;
    json_array_foreach(r->applications, i, item) LA_TRY(advise_one(r, item));
    return la_ok();
}

/* ---- the whole ---- */

static la_result read_client(la_api_call *c, const la_environment_config *e, la_usage_query *q)
{
    la_slice client_id = la_api_query_text(c, "client_id");
    la_application_row a;
    q->any_application = !client_id.p;
    if (!client_id.p)
        return la_ok();
    la_result r = la_command_find_application(c->commands, e->name, client_id, &a);
    if (r.code == LA_NOT_FOUND || r.code == LA_INVALID)
        return la_fail(LA_NOT_FOUND, "the environment has no application with this client_id");
    LA_TRY(r);
    q->application_id = a.application_id;
    return la_ok();
}

/* From the beginning of the first step to the end of the last. */
static la_result read_span(la_api_call *c, la_usage_query *q)
{
    unsigned step = la_api_query_choice(c, "step", step_names, 0);
    int64_t to_s = la_api_query_time_ms(c, "to", c->now_s * 1000) / 1000;
    int64_t from_s = la_api_query_time_ms(c, "from", (to_s - DEFAULT_SPAN_S) * 1000) / 1000;
    if (to_s <= from_s)
        la_api_blame(c, "to", "must be later than from");
    int64_t length_s = step_s[step];
    q->step = (la_usage_step)step;
    q->from_s = from_s - from_s % length_s;
    q->to_s = to_s % length_s ? to_s + length_s - to_s % length_s : to_s;
    if (!c->errors && (q->to_s - q->from_s) / length_s > POINTS_MOST)
        la_api_blame(c, "step", "these are %lld points, at most %d are given: take %s or a shorter span",
                     (long long)((q->to_s - q->from_s) / length_s), POINTS_MOST, step == 0 ? "step=hour" : "step=day");
    return la_api_check(c);
}

static la_result collect(report *r, const la_usage_query *q)
{
    la_store *store = r->call->commands->store;
    LA_TRY(la_store_usage_points(store, q, add_point, r));
    LA_TRY(la_store_usage_reasons(store, q, REASONS_MOST, add_reason, r));
    LA_TRY(la_store_usage_latencies(store, q, add_latency, r));
    LA_TRY(la_store_usage_applications(store, q, APPLICATIONS_MOST, add_application, r));
    return advise(r);
}

la_result la_api_usage_show(la_api_call *c)
{
    unsigned index;
    LA_TRY(la_api_find_environment(c, &index));
    la_usage_query q = {.environment_id = c->commands->environment_ids[index]};
    LA_TRY(read_span(c, &q));
    LA_TRY(read_client(c, &c->api->config->environments[index], &q));
    /* What of the span is over: nobody needs tokens for the rest. */
    int64_t until_s = q.to_s < c->now_s ? q.to_s : c->now_s;
    report r = {
        .call = c,
        .environment = &c->api->config->environments[index],
        .span_s = until_s > q.from_s ? until_s - q.from_s : 1,
        .points = json_array(),
        .reasons = json_array(),
        .latency = json_array(),
        .applications = json_array(),
        .advice = json_array(),
    };
    la_result collected = collect(&r, &q);
    json_t *value = json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "from", la_api_json_time(q.from_s), "to",
                              la_api_json_time(q.to_s), "step", step_names[q.step], "points", r.points, "reasons",
                              r.reasons, "latency", r.latency, "applications", r.applications, "advice", r.advice);
    if (la_is_ok(collected))
        return la_api_reply(c, 200, value);
    json_decref(value);
    return collected;
}
