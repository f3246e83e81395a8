/*
 * private_key_jwt and client_secret_jwt (RFC 7523 2.2, 3; OpenID Connect Core 9; the issuer as the sole audience, as the revision of
 * RFC 7523 has it). What follows from the assertion and the environment alone is judged first, and its refusal says plainly what to
 * change. What depends on whose it claims to be is refused alike for known and unknown clients, at the cost of one signature check,
 * until a signature has proven who asks (RFC 6749 10.10). The jti is remembered last: nobody else can use up a client's.
 */
#include "oauth/client.h"

#include "oauth/binding.h"
#include "oauth/issuer.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define TOKEN_PATH LA_SLICE("/oauth2/token")
#define ALGORITHMS (LA_ALGORITHMS_ASYMMETRIC | LA_ALGORITHMS_HMAC)
#define JTI_BYTES_MAX 256
/* What a client's clock may be ahead: FAPI 2.0 5.3.2.1 item 13 wants 10 s to be taken and more than 60 s to be refused. */
#define AHEAD_S 30
#define BEHIND_S 10
#define FAPI_LIFETIME_MAX_S 300

/* What is verified with where there is no such client, or no key of it: one for each kind of signature, so that the answer takes as long.
 * Nobody has their private halves, and what they say is never believed. */
static const char nobodys_keys[] =
    "{\"keys\":["
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"fMi_R9ozZyE2wdZopLPybrvQKPLv2D3Gw-QlVGd810Y\",\"y\":\"TpOm2Sx3Z0wV1yr"
    "Vf5M4-ERLkDntoHIAXfgNd-WC9Lk\"},"
    "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"0vAvwJntKhIXIGCp2nQ3pdU3C51YIAdguFPBPWNIlU6Qfiu2lfgTIbYxnvhhF-a-\""
    ",\"y\":\"ZYg0A0j8UHaxitjKweRAfZ5J099tT7Pqr6UfrkrAUXs-3UbyKl5GTpUKAB1Gb0xr\"},"
    "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AI5_EF1ML47S0H16iuytf4v9_nJlFSjlJCuCrDiJjWaqkamsk-2-F6RMK1r_NY88K"
    "ltkO_viw2olfDy1nSyP1kj2\",\"y\":\"AHi6FZEYpIDZRUSKWEwHS1vl9RBvN4JNHh4zqIPkXps7jbcAlUJYNlEROdKQZz6t5I"
    "useeHKn8oHVjrcjTPR74i-\"},"
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"K3-5uh3eCLIj1AXiALNCKXXjl1nMpXySXGYe8VkgBmk\"},"
    "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"twkWZusl2m1RgoClkomBzu2yGDBvB_9HB9OMldy9QMPQRwYDvwTvxioIMBmVOhXSuLh"
    "l_BO9OQAj19-5GCvd-A4wECDdH0T8IEAl6YEok8ONUvLoYC42ShziWL9bAwBmI6Xa4PQFpPv31ttq9wKtEWdxA_QNoNylALE"
    "tMge0TzuOA7kYHcv22xjCpXI1mTzkz0BYxcsNBU3EK2Y8J3PlnHndrYuvdiL5ewWbg5hN1b2nRgOnbS-lwgyTpjhZ6DveM0U"
    "-SnbIMr7wKhaSoSXqGMMy289JzRm-fgTXkFa3ujmfcTRuMzCFpogNVBCaGrRooFEVYA1nr9WCKQZ2dvDDhw\"}]}";
static const char nobodys_secret[] = "nobody has this secret, which is as long as HS512 wants one to be";
static const uint8_t nobodys_wrapped_secret[LA_WRAP_OVERHEAD + 58] = {1};

/* What an assertion says, as far as it is asked; slices live as long as it. */
typedef struct claims {
    bool is_audience_array;
    bool is_issuer_alone; /* aud; otherwise the token endpoint's URL is in it */
    la_slice jti;
    int64_t expires_at_s;
} claims;

/* ---- what follows from the assertion alone ---- */

static la_result read_subject(const la_jwt *t, la_slice *ret)
{
    if (!la_is_ok(la_jwt_text(t, "sub", ret)) || !la_is_vschar(*ret) || ret->n > LA_CLIENT_ID_MAX)
        return la_error(LA_ASSERTION_CLAIMS);
    return la_ok();
}

la_result la_client_read_assertion(const la_form *form, la_arena *arena, la_credentials *ret)
{
    la_slice assertion = form->values[LA_PARAM_CLIENT_ASSERTION], client_id = form->values[LA_PARAM_CLIENT_ID], subject;
    if (!assertion.p || !la_slice_is(form->values[LA_PARAM_CLIENT_ASSERTION_TYPE], ASSERTION_TYPE))
        return la_error(LA_ASSERTION_TYPE);
    la_result r = la_jwt_read(assertion, ALGORITHMS, &ret->assertion);
    if (!la_is_ok(r))
        return r.code == LA_NO_MEMORY ? r : la_error(LA_ASSERTION_MALFORMED);
    LA_TRY(read_subject(ret->assertion, &subject));
    if (client_id.p && !la_slice_equal(client_id, subject)) /* RFC 7521 4.2 */
        return la_error(LA_ASSERTION_CLIENT_ID);
    /* The assertion goes before the log line does. */
    ret->client_id = client_id.p ? client_id : la_arena_copy(arena, subject);
    if (!ret->client_id.p)
        return la_error(LA_NO_MEMORY);
    ret->method = la_jwt_algorithm(ret->assertion)->kind == LA_KEY_OCT ? LA_AUTH_CLIENT_SECRET_JWT
                                                                       : LA_AUTH_PRIVATE_KEY_JWT;
    return la_ok();
}

/* An explicit type keeps tokens of other kinds out (RFC 8725 3.11); clients need not send one. */
static la_result check_type(const la_jwt *t)
{
    if (!la_jwt_typ(t).p || la_jwt_has_type(t, "JWT") || la_jwt_has_type(t, "client-authentication+jwt"))
        return la_ok();
    return la_error(LA_ASSERTION_TYP);
}

static bool is_token_endpoint(la_slice url, la_slice base)
{
    if (base.n && base.p[base.n - 1] == '/')
        base.n--;
    return base.p && la_slice_starts(url, base) &&
           la_slice_equal((la_slice){url.p + base.n, url.n - base.n}, TOKEN_PATH);
}

/* Nobody else may be named. That the token endpoint's URL is for some clients only is sorted out once they have proven who they are. */
static la_result read_audience(const la_environment_config *e, const la_jwt *t, claims *ret)
{
    size_t n;
    if (!la_is_ok(la_jwt_audiences(t, &n, &ret->is_audience_array)) || n == 0)
        return la_error(LA_ASSERTION_CLAIMS);
    for (size_t i = 0; i < n; i++) {
        la_slice audience = la_jwt_audience_at(t, i);
        bool is_issuer = la_slice_equal(audience, e->issuer);
        if (!is_issuer && !is_token_endpoint(audience, e->issuer) && !is_token_endpoint(audience, e->mtls_url))
            return la_error(LA_ASSERTION_AUDIENCE);
        ret->is_issuer_alone = n == 1 && is_issuer;
    }
    return la_ok();
}

static la_result read_claims(const la_environment_config *e, const la_jwt *t, la_slice client_id, claims *ret)
{
    la_slice issuer;
    bool has_exp;
    if (!la_is_ok(la_jwt_text(t, "iss", &issuer)) || !la_slice_equal(issuer, client_id) ||
        !la_is_ok(la_jwt_text(t, "jti", &ret->jti)) || ret->jti.n == 0 || ret->jti.n > JTI_BYTES_MAX ||
        !la_is_ok(la_jwt_time(t, "exp", &has_exp, &ret->expires_at_s)) || !has_exp)
        return la_error(LA_ASSERTION_CLAIMS);
    return read_audience(e, t, ret);
}

static la_result check_not_before(const la_jwt *t, const char *claim, int64_t now_s)
{
    bool is_there;
    int64_t time_s;
    if (!la_is_ok(la_jwt_time(t, claim, &is_there, &time_s)))
        return la_error(LA_ASSERTION_CLAIMS);
    return is_there && time_s > now_s + AHEAD_S ? la_error(LA_ASSERTION_TIME) : la_ok();
}

static la_result check_times(const la_jwt *t, const claims *c, int64_t lifetime_max_s, int64_t now_s)
{
    if (c->expires_at_s + BEHIND_S <= now_s)
        return la_error(LA_ASSERTION_EXPIRED);
    if (c->expires_at_s > now_s + AHEAD_S + lifetime_max_s)
        return la_error(LA_ASSERTION_LIFETIME);
    LA_TRY(check_not_before(t, "iat", now_s));
    return check_not_before(t, "nbf", now_s);
}

static int64_t lifetime_max_s(const la_environment_config *e, bool is_fapi)
{
    int64_t most = e->assertion_lifetime_max_s;
    return is_fapi && most > FAPI_LIFETIME_MAX_S ? FAPI_LIFETIME_MAX_S : most;
}

static la_result check_algorithm(const la_jwt *t, bool is_fapi)
{
    return is_fapi && !(la_jwt_algorithm(t)->sets & LA_ALGORITHMS_FAPI) ? la_error(LA_ASSERTION_ALGORITHM) : la_ok();
}

static la_result check_form(const la_token_context *context, const la_credentials *credentials, claims *ret)
{
    const la_environment_config *e = la_issuer_environment(context->issuer);
    const la_jwt *t = credentials->assertion;
    LA_TRY(check_type(t));
    LA_TRY(check_algorithm(t, e->fapi));
    LA_TRY(read_claims(e, t, credentials->client_id, ret));
    return check_times(t, ret, lifetime_max_s(e, e->fapi), context->now_s);
}

/* ---- whose it is ---- */

static la_result refusal_of(la_result r)
{
    if (la_is_ok(r) || r.code == LA_NO_MEMORY)
        return r;
    if (r.code == LA_NOT_FOUND)
        return la_error(LA_ASSERTION_KEY);
    return la_error(r.code == LA_INVALID || r.code == LA_TOO_LARGE ? LA_ASSERTION_SIGNATURE : LA_SERVER_ERROR);
}

/* Of la_key_set_verify, or ASSERTION_KEY_SET where there is no usable set. */
static la_result verify(la_result read, la_key_set *set, const la_jwt *t, la_token_outcome *outcome)
{
    const la_public_key *key;
    if (!la_is_ok(read))
        return read.code == LA_NO_MEMORY ? read : la_error(LA_ASSERTION_KEY_SET);
    la_result r = la_key_set_verify(set, t, &key);
    if (la_is_ok(r))
        outcome->credential_tag = la_credential_tag_of_thumbprint(LA_CREDENTIAL_KEY, la_public_key_thumbprint(key));
    la_key_set_free(set);
    return refusal_of(r);
}

static la_result verify_registered(const la_token_context *context, const la_jwt *t, const la_application_record *a,
                                   la_token_outcome *outcome)
{
    la_key_set *set = NULL;
    la_result r = la_client_registered_keys(context, a, &set);
    return verify(r, set, t, outcome);
}

static la_result verify_text(const la_token_context *context, const la_jwt *t, la_slice text, la_token_outcome *outcome)
{
    la_key_set *set = NULL;
    la_result r = la_client_fetched_keys(context, text, &set);
    return verify(r, set, t, outcome);
}

/* A key that the set lacks may be in a newer one (OpenID Connect Core 10.1.1); without a kid that shows in the signature alone. */
static la_result verify_fetched(const la_token_context *context, const la_jwt *t, la_slice uri,
                                la_token_outcome *outcome)
{
    la_slice text, newer;
    LA_TRY(la_client_fetch_keys(context, uri, false, LA_ASSERTION_KEY_SET, outcome, &text));
    la_result r = verify_text(context, t, text, outcome);
    if (r.code != LA_ASSERTION_KEY && (r.code != LA_ASSERTION_SIGNATURE || la_jwt_kid(t).p))
        return r;
    LA_TRY(la_client_fetch_keys(context, uri, true, LA_ASSERTION_KEY_SET, outcome, &newer));
    return la_slice_equal(newer, text) ? r : verify_text(context, t, newer, outcome);
}

static la_result verify_key(const la_token_context *context, const la_jwt *t, const la_application_record *a,
                            la_token_outcome *outcome)
{
    if (a->registration.jwks.p)
        return verify_registered(context, t, a, outcome);
    if (a->registration.jwks_uri.p)
        return verify_fetched(context, t, a->registration.jwks_uri, outcome);
    return la_error(LA_ASSERTION_KEY);
}

static la_result unwrap(const la_token_context *context, la_slice client_id, la_slice wrapped, la_slice *ret)
{
    la_buffer plain;
    char *memory = la_arena_take(context->arena, LA_WRAPPED_SECRET_MAX);
    if (!memory)
        return la_error(LA_NO_MEMORY);
    if (!context->master_key)
        return la_error(LA_ASSERTION_KEY_SET);
    la_buffer_init_fixed(&plain, memory, LA_WRAPPED_SECRET_MAX);
    la_result r = la_unwrap(context->master_key, LA_SECRET_WRAP_PURPOSE, client_id, wrapped, &plain);
    if (!la_is_ok(r))
        return r.code == LA_NO_MEMORY ? r : la_error(LA_ASSERTION_KEY_SET);
    *ret = la_buffer_slice(&plain);
    return la_ok();
}

static la_result verify_mac(const la_token_context *context, const la_jwt *t, la_slice client_id, la_slice wrapped)
{
    la_slice secret;
    LA_TRY(unwrap(context, client_id, wrapped, &secret));
    la_result r = la_jwt_verify_mac(t, secret);
    la_wipe((char *)(uintptr_t)secret.p, secret.n); /* ours, in the arena */
    return refusal_of(r);
}

static la_result verify_secret(const la_token_context *context, const la_jwt *t, const la_application_record *a,
                               la_token_outcome *outcome)
{
    la_result r = la_error(LA_ASSERTION_KEY);
    for (unsigned i = 0; i < a->n_secrets; i++) {
        const la_secret_record *s = &a->secrets[i];
        if (s->kind != LA_SECRET_WRAPPED)
            continue;
        r = verify_mac(context, t, a->client_id, s->wrapped);
        if (!la_is_ok(r))
            continue;
        if (!la_client_secret_is_live(s, context->now_s))
            return la_error(LA_CLIENT_SECRET_EXPIRED);
        outcome->secret_id = s->secret_id;
        outcome->credential_tag = la_credential_tag_of_secret(s->secret_id);
        return r;
    }
    return r;
}

static la_result verify_owner(const la_token_context *context, const la_credentials *credentials,
                              const la_application_record *a, la_token_outcome *outcome)
{
    if (a->auth_method != credentials->method)
        return la_error(LA_CLIENT_METHOD_WRONG);
    return credentials->method == LA_AUTH_CLIENT_SECRET_JWT ? verify_secret(context, credentials->assertion, a, outcome)
                                                            : verify_key(context, credentials->assertion, a, outcome);
}

/* The work that a client's own key would have cost. */
static void verify_nobody(const la_token_context *context, const la_credentials *credentials)
{
    const la_jwt *t = credentials->assertion;
    const la_public_key *key;
    la_key_set *set = NULL;
    la_slice secret;
    if (credentials->method == LA_AUTH_CLIENT_SECRET_JWT) {
        LA_IGNORE(unwrap(context, credentials->client_id,
                         (la_slice){(const char *)nobodys_wrapped_secret, sizeof nobodys_wrapped_secret}, &secret));
        LA_IGNORE(la_jwt_verify_mac(t, la_slice_of(nobodys_secret)));
        return;
    }
    /* The name of no application: they are counted from 1. */
    la_slice text = la_slice_of(nobodys_keys);
    la_result r = context->key_cache ? la_key_cache_registered(context->key_cache, 0, 0, text, &set)
                                     : la_key_set_parse(text, LA_KEY_SET_FETCHED, &set);
    for (size_t i = 0; la_is_ok(r) && (key = la_key_set_at(set, i)); i++)
        if (la_public_key_fits(key, la_jwt_algorithm(t)))
            LA_IGNORE(la_jwt_verify(t, key));
    la_key_set_free(set);
}

/* ---- what its owner may do ---- */

/* By now the client has proven who it is, and may be told. */
static la_result check_owner(const la_token_context *context, const la_jwt *t, const claims *c,
                             const la_application_record *a)
{
    const la_environment_config *e = la_issuer_environment(context->issuer);
    bool is_fapi = la_binding_is_fapi(context, a);
    if (!a->enabled)
        return la_error(LA_CLIENT_DISABLED);
    LA_TRY(check_algorithm(t, is_fapi));
    if (a->registration.signing_alg.p &&
        !la_slice_is(a->registration.signing_alg, la_jwt_algorithm(t)->name)) /* RFC 7591 2 */
        return la_error(LA_ASSERTION_ALGORITHM);
    if (!c->is_issuer_alone && (is_fapi || !a->registration.token_endpoint_audience))
        return la_error(LA_ASSERTION_AUDIENCE);
    if (c->is_audience_array && is_fapi) /* FAPI 2.0 5.3.2.1 item 8 */
        return la_error(LA_ASSERTION_AUDIENCE);
    return check_times(t, c, lifetime_max_s(e, is_fapi), context->now_s);
}

static la_result use_once(const la_token_context *context, const claims *c, la_slice client_id)
{
    const la_replay_query *replay = &context->replay;
    if (!replay->use)
        return la_error(LA_SERVER_ERROR);
    return replay->use(replay->self, LA_REPLAY_ASSERTION, la_issuer_environment_id(context->issuer), client_id,
                       client_id, c->jti, c->expires_at_s + BEHIND_S, context->now_s);
}

la_result la_client_check_assertion(const la_token_context *context, const la_credentials *credentials,
                                    la_token_outcome *outcome, la_application_record *ret_application)
{
    claims c = {0};
    LA_TRY(check_form(context, credentials, &c));
    la_result found = la_client_look_up(context, credentials->client_id, outcome, ret_application);
    if (!la_is_ok(found) && found.code != LA_NOT_FOUND)
        return found;
    la_result r = la_is_ok(found) ? verify_owner(context, credentials, ret_application, outcome)
                                  : la_error(LA_CLIENT_UNKNOWN);
    if (r.code == LA_PENDING || r.code == LA_NO_MEMORY)
        return r;
    if (!la_is_ok(r) && r.code != LA_ASSERTION_SIGNATURE && r.code != LA_CLIENT_SECRET_EXPIRED)
        verify_nobody(context, credentials);
    bool is_elsewhere = !la_is_ok(r) && la_client_is_elsewhere(context, credentials->client_id);
    if (!la_is_ok(found))
        return la_client_refuse_unknown(is_elsewhere, credentials->client_id, outcome);
    LA_TRY(r);
    r = check_owner(context, credentials->assertion, &c, ret_application);
    if (la_is_ok(r))
        r = use_once(context, &c, credentials->client_id);
    if (!la_is_ok(r)) {
        outcome->secret_id = 0;
        outcome->credential_tag = 0;
    }
    return r;
}
