#include "server/worker/serving.h"

#include <stdlib.h>

static la_result prepare(la_serving *s, unsigned i)
{
    const la_snapshot_environment *e = &s->snapshot->environments[i];

    if (e->key)
        LA_TRY(la_signer_new(la_shared_key_get(e->key), &s->environments[i].signer));
    s->environments[i].issuer = la_issuer_new(e->config, e->environment_id, s->environments[i].signer);
    s->environments[i].verdicts = la_verdicts_new();
    return s->environments[i].issuer && s->environments[i].verdicts ? la_ok() : la_fail(LA_NO_MEMORY, "out of memory");
}

static int environment_of(const la_snapshot *s, const la_listener *listener)
{
    if (!listener->environment[0])
        return -1;
    for (unsigned i = 0; i < s->n_environments; i++)
        if (la_slice_is(s->environments[i].config->name, listener->environment))
            return (int)i;
    return -2;
}

la_result la_serving_new(const la_daemon *d, la_snapshot *snapshot, la_serving **ret)
{
    la_serving *s = calloc(1, sizeof *s + snapshot->n_environments * sizeof s->environments[0]);
    la_result r = la_ok();

    if (!s) {
        la_snapshot_release(snapshot);
        return la_fail(LA_NO_MEMORY, "out of memory");
    }
    s->references = 1;
    s->snapshot = snapshot;
    for (unsigned i = 0; i < d->n_listeners; i++)
        s->listener_environments[i] = environment_of(snapshot, &d->listeners[i]);
    for (unsigned i = 0; i < snapshot->n_environments && la_is_ok(r); i++)
        r = prepare(s, i);
    if (!la_is_ok(r)) {
        la_serving_release(s);
        return r;
    }
    *ret = s;
    return la_ok();
}

la_serving *la_serving_hold(la_serving *s)
{
    s->references++;
    return s;
}

void la_serving_release(la_serving *s)
{
    if (!s || --s->references > 0)
        return;
    for (unsigned i = 0; i < s->snapshot->n_environments; i++) {
        la_issuer_free(s->environments[i].issuer);
        la_verdicts_free(s->environments[i].verdicts);
        la_signer_free(s->environments[i].signer);
    }
    la_snapshot_release(s->snapshot);
    free(s);
}
