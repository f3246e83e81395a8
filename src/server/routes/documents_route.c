/* The published documents over HTTP: readable by anybody, from any origin, cacheable, revalidated by ETag. */
#include "server/routes/routes.h"
#include "server/worker/worker.h"

/* Fetch's preflight; nothing but simple reads is allowed. */
#define PREFLIGHT                                                                                                \
    "Allow: GET, HEAD, OPTIONS\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, HEAD\r\n" \
    "Access-Control-Allow-Headers: If-None-Match\r\nAccess-Control-Max-Age: 86400\r\n"

int la_respond_document(la_http_exchange *x, const la_document *d, la_slice content_type)
{
    const la_http_request *request = la_http_request_of(x);
    la_http_response response = {.status = 204, .headers = LA_SLICE(PREFLIGHT)};

    if (request->method != LA_OPTIONS) {
        response.headers = la_slice_of(d->headers);
        response.status = la_document_is_current(d, request->if_none_match) ? 304 : 200;
    }
    if (response.status == 200) {
        response.content_type = content_type;
        response.body = la_buffer_slice(&d->body);
    }
    la_http_respond(x, &response);
    return response.status;
}

static void handle(const la_route_call *call, la_document_kind kind)
{
    la_worker *w = call->self;
    const la_document *d = &w->serving->snapshot->environments[call->environment].documents[kind];
    int status = la_respond_document(call->exchange, d, LA_SLICE("application/json"));

    if (status == 304)
        la_count(&w->counters->documents_not_modified[kind], 1);
    else if (status == 200)
        la_count(&w->counters->documents[kind], 1);
}

void la_jwks_handle(const la_route_call *call)
{
    handle(call, LA_DOCUMENT_JWKS);
}

void la_metadata_handle(const la_route_call *call)
{
    handle(call, LA_DOCUMENT_METADATA);
}
