#include "server/routes/routes.h"

#include "oauth/status.h"
#include "server/admin/admin_host.h"
#include "server/metrics/request_log.h"
#include "server/worker/worker.h"

#include <stdio.h>

#define READ (1u << LA_GET | 1u << LA_HEAD)
#define READ_ANYWHERE (READ | 1u << LA_OPTIONS)

static const la_route routes[] = {
    {LA_LISTENER_TOKENS, 1u << LA_POST, "POST", "", "/oauth2/token", la_token_handle},
    {LA_LISTENER_TOKENS, READ, "GET, HEAD", "", "/oauth2/verify", la_verify_handle},
    {LA_LISTENER_TOKENS, 1u << LA_POST, "POST", "", "/oauth2/introspect", la_introspect_handle},
    {LA_LISTENER_TOKENS, 1u << LA_POST, "POST", "", "/oauth2/revoke", la_revoke_handle},
    {LA_LISTENER_TOKENS, READ_ANYWHERE, "GET, HEAD, OPTIONS", "", LA_STATUS_PATH, la_status_list_handle,
     .is_prefix = true},
    {LA_LISTENER_TOKENS, READ_ANYWHERE, "GET, HEAD, OPTIONS", "", "/oauth2/jwks", la_jwks_handle},
    {LA_LISTENER_TOKENS, READ, "GET, HEAD", "", "/oauth2/crl", la_crl_handle},
    {LA_LISTENER_TOKENS, READ_ANYWHERE, "GET, HEAD, OPTIONS", "/.well-known/oauth-authorization-server", "",
     la_metadata_handle},
    {LA_LISTENER_TOKENS, READ_ANYWHERE, "GET, HEAD, OPTIONS", "/.well-known/openid-configuration", "",
     la_metadata_handle},
    /* OpenID Connect Discovery 4.1 appends where RFC 8414 inserts; the same without a path. */
    {LA_LISTENER_TOKENS, READ_ANYWHERE, "GET, HEAD, OPTIONS", "", "/.well-known/openid-configuration",
     la_metadata_handle},
    {LA_LISTENER_ADMIN, READ, "GET, HEAD", "", "/metrics", la_metrics_handle, .any_host = true},
    {LA_LISTENER_ADMIN, READ, "GET, HEAD", "", "/livez", la_livez_handle, .any_host = true},
    {LA_LISTENER_ADMIN, READ, "GET, HEAD", "", "/readyz", la_readyz_handle, .any_host = true},
    /* The API has a table of its own and says itself which methods a path takes. */
    {LA_LISTENER_ADMIN, ~0u, "", "/admin/", "", la_admin_api_handle, .is_prefix = true},
    {LA_LISTENER_ADMIN, READ, "GET, HEAD", "/", "", la_dashboard_handle, .is_prefix = true},
};

static bool takes(la_slice *path, la_slice part)
{
    if (!la_slice_starts(*path, part))
        return false;
    *path = (la_slice){path->p + part.n, path->n - part.n};
    return true;
}

static const la_route *match(la_listener_kind listener, la_slice issuer_path, la_slice path)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        la_slice rest = path;

        if (routes[i].listener == listener && takes(&rest, la_slice_of(routes[i].before)) &&
            takes(&rest, issuer_path) &&
            (routes[i].is_prefix ? la_slice_starts(rest, la_slice_of(routes[i].after))
                                 : la_slice_is(rest, routes[i].after)))
            return &routes[i];
    }
    return NULL;
}

static la_code check_method(const la_route *route, la_http_method method)
{
    return route->methods & (1u << method) ? LA_OK : LA_METHOD;
}

static la_code match_environment(const la_snapshot *s, unsigned environment, const la_http_request *request,
                                 const la_route **ret_route, unsigned *ret_environment)
{
    const la_route *route = match(LA_LISTENER_TOKENS, s->environments[environment].config->path, request->path);

    if (!route)
        return LA_NO_ROUTE;
    *ret_route = route;
    *ret_environment = environment;
    return check_method(route, request->method);
}

la_code la_routes_find(const la_snapshot *s, int only_environment, const la_http_request *request,
                       const la_route **ret_route, unsigned *ret_environment)
{
    bool host_is_known = false;

    if (only_environment >= 0)
        return match_environment(s, (unsigned)only_environment, request, ret_route, ret_environment);
    for (unsigned i = 0; i < s->n_hosts; i++) {
        la_code code;

        if (!la_slice_equal(s->hosts[i].name, request->host))
            continue;
        host_is_known = true;
        code = match_environment(s, s->hosts[i].environment, request, ret_route, ret_environment);
        if (code != LA_NO_ROUTE)
            return code;
    }
    if (host_is_known)
        return LA_NO_ROUTE;
    if (s->default_environment < 0)
        return LA_MISDIRECTED;
    return match_environment(s, (unsigned)s->default_environment, request, ret_route, ret_environment);
}

la_code la_routes_find_admin(la_slice origin, const la_http_request *request, const la_route **ret_route)
{
    const la_route *route = match(LA_LISTENER_ADMIN, LA_SLICE(""), request->path);

    if ((!route || !route->any_host) && !la_admin_host_is_ours(request->authority, origin))
        return LA_MISDIRECTED;
    if (!route)
        return LA_NO_ROUTE;
    *ret_route = route;
    return check_method(route, request->method);
}

void la_respond_error(la_http_exchange *x, la_code code, const la_route *route)
{
    const la_result_info *info = la_result_info_of(code);
    char body_memory[1024], headers[160];
    la_buffer body;
    int n;

    if (!info->wire)
        info = la_result_info_of(LA_SERVER_ERROR);
    la_buffer_init_fixed(&body, body_memory, sizeof body_memory);
    la_oauth_write_error(code, &body);
    n = snprintf(headers, sizeof headers, "Cache-Control: no-store\r\n%s%s%s%s", route ? "Allow: " : "",
                 route ? route->allow : "", route ? "\r\n" : "", info->http_status == 503 ? "Retry-After: 1\r\n" : "");
    la_http_respond(x, &(la_http_response){
                           .status = info->http_status,
                           .content_type = LA_SLICE("application/json"),
                           .headers = {headers, (size_t)n},
                           .body = la_buffer_slice(&body),
                       });
}

void la_routes_serve_tokens(void *self, la_http_exchange *x)
{
    la_worker *w = self;
    const la_http_request *request = la_http_request_of(x);
    const la_listener *listener = request->listener_tag;
    int only = w->serving->listener_environments[listener - w->daemon->listeners];
    la_route_call call = {.self = w, .exchange = x};
    const la_route *route = NULL;
    la_code code = LA_MISDIRECTED;

    if (request->has_forged_certificate)
        la_forged_note(&w->forged, w->counters, request);
    if (only >= -1)
        code = la_routes_find(w->serving->snapshot, only, request, &route, &call.environment);
    if (code == LA_OK) {
        route->handle(&call);
        return;
    }
    la_count(&w->counters->http_refused[code], 1);
    if (la_request_log_refused(w->serving->snapshot->config->config.log_requests, code, request->client_address,
                               la_slice_of(request->request_id)))
        la_worker_note_log(w);
    la_respond_error(x, code, code == LA_METHOD ? route : NULL);
}
