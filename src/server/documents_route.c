/* The published documents over HTTP: readable by anybody, from any origin, cacheable, revalidated by ETag. */
#include "server/routes.h"
#include "server/worker.h"

/* Fetch's preflight; nothing but simple reads is allowed. */
#define PREFLIGHT                                                                                                \
    "Allow: GET, HEAD, OPTIONS\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, HEAD\r\n" \
    "Access-Control-Allow-Headers: If-None-Match\r\nAccess-Control-Max-Age: 86400\r\n"

static void handle(const la_route_call *call, la_document_kind kind)
{
    la_worker *w = call->self;
    const la_http_request *request = la_http_request_of(call->exchange);
    const la_document *d = &w->serving->snapshot->environments[call->environment].documents[kind];
    la_http_response response = {.status = 204, .headers = LA_SLICE(PREFLIGHT)};

    if (request->method != LA_OPTIONS) {
        response.headers = la_slice_of(d->headers);
        if (la_document_is_current(d, request->if_none_match)) {
            response.status = 304;
            la_count(&w->counters->documents_not_modified[kind], 1);
        } else {
            response.status = 200;
            response.content_type = LA_SLICE("application/json");
            response.body = la_buffer_slice(&d->body);
            la_count(&w->counters->documents[kind], 1);
        }
    }
    la_http_respond(call->exchange, &response);
}

void la_jwks_handle(const la_route_call *call)
{
    handle(call, LA_DOCUMENT_JWKS);
}

void la_metadata_handle(const la_route_call *call)
{
    handle(call, LA_DOCUMENT_METADATA);
}
