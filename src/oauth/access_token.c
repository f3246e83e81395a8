/* RFC 9068 4, from the side that issued it. */
#include "oauth/access_token.h"

#include "base/base64url.h"
#include "oauth/binding.h"
#include "oauth/customer.h"
#include "oauth/issuer.h"

#define CLOCKS_DIFFER_S 60 /* between nodes, where a token says when it begins */

static bool is_spring(const la_token_context *context)
{
    return la_issuer_environment(context->issuer)->profile == LA_PROFILE_SPRING;
}

/* RFC 9068 2.2.3: one text; Spring's is an array, which is joined. */
static la_result read_scope(const la_token_context *context, la_access_token *t)
{
    size_t n = 0, bytes = 1;
    bool is_array = false;
    if (!la_is_ok(la_jwt_list(t->jwt, "scope", &n, &is_array)))
        return la_error(LA_TOKEN_INVALID);
    if (!is_array) {
        t->scope = n ? la_jwt_list_at(t->jwt, "scope", 0) : LA_SLICE("");
        return la_ok();
    }
    for (size_t i = 0; i < n; i++)
        bytes += la_jwt_list_at(t->jwt, "scope", i).n + 1;
    char *memory = la_arena_take(context->arena, bytes);
    la_buffer joined;
    if (!memory)
        return la_error(LA_NO_MEMORY);
    la_buffer_init_fixed(&joined, memory, bytes);
    for (size_t i = 0; i < n; i++) {
        if (i)
            la_buffer_add_char(&joined, ' ');
        la_buffer_add(&joined, la_jwt_list_at(t->jwt, "scope", i));
    }
    t->scope = la_buffer_slice(&joined);
    return la_ok();
}

/* The last bytes of a jti of ours say which credential got it (oauth/issuer.c). */
static void read_tag(const la_token_context *context, la_access_token *t)
{
    uint8_t bytes[LA_JTI_MAX];
    size_t n = 0;
    if (is_spring(context) || t->jti.n > LA_JTI_MAX ||
        !la_is_ok(la_base64url_decode(t->jti, bytes, sizeof bytes, &n)) || n != LA_ISSUER_JTI_BYTES)
        return;
    for (size_t i = n - 4; i < n; i++)
        t->credential_tag = t->credential_tag << 8 | bytes[i];
    t->has_credential_tag = true;
}

static la_result read_binding(la_access_token *t)
{
    la_slice jkt = LA_NO_SLICE, x5t = LA_NO_SLICE;
    size_t n = 0;
    if (!la_is_ok(la_jwt_member_text(t->jwt, "cnf", "jkt", &jkt)) ||
        !la_is_ok(la_jwt_member_text(t->jwt, "cnf", "x5t#S256", &x5t)) || (jkt.p && x5t.p))
        return la_error(LA_TOKEN_INVALID);
    if (!jkt.p && !x5t.p)
        return la_ok();
    t->binding.kind = jkt.p ? LA_BINDING_DPOP : LA_BINDING_CERTIFICATE;
    if (!la_is_ok(la_base64url_decode(jkt.p ? jkt : x5t, t->binding.thumbprint, LA_THUMBPRINT_BYTES, &n)) ||
        n != LA_THUMBPRINT_BYTES)
        return la_error(LA_TOKEN_INVALID);
    return la_ok();
}

static la_result read_claims(const la_token_context *context, la_access_token *t)
{
    la_slice issuer = LA_NO_SLICE;
    bool has_exp = false, has_iat = false;
    if (!la_is_ok(la_jwt_text(t->jwt, "iss", &issuer)) ||
        !la_slice_equal(issuer, la_issuer_environment(context->issuer)->issuer))
        return la_error(LA_TOKEN_INVALID);
    if (!la_is_ok(la_jwt_text(t->jwt, "sub", &t->subject)) || !la_is_ok(la_jwt_text(t->jwt, "jti", &t->jti)) ||
        !la_is_ok(la_jwt_text(t->jwt, "client_id", &t->client_id)) ||
        !la_is_ok(la_jwt_text(t->jwt, "customer_id", &t->customer_id)) ||
        !la_is_ok(la_jwt_time(t->jwt, "exp", &has_exp, &t->expires_s)) ||
        !la_is_ok(la_jwt_time(t->jwt, "iat", &has_iat, &t->issued_s)))
        return la_error(LA_TOKEN_INVALID);
    if (!t->client_id.p)
        t->client_id = t->subject;
    if (!t->client_id.n || !t->jti.n || !has_exp || !has_iat)
        return la_error(LA_TOKEN_INVALID);
    read_tag(context, t);
    LA_TRY(read_binding(t));
    return read_scope(context, t);
}

static la_result check_times(const la_token_context *context, const la_access_token *t)
{
    int64_t nbf_s = 0;
    bool has_nbf = false;
    if (t->expires_s <= context->now_s)
        return la_error(LA_TOKEN_EXPIRED);
    if (!la_is_ok(la_jwt_time(t->jwt, "nbf", &has_nbf, &nbf_s)) || t->issued_s > context->now_s + CLOCKS_DIFFER_S ||
        (has_nbf && nbf_s > context->now_s + CLOCKS_DIFFER_S))
        return la_error(LA_TOKEN_INVALID);
    return la_ok();
}

static la_result find_revocation(const la_token_context *context, la_revocation_record *asked, int64_t issued_s)
{
    la_result r = la_registry_find_revocation(context->view, asked);
    if (r.code == LA_NOT_FOUND)
        return la_ok();
    LA_TRY(r);
    bool holds = asked->kind == LA_REVOKED_TOKEN || issued_s <= asked->before_s;
    return holds ? la_error(LA_TOKEN_REVOKED) : la_ok();
}

la_result la_revocations_check(const la_token_context *context, uint64_t application_id, la_slice jti,
                               const uint32_t *credential_tag, la_slice customer_id, int64_t issued_s)
{
    la_revocation_record asked = {.environment_id = la_issuer_environment_id(context->issuer),
                                  .kind = LA_REVOKED_TOKEN,
                                  .application_id = application_id,
                                  .jti = jti};
    LA_TRY(find_revocation(context, &asked, issued_s));
    asked.kind = LA_REVOKED_APPLICATION;
    LA_TRY(find_revocation(context, &asked, issued_s));
    if (customer_id.p) {
        asked.kind = LA_REVOKED_CUSTOMER;
        asked.customer_id = customer_id;
        LA_TRY(find_revocation(context, &asked, issued_s));
    }
    if (!credential_tag)
        return la_ok();
    asked.kind = LA_REVOKED_CREDENTIAL;
    asked.credential_tag = *credential_tag;
    return find_revocation(context, &asked, issued_s);
}

/* An application that is gone or disabled takes its tokens with it; one that was made with its client_id since then does not give them back. */
static la_result check_application(const la_token_context *context, la_access_token *t)
{
    la_application_record application;
    la_result r = la_registry_find_application(context->view, la_issuer_environment_id(context->issuer), t->client_id,
                                               &application);
    if (!la_is_ok(r))
        return la_error(r.code == LA_NOT_FOUND ? LA_TOKEN_REVOKED : LA_SERVER_ERROR);
    t->application_id = application.application_id;
    t->fapi = la_binding_is_fapi(context, &application);
    bool holds = application.enabled && !la_token_is_of_former(t->issued_s, application.created_at_s, context->now_s);
    return holds ? la_ok() : la_error(LA_TOKEN_REVOKED);
}

/* Where customers are registered, one that was removed takes its tokens with it, those of a node that has not heard yet as well. */
static la_result check_customer(const la_token_context *context, const la_access_token *t, la_slice customer_id)
{
    uint64_t owner = 0;
    if (!customer_id.p || la_issuer_environment(context->issuer)->customer_policy != LA_CUSTOMERS_REGISTERED)
        return la_ok();
    la_result r = la_registry_find_customer(context->view, la_issuer_environment_id(context->issuer), customer_id,
                                            &owner);
    if (!la_is_ok(r))
        return la_error(r.code == LA_NOT_FOUND ? LA_TOKEN_REVOKED : LA_SERVER_ERROR);
    return owner == t->application_id ? la_ok() : la_error(LA_TOKEN_REVOKED);
}

la_result la_access_token_read(const la_token_context *context, const la_verifier *verifier, la_slice compact,
                               la_access_token *ret)
{
    *ret = (la_access_token){0};
    la_result r = la_verifier_check(verifier, compact, is_spring(context), &ret->jwt);
    if (!la_is_ok(r))
        return la_error(r.code == LA_NO_MEMORY ? LA_NO_MEMORY : LA_TOKEN_INVALID);
    LA_TRY(read_claims(context, ret));
    LA_TRY(check_times(context, ret));
    LA_TRY(check_application(context, ret));
    la_slice customer_id = la_customer_of_scope(ret->scope);
    LA_TRY(check_customer(context, ret, customer_id));
    r = la_revocations_check(context, ret->application_id, ret->jti,
                             ret->has_credential_tag ? &ret->credential_tag : NULL, customer_id, ret->issued_s);
    return la_is_ok(r) || r.code == LA_TOKEN_REVOKED ? r : la_error(LA_SERVER_ERROR);
}

void la_access_token_done(la_access_token *t)
{
    t->jwt = la_jwt_free(t->jwt);
}

bool la_access_token_is_for(const la_access_token *t, la_slice audience)
{
    size_t n = 0;
    bool is_array;
    if (!la_is_ok(la_jwt_audiences(t->jwt, &n, &is_array)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (la_slice_equal(la_jwt_audience_at(t->jwt, i), audience))
            return true;
    return false;
}
