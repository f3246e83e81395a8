/*
 * The one table of what this server answers: method, path, handler, and how a request finds its environment: by the
 * listener that it came through, else by Host and the issuer's path (RFC 8414 3.1).
 */
#ifndef LA_SERVER_ROUTES_H
#define LA_SERVER_ROUTES_H

#include "server/http/http.h"
#include "server/snapshot/snapshot.h"

typedef enum la_listener_kind { LA_LISTENER_TOKENS, LA_LISTENER_ADMIN } la_listener_kind;

/* What a handler gets. `self` is the loop that serves: la_worker for tokens, la_daemon for administration. */
typedef struct la_route_call {
    void *self;
    la_http_exchange *exchange;
    unsigned environment; /* index in the snapshot; only tokens */
} la_route_call;

typedef struct la_route {
    la_listener_kind listener;
    unsigned methods;   /* 1 << la_http_method, each */
    const char *allow;  /* the same as the Allow header says it (RFC 9110 10.2.1) */
    const char *before; /* the path is before + path of the issuer + after */
    const char *after;
    void (*handle)(const la_route_call *call);
    bool is_prefix; /* of everything below */
    bool any_host;  /* also for a Host that is not ours; only administration */
} la_route;

/*
 * Finds the route of a path. `only_environment`: index of the environment that the listener belongs to, -1 where Host decides.
 * OK, NO_ROUTE, MISDIRECTED (RFC 9110 15.5.20), or METHOD, with which *ret_route is set too.
 */
la_code la_routes_find(const la_snapshot *s, int only_environment, const la_http_request *request,
                       const la_route **ret_route, unsigned *ret_environment);

/*
 * The same for the administration's listener, which has no environments. Health and metrics answer to any Host, because those who
 * ask have no cookie to steal; the rest only to the host of `origin` ("https://admin.example"; may be absent) and to loopback
 * names, so that no page can make its own name point here and read along (DNS rebinding).
 */
la_code la_routes_find_admin(la_slice origin, const la_http_request *request, const la_route **ret_route);

/* The handlers of whole listeners: find the route and call it, or say why there is none. `self` as in la_route_call. */
void la_routes_serve_tokens(void *self, la_http_exchange *x);
void la_routes_serve_admin(void *self, la_http_exchange *x);

/* Answers with the JSON error of a code, not to be cached; `route` gives METHOD its Allow, else NULL. */
void la_respond_error(la_http_exchange *x, la_code code, const la_route *route);

/* Answers with a published document, or that it is still the one that the client has, or with a preflight (Fetch 3.3.6). Gives the status. */
int la_respond_document(la_http_exchange *x, const la_document *d, la_slice content_type);

/* Handlers, one file each. */
void la_token_handle(const la_route_call *call);
void la_verify_handle(const la_route_call *call);
void la_introspect_handle(const la_route_call *call);
void la_revoke_handle(const la_route_call *call);
void la_status_list_handle(const la_route_call *call);
void la_jwks_handle(const la_route_call *call);
void la_crl_handle(const la_route_call *call);
void la_metadata_handle(const la_route_call *call);
void la_metrics_handle(const la_route_call *call);
void la_livez_handle(const la_route_call *call);
void la_readyz_handle(const la_route_call *call);
void la_admin_api_handle(const la_route_call *call);
void la_dashboard_handle(const la_route_call *call);

#endif
