/* GET /oauth2/statuslists/{id}: a status list as a signed document; readable by anybody, from any origin, cacheable, revalidated by ETag. */
#include "base/clock.h"
#include "oauth/issuer.h"
#include "oauth/status.h"
#include "server/revocation/status_cache.h"
#include "server/routes/routes.h"
#include "server/worker/worker.h"

/* What the path names behind LA_STATUS_PATH. */
static la_slice id_of(const la_http_request *request, const la_environment_config *e)
{
    size_t before = e->path.n + sizeof LA_STATUS_PATH - 1;

    return (la_slice){request->path.p + before, request->path.n - before};
}

static la_result find_document(la_worker *w, const la_route_call *call, const la_document **ret)
{
    const la_snapshot_environment *e = &w->serving->snapshot->environments[call->environment];
    const la_issuer *issuer = w->serving->environments[call->environment].issuer;
    uint8_t id[LA_STATUS_LIST_ID_BYTES], bits[LA_STATUS_BYTES];
    bool is_signed = false;
    la_status_list list;
    la_result r;

    LA_TRY(la_status_read_id(la_snapshot_hasher(w->serving->snapshot), e->environment_id,
                             id_of(la_http_request_of(call->exchange), e->config), id, &list));
    if (!w->status_cache)
        w->status_cache = la_status_cache_new();
    if (!w->status_cache)
        return la_error(LA_NO_MEMORY);
    LA_TRY(la_registry_view_refresh(w->desk.view));
    r = la_status_read_bits(w->desk.view, e->environment_id, id, &list, bits);
    la_registry_view_rest(w->desk.view);
    LA_TRY(r);
    LA_TRY(la_status_cache_find(w->status_cache, issuer, id, bits, la_clock_now_s(), ret, &is_signed));
    la_count(&w->counters->status_lists_signed, is_signed);
    return la_ok();
}

void la_status_list_handle(const la_route_call *call)
{
    la_worker *w = call->self;
    const la_document *d = NULL;
    la_result r = la_ok();

    if (la_http_request_of(call->exchange)->method != LA_OPTIONS)
        r = find_document(w, call, &d);
    if (!la_is_ok(r)) {
        la_respond_error(call->exchange, r.code == LA_NOT_FOUND ? LA_NO_ROUTE : r.code, NULL);
        return;
    }
    if (la_respond_document(call->exchange, d, LA_SLICE("application/statuslist+jwt")) != 204)
        la_count(&w->counters->status_lists, 1);
}
