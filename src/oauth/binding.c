/* A proof goes before a certificate: a client that sends one wants a token for its key, over whatever connection. */
#include "oauth/binding.h"

#include "base/base64url.h"
#include "oauth/dpop.h"
#include "oauth/issuer.h"

bool la_binding_is_fapi(const la_token_context *context, const la_application_record *application)
{
    return la_issuer_environment(context->issuer)->fapi || application->registration.fapi;
}

static la_result check_proof(const la_token_context *context, const la_token_request *request, la_slice client_id,
                             bool fapi, la_token_outcome *outcome)
{
    la_dpop_demand demand = {
        .method = LA_SLICE("POST"),
        .client_id = client_id,
        .fapi = fapi,
        .nonce_required = la_issuer_environment(context->issuer)->dpop.nonce == LA_DPOP_NONCE_REQUIRED,
    };
    demand.n_targets = la_issuer_token_targets(context->issuer, demand.targets);
    LA_TRY(la_dpop_check(context, request->dpop, request->n_dpop, &demand, outcome->binding.thumbprint,
                         &outcome->dpop_nonce));
    outcome->binding.kind = LA_BINDING_DPOP;
    return la_ok();
}

void la_binding_thumbprint(const la_token_request *request, uint8_t ret[LA_THUMBPRINT_BYTES])
{
    if (request->client_thumbprint)
        memcpy(ret, request->client_thumbprint, LA_THUMBPRINT_BYTES);
    else
        la_sha256(request->client_certificate.p, request->client_certificate.n, ret);
}

la_result la_binding_decide(const la_token_context *context, const la_token_request *request,
                            const la_application_record *application, la_token_outcome *outcome)
{
    const la_registration *registration = &application->registration;
    bool fapi = la_binding_is_fapi(context, application);
    if (request->n_dpop > 0)
        LA_TRY(check_proof(context, request, application->client_id, fapi, outcome));
    else if (registration->dpop_bound)
        return la_error(LA_DPOP_NEEDED); /* RFC 9449 5.2 */
    if (request->client_certificate.p && outcome->binding.kind == LA_BINDING_NONE) {
        outcome->binding.kind = LA_BINDING_CERTIFICATE;
        la_binding_thumbprint(request, outcome->binding.thumbprint);
    }
    if (registration->certificate_bound && outcome->binding.kind != LA_BINDING_CERTIFICATE) /* RFC 8705 3.4 */
        return la_error(request->client_certificate.p ? LA_DPOP_UNWANTED : LA_CERTIFICATE_NEEDED);
    if (fapi && outcome->binding.kind == LA_BINDING_NONE) /* FAPI 2.0 5.3.2.1 items 4 and 5 */
        return la_error(LA_BINDING_NEEDED);
    return la_ok();
}

void la_binding_write_cnf(const la_binding *binding, la_buffer *json)
{
    if (binding->kind == LA_BINDING_NONE)
        return;
    la_buffer_add(json, binding->kind == LA_BINDING_DPOP ? LA_SLICE(",\"cnf\":{\"jkt\":\"")
                                                         : LA_SLICE(",\"cnf\":{\"x5t#S256\":\""));
    la_buffer_add_base64url(json, binding->thumbprint, LA_THUMBPRINT_BYTES);
    la_buffer_add(json, LA_SLICE("\"}"));
}
