#include "admin/usage.h"

#include "admin/rules.h"
#include "base/clock.h"
#include "oauth/customer.h"

#include <stdlib.h>

#define ADVICE_TOKENS 100
#define ADVICE_TIMES 10

static const struct {
    const char *name;
    int64_t seconds;
} steps[] = {
    [LA_USAGE_MINUTE] = {"minute", 60},
    [LA_USAGE_HOUR] = {"hour", 3600},
    [LA_USAGE_DAY] = {"day", 86400},
};

const char *la_usage_step_name(la_usage_step step)
{
    return steps[step].name;
}

bool la_usage_step_parse(la_slice name, la_usage_step *ret)
{
    for (la_usage_step s = LA_USAGE_MINUTE; s <= LA_USAGE_DAY; s++) {
        if (la_slice_is(name, steps[s].name)) {
            *ret = s;
            return true;
        }
    }
    return false;
}

int64_t la_usage_step_s(la_usage_step step)
{
    return steps[step].seconds;
}

/* A step that is touched is a point. */
static int64_t count_points(int64_t from_s, int64_t to_s, la_usage_step step)
{
    int64_t width_s = steps[step].seconds;
    return (to_s + width_s - 1) / width_s - from_s / width_s;
}

la_result la_rule_usage_span(int64_t from_s, int64_t to_s, la_usage_step step)
{
    if (from_s < 0 || to_s <= from_s)
        return la_fail(LA_INVALID, "the span must end after it begins");
    if (count_points(from_s, to_s, step) <= LA_USAGE_POINTS_MAX)
        return la_ok();
    if (step == LA_USAGE_DAY)
        return la_fail(LA_INVALID, "the span has more than %d days: take a shorter one", LA_USAGE_POINTS_MAX);
    la_usage_step wider = step + 1;
    while (wider < LA_USAGE_DAY && count_points(from_s, to_s, wider) > LA_USAGE_POINTS_MAX)
        wider++;
    return la_fail(LA_INVALID, "the span has more than %d points: take the step %s, or a shorter span",
                   LA_USAGE_POINTS_MAX, steps[wider].name);
}

/* ---- advice ---- */

/* The shortest lifetime among the scopes, and how many audiences they have. */
typedef struct need {
    uint32_t lifetime_s;
    unsigned n_audiences;
    la_slice audiences[16];
} need;

static void add_scope(const la_scope_policy *policy, need *n)
{
    unsigned i = 0;
    if (n->lifetime_s == 0 || policy->lifetime_s < n->lifetime_s)
        n->lifetime_s = policy->lifetime_s;
    while (i < n->n_audiences && !la_slice_equal(n->audiences[i], policy->audience))
        i++;
    if (i == n->n_audiences && i < sizeof n->audiences / sizeof *n->audiences)
        n->audiences[n->n_audiences++] = policy->audience;
}

static need need_of(const la_environment_config *e, la_slice scopes)
{
    need n = {0};
    la_slice name;
    while (la_slice_split(&scopes, ' ', &name)) {
        const la_scope_policy *policy = la_environment_scope(e, name);
        if (policy)
            add_scope(policy, &n);
    }
    return n;
}

/* Copies: the store cannot be asked for an application while it lists. */
typedef struct entry {
    char client_id[LA_CLIENT_ID_MAX + 1];
    char name[LA_NAME_MAX + 1];
    uint64_t tokens;
} entry;

typedef struct entries {
    entry *p;
    unsigned n, most;
} entries;

static la_result keep(void *self, const la_usage_application *a)
{
    entries *list = self;
    if (!a->client_id.p || a->issued <= ADVICE_TOKENS || list->n == list->most)
        return la_ok();
    if (a->client_id.n > LA_CLIENT_ID_MAX || a->name.n > LA_NAME_MAX)
        return la_fail(LA_CORRUPT, "a stored application is damaged");
    entry *e = &list->p[list->n++];
    memcpy(e->client_id, a->client_id.p, a->client_id.n);
    memcpy(e->name, a->name.p, a->name.n);
    e->tokens = a->issued;
    return la_ok();
}

static la_result judge(la_commands *c, unsigned index, const entry *e, int64_t span_s,
                       la_result (*each)(void *self, const la_usage_advice *a), void *self)
{
    la_application_row row;
    la_result r = la_store_find_application(c->store, c->environment_ids[index], la_slice_of(e->client_id), &row);
    if (r.code == LA_NOT_FOUND)
        return la_ok();
    LA_TRY(r);
    need n = need_of(&c->config->environments[index], la_slice_of(row.scopes));
    if (n.lifetime_s == 0)
        return la_ok();
    uint64_t lifetimes = ((uint64_t)span_s + n.lifetime_s - 1) / n.lifetime_s;
    la_usage_advice advice = {
        .client_id = la_slice_of(e->client_id),
        .name = la_slice_of(e->name),
        .tokens = e->tokens,
        .needed = lifetimes * n.n_audiences,
        .lifetime_s = n.lifetime_s,
    };
    return e->tokens > ADVICE_TIMES * advice.needed ? each(self, &advice) : la_ok();
}

la_result la_command_usage_advice(la_commands *c, la_slice environment, int64_t from_s, int64_t to_s,
                                  la_usage_step step, unsigned most,
                                  la_result (*each)(void *self, const la_usage_advice *a), void *self)
{
    unsigned index;
    LA_TRY(la_rule_environment(c->config, environment, &index));
    LA_TRY(la_rule_usage_span(from_s, to_s, step));
    la_usage_query q = {
        .environment_id = c->environment_ids[index],
        .any_application = true,
        .from_s = from_s,
        .to_s = to_s,
        .step = step,
    };
    int64_t now_s = la_clock_now_s(), span_s = (to_s < now_s ? to_s : now_s) - from_s;
    entries list = {calloc(most, sizeof(entry)), 0, most};
    if (!list.p)
        return la_fail(LA_NO_MEMORY, "there is no memory for the usage of applications");
    la_result r = span_s > 0 ? la_store_usage_applications(c->store, &q, most, keep, &list) : la_ok();
    for (unsigned i = 0; la_is_ok(r) && i < list.n; i++)
        r = judge(c, index, &list.p[i], span_s, each, self);
    free(list.p);
    return r;
}
