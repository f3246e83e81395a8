/*
 * A token is taken at its word only where the word is ours: signed by a key of the environment that administers, for this
 * audience, still valid, and of an application that could get the same token now.
 */
#include "api/token.h"

#include "admin/revocations.h"
#include "jose/schedule.h"
#include "jose/verify.h"

#define READ_SCOPE "admin:read"
#define WRITE_SCOPE "admin:write"
#define CLOCKS_DIFFER_S 60 /* between nodes, where a token says when it begins */

static la_result refuse(const char *why)
{
    return la_fail(LA_UNAUTHENTICATED, "the access token is not accepted: %s", why);
}

static bool has_text(const json_t *claims, const char *name, la_slice wanted)
{
    const json_t *value = json_object_get(claims, name);
    return json_is_string(value) &&
           la_slice_equal((la_slice){json_string_value(value), json_string_length(value)}, wanted);
}

/* RFC 9068 2.1 and 4: "at+jwt" or "application/at+jwt"; a token of the profile `spring` has none. */
static bool type_fits(const json_t *header, la_token_profile profile)
{
    const json_t *type = json_object_get(header, "typ");
    la_slice text = la_slice_of(json_string_value(type));
    if (profile == LA_PROFILE_SPRING)
        return !type;
    return text.p && (la_slice_equal_nocase(text, LA_SLICE("at+jwt")) ||
                      la_slice_equal_nocase(text, LA_SLICE("application/at+jwt")));
}

/* In the profile `spring` the audience is the client, so the scope alone says what a token is for: no other audience has it. */
static bool audience_fits(const json_t *claims, const la_api_token_policy *p, la_slice client_id)
{
    return has_text(claims, "aud", p->environment->profile == LA_PROFILE_SPRING ? client_id : p->audience);
}

static bool times_fit(const json_t *claims, int64_t now_s)
{
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf");
    const json_t *iat = json_object_get(claims, "iat");
    if (!json_is_integer(exp) || json_integer_value(exp) <= now_s)
        return false;
    if (nbf && (!json_is_integer(nbf) || json_integer_value(nbf) > now_s + CLOCKS_DIFFER_S))
        return false;
    return json_is_integer(iat) && json_integer_value(iat) <= now_s + CLOCKS_DIFFER_S;
}

/* One string (RFC 9068) or an array (spring). */
static bool has_scope(const json_t *claims, const char *wanted)
{
    const json_t *scope = json_object_get(claims, "scope"), *one;
    size_t i;
    if (json_is_string(scope))
        return la_scope_list_has(la_slice_of(json_string_value(scope)), la_slice_of(wanted));
    json_array_foreach(scope, i,
                       one) if (json_is_string(one) && strcmp(json_string_value(one), wanted) == 0) return true;
    return false;
}

la_result la_api_token_check(const la_api_token_policy *p, const json_t *header, const json_t *claims,
                             la_slice *ret_client_id, la_role *ret_role)
{
    const json_t *sub = json_object_get(claims, "sub");
    if (!json_is_string(sub) || !type_fits(header, p->environment->profile))
        return refuse("it is no access token");
    la_slice client_id = {json_string_value(sub), json_string_length(sub)};
    if (!has_text(claims, "iss", p->environment->issuer))
        return refuse("another issuer has made it");
    if (!audience_fits(claims, p, client_id))
        return refuse("it is for another audience");
    if (!times_fit(claims, p->now_s))
        return refuse("it has expired");
    if (json_object_get(claims, "cnf")) /* RFC 9449 7.2: without the proof it is nobody's */
        return refuse("it is bound to a key, and bearer tokens alone are taken here");
    if (!has_scope(claims, READ_SCOPE) && !has_scope(claims, WRITE_SCOPE))
        return refuse("it has neither " READ_SCOPE " nor " WRITE_SCOPE);
    *ret_client_id = client_id;
    *ret_role = has_scope(claims, WRITE_SCOPE) ? LA_ROLE_ADMIN : LA_ROLE_AUDITOR;
    return la_ok();
}

typedef struct key_set {
    json_t *keys;
    int64_t now_s;
} key_set;

static la_result add_key(void *self, const la_key_record *key)
{
    key_set *set = self;
    if (!la_schedule_is_published(key, set->now_s))
        return la_ok();
    json_t *jwk = json_loadb(key->public_jwk.p, key->public_jwk.n, JSON_REJECT_DUPLICATES, NULL);
    if (!jwk || json_array_append_new(set->keys, jwk) != 0)
        return la_fail(LA_NO_MEMORY, "a signing key cannot be read");
    return la_ok();
}

static la_result verify(la_api_call *c, const la_environment_config *e, la_slice token, la_jws *ret)
{
    json_t *jwks = json_pack("{s:[]}", "keys");
    if (!jwks)
        return la_fail(LA_NO_MEMORY, "there is no memory for the signing keys");
    key_set set = {json_object_get(jwks, "keys"), c->now_s};
    la_result r = la_command_list_keys(c->commands, e->name, add_key, &set);
    if (la_is_ok(r)) {
        r = la_jws_verify(token, jwks, ret);
        if (r.code == LA_INVALID || r.code == LA_TOO_LARGE)
            r = refuse("its signature is not one of this server");
    }
    json_decref(jwks);
    return r;
}

/* What the token says of the past must hold now: the application is there, enabled, and may still have the scope. */
static la_result find_application(la_api_call *c, const la_environment_config *e, la_slice client_id, la_role role)
{
    la_application_row *a = &c->who.application;
    la_result r = la_command_find_application(c->commands, e->name, client_id, a);
    if (r.code == LA_NOT_FOUND)
        return refuse("its application is gone");
    LA_TRY(r);
    if (!a->enabled)
        return refuse("its application is disabled");
    la_slice scopes = la_slice_of(a->scopes);
    bool may_write = la_scope_list_has(scopes, LA_SLICE(WRITE_SCOPE));
    bool may_read = may_write || la_scope_list_has(scopes, LA_SLICE(READ_SCOPE));
    if (role == LA_ROLE_ADMIN ? !may_write : !may_read)
        return refuse("its application no longer has the scope");
    c->who.kind = LA_API_APPLICATION;
    c->who.role = role;
    return la_ok();
}

static la_result check_revoked(la_api_call *c, const json_t *claims)
{
    bool revoked = true;
    const json_t *jti = json_object_get(claims, "jti");
    la_slice text = {json_string_value(jti), json_string_length(jti)};
    LA_TRY(la_command_is_revoked(c->commands, &c->who.application, text,
                                 json_integer_value(json_object_get(claims, "iat")), &revoked));
    return revoked ? refuse("it was revoked") : la_ok();
}

la_result la_api_token_find(la_api_call *c, la_slice token)
{
    const la_config *config = c->api->config;
    const la_environment_config *e = config->admin_environment >= 0 ? &config->environments[config->admin_environment]
                                                                    : NULL;
    la_jws jws = {0};
    la_slice client_id;
    la_role role;
    c->challenge = LA_BEARER_INVALID;
    if (!e)
        return refuse("no environment is configured for the administration");
    LA_TRY(verify(c, e, token, &jws));
    la_api_token_policy policy = {e, config->admin_audience, c->now_s};
    la_result r = la_api_token_check(&policy, jws.header, jws.payload, &client_id, &role);
    if (la_is_ok(r))
        r = find_application(c, e, client_id, role);
    if (la_is_ok(r))
        r = check_revoked(c, jws.payload);
    json_decref(jws.header);
    json_decref(jws.payload);
    if (la_is_ok(r))
        c->challenge = LA_OK;
    return r;
}
