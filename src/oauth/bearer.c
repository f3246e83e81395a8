/*
 * A bound token is worth something together with its proof alone: never by another scheme, never without the key (RFC 9449 7.2,
 * RFC 8705 3). What a token lacks is found out in the order in which a client could mend it.
 */
#include "oauth/bearer.h"

#include "oauth/dpop.h"
#include "oauth/htu.h"
#include "oauth/issuer.h"
#include "oauth/scope.h"

typedef enum scheme { SCHEME_NONE, SCHEME_BEARER, SCHEME_DPOP } scheme;

/* RFC 9110 11.4: a scheme, one or more spaces, token68. */
static la_result read_authorization(const la_bearer_request *request, scheme *ret_scheme, la_slice *ret_token)
{
    la_slice rest = request->authorization, name;
    if (request->n_authorization == 0 || !la_slice_split(&rest, ' ', &name))
        return la_error(LA_TOKEN_MISSING);
    if (request->n_authorization > 1)
        return la_error(LA_TOKEN_REPEATED);
    if (la_slice_equal_nocase(name, LA_SLICE("Bearer")))
        *ret_scheme = SCHEME_BEARER;
    else if (la_slice_equal_nocase(name, LA_SLICE("DPoP")))
        *ret_scheme = SCHEME_DPOP;
    else
        return la_error(LA_TOKEN_MISSING);
    *ret_token = la_slice_trim(rest);
    return ret_token->n ? la_ok() : la_error(LA_TOKEN_INVALID);
}

static la_result check_proof(const la_token_context *context, const la_bearer_request *request, la_slice token,
                             la_bearer_outcome *outcome)
{
    char url[LA_HTU_MAX];
    uint8_t jkt[LA_THUMBPRINT_BYTES];
    const la_environment_config *e = la_issuer_environment(context->issuer);
    la_dpop_demand demand = {.method = request->method,
                             .access_token = token,
                             .client_id = outcome->token.client_id,
                             .fapi = outcome->token.fapi,
                             .nonce_required = e->dpop.nonce == LA_DPOP_NONCE_REQUIRED,
                             .is_resource = true};
    if (!request->method.n || !request->url.n)
        return la_error(LA_RESOURCE_UNSAID);
    if (request->n_dpop == 0)
        return la_error(LA_DPOP_NEEDED);
    if (la_htu_normalise(request->url, url, &demand.targets[0].n)) { /* else it is a URL that no proof is for */
        demand.targets[0].p = url;
        demand.n_targets = 1;
    }
    LA_TRY(la_dpop_check(context, request->dpop, request->n_dpop, &demand, jkt, &outcome->dpop_nonce));
    return la_equal_ct(jkt, outcome->token.binding.thumbprint, sizeof jkt) ? la_ok() : la_error(LA_TOKEN_BOUND);
}

static la_result check_binding(const la_token_context *context, const la_bearer_request *request, scheme used,
                               la_slice token, la_bearer_outcome *outcome)
{
    const la_binding *binding = &outcome->token.binding;
    if (binding->kind == LA_BINDING_DPOP) {
        outcome->wants_dpop = true;
        return used == SCHEME_DPOP ? check_proof(context, request, token, outcome) : la_error(LA_TOKEN_BOUND);
    }
    if (used == SCHEME_DPOP)
        return la_error(LA_TOKEN_BOUND); /* RFC 9449 7.1: a token without jkt is not one of DPoP */
    if (binding->kind == LA_BINDING_CERTIFICATE && !request->sees_certificates)
        return la_error(LA_RESOURCE_UNSAID);
    if (binding->kind == LA_BINDING_CERTIFICATE &&
        (!request->client_thumbprint ||
         !la_equal_ct(request->client_thumbprint, binding->thumbprint, LA_THUMBPRINT_BYTES)))
        return la_error(LA_TOKEN_BOUND);
    return la_ok();
}

static bool has_every_scope(la_slice granted, la_slice needed)
{
    la_slice one;
    while (la_slice_split(&needed, ' ', &one))
        if (one.n && !la_scope_list_has(granted, one))
            return false;
    return true;
}

/* In the Spring profile aud is the client, so there the scope alone says what a token is for. A scope that no token could have would be
 * told in the challenge as it stands, or be no check at all where it is blank. */
static la_result check_demand(const la_token_context *context, const la_bearer_request *request)
{
    bool is_spring = la_issuer_environment(context->issuer)->profile == LA_PROFILE_SPRING;
    if (request->scope.p && !la_scope_is_list(request->scope))
        return la_error(LA_RESOURCE_UNSAID);
    return request->audience.n || (is_spring && request->scope.n) ? la_ok() : la_error(LA_RESOURCE_UNSAID);
}

static la_result check(const la_token_context *context, const la_verifier *verifier, const la_bearer_request *request,
                       la_bearer_outcome *outcome)
{
    scheme used = SCHEME_NONE;
    la_slice token;
    LA_TRY(check_demand(context, request));
    LA_TRY(read_authorization(request, &used, &token));
    outcome->wants_dpop = used == SCHEME_DPOP;
    LA_TRY(la_access_token_read(context, verifier, token, &outcome->token));
    if (request->audience.n && !la_access_token_is_for(&outcome->token, request->audience))
        return la_error(LA_TOKEN_AUDIENCE);
    LA_TRY(check_binding(context, request, used, token, outcome));
    if (!has_every_scope(outcome->token.scope, request->scope))
        return la_error(LA_TOKEN_SCOPE);
    return la_ok();
}

void la_bearer_check(const la_token_context *context, const la_verifier *verifier, const la_bearer_request *request,
                     la_bearer_outcome *ret)
{
    *ret = (la_bearer_outcome){0};
    ret->result = check(context, verifier, request, ret);
}

int la_bearer_status(const la_bearer_outcome *outcome)
{
    const la_result_info *info = la_result_info_of(outcome->result.code);
    if (la_is_ok(outcome->result))
        return 200;
    if (!info->wire)
        return 500;
    /* RFC 9449 7.1, 9: at a resource, a proof that is wrong or lacks the nonce is a 401. */
    bool is_proof = outcome->result.code != LA_RESOURCE_UNSAID && info->http_status == 400;
    return is_proof ? 401 : info->http_status;
}

static void add_parameter(la_buffer *b, const char *name, la_slice value)
{
    la_buffer_add_format(b, ", %s=\"", name);
    la_buffer_add(b, value);
    la_buffer_add_char(b, '"');
}

static void add_scheme(const la_token_context *context, bool dpop, bool fapi, la_buffer *b)
{
    const la_environment_config *e = la_issuer_environment(context->issuer);
    la_buffer_add_format(b, "%s realm=\"%.*s\"", dpop ? "DPoP" : "Bearer", LA_FMT(e->name));
    if (!dpop)
        return;
    la_buffer_add(b, LA_SLICE(", algs=\""));
    la_dpop_write_algs(fapi || e->fapi, b);
    la_buffer_add_char(b, '"');
}

void la_bearer_write_challenge(const la_token_context *context, const la_bearer_request *request,
                               const la_bearer_outcome *outcome, la_buffer *ret)
{
    la_code code = outcome->result.code;
    const la_result_info *info = la_result_info_of(code);
    if (code == LA_TOKEN_MISSING) { /* RFC 6750 3.1: who brought nothing is told no error */
        add_scheme(context, false, false, ret);
        la_buffer_add(ret, LA_SLICE(", "));
        add_scheme(context, true, false, ret);
        return;
    }
    add_scheme(context, outcome->wants_dpop, outcome->token.fapi, ret);
    add_parameter(ret, "error", la_slice_of(info->wire));
    add_parameter(ret, "error_description", la_slice_of(info->sentence));
    if (code == LA_TOKEN_SCOPE)
        add_parameter(ret, "scope", request->scope);
}
