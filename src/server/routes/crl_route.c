/* GET /oauth2/crl: whom the environment's own authority has revoked (RFC 5280 5), from the registry, for whoever checks its certificates. */
#include "server/routes/routes.h"
#include "server/worker/worker.h"

#define HEADERS "Cache-Control: public, max-age=300\r\nAccess-Control-Allow-Origin: *\r\n"

void la_crl_handle(const la_route_call *call)
{
    la_worker *w = call->self;
    uint16_t environment_id = w->serving->snapshot->environments[call->environment].environment_id;
    la_http_response response = {
        .status = 200, .content_type = LA_SLICE("application/pkix-crl"), .headers = LA_SLICE(HEADERS)};
    la_authority_record authority = {0};
    la_result r = la_registry_view_refresh(w->desk.view);

    if (la_is_ok(r))
        r = la_registry_find_authority(w->desk.view, environment_id, &authority);
    if (la_is_ok(r) && !authority.crl.p)
        r = la_error(LA_NOT_FOUND);
    if (la_is_ok(r)) {
        response.body = authority.crl;
        la_http_respond(call->exchange, &response); /* copies or writes it before the view rests */
    } else {
        la_respond_error(call->exchange, r.code == LA_NOT_FOUND ? LA_NO_CRL : LA_SERVER_ERROR, NULL);
    }
    la_registry_view_rest(w->desk.view);
}
