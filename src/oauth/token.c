/* The token endpoint: the order of its stages. See token.h. */
#include "oauth/token.h"

#include "oauth/binding.h"
#include "oauth/client.h"
#include "oauth/exchange.h"
#include "oauth/issuer.h"

static la_result check_origin(const la_token_context *context, const la_token_request *request,
                              la_token_outcome *outcome)
{
    if (!request->has_origin || la_issuer_environment(context->issuer)->allow_origin)
        return la_ok();
    la_client_recognise(context, request, outcome); /* whose secret is in a browser is worth a note */
    return la_error(LA_BROWSER);
}

static la_result check_grant_present(const la_form *form)
{
    return form->values[LA_PARAM_GRANT_TYPE].p ? la_ok() : la_error(LA_GRANT_TYPE_MISSING);
}

static la_result check_grant(const la_form *form, const la_application_record *application, bool *ret_is_exchange)
{
    *ret_is_exchange = la_slice_equal(form->values[LA_PARAM_GRANT_TYPE], LA_GRANT_TOKEN_EXCHANGE);
    if (*ret_is_exchange)
        return application->registration.token_exchange ? la_ok() : la_error(LA_GRANT_TYPE_NOT_REGISTERED);
    bool known = la_slice_is(form->values[LA_PARAM_GRANT_TYPE], "client_credentials");
    return known ? la_ok() : la_error(LA_GRANT_TYPE_UNSUPPORTED);
}

/* After authentication, so that nobody can use up another's requests; before the scope, so that each request of the client counts. */
static la_result take_request(const la_token_context *context, const la_application_record *application,
                              la_token_outcome *outcome)
{
    const la_environment_config *e = la_issuer_environment(context->issuer);
    uint32_t own = application->registration.requests_per_minute;
    uint32_t per_minute = own ? own : e->requests_per_minute;
    if (!per_minute || !context->limit.take)
        return la_ok();
    outcome->limit.limit = per_minute;
    bool may = context->limit.take(context->limit.self, application->application_id, per_minute,
                                   own ? 0 : e->request_burst, &outcome->limit);
    return may ? la_ok() : la_error(LA_RATE_LIMITED);
}

/* What the client may have, and what it gets. `subject` NULL: it asks by its credentials alone. */
static la_result grant_and_write(const la_token_context *context, const la_token_request *request, const la_form *form,
                                 const la_application_record *application, const la_access_token *subject,
                                 la_buffer *body, la_token_outcome *outcome)
{
    la_grant grant;
    LA_TRY(la_scope_decide(context, application, form->values[LA_PARAM_SCOPE], &grant));
    LA_TRY(la_resource_decide(form, &grant));
    outcome->is_customer = grant.customer_id.p != NULL;
    LA_TRY(la_binding_decide(context, request, application, outcome));
    if (subject)
        LA_TRY(la_exchange_narrow(context, form, application, subject, &outcome->binding, &grant));
    return la_issuer_write_response(context, application, &grant, outcome, body);
}

static la_result exchange(const la_token_context *context, const la_token_request *request, const la_form *form,
                          const la_application_record *application, la_buffer *body, la_token_outcome *outcome)
{
    la_access_token subject;
    la_result r = la_exchange_read_subject(context, form, application, &subject);
    if (la_is_ok(r))
        r = grant_and_write(context, request, form, application, &subject, body, outcome);
    la_access_token_done(&subject);
    return r;
}

/* What a request lacks is said before who sent it is asked; what it may have, only after (RFC 6749 3.2.1). */
static la_result issue(const la_token_context *context, const la_token_request *request, la_buffer *body,
                       la_token_outcome *outcome)
{
    la_form form;
    la_application_record application;
    bool is_exchange;
    LA_TRY(check_origin(context, request, outcome));
    LA_TRY(la_form_check_content_type(request->content_type));
    LA_TRY(la_form_parse(request->body, context->arena, &form));
    LA_TRY(check_grant_present(&form));
    LA_TRY(la_client_authenticate(context, request, &form, outcome, &application));
    LA_TRY(check_grant(&form, &application, &is_exchange));
    LA_TRY(take_request(context, &application, outcome));
    if (is_exchange)
        return exchange(context, request, &form, &application, body, outcome);
    return grant_and_write(context, request, &form, &application, NULL, body, outcome);
}

void la_token_issue(const la_token_context *context, const la_token_request *request, la_buffer *ret_body,
                    la_token_outcome *ret_outcome)
{
    size_t before = ret_body->n;
    *ret_outcome = (la_token_outcome){0};
    la_result r = issue(context, request, ret_body, ret_outcome);
    ret_outcome->result = r;
    if (la_is_ok(r))
        return;
    ret_body->n = before;
    ret_body->failed = false;
    if (r.code != LA_PENDING)
        la_oauth_write_error(r.code, ret_body);
}
