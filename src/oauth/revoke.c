/* Revocation: the decision. See revoke.h. */
#include "oauth/revoke.h"

#include "oauth/issuer.h"
#include "oauth/status.h"

static la_result fill_record(const la_token_context *context, const la_access_token *t, la_revocation_record *ret)
{
    la_revocation_record r = {
        .environment_id = la_issuer_environment_id(context->issuer),
        .kind = LA_REVOKED_TOKEN,
        .application_id = t->application_id,
        .jti = la_arena_copy(context->arena, t->jti),
        .before_s = context->now_s,
        .expires_at_s = t->expires_s,
    };
    uint8_t *list = la_arena_take(context->arena, LA_STATUS_LIST_ID_BYTES);
    if (!list || !r.jti.p)
        return la_error(LA_NO_MEMORY);
    if (la_status_place_of(t->jwt, list, &r.list_index))
        r.list = (la_slice){(const char *)list, LA_STATUS_LIST_ID_BYTES};
    *ret = r;
    return la_ok();
}

static la_result decide(const la_token_context *context, const la_verifier *verifier, const la_token_request *request,
                        la_token_outcome *outcome, la_revocation_record *ret)
{
    la_application_record caller;
    la_access_token t;
    la_slice token;
    LA_TRY(la_token_holder_read(context, request, outcome, &caller, &token));
    la_result r = la_access_token_read(context, verifier, token, &t);
    if (la_is_ok(r))
        r = t.application_id == caller.application_id ? fill_record(context, &t, ret) : la_error(LA_TOKEN_OF_ANOTHER);
    else if (r.code != LA_NO_MEMORY && r.code != LA_SERVER_ERROR)
        r = la_ok(); /* RFC 7009 2.2: what does not hold needs no revocation */
    la_access_token_done(&t);
    return r;
}

void la_revoke_decide(const la_token_context *context, const la_verifier *verifier, const la_token_request *request,
                      la_buffer *ret_body, la_token_outcome *ret_outcome, la_revocation_record *ret)
{
    *ret_outcome = (la_token_outcome){0};
    *ret = (la_revocation_record){0};
    ret_outcome->result = decide(context, verifier, request, ret_outcome, ret);
    if (!la_is_ok(ret_outcome->result) && ret_outcome->result.code != LA_PENDING)
        la_oauth_write_error(ret_outcome->result.code, ret_body);
}
