#include "server/usage/noted_refusals.h"

#include <stdlib.h>

enum { NAMED_MAX = LA_NOTED_MAX * 3 / 4 };

typedef struct kind {
    la_usage_refusal refusal; /* count 0: none since the last event */
    int64_t written_at_s;     /* 0: never */
    bool offered;
} kind;

struct la_noted_refusals {
    size_t n;
    kind kinds[LA_NOTED_MAX];
};

la_noted_refusals *la_noted_refusals_new(void)
{
    return calloc(1, sizeof(la_noted_refusals));
}

la_noted_refusals *la_noted_refusals_free(la_noted_refusals *r)
{
    free(r);
    return NULL;
}

/* That of the same client; else a new one, as long as there is room for its kind. */
static kind *find(la_noted_refusals *r, const la_usage_refusal *refusal, const char *client_id)
{
    for (size_t i = 0; i < r->n; i++) {
        const la_usage_refusal *known = &r->kinds[i].refusal;

        if (known->environment_id == refusal->environment_id && known->code == refusal->code &&
            strcmp(known->client_id, client_id) == 0)
            return &r->kinds[i];
    }
    if (r->n >= (client_id[0] ? NAMED_MAX : LA_NOTED_MAX))
        return NULL;
    kind *k = &r->kinds[r->n++];
    *k = (kind){.refusal = *refusal};
    k->refusal.count = 0;
    if (!client_id[0])
        k->refusal.client_id[0] = '\0';
    return k;
}

static void add(la_noted_refusals *r, const la_usage_refusal *refusal)
{
    kind *k = find(r, refusal, refusal->client_id);

    if (!k)
        k = find(r, refusal, "");
    if (!k)
        return;
    if (k->refusal.count == 0 || refusal->first_at_s < k->refusal.first_at_s)
        k->refusal.first_at_s = refusal->first_at_s;
    if (k->refusal.count == 0 || refusal->last_at_s >= k->refusal.last_at_s) {
        k->refusal.last_at_s = refusal->last_at_s;
        memcpy(k->refusal.address, refusal->address, sizeof k->refusal.address);
    }
    k->refusal.count += refusal->count;
}

void la_noted_refusals_add(la_noted_refusals *r, const la_usage_refusal *refusals, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(r, &refusals[i]);
}

static bool is_quiet(const kind *k, int64_t now_s)
{
    return now_s - k->written_at_s >= LA_NOTED_EVERY_S || now_s < k->written_at_s;
}

/* A kind that did not come again for its minute begins anew. */
static void forget_quiet_ones(la_noted_refusals *r, int64_t now_s)
{
    size_t to = 0;

    for (size_t from = 0; from < r->n; from++)
        if (r->kinds[from].refusal.count || !is_quiet(&r->kinds[from], now_s))
            r->kinds[to++] = r->kinds[from];
    r->n = to;
}

size_t la_noted_refusals_next(la_noted_refusals *r, int64_t now_s, bool at_once,
                              const la_usage_refusal *ret[LA_NOTED_MAX])
{
    size_t n = 0;

    forget_quiet_ones(r, now_s);
    for (size_t i = 0; i < r->n; i++) {
        kind *k = &r->kinds[i];

        k->offered = k->refusal.count && (at_once || is_quiet(k, now_s));
        if (k->offered)
            ret[n++] = &k->refusal;
    }
    return n;
}

void la_noted_refusals_written(la_noted_refusals *r, int64_t now_s)
{
    for (size_t i = 0; i < r->n; i++) {
        kind *k = &r->kinds[i];

        if (!k->offered)
            continue;
        k->offered = false;
        k->refusal.count = 0;
        k->written_at_s = now_s;
    }
}
