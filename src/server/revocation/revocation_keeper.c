#include "server/revocation/revocation_keeper.h"

#include "admin/revocations.h"

#include <stdlib.h>

enum { AT_ONCE = 128 };

/* An application that had an event within the last minute. */
typedef struct noted {
    uint64_t application_id; /* 0: free */
    int64_t at_s;
    uint64_t without_event; /* since then */
} noted;

struct la_revocation_keeper {
    noted noted[LA_REVOCATION_EVENTS_MAX];
    noted before[LA_REVOCATION_EVENTS_MAX]; /* as it was, where the transaction fails */
};

la_revocation_keeper *la_revocation_keeper_new(void)
{
    return calloc(1, sizeof(la_revocation_keeper));
}

la_revocation_keeper *la_revocation_keeper_free(la_revocation_keeper *k)
{
    free(k);
    return NULL;
}

/* A clock that was set back must not silence anybody for long. */
static bool is_due(const noted *n, int64_t now_s)
{
    return now_s < n->at_s || now_s - n->at_s >= LA_REVOCATION_EVENT_EVERY_S;
}

/* That of the application, else a free one, else the one that is due for the longest time; NULL where all are too young to go. */
static noted *find(la_revocation_keeper *k, uint64_t application_id, int64_t now_s)
{
    noted *best = NULL;

    for (size_t i = 0; i < LA_REVOCATION_EVENTS_MAX; i++) {
        noted *n = &k->noted[i];

        if (n->application_id == application_id)
            return n;
        if ((!n->application_id || is_due(n, now_s)) && (!best || n->at_s < best->at_s))
            best = n;
    }
    if (best)
        *best = (noted){.application_id = application_id};
    return best;
}

static void decide_event(la_revocation_keeper *k, int64_t now_s, la_client_revocation *v)
{
    noted *n = find(k, v->record->application_id, now_s);

    if (!n)
        return;
    v->has_event = n->at_s == 0 || is_due(n, now_s);
    if (!v->has_event) {
        n->without_event++;
        return;
    }
    v->without_event = n->without_event;
    n->without_event = 0;
    n->at_s = now_s;
}

la_result la_revocation_keeper_write(la_revocation_keeper *k, la_revoker *revoker, la_commands *c, int64_t now_s,
                                     size_t *ret_n)
{
    const la_revocation_order *orders[AT_ONCE];
    la_client_revocation all[AT_ONCE];
    size_t n = *ret_n = la_revoker_take(revoker, orders, AT_ONCE);
    la_result r;

    if (n == 0)
        return la_ok();
    if (!c)
        return la_error(LA_UNAVAILABLE);
    memcpy(k->before, k->noted, sizeof k->noted);
    for (size_t i = 0; i < n; i++) {
        all[i] = (la_client_revocation){.record = &orders[i]->record,
                                        .client_id = orders[i]->client_id,
                                        .address = orders[i]->address,
                                        .request_id = orders[i]->request_id};
        decide_event(k, now_s, &all[i]);
    }
    r = la_command_record_revocations(c, all, n);
    if (!la_is_ok(r))
        memcpy(k->noted, k->before, sizeof k->noted);
    return r;
}
