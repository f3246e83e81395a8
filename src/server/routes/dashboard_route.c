/*
 * The dashboard over HTTP: its files as they were built, each in the smallest form that the client can decode. Paths of its own
 * navigation get the one page that draws them all.
 */
#include "server/admin/problem.h"
#include "server/message/coding.h"
#include "server/message/etag.h"
#include "server/routes/asset.h"
#include "server/routes/routes.h"

#include <stdio.h>

#define ETAG_BYTES 96

/* Said where there is no dashboard. No style, no script: the policy of this address would refuse them. */
static const char absent_page[] =
    "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>leanauth</title></head>\n<body>\n"
    "<h1>leanauth runs, without its dashboard</h1>\n"
    "<p>This binary was built where Node.js and npm were missing, so the dashboard is not in it. To get it, install "
    "them "
    "(on Debian: <code>apt install nodejs npm</code>), build again with <code>./dev build</code> and restart the "
    "server.</p>\n"
    "<p>Everything that the dashboard does can be done without it: with the command line (<code>leanauth help</code>) "
    "and "
    "with the admin API, which <a href=\"/admin/v1/openapi.yaml\">/admin/v1/openapi.yaml</a> describes.</p>\n"
    "</body>\n</html>\n";

static const la_asset *find(const char *path, size_t n)
{
    for (unsigned i = 0; i < la_assets_count; i++)
        if (la_slice_equal((la_slice){path, n}, la_slice_of(la_assets[i].path)))
            return &la_assets[i];
    return NULL;
}

/* A name with a dot is a file, except in an application's path: imported Application IDs may have one. */
static bool is_navigation(la_slice path)
{
    return la_slice_starts(path, LA_SLICE("/e/")) || !memchr(path.p, '.', path.n);
}

static la_slice body_of(const la_asset *a, la_coding coding)
{
    switch (coding) {
    case LA_CODING_BROTLI:
        return (la_slice){(const char *)a->brotli, a->brotli_bytes};
    case LA_CODING_GZIP:
        return (la_slice){(const char *)a->gzip, a->gzip_bytes};
    case LA_CODING_IDENTITY:
    case LA_CODING_COUNT:
    default:
        return (la_slice){(const char *)a->identity, a->identity_bytes};
    }
}

/* Each form has an entity tag of its own (RFC 9110 8.8.3.3): "5f2c" becomes "5f2c-br". */
static la_slice etag_of(const la_asset *a, la_coding coding, char memory[ETAG_BYTES])
{
    size_t n = strlen(a->etag);
    const char *name = la_coding_name(coding);
    int written = snprintf(memory, ETAG_BYTES, "%.*s%s%s\"", (int)(n - 1), a->etag, name[0] ? "-" : "", name);

    return (la_slice){memory, written > 0 && written < ETAG_BYTES ? (size_t)written : 0};
}

static void respond_asset(la_http_exchange *x, const la_asset *a)
{
    const la_http_request *request = la_http_request_of(x);
    unsigned offered = 1u << LA_CODING_IDENTITY | (a->gzip ? 1u << LA_CODING_GZIP : 0) |
                       (a->brotli ? 1u << LA_CODING_BROTLI : 0);
    la_coding coding = la_coding_choose(request->accept_encoding, offered);
    char etag_memory[ETAG_BYTES], headers[320];
    la_http_response response = {.status = 304, .headers = {headers, 0}};

    if (coding == LA_CODING_COUNT) {
        la_respond_problem(x, LA_PROBLEM_NOT_ACCEPTABLE, NULL);
        return;
    }
    la_slice etag = etag_of(a, coding, etag_memory);
    la_buffer b;
    la_buffer_init_fixed(&b, headers, sizeof headers);
    la_buffer_add_format(&b, "Cache-Control: %s\r\nETag: %.*s\r\nVary: Accept-Encoding\r\n",
                         a->immutable ? "public, max-age=31536000, immutable" : "no-cache", LA_FMT(etag));
    if (!la_etag_is_named(request->if_none_match, etag)) {
        response.status = 200;
        response.content_type = la_slice_of(a->content_type);
        response.body = body_of(a, coding);
        if (coding != LA_CODING_IDENTITY)
            la_buffer_add_format(&b, "Content-Encoding: %s\r\n", la_coding_name(coding));
    }
    response.headers = la_buffer_slice(&b);
    la_http_respond(x, &response);
}

void la_dashboard_handle(const la_route_call *call)
{
    la_slice path = la_http_request_of(call->exchange)->path;
    const la_asset *a = find(path.p, path.n);

    if (!a && is_navigation(path))
        a = find("/index.html", 11);
    if (a)
        respond_asset(call->exchange, a);
    else if (la_slice_is(path, "/"))
        la_http_respond(call->exchange, &(la_http_response){
                                            .status = 200,
                                            .content_type = LA_SLICE("text/html; charset=utf-8"),
                                            .headers = LA_SLICE("Cache-Control: no-store\r\n"),
                                            .body = {absent_page, sizeof absent_page - 1},
                                        });
    else
        la_respond_problem(call->exchange, LA_PROBLEM_NOT_FOUND, NULL);
}
