/*
 * Claims, signature and response. Everything that tokens of one environment share is written once, in la_issuer_new: the
 * JOSE header, encoded, and the start of the claims. A token is then one pass: the claims are encoded straight behind the header into
 * the response, signed where they stand, and the signature is encoded behind them.
 */
#include "oauth/issuer.h"

#include "base/base64url.h"
#include "base/uuid.h"
#include "oauth/binding.h"
#include "oauth/htu.h"
#include "oauth/reuse.h"
#include "oauth/status.h"

#include <stdlib.h>

/* 128 random bits: nobody gets anywhere by guessing one; and the tag of the credential behind them (model.h). */
#define JTI_RANDOM_BYTES (LA_ISSUER_JTI_BYTES - 4)

#define HEADER_MAX 512
#define ISSUER_CLAIM_MAX 1024
#define CLAIMS_MAX 4608 /* the longest issuer, client_id, scopes, audiences and binding together; a test has them all */

struct la_issuer {
    const la_environment_config *config;
    uint16_t environment_id;
    la_signer *signer; /* NULL: no key, no tokens */
    la_buffer header;  /* {"access_token":"<encoded JOSE header>. */
    size_t token_at;   /* where the token begins in it */
    la_buffer claim;   /* "iss":"…", ready */
    unsigned n_targets;
    la_buffer targets[2]; /* URLs of the token endpoint in normal form (oauth/htu.h) */
};

#define RESPONSE_START LA_SLICE("{\"access_token\":\"")

static void write_header(la_issuer *i)
{
    char memory[HEADER_MAX];
    la_buffer json;
    la_buffer_init_fixed(&json, memory, sizeof memory);
    const la_key *key = la_signer_key(i->signer);
    la_buffer_add(&json, LA_SLICE("{\"alg\":"));
    la_buffer_add_json(&json, la_slice_of(la_key_algorithm(key)->name));
    if (i->config->profile == LA_PROFILE_RFC9068) /* RFC 9068 2.1; Spring sends no typ */
        la_buffer_add(&json, LA_SLICE(",\"typ\":\"at+jwt\""));
    la_buffer_add(&json, LA_SLICE(",\"kid\":"));
    la_buffer_add_json(&json, la_slice_of(la_key_id(key)));
    la_buffer_add_char(&json, '}');

    la_buffer_add(&i->header, RESPONSE_START);
    i->token_at = i->header.n;
    la_buffer_add_base64url(&i->header, json.p, json.n);
    la_buffer_add_char(&i->header, '.');
    i->header.failed = i->header.failed || !la_buffer_ok(&json);
}

/* One that is no URL has no normal form, and no proof is for it. */
static void add_target(la_issuer *i, la_slice base)
{
    char url[LA_HTU_MAX], normal[LA_HTU_MAX];
    size_t normal_n;
    la_buffer joined;
    if (!base.p)
        return;
    if (base.n && base.p[base.n - 1] == '/')
        base.n--;
    la_buffer_init_fixed(&joined, url, sizeof url);
    la_buffer_add(&joined, base);
    la_buffer_add(&joined, LA_SLICE("/oauth2/token"));
    if (la_buffer_ok(&joined) && la_htu_normalise(la_buffer_slice(&joined), normal, &normal_n))
        la_buffer_add(&i->targets[i->n_targets++], (la_slice){normal, normal_n});
}

la_issuer *la_issuer_new(const la_environment_config *config, uint16_t environment_id, la_signer *signer)
{
    la_issuer *i = calloc(1, sizeof *i);
    if (!i)
        return NULL;
    i->config = config;
    i->environment_id = environment_id;
    i->signer = signer;
    la_buffer_init(&i->header, HEADER_MAX * 2);
    la_buffer_init(&i->claim, ISSUER_CLAIM_MAX * 2);
    if (signer)
        write_header(i);
    la_buffer_add(&i->claim, LA_SLICE("\"iss\":"));
    la_buffer_add_json(&i->claim, config->issuer);
    la_buffer_init(&i->targets[0], LA_HTU_MAX);
    la_buffer_init(&i->targets[1], LA_HTU_MAX);
    add_target(i, config->issuer);
    add_target(i, config->mtls_url);
    bool ok = la_buffer_ok(&i->header) && la_buffer_ok(&i->claim) && la_buffer_ok(&i->targets[0]) &&
              la_buffer_ok(&i->targets[1]);
    return ok ? i : la_issuer_free(i);
}

la_issuer *la_issuer_free(la_issuer *i)
{
    if (i) {
        la_buffer_done(&i->header);
        la_buffer_done(&i->claim);
        la_buffer_done(&i->targets[0]);
        la_buffer_done(&i->targets[1]);
        free(i);
    }
    return NULL;
}

const la_environment_config *la_issuer_environment(const la_issuer *i)
{
    return i->config;
}

uint16_t la_issuer_environment_id(const la_issuer *i)
{
    return i->environment_id;
}

la_slice la_issuer_kid(const la_issuer *i)
{
    return i->signer ? la_slice_of(la_key_id(la_signer_key(i->signer))) : LA_NO_SLICE;
}

unsigned la_issuer_token_targets(const la_issuer *i, la_slice ret[2])
{
    for (unsigned t = 0; t < i->n_targets; t++)
        ret[t] = la_buffer_slice(&i->targets[t]);
    return i->n_targets;
}

static void add_time(la_buffer *b, la_slice name, int64_t seconds)
{
    la_buffer_add(b, name);
    la_buffer_add_i64(b, seconds);
}

static void make_jti(la_random *random, uint32_t credential_tag, uint8_t ret[LA_ISSUER_JTI_BYTES])
{
    la_random_take(random, ret, JTI_RANDOM_BYTES);
    for (unsigned i = 0; i < 4; i++)
        ret[JTI_RANDOM_BYTES + i] = (uint8_t)(credential_tag >> (24 - 8 * i));
}

/* A string where it is one (RFC 7519 4.1.3). */
static void add_audience(la_buffer *json, const la_grant *grant)
{
    la_buffer_add(json, LA_SLICE(",\"aud\":"));
    if (grant->n_audiences == 1) {
        la_buffer_add_json(json, grant->audiences[0]);
        return;
    }
    for (unsigned i = 0; i < grant->n_audiences; i++) {
        la_buffer_add_char(json, i ? ',' : '[');
        la_buffer_add_json(json, grant->audiences[i]);
    }
    la_buffer_add_char(json, ']');
}

/* RFC 9068 2.2: iss, sub, aud, exp, iat, jti, client_id, scope; customer_id in a customer token; cnf where it is bound. Gives the jti. */
static la_slice write_rfc9068(const la_token_context *context, const la_grant *grant, la_slice client_id,
                              la_slice scope, const la_token_outcome *outcome, const la_status_place *place,
                              la_buffer *json)
{
    uint8_t jti[LA_ISSUER_JTI_BYTES];
    make_jti(context->random, outcome->credential_tag, jti);
    la_buffer_add_char(json, '{');
    la_buffer_add(json, la_buffer_slice(&context->issuer->claim));
    la_buffer_add(json, LA_SLICE(",\"sub\":"));
    la_buffer_add_json(json, client_id);
    add_audience(json, grant);
    add_time(json, LA_SLICE(",\"exp\":"), context->now_s + grant->lifetime_s);
    add_time(json, LA_SLICE(",\"iat\":"), context->now_s);
    la_buffer_add(json, LA_SLICE(",\"jti\":\""));
    size_t jti_at = json->n;
    la_buffer_add_base64url(json, jti, sizeof jti);
    size_t jti_n = json->n - jti_at;
    la_buffer_add(json, LA_SLICE("\",\"client_id\":"));
    la_buffer_add_json(json, client_id);
    la_buffer_add(json, LA_SLICE(",\"scope\":"));
    la_buffer_add_json(json, scope);
    if (grant->customer_id.p) {
        la_buffer_add(json, LA_SLICE(",\"customer_id\":"));
        la_buffer_add_json(json, grant->customer_id);
    }
    la_binding_write_cnf(&outcome->binding, json);
    if (place)
        la_status_write_claim(context->issuer->config, place, json);
    la_buffer_add_char(json, '}');
    return (la_slice){json->p + jti_at, jti_n};
}

/* As Spring Authorization Server writes them: aud is the client unless a resource was named, scope an array, jti a UUID. */
static la_slice write_spring(const la_token_context *context, const la_grant *grant, la_slice client_id,
                             const la_binding *binding, const la_status_place *place, la_buffer *json)
{
    char jti[LA_UUID_CHARS];
    la_uuid_new(context->random, jti);
    la_buffer_add(json, LA_SLICE("{\"sub\":"));
    la_buffer_add_json(json, client_id);
    add_audience(json, grant->has_resource ? grant : &(la_grant){.n_audiences = 1, .audiences = {client_id}});
    add_time(json, LA_SLICE(",\"nbf\":"), context->now_s);
    la_buffer_add(json, LA_SLICE(",\"scope\":["));
    for (unsigned i = 0; i < grant->n_scopes; i++) {
        if (i)
            la_buffer_add_char(json, ',');
        la_buffer_add_json(json, grant->scopes[i]);
    }
    la_buffer_add(json, LA_SLICE("],"));
    la_buffer_add(json, la_buffer_slice(&context->issuer->claim));
    add_time(json, LA_SLICE(",\"exp\":"), context->now_s + grant->lifetime_s);
    add_time(json, LA_SLICE(",\"iat\":"), context->now_s);
    la_buffer_add(json, LA_SLICE(",\"jti\":\""));
    size_t jti_at = json->n;
    la_buffer_add(json, (la_slice){jti, sizeof jti});
    la_buffer_add_char(json, '"');
    la_binding_write_cnf(binding, json);
    if (place)
        la_status_write_claim(context->issuer->config, place, json);
    la_buffer_add_char(json, '}');
    return (la_slice){json->p + jti_at, sizeof jti};
}

static la_slice join_scopes(const la_grant *grant, la_arena *arena)
{
    if (grant->n_scopes == 1)
        return grant->scopes[0];
    size_t n = grant->n_scopes;
    for (unsigned i = 0; i < grant->n_scopes; i++)
        n += grant->scopes[i].n;
    la_buffer joined;
    char *memory = la_arena_take(arena, n);
    if (!memory)
        return LA_NO_SLICE;
    la_buffer_init_fixed(&joined, memory, n);
    for (unsigned i = 0; i < grant->n_scopes; i++) {
        if (i)
            la_buffer_add_char(&joined, ' ');
        la_buffer_add(&joined, grant->scopes[i]);
    }
    return la_buffer_slice(&joined);
}

/* Signs what stands in the body from token_at on, and adds the signature (RFC 7515 5.1). */
static la_result sign(la_signer *signer, size_t token_at, la_buffer *body)
{
    uint8_t signature[LA_SIGNATURE_MAX];
    if (!la_buffer_ok(body))
        return la_error(LA_SERVER_ERROR);
    if (!la_is_ok(la_signer_sign(signer, (la_slice){body->p + token_at, body->n - token_at}, signature)))
        return la_error(LA_SERVER_ERROR);
    la_buffer_add_char(body, '.');
    la_buffer_add_base64url(body, signature, la_signer_signature_bytes(signer));
    return la_ok();
}

la_result la_issuer_sign(const la_issuer *i, la_slice typ, la_slice claims, la_buffer *ret)
{
    if (!i->signer)
        return la_error(LA_NO_SIGNING_KEY);
    char memory[HEADER_MAX];
    la_buffer json;
    size_t token_at = ret->n;
    const la_key *key = la_signer_key(i->signer);
    la_buffer_init_fixed(&json, memory, sizeof memory);
    la_buffer_add(&json, LA_SLICE("{\"alg\":"));
    la_buffer_add_json(&json, la_slice_of(la_key_algorithm(key)->name));
    la_buffer_add(&json, LA_SLICE(",\"typ\":"));
    la_buffer_add_json(&json, typ);
    la_buffer_add(&json, LA_SLICE(",\"kid\":"));
    la_buffer_add_json(&json, la_slice_of(la_key_id(key)));
    la_buffer_add_char(&json, '}');
    la_buffer_add_base64url(ret, json.p, json.n);
    la_buffer_add_char(ret, '.');
    la_buffer_add_base64url(ret, claims.p, claims.n);
    if (!la_buffer_ok(&json))
        return la_error(LA_SERVER_ERROR);
    LA_TRY(sign(i->signer, token_at, ret));
    return la_buffer_ok(ret) ? la_ok() : la_error(LA_SERVER_ERROR);
}

/* Behind what is in the body: the token, new. `ret_jti` lies in `claims`. */
static la_result mint(const la_token_context *context, const la_grant *grant, la_slice client_id, la_slice scope,
                      const la_token_outcome *outcome, la_buffer *claims, la_slice *ret_jti, la_buffer *body)
{
    const la_issuer *i = context->issuer;
    size_t token_at = body->n + i->token_at;
    la_status_place assigned, *place = context->status && i->config->status_list ? &assigned : NULL;
    if (place)
        LA_TRY(la_status_assign(context, outcome->application_id, outcome->credential_tag, grant->customer_id, place));
    if (i->config->profile == LA_PROFILE_SPRING)
        *ret_jti = write_spring(context, grant, client_id, &outcome->binding, place, claims);
    else
        *ret_jti = write_rfc9068(context, grant, client_id, scope, outcome, place, claims);
    if (!la_buffer_ok(claims))
        return la_error(LA_SERVER_ERROR);
    la_buffer_add(body, la_buffer_slice(&i->header));
    la_buffer_add_base64url(body, claims->p, claims->n);
    return sign(i->signer, token_at, body);
}

/* What stands behind the token. RFC 9449 5: a client that cannot do DPoP must not take its token for a bearer's. */
static void write_rest(const la_grant *grant, const la_token_outcome *outcome, uint32_t lifetime_s, la_buffer *body)
{
    la_buffer_add(body, outcome->binding.kind == LA_BINDING_DPOP
                            ? LA_SLICE("\",\"token_type\":\"DPoP\",\"expires_in\":")
                            : LA_SLICE("\",\"token_type\":\"bearer\",\"expires_in\":"));
    la_buffer_add_u64(body, lifetime_s);
    la_buffer_add(body, LA_SLICE(",\"scope\":"));
    la_buffer_add_json(body, outcome->scope);
    if (grant->is_exchange) /* RFC 8693 2.2.1 */
        la_buffer_add(body, LA_SLICE(",\"issued_token_type\":\"urn:ietf:params:oauth:token-type:access_token\""));
    la_buffer_add_char(body, '}');
}

static la_result mint_and_keep(const la_token_context *context, const la_grant *grant, la_slice client_id,
                               const la_token_outcome *outcome, const la_reuse *reuse, la_buffer *body)
{
    char memory[CLAIMS_MAX];
    la_buffer claims;
    la_slice jti;
    size_t token_at = body->n + context->issuer->token_at;
    la_buffer_init_fixed(&claims, memory, sizeof memory);
    LA_TRY(mint(context, grant, client_id, outcome->scope, outcome, &claims, &jti, body));
    if (la_buffer_ok(body))
        la_reuse_keep(context, reuse, (la_slice){body->p + token_at, body->n - token_at}, jti, grant->lifetime_s);
    return la_ok();
}

la_result la_issuer_write_response(const la_token_context *context, const la_application_record *application,
                                   const la_grant *grant, la_token_outcome *outcome, la_buffer *ret_body)
{
    la_reuse reuse;
    la_slice token;
    uint32_t lifetime_s = grant->lifetime_s;
    if (!context->issuer->signer)
        return la_error(LA_NO_SIGNING_KEY);
    outcome->scope = join_scopes(grant, context->arena);
    if (!outcome->scope.p)
        return la_error(LA_NO_MEMORY);
    la_reuse_begin(context, application, grant, outcome, &reuse);
    if (la_reuse_find(context, application, &reuse, outcome, grant->customer_id, &token, &lifetime_s)) {
        la_buffer_add(ret_body, RESPONSE_START);
        la_buffer_add(ret_body, token);
    } else {
        LA_TRY(mint_and_keep(context, grant, application->client_id, outcome, &reuse, ret_body));
    }
    write_rest(grant, outcome, lifetime_s, ret_body);
    return la_buffer_ok(ret_body) ? la_ok() : la_error(LA_SERVER_ERROR);
}
