/* The table of the admin API's routes (routes.def) and the search in it. */
#ifndef LA_API_ROUTES_H
#define LA_API_ROUTES_H

#include "api/api.h"
#include "base/arena.h"

typedef struct la_api_call la_api_call;

#define LA_API_PARAMETERS_MAX 3 /* of a path */
#define LA_API_ALLOW_BYTES 64

/* Who may, as bits: 1 << la_role, and who has no session. */
#define LA_API_ROLE(role) (1u << (role))
#define LA_API_ANYBODY 1u

/* What a route heeds. */
enum {
    LA_API_CREATES = 1 << 0,
    LA_API_IF_MATCH = 1 << 1,
    LA_API_NO_STORE = 1 << 2,
};

/* How far a login has to have come; each takes those after it too. */
typedef enum la_api_states { LA_API_LOGGING_IN, LA_API_SETTING_UP, LA_API_COMPLETE } la_api_states;

typedef struct la_api_route {
    la_api_method method;
    la_slice path;
    unsigned roles;
    bool bearer;
    la_api_states states;
    la_slice query; /* names, space-separated */
    la_slice body;  /* likewise; absent: no body */
    unsigned flags;
    /* Replies, or gives what the problem is. */
    la_result (*handle)(la_api_call *c);
} la_api_route;

const la_api_route *la_api_route_at(size_t i); /* NULL past the end */

/*
 * Finds the route of a path (percent-encoding as sent); GET answers for HEAD. The values of its {parameters}, decoded, go to
 * `parameters`, in order. NOT_FOUND; METHOD, with the methods that there are in `ret_allow`; INVALID for wrong encoding; NO_MEMORY.
 */
la_result la_api_route_find(la_slice path, la_api_method method, la_arena *arena, const la_api_route **ret,
                            la_slice parameters[LA_API_PARAMETERS_MAX], char ret_allow[LA_API_ALLOW_BYTES]);

/* The handlers, one resource a file. */
#define ROUTE(method, path, roles, bearer, states, query, body, flags, handler) \
    la_result la_api_##handler(la_api_call *c);
#include "api/routes.def"
#undef ROUTE

#endif
