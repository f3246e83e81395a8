/* Chooses the authentication method of a request: exactly one (RFC 6749 2.3). */
#include "oauth/client.h"

#include "base/uuid.h"
#include "oauth/binding.h"
#include "oauth/issuer.h"

static la_result read_authorization(const la_token_request *request, const la_form *form, la_arena *arena,
                                    la_credentials *ret)
{
    /* A singleton field (RFC 9110 11.6.2); neither Basic nor Bearer credentials can hold a comma. */
    if (request->n_authorization > 1 || memchr(request->authorization.p, ',', request->authorization.n))
        return la_error(LA_AUTHORIZATION_REPEATED);
    if (form->values[LA_PARAM_CLIENT_SECRET].p || form->values[LA_PARAM_CLIENT_ASSERTION].p)
        return la_error(LA_CLIENT_METHODS);
    LA_TRY(la_client_read_basic(request->authorization, arena, ret));
    la_slice client_id = form->values[LA_PARAM_CLIENT_ID];
    if (client_id.p && !la_slice_equal(client_id, ret->client_id))
        return la_error(LA_CLIENT_ID_MISMATCH);
    return la_ok();
}

/* A certificate names nobody: whose it has to be is said by the client_id (RFC 8705 2). */
static la_result read_certificate(const la_token_request *request, la_credentials *ret)
{
    if (!ret->client_id.p || !request->client_certificate.p)
        return la_error(LA_CLIENT_MISSING);
    ret->method = LA_AUTH_TLS_CLIENT;
    return la_ok();
}

static la_result read_form(const la_token_request *request, const la_form *form, la_arena *arena, la_credentials *ret)
{
    bool has_secret = form->values[LA_PARAM_CLIENT_SECRET].p != NULL;
    bool has_assertion = form->values[LA_PARAM_CLIENT_ASSERTION].p != NULL;
    if (has_secret && has_assertion)
        return la_error(LA_CLIENT_METHODS);
    if (has_assertion || form->values[LA_PARAM_CLIENT_ASSERTION_TYPE].p)
        return la_client_read_assertion(form, arena, ret);
    ret->method = LA_AUTH_CLIENT_SECRET_POST;
    ret->client_secret = form->values[LA_PARAM_CLIENT_SECRET];
    if (!has_secret)
        return read_certificate(request, ret);
    return ret->client_id.p ? la_ok() : la_error(LA_CLIENT_MISSING);
}

static la_result read_credentials(const la_token_request *request, const la_form *form, la_arena *arena,
                                  la_credentials *ret)
{
    ret->client_id = form->values[LA_PARAM_CLIENT_ID];
    return request->n_authorization ? read_authorization(request, form, arena, ret)
                                    : read_form(request, form, arena, ret);
}

/* FAPI 2.0 5.3.2.1 item 6. */
static la_result check_fapi(const la_token_context *context, const la_application_record *a)
{
    bool may = a->auth_method == LA_AUTH_PRIVATE_KEY_JWT || a->auth_method == LA_AUTH_TLS_CLIENT ||
               a->auth_method == LA_AUTH_SELF_SIGNED_TLS;
    return may || !la_binding_is_fapi(context, a) ? la_ok() : la_error(LA_CLIENT_FAPI);
}

static la_result check(const la_token_context *context, const la_token_request *request,
                       const la_credentials *credentials, la_token_outcome *outcome,
                       la_application_record *ret_application)
{
    if (credentials->assertion)
        return la_client_check_assertion(context, credentials, outcome, ret_application);
    if (credentials->method == LA_AUTH_TLS_CLIENT)
        return la_client_check_certificate(context, request, credentials->client_id, outcome, ret_application);
    return la_client_check_secret(context, request, credentials, outcome, ret_application);
}

static la_result authenticate(const la_token_context *context, const la_token_request *request,
                              const la_credentials *credentials, la_token_outcome *outcome,
                              la_application_record *ret_application)
{
    outcome->attempted_client_id = credentials->client_id;
    if (context->throttle.is_blocked && context->throttle.is_blocked(context->throttle.self, credentials->client_id))
        return la_error(LA_CLIENT_THROTTLED);
    la_result r = check(context, request, credentials, outcome, ret_application);
    if (la_is_ok(r))
        r = check_fapi(context, ret_application);
    outcome->failed_authentication = la_result_info_of(r.code)->http_status == 401;
    return r;
}

la_result la_client_authenticate(const la_token_context *context, const la_token_request *request, const la_form *form,
                                 la_token_outcome *outcome, la_application_record *ret_application)
{
    la_credentials credentials = {0};
    la_result r = read_credentials(request, form, context->arena, &credentials);
    /* An unknown name is logged only where it looks like an Application ID: people put secrets in the wrong field. */
    if (la_uuid_is(credentials.client_id))
        outcome->client_id = credentials.client_id;
    if (la_is_ok(r))
        r = authenticate(context, request, &credentials, outcome, ret_application);
    la_jwt_free(credentials.assertion);
    return r;
}

void la_client_recognise(const la_token_context *context, const la_token_request *request, la_token_outcome *outcome)
{
    la_form form;
    la_application_record application;
    if (!la_is_ok(la_form_check_content_type(request->content_type)) ||
        !la_is_ok(la_form_parse(request->body, context->arena, &form)))
        return;
    la_credentials credentials = {0};
    LA_IGNORE(read_credentials(request, &form, context->arena, &credentials));
    la_jwt_free(credentials.assertion);
    if (!credentials.client_id.p)
        return;
    if (la_is_ok(la_registry_find_application(context->view, la_issuer_environment_id(context->issuer),
                                              credentials.client_id, &application)))
        outcome->application_id = application.application_id;
    if (outcome->application_id || la_uuid_is(credentials.client_id))
        outcome->client_id = credentials.client_id;
}
