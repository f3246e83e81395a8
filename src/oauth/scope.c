/*
 * Scope policy. A token has one audience: scopes that differ in it do not mix, and a customer token names exactly one
 * customer and nothing else, because a token that could be read two ways must not be issued (RFC 9068 3, 5).
 */
#include "oauth/scope.h"

#include "oauth/customer.h"
#include "oauth/issuer.h"

/* scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), RFC 6749 3.3. */
static bool is_scope_token(la_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x21 || c > 0x7E || c == '"' || c == '\\')
            return false;
    }
    return s.n > 0;
}

bool la_scope_is_list(la_slice scopes)
{
    la_slice one;
    while (la_slice_split(&scopes, ' ', &one))
        if (!is_scope_token(one))
            return false;
    return true;
}

static bool has(const la_grant *g, la_slice scope)
{
    for (unsigned i = 0; i < g->n_scopes; i++)
        if (la_slice_equal(g->scopes[i], scope))
            return true;
    return false;
}

/* scope = scope-token *( SP scope-token ): exactly one space in between. Duplicates add nothing. */
static la_result parse(la_slice requested, la_grant *ret)
{
    la_slice scope;
    if (!requested.p)
        return la_error(LA_SCOPE_MISSING);
    while (la_slice_split(&requested, ' ', &scope)) {
        if (!is_scope_token(scope))
            return la_error(LA_SCOPE_SYNTAX);
        if (has(ret, scope))
            continue;
        if (ret->n_scopes == LA_SCOPE_TOKENS_MAX)
            return la_error(LA_SCOPE_UNKNOWN);
        ret->scopes[ret->n_scopes++] = scope;
    }
    return la_ok();
}

static la_result find_policy(const la_environment_config *environment, la_slice scope, const la_scope_policy **ret)
{
    if (la_slice_equal(scope, environment->customer.name))
        return la_error(LA_SCOPE_CUSTOMER_ID); /* `customer` without an id is no scope */
    if (la_slice_starts(scope, LA_CUSTOMER_SCOPE_PREFIX)) {
        *ret = &environment->customer;
        return la_ok();
    }
    *ret = la_environment_scope(environment, scope);
    return *ret ? la_ok() : la_error(LA_SCOPE_UNKNOWN);
}

static la_result check_customer(const la_token_context *context, const la_application_record *application,
                                la_slice scope, la_grant *ret)
{
    const la_environment_config *environment = la_issuer_environment(context->issuer);
    la_slice customer_id = {scope.p + LA_CUSTOMER_SCOPE_PREFIX.n, scope.n - LA_CUSTOMER_SCOPE_PREFIX.n};
    if (!la_customer_id_is_valid(environment->customer_id_format, customer_id))
        return la_error(LA_SCOPE_CUSTOMER_ID);
    ret->customer_id = customer_id;
    if (environment->customer_policy == LA_CUSTOMERS_ANY)
        return la_ok();
    uint64_t owner;
    la_result r = la_registry_find_customer(context->view, application->environment_id, customer_id, &owner);
    if (r.code == LA_NOT_FOUND || (la_is_ok(r) && owner != application->application_id))
        return la_error(LA_SCOPE_CUSTOMER_UNKNOWN);
    return la_is_ok(r) ? la_ok() : la_error(LA_SERVER_ERROR);
}

/* Adds one scope's policy to the grant. */
static la_result combine(const la_application_record *application, const la_scope_policy *policy, bool is_customer,
                         unsigned i, la_grant *ret)
{
    if (!la_scope_list_has(application->scopes, policy->name))
        return la_error(LA_SCOPE_NOT_ALLOWED);
    if (is_customer && ret->n_scopes > 1)
        return la_error(LA_SCOPE_MIXED);
    if (i > 0 && !la_slice_equal(ret->audiences[0], policy->audience))
        return la_error(LA_SCOPE_MIXED);
    if (i == 0 || policy->lifetime_s < ret->lifetime_s)
        ret->lifetime_s = policy->lifetime_s;
    ret->audiences[0] = policy->audience;
    ret->n_audiences = 1;
    ret->policies[i] = policy;
    return la_ok();
}

la_result la_scope_decide(const la_token_context *context, const la_application_record *application, la_slice requested,
                          la_grant *ret)
{
    const la_environment_config *environment = la_issuer_environment(context->issuer);
    *ret = (la_grant){0};
    LA_TRY(parse(requested, ret));
    for (unsigned i = 0; i < ret->n_scopes; i++) {
        const la_scope_policy *policy;
        LA_TRY(find_policy(environment, ret->scopes[i], &policy));
        bool is_customer = policy == &environment->customer;
        LA_TRY(combine(application, policy, is_customer, i, ret));
        if (is_customer)
            LA_TRY(check_customer(context, application, ret->scopes[i], ret));
    }
    return la_ok();
}
