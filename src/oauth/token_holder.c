#include "oauth/token_holder.h"

#include "oauth/client.h"
#include "oauth/issuer.h"

la_result la_token_holder_read(const la_token_context *context, const la_token_request *request,
                               la_token_outcome *outcome, la_application_record *ret_application, la_slice *ret_token)
{
    la_form form;
    if (request->has_origin && !la_issuer_environment(context->issuer)->allow_origin) {
        la_client_recognise(context, request, outcome); /* whose secret is in a browser is worth a note */
        return la_error(LA_BROWSER);
    }
    LA_TRY(la_form_check_content_type(request->content_type));
    LA_TRY(la_form_parse(request->body, context->arena, &form));
    if (!form.values[LA_PARAM_TOKEN].p)
        return la_error(LA_TOKEN_PARAMETER);
    LA_TRY(la_client_authenticate(context, request, &form, outcome, ret_application));
    *ret_token = form.values[LA_PARAM_TOKEN];
    return la_ok();
}
