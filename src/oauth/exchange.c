#include "oauth/exchange.h"

#include "base/secret.h"
#include "oauth/issuer.h"

static bool is_access_token_type(la_slice type)
{
    return la_slice_is(type, "urn:ietf:params:oauth:token-type:access_token") ||
           la_slice_is(type, "urn:ietf:params:oauth:token-type:jwt");
}

/* RFC 8693 2.1: which parameters belong together. */
static la_result check_parameters(const la_form *form)
{
    const la_slice *v = form->values;
    if (!v[LA_PARAM_SUBJECT_TOKEN].p || !v[LA_PARAM_SUBJECT_TOKEN_TYPE].p)
        return la_error(LA_EXCHANGE_SUBJECT_MISSING);
    if (!is_access_token_type(v[LA_PARAM_SUBJECT_TOKEN_TYPE]))
        return la_error(LA_EXCHANGE_SUBJECT_TYPE);
    if (!v[LA_PARAM_ACTOR_TOKEN].p != !v[LA_PARAM_ACTOR_TOKEN_TYPE].p)
        return la_error(LA_EXCHANGE_ACTOR_TYPE);
    if (v[LA_PARAM_ACTOR_TOKEN].p)
        return la_error(LA_EXCHANGE_ACTOR);
    la_slice requested = v[LA_PARAM_REQUESTED_TOKEN_TYPE];
    if (requested.p && !la_slice_is(requested, "urn:ietf:params:oauth:token-type:access_token"))
        return la_error(LA_EXCHANGE_REQUESTED_TYPE);
    return la_ok();
}

la_result la_exchange_read_subject(const la_token_context *context, const la_form *form,
                                   const la_application_record *application, la_access_token *ret)
{
    *ret = (la_access_token){0};
    LA_TRY(check_parameters(form));
    if (!context->verifier)
        return la_error(LA_EXCHANGE_SUBJECT_INVALID);
    la_result r = la_access_token_read(context, context->verifier, form->values[LA_PARAM_SUBJECT_TOKEN], ret);
    if (r.code == LA_TOKEN_INVALID || r.code == LA_TOKEN_EXPIRED || r.code == LA_TOKEN_REVOKED)
        return la_error(LA_EXCHANGE_SUBJECT_INVALID);
    LA_TRY(r);
    /* Of somebody else, it says nothing of what this client may have. */
    if (ret->application_id != application->application_id)
        return la_error(LA_EXCHANGE_SUBJECT_INVALID);
    if (!la_scope_list_has(ret->scope, la_issuer_environment(context->issuer)->api.name))
        return la_error(LA_EXCHANGE_SUBJECT_SCOPE);
    return la_ok();
}

/* Whatever the environment's policy for direct requests: by exchange, only for customers that the application owns. */
static la_result check_owner(const la_token_context *context, const la_application_record *application,
                             la_slice customer_id)
{
    uint64_t owner;
    la_result r = la_registry_find_customer(context->view, application->environment_id, customer_id, &owner);
    if (r.code == LA_NOT_FOUND || (la_is_ok(r) && owner != application->application_id))
        return la_error(LA_SCOPE_CUSTOMER_UNKNOWN);
    return la_is_ok(r) ? la_ok() : la_error(LA_SERVER_ERROR);
}

/* `audience` is the resource by another name (RFC 8693 2.1). */
static la_result check_audience(la_slice audience, const la_grant *grant)
{
    for (unsigned i = 0; audience.p && i < grant->n_audiences; i++)
        if (la_slice_equal(audience, grant->audiences[i]))
            return la_ok();
    return audience.p ? la_error(LA_RESOURCE_NOT_ALLOWED) : la_ok();
}

/* A token that was stolen from its owner's key must not be turned into one that is free of it. */
static la_result check_binding(const la_binding *subject, const la_binding *binding)
{
    if (subject->kind == LA_BINDING_NONE)
        return la_ok();
    if (subject->kind != binding->kind ||
        !la_equal_ct(subject->thumbprint, binding->thumbprint, sizeof subject->thumbprint))
        return la_error(LA_EXCHANGE_BINDING);
    return la_ok();
}

la_result la_exchange_narrow(const la_token_context *context, const la_form *form,
                             const la_application_record *application, const la_access_token *subject,
                             const la_binding *binding, la_grant *grant)
{
    if (!grant->customer_id.p)
        return la_error(LA_EXCHANGE_SCOPE);
    LA_TRY(check_owner(context, application, grant->customer_id));
    LA_TRY(check_audience(form->values[LA_PARAM_AUDIENCE], grant));
    LA_TRY(check_binding(&subject->binding, binding));
    grant->is_exchange = true;
    int64_t left_s = subject->expires_s - context->now_s; /* > 0, or it would have been refused */
    if (left_s < (int64_t)grant->lifetime_s)
        grant->lifetime_s = (uint32_t)left_s;
    return la_ok();
}
