#include "api/routes.h"

#include "api/percent.h"
#include "store/operators.h"

#include <stdio.h>

#define PREFIX LA_SLICE("/admin/v1")

/* The words of routes.def. */
#define ADMIN LA_API_ROLE(LA_ROLE_ADMIN)
#define DEVELOPER LA_API_ROLE(LA_ROLE_DEVELOPER)
#define AUDITOR LA_API_ROLE(LA_ROLE_AUDITOR)
#define EVERYONE (ADMIN | DEVELOPER | AUDITOR)
#define ANYBODY (EVERYONE | LA_API_ANYBODY)
#define BEARER true
#define OPERATORS false
#define BODY LA_SLICE_INIT
#define NO_BODY \
    {           \
        NULL, 0 \
    }
#define CREATES LA_API_CREATES
#define IF_MATCH LA_API_IF_MATCH
#define NO_STORE LA_API_NO_STORE

static const la_api_route routes[] = {
#define ROUTE(method_, path_, roles_, bearer_, states_, query_, body_, flags_, handler_) \
    {.method = LA_API_##method_,                                                         \
     .path = LA_SLICE_INIT(path_),                                                       \
     .roles = (roles_),                                                                  \
     .bearer = (bearer_),                                                                \
     .states = LA_API_##states_,                                                         \
     .query = LA_SLICE_INIT(query_),                                                     \
     .body = body_,                                                                      \
     .flags = (flags_),                                                                  \
     .handle = la_api_##handler_},
#include "api/routes.def"
#undef ROUTE
};

#define ROUTES_COUNT (sizeof routes / sizeof routes[0])

const la_api_route *la_api_route_at(size_t i)
{
    return i < ROUTES_COUNT ? &routes[i] : NULL;
}

/* The values as sent; false where the path is another one. */
static bool fits(la_slice pattern, la_slice path, la_slice parameters[LA_API_PARAMETERS_MAX], unsigned *ret_n)
{
    la_slice wanted, given;
    unsigned n = 0;
    while (la_slice_split(&pattern, '/', &wanted)) {
        if (!la_slice_split(&path, '/', &given))
            return false;
        if (wanted.n == 0 || wanted.p[0] != '{') {
            if (!la_slice_equal(wanted, given))
                return false;
            continue;
        }
        if (given.n == 0 || n == LA_API_PARAMETERS_MAX)
            return false;
        parameters[n++] = given;
    }
    *ret_n = n;
    return path.p == NULL; /* nothing is left */
}

static const char *name_of(la_api_method m)
{
    static const char *const names[] = {
        [LA_API_GET] = "GET",
        [LA_API_POST] = "POST",
        [LA_API_PATCH] = "PATCH",
        [LA_API_DELETE] = "DELETE",
    };
    return names[m];
}

static void allow(la_api_method m, char ret[LA_API_ALLOW_BYTES])
{
    size_t n = strlen(ret);
    snprintf(ret + n, LA_API_ALLOW_BYTES - n, "%s%s%s", n ? ", " : "", name_of(m), m == LA_API_GET ? ", HEAD" : "");
}

static la_result decode_all(la_slice *parameters, unsigned n, la_arena *arena)
{
    for (unsigned i = 0; i < n; i++)
        if (!la_is_ok(la_api_percent_decode(parameters[i], false, arena, &parameters[i])))
            return la_fail(LA_INVALID, "the path is not valid: percent-encode UTF-8 without control characters");
    return la_ok();
}

la_result la_api_route_find(la_slice path, la_api_method method, la_arena *arena, const la_api_route **ret,
                            la_slice parameters[LA_API_PARAMETERS_MAX], char ret_allow[LA_API_ALLOW_BYTES])
{
    la_api_method wanted = method == LA_API_HEAD ? LA_API_GET : method;
    la_slice rest = path;
    const la_slice *literal = NULL; /* the path of the first that fits: a literal one hides a {parameter} */
    ret_allow[0] = 0;
    if (!la_slice_starts(rest, PREFIX))
        return la_fail(LA_NOT_FOUND, "there is nothing at this path; the API is below /admin/v1");
    rest.p += PREFIX.n;
    rest.n -= PREFIX.n;
    for (size_t i = 0; i < ROUTES_COUNT; i++) {
        unsigned n = 0;
        if (!fits(routes[i].path, rest, parameters, &n))
            continue;
        if (literal && !la_slice_equal(*literal, routes[i].path))
            continue;
        literal = &routes[i].path;
        allow(routes[i].method, ret_allow);
        if (routes[i].method != wanted)
            continue;
        *ret = &routes[i];
        return decode_all(parameters, n, arena);
    }
    if (!literal)
        return la_fail(LA_NOT_FOUND, "there is nothing at this path; /admin/v1/openapi.yaml describes those there are");
    return la_fail(LA_METHOD, "this path takes %s", ret_allow);
}
