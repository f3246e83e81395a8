/* One request on its way through the API: what the files of this folder hand each other. */
#ifndef LA_API_CALL_H
#define LA_API_CALL_H

#include "admin/audit.h"
#include "admin/operators.h"
#include "api/refusals.h"
#include "api/routes.h"

#include <jansson.h>

struct la_api {
    const la_config *config;
    la_master_key *master_key;
    la_api_hooks hooks;
    la_arena *arena;
    la_commands commands; /* while is_open */
    bool is_open;
    la_api_refusals refusals, logins; /* apart, so that nobody hides a refusal behind failed logins */
};

/* Who asks. */
typedef enum la_api_caller { LA_API_NOBODY, LA_API_OPERATOR, LA_API_APPLICATION } la_api_caller;

typedef struct la_api_who {
    la_api_caller kind;
    la_role role;
    la_session_row session; /* of an operator */
    la_operator_row operator_row;
    la_application_row application; /* by access token */
    char id[24];                    /* operator_id in decimal */
} la_api_who;

#define LA_API_QUERY_MAX 16 /* parameters */

typedef struct la_api_query {
    unsigned n;
    la_slice names[LA_API_QUERY_MAX], values[LA_API_QUERY_MAX];
} la_api_query;

struct la_api_call {
    la_api *api;
    la_commands *commands; /* NULL where the route needs no store */
    const la_api_request *request;
    la_api_response *response;
    la_arena *arena;
    int64_t now_s;
    const la_api_route *route;
    char allow[LA_API_ALLOW_BYTES];
    la_slice parameters[LA_API_PARAMETERS_MAX]; /* of the path */
    unsigned environment; /* of the path: index in the configuration, one that the caller may see */
    la_api_query query;
    json_t *body;   /* an object; NULL: the route has none */
    json_t *errors; /* which fields are to blame; NULL: none */
    la_api_who who;
    bool with_token;        /* a bearer token was sent */
    la_code challenge;      /* what WWW-Authenticate says of it: BEARER_INVALID, BEARER_SCOPE; OK: nothing */
    uint32_t retry_after_s; /* 0: what the problem has by itself */
};

#endif
