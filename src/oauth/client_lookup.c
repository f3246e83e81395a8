/* Whose a client_id is. What every method of client authentication asks, and what none of them may tell. */
#include "oauth/client.h"

#include "oauth/issuer.h"

la_result la_client_look_up(const la_token_context *context, la_slice client_id, la_token_outcome *outcome,
                            la_application_record *ret)
{
    la_result r = la_registry_find_application(context->view, la_issuer_environment_id(context->issuer), client_id,
                                               ret);
    if (!la_is_ok(r))
        return r.code == LA_NOT_FOUND ? r : la_error(LA_SERVER_ERROR);
    outcome->client_id = client_id;
    outcome->application_id = ret->application_id;
    return la_ok();
}

bool la_client_is_elsewhere(const la_token_context *context, la_slice client_id)
{
    la_application_record other;
    uint16_t here = la_issuer_environment_id(context->issuer);
    bool is_known = false;
    for (unsigned i = 0; i < context->n_environment_ids; i++) {
        uint16_t id = context->environment_ids[i];
        if (id != here && la_is_ok(la_registry_find_application(context->view, id, client_id, &other)))
            is_known = true;
    }
    return is_known;
}

la_result la_client_refuse_unknown(bool is_elsewhere, la_slice client_id, la_token_outcome *outcome)
{
    if (!is_elsewhere)
        return la_error(LA_CLIENT_UNKNOWN);
    outcome->client_id = client_id;
    return la_error(LA_CLIENT_OTHER_ENVIRONMENT);
}

bool la_client_secret_is_live(const la_secret_record *s, int64_t now_s)
{
    return s->expires_at_s == 0 || s->expires_at_s > now_s;
}
