#include "server/follower/feed.h"

#define ITEMS_PER_BATCH 20000

typedef struct run {
    la_registry *registry;
    la_registry_batch *batch; /* begun with the first item */
    bool from_scratch;
    bool registry_failed;
    la_feed_outcome *outcome;
} run;

static bool needs_snapshot(la_feed_kind kind)
{
    return kind == LA_FEED_PUT_ENVIRONMENT || kind == LA_FEED_PUT_PEPPER || kind == LA_FEED_PUT_KEY ||
           kind == LA_FEED_DELETE_KEY || kind == LA_FEED_PUT_AUTHORITY;
}

static la_result begin(run *r)
{
    return r->batch ? la_ok() : la_registry_batch_begin(r->registry, r->from_scratch, &r->batch);
}

static la_result apply(void *self, const la_feed_item *item)
{
    run *r = self;
    la_result result = begin(r);

    if (la_is_ok(result))
        result = la_registry_batch_apply(r->batch, item);
    if (!la_is_ok(result)) {
        r->registry_failed = true;
        return result;
    }
    r->outcome->items++;
    r->outcome->snapshot_due = r->outcome->snapshot_due || needs_snapshot(item->kind);
    return la_ok();
}

static la_result commit(run *r, const la_feed_position *position)
{
    la_registry_batch *batch = r->batch;
    la_result result;

    r->batch = NULL;
    result = la_registry_batch_commit(batch, position);
    r->registry_failed = !la_is_ok(result);
    return result;
}

/* One batch of changes; *ret_done where there are no more. */
static la_result apply_changes(run *r, la_store *store, la_feed_position *position, bool *ret_done)
{
    uint64_t before = position->sequence;
    unsigned n = 0;

    LA_TRY(la_store_read_changes(store, position, ITEMS_PER_BATCH, apply, r, &n));
    *ret_done = n == 0 && position->sequence == before;
    if (*ret_done)
        return la_ok();
    if (!la_is_ok(begin(r))) { /* changes without items still move the position */
        r->registry_failed = true;
        return la_fail_context(la_error(LA_IO), "the registry: ");
    }
    return commit(r, position);
}

static la_result rebuild(run *r, la_store *store)
{
    la_feed_position position = {0};

    r->from_scratch = true;
    r->batch = la_registry_batch_abort(r->batch);
    LA_TRY(begin(r));
    LA_TRY(la_store_read_all(store, apply, r, &position));
    LA_TRY(commit(r, &position));
    r->outcome->rebuilt = r->outcome->snapshot_due = true;
    r->from_scratch = false;
    return la_ok();
}

static la_result apply_all(run *r, la_store *store)
{
    la_feed_position position;
    bool done = false;
    la_result result = la_registry_position(r->registry, &position);

    if (result.code == LA_NOT_FOUND) {
        LA_TRY(rebuild(r, store));
        result = la_registry_position(r->registry, &position);
    }
    if (!la_is_ok(result))
        r->registry_failed = true;
    while (la_is_ok(result) && !done) {
        result = apply_changes(r, store, &position, &done);
        if (result.code == LA_CONFLICT && !r->registry_failed && !r->outcome->rebuilt) {
            LA_TRY(rebuild(r, store));
            result = la_registry_position(r->registry, &position);
        }
    }
    return result;
}

la_result la_feed_apply(la_registry *registry, la_store *store, la_feed_outcome *ret, bool *ret_from_store)
{
    run r = {.registry = registry, .outcome = ret};
    la_result result;

    *ret = (la_feed_outcome){0};
    result = apply_all(&r, store);
    la_registry_batch_abort(r.batch);
    *ret_from_store = !la_is_ok(result) && !r.registry_failed;
    return result;
}
