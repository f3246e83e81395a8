/*
 * The checks of RFC 9449 4.3 in an order in which what is cheap comes first, and in which nothing is remembered of a proof whose
 * signature has not been verified: a jti is used up only by a proof that is right in everything else.
 */
#include "oauth/dpop.h"

#include "base/base64url.h"
#include "oauth/htu.h"
#include "oauth/issuer.h"

#define JTI_BYTES_MAX 256
/* What a client's clock may be ahead: FAPI 2.0 5.3.2.1 item 13 wants 10 s to be taken and 60 s to be refused. */
#define AHEAD_S 30

/* What is compared; slices of the proof. */
typedef struct claims {
    la_slice jti, htm, htu, ath, nonce; /* absent where they are not there */
    bool has_iat;
    int64_t iat_s;
} claims;

static bool is_target(la_slice htu, const la_dpop_demand *demand)
{
    char normal[LA_HTU_MAX];
    size_t n;
    if (!la_htu_normalise(htu, normal, &n))
        return false;
    for (unsigned i = 0; i < demand->n_targets; i++)
        if (la_slice_equal((la_slice){normal, n}, demand->targets[i]))
            return true;
    return false;
}

/* RFC 9449 4.3 item 12. */
static bool is_digest_of(la_slice ath, la_slice access_token)
{
    uint8_t digest[LA_SHA256_BYTES];
    char text[LA_BASE64URL_CHARS(LA_SHA256_BYTES)];
    la_sha256(access_token.p, access_token.n, digest);
    la_base64url_encode(digest, sizeof digest, text);
    return la_slice_equal(ath, (la_slice){text, sizeof text});
}

static la_result read_proof(la_slice field, unsigned n_lines, unsigned algorithms, la_jwt **ret)
{
    if (n_lines != 1)
        return la_error(LA_DPOP_REPEATED);
    /* All that are known, so that one of the wrong kind can be told from none. */
    la_result r = la_jwt_read(field, LA_ALGORITHMS_ASYMMETRIC | LA_ALGORITHMS_HMAC, ret);
    if (!la_is_ok(r))
        return r.code == LA_NO_MEMORY ? r : la_error(LA_DPOP_MALFORMED);
    if (!la_jwt_has_type(*ret, "dpop+jwt"))
        return la_error(LA_DPOP_TYPE);
    return la_jwt_algorithm(*ret)->sets & algorithms ? la_ok() : la_error(LA_DPOP_ALGORITHM);
}

static la_result read_claims(const la_jwt *proof, claims *ret)
{
    if (!la_is_ok(la_jwt_text(proof, "jti", &ret->jti)) || !la_is_ok(la_jwt_text(proof, "htm", &ret->htm)) ||
        !la_is_ok(la_jwt_text(proof, "htu", &ret->htu)) || !la_is_ok(la_jwt_text(proof, "ath", &ret->ath)) ||
        !la_is_ok(la_jwt_text(proof, "nonce", &ret->nonce)) ||
        !la_is_ok(la_jwt_time(proof, "iat", &ret->has_iat, &ret->iat_s)))
        return la_error(LA_DPOP_CLAIMS);
    if (ret->jti.n == 0 || ret->jti.n > JTI_BYTES_MAX || !ret->htm.p || !ret->htu.p || !ret->has_iat)
        return la_error(LA_DPOP_CLAIMS);
    return la_ok();
}

/* A proof has no need of exp and nbf; where it has them, they say what they say everywhere (RFC 7519 4.1.4, 4.1.5). */
static la_result check_times(const la_token_context *context, const la_jwt *proof, int64_t iat_s)
{
    int64_t oldest_s = context->now_s - la_issuer_environment(context->issuer)->dpop.proof_lifetime_s;
    int64_t newest_s = context->now_s + AHEAD_S, exp_s = 0, nbf_s = 0;
    bool has_exp, has_nbf;
    if (!la_is_ok(la_jwt_time(proof, "exp", &has_exp, &exp_s)) ||
        !la_is_ok(la_jwt_time(proof, "nbf", &has_nbf, &nbf_s)))
        return la_error(LA_DPOP_CLAIMS);
    if (iat_s < oldest_s || iat_s > newest_s || (has_exp && exp_s <= context->now_s) || (has_nbf && nbf_s > newest_s))
        return la_error(LA_DPOP_TIME);
    return la_ok();
}

static la_result check_claims(const la_token_context *context, const la_jwt *proof, const claims *c,
                              const la_dpop_demand *demand)
{
    if (!la_slice_equal(c->htm, demand->method))
        return la_error(LA_DPOP_METHOD);
    if (!is_target(c->htu, demand))
        return la_error(LA_DPOP_TARGET);
    LA_TRY(check_times(context, proof, c->iat_s));
    if (demand->access_token.p && !is_digest_of(c->ath, demand->access_token))
        return la_error(LA_DPOP_ACCESS_TOKEN);
    return la_ok();
}

/* The one place where a key that a token brings along is used: it proves nothing but that the sender has it (RFC 9449 4.3 items 6, 7). */
static la_result verify(const la_token_context *context, const la_jwt *proof, uint8_t ret_jkt[LA_THUMBPRINT_BYTES])
{
    la_public_key *key = NULL;
    la_result r = context->key_cache ? la_key_cache_embedded(context->key_cache, proof, &key)
                                     : la_jwt_embedded_key(proof, &key);
    if (!la_is_ok(r))
        return r.code == LA_NO_MEMORY ? r : la_error(LA_DPOP_KEY);
    if (!la_public_key_fits(key, la_jwt_algorithm(proof)))
        r = la_error(LA_DPOP_KEY);
    else if (!la_is_ok(r = la_jwt_verify(proof, key)))
        r = r.code == LA_INVALID ? la_error(LA_DPOP_SIGNATURE) : la_error(LA_SERVER_ERROR);
    else
        memcpy(ret_jkt, la_public_key_thumbprint(key), LA_THUMBPRINT_BYTES);
    la_public_key_free(key);
    return r;
}

/* After everything else but the jti, so that a client that only lacks a nonce learns it with the next one (RFC 9449 8). */
static la_result check_nonce(const la_token_context *context, const claims *c, const la_dpop_demand *demand,
                             la_slice *ret_nonce)
{
    if (!demand->nonce_required)
        return la_ok();
    la_dpop_nonce_state state = la_dpop_nonce_check(context, c->nonce, demand->is_resource);
    if (state == LA_NONCE_FRESH)
        return la_ok();
    *ret_nonce = la_dpop_nonce_new(context, demand->is_resource);
    if (!ret_nonce->p)
        return la_error(LA_NO_MEMORY);
    return state == LA_NONCE_AGING ? la_ok() : la_error(LA_DPOP_NONCE);
}

/* RFC 9449 11.1: until its iat alone would have it refused. */
static la_result use_once(const la_token_context *context, const claims *c, const uint8_t jkt[LA_THUMBPRINT_BYTES])
{
    const la_replay_query *replay = &context->replay;
    int64_t expires_at_s = c->iat_s + la_issuer_environment(context->issuer)->dpop.proof_lifetime_s + 1;
    if (!replay->use)
        return la_error(LA_SERVER_ERROR);
    la_result r = replay->use(replay->self, LA_REPLAY_DPOP, la_issuer_environment_id(context->issuer),
                              (la_slice){(const char *)jkt, LA_THUMBPRINT_BYTES}, c->jti, expires_at_s, context->now_s);
    return r.code == LA_REPLAYED ? la_error(LA_DPOP_REPLAYED) : r;
}

la_result la_dpop_check(const la_token_context *context, la_slice field, unsigned n_lines, const la_dpop_demand *demand,
                        uint8_t ret_jkt[LA_THUMBPRINT_BYTES], la_slice *ret_nonce)
{
    la_jwt *proof = NULL;
    claims c = {0};
    la_result r = read_proof(field, n_lines, demand->fapi ? LA_ALGORITHMS_FAPI : LA_ALGORITHMS_ASYMMETRIC, &proof);
    if (la_is_ok(r))
        r = read_claims(proof, &c);
    if (la_is_ok(r))
        r = check_claims(context, proof, &c, demand);
    if (la_is_ok(r))
        r = verify(context, proof, ret_jkt);
    if (la_is_ok(r))
        r = check_nonce(context, &c, demand, ret_nonce);
    if (la_is_ok(r))
        r = use_once(context, &c, ret_jkt);
    la_jwt_free(proof);
    return r;
}

static void write_list(bool fapi, la_slice before, la_slice between, bool quoted, la_buffer *ret)
{
    const la_algorithm *a;
    la_buffer_add(ret, before);
    for (size_t i = 0; (a = la_algorithm_at_in(fapi ? LA_ALGORITHMS_FAPI : LA_ALGORITHMS_ASYMMETRIC, i)); i++) {
        if (i)
            la_buffer_add(ret, between);
        if (quoted)
            la_buffer_add_char(ret, '"');
        la_buffer_add_text(ret, a->name);
        if (quoted)
            la_buffer_add_char(ret, '"');
    }
}

void la_dpop_write_algorithms(bool fapi, la_buffer *ret_json)
{
    write_list(fapi, LA_SLICE("["), LA_SLICE(","), true, ret_json);
    la_buffer_add_char(ret_json, ']');
}

void la_dpop_write_algs(bool fapi, la_buffer *ret)
{
    write_list(fapi, LA_SLICE(""), LA_SLICE(" "), false, ret);
}
