/* Introspection. See introspect.h. */
#include "oauth/introspect.h"

#include "oauth/accept.h"
#include "oauth/binding.h"
#include "oauth/customer.h"
#include "oauth/issuer.h"
#include "oauth/scope.h"

#define MEDIA_TYPE "application/token-introspection+jwt"
#define ANSWER_MAX 6144 /* bytes of its JSON; the claims of our tokens are under 4096 */

/* ---- whose business it is ---- */

static bool is_for_any(const la_access_token *t, la_slice audiences)
{
    la_slice one;
    while (la_slice_split(&audiences, ' ', &one))
        if (one.n && la_access_token_is_for(t, one))
            return true;
    return false;
}

static const la_scope_policy *policy_of(const la_environment_config *e, la_slice scope)
{
    return la_slice_starts(scope, LA_CUSTOMER_SCOPE_PREFIX) ? &e->customer : la_environment_scope(e, scope);
}

/* The Spring profile: the audience is the client, so what it is for is said by its scopes. */
static bool has_scope_for_any(const la_environment_config *e, const la_access_token *t, la_slice audiences)
{
    la_slice scopes = t->scope, scope;
    if (e->profile != LA_PROFILE_SPRING || !la_access_token_is_for(t, t->client_id))
        return false;
    while (la_slice_split(&scopes, ' ', &scope)) {
        const la_scope_policy *p = policy_of(e, scope);
        if (p && la_scope_list_has(audiences, p->audience))
            return true;
    }
    return false;
}

/* ---- the answer ---- */

static la_slice token_type(const la_access_token *t)
{
    return t->binding.kind == LA_BINDING_DPOP ? LA_SLICE("DPoP") : LA_SLICE("Bearer"); /* RFC 9449 6.2 */
}

/* All that was signed, as it was signed; RFC 9068's claims are those of RFC 7662 2.2 already. */
static void write_rfc9068(const la_access_token *t, la_buffer *json)
{
    la_slice claims = la_jwt_payload(t->jwt);
    la_buffer_add(json, LA_SLICE("{\"active\":true,\"token_type\":"));
    la_buffer_add_json(json, token_type(t));
    la_buffer_add_char(json, ',');
    la_buffer_add(json, (la_slice){claims.p + 1, claims.n - 1});
}

static void write_audience(const la_access_token *t, la_buffer *json)
{
    size_t n = 0;
    bool is_array = false;
    LA_IGNORE(la_jwt_audiences(t->jwt, &n, &is_array)); /* it was read before */
    if (is_array)
        la_buffer_add_char(json, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            la_buffer_add_char(json, ',');
        la_buffer_add_json(json, la_jwt_audience_at(t->jwt, i));
    }
    if (is_array)
        la_buffer_add_char(json, ']');
}

static void add_text(la_buffer *json, const char *name, la_slice value)
{
    if (!value.p)
        return;
    la_buffer_add_format(json, ",\"%s\":", name);
    la_buffer_add_json(json, value);
}

/* Of the Spring profile scope is an array, and client_id is not there: what RFC 7662 2.2 wants is written anew. */
static void write_spring(const la_token_context *context, const la_access_token *t, la_buffer *json)
{
    int64_t nbf_s = 0;
    bool has_nbf = false;
    la_buffer_add(json, LA_SLICE("{\"active\":true"));
    add_text(json, "token_type", token_type(t));
    add_text(json, "iss", la_issuer_environment(context->issuer)->issuer);
    add_text(json, "sub", t->subject);
    la_buffer_add(json, LA_SLICE(",\"aud\":"));
    write_audience(t, json);
    la_buffer_add_format(json, ",\"exp\":%lld,\"iat\":%lld", (long long)t->expires_s, (long long)t->issued_s);
    if (la_is_ok(la_jwt_time(t->jwt, "nbf", &has_nbf, &nbf_s)) && has_nbf)
        la_buffer_add_format(json, ",\"nbf\":%lld", (long long)nbf_s);
    add_text(json, "jti", t->jti);
    add_text(json, "client_id", t->client_id);
    add_text(json, "scope", t->scope);
    la_binding_write_cnf(&t->binding, json);
    la_buffer_add_char(json, '}');
}

/* {"active":false} or all of it. */
static la_result write_answer(const la_token_context *context, const la_verifier *verifier,
                              const la_application_record *caller, la_slice token, bool *ret_active, la_buffer *json)
{
    const la_environment_config *e = la_issuer_environment(context->issuer);
    la_slice audiences = caller->registration.introspection_audiences;
    la_access_token t;
    la_result r = la_access_token_read(context, verifier, token, &t);
    if (r.code == LA_NO_MEMORY || r.code == LA_SERVER_ERROR) {
        la_access_token_done(&t);
        return r;
    }
    *ret_active = la_is_ok(r) && (is_for_any(&t, audiences) || has_scope_for_any(e, &t, audiences));
    if (!*ret_active)
        la_buffer_add(json, LA_SLICE("{\"active\":false}"));
    else if (e->profile == LA_PROFILE_SPRING)
        write_spring(context, &t, json);
    else
        write_rfc9068(&t, json);
    la_access_token_done(&t);
    return la_buffer_ok(json) ? la_ok() : la_error(LA_SERVER_ERROR);
}

/* RFC 9701 5: iss, aud and iat are those of the answer; what the token says is one level below. */
static la_result sign_answer(const la_token_context *context, la_slice client_id, la_slice answer, la_buffer *ret_body)
{
    size_t bytes = answer.n + 2048;
    char *memory = la_arena_take(context->arena, bytes);
    la_buffer claims;
    if (!memory)
        return la_error(LA_NO_MEMORY);
    la_buffer_init_fixed(&claims, memory, bytes);
    la_buffer_add(&claims, LA_SLICE("{\"iss\":"));
    la_buffer_add_json(&claims, la_issuer_environment(context->issuer)->issuer);
    add_text(&claims, "aud", client_id);
    la_buffer_add_format(&claims, ",\"iat\":%lld,\"token_introspection\":", (long long)context->now_s);
    la_buffer_add(&claims, answer);
    la_buffer_add_char(&claims, '}');
    if (!la_buffer_ok(&claims))
        return la_error(LA_SERVER_ERROR);
    return la_issuer_sign(context->issuer, LA_SLICE("token-introspection+jwt"), la_buffer_slice(&claims), ret_body);
}

static la_result introspect(const la_token_context *context, const la_verifier *verifier,
                            const la_token_request *request, la_slice accept, la_buffer *body,
                            la_token_outcome *outcome, la_introspection *ret)
{
    la_application_record caller;
    la_slice token;
    LA_TRY(la_token_holder_read(context, request, outcome, &caller, &token));
    if (caller.registration.introspection_audiences.n == 0)
        return la_error(LA_INTROSPECTION_NOT_ALLOWED);
    ret->is_signed = la_accept_prefers(accept, MEDIA_TYPE);
    if (!ret->is_signed)
        return write_answer(context, verifier, &caller, token, &ret->is_active, body);
    char memory[ANSWER_MAX];
    la_buffer answer;
    la_buffer_init_fixed(&answer, memory, sizeof memory);
    LA_TRY(write_answer(context, verifier, &caller, token, &ret->is_active, &answer));
    return sign_answer(context, caller.client_id, la_buffer_slice(&answer), body);
}

void la_introspect(const la_token_context *context, const la_verifier *verifier, const la_token_request *request,
                   la_slice accept, la_buffer *ret_body, la_token_outcome *ret_outcome, la_introspection *ret)
{
    size_t before = ret_body->n;
    *ret_outcome = (la_token_outcome){0};
    *ret = (la_introspection){0};
    ret_outcome->result = introspect(context, verifier, request, accept, ret_body, ret_outcome, ret);
    if (la_is_ok(ret_outcome->result))
        return;
    *ret = (la_introspection){0};
    ret_body->n = before;
    ret_body->failed = false;
    if (ret_outcome->result.code != LA_PENDING)
        la_oauth_write_error(ret_outcome->result.code, ret_body);
}
