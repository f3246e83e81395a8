/* The checks of RFC 9449 4.3 in an order in which what is cheap comes first. */
#include "oauth/proof.h"

#include "base/base64url.h"
#include "base/secret.h"
#include "oauth/htu.h"

#define JTI_BYTES_MAX 256
/* What a client's clock may be ahead: FAPI 2.0 5.3.2.1 item 13 wants 10 s to be taken and 60 s to be refused. */
#define AHEAD_S 30

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

static la_result read_form(la_slice field, unsigned n_lines, bool fapi, la_jwt **ret)
{
    if (n_lines != 1)
        return la_error(LA_DPOP_REPEATED);
    /* All that are known, so that one of the wrong kind can be told from none. */
    la_result r = la_jwt_read(field, LA_ALGORITHMS_ASYMMETRIC | LA_ALGORITHMS_HMAC, ret);
    if (!la_is_ok(r))
        return r.code == LA_NO_MEMORY ? r : la_error(LA_DPOP_MALFORMED);
    if (!la_jwt_has_type(*ret, "dpop+jwt"))
        return la_error(LA_DPOP_TYPE);
    unsigned algorithms = fapi ? LA_ALGORITHMS_FAPI : LA_ALGORITHMS_ASYMMETRIC;
    return la_jwt_algorithm(*ret)->sets & algorithms ? la_ok() : la_error(LA_DPOP_ALGORITHM);
}

static la_result read_claims(la_proof *p)
{
    bool has_iat = false;
    if (!la_is_ok(la_jwt_text(p->jwt, "jti", &p->jti)) || !la_is_ok(la_jwt_text(p->jwt, "htm", &p->htm)) ||
        !la_is_ok(la_jwt_text(p->jwt, "htu", &p->htu)) || !la_is_ok(la_jwt_text(p->jwt, "ath", &p->ath)) ||
        !la_is_ok(la_jwt_text(p->jwt, "nonce", &p->nonce)) ||
        !la_is_ok(la_jwt_time(p->jwt, "iat", &has_iat, &p->iat_s)))
        return la_error(LA_DPOP_CLAIMS);
    if (p->jti.n == 0 || p->jti.n > JTI_BYTES_MAX || !p->htm.p || !p->htu.p || !has_iat)
        return la_error(LA_DPOP_CLAIMS);
    return la_ok();
}

/* A proof has no need of exp and nbf; where it has them, they say what they say everywhere (RFC 7519 4.1.4, 4.1.5). */
static la_result check_times(const la_proof *p, const la_dpop_demand *demand)
{
    int64_t newest_s = demand->now_s + AHEAD_S, exp_s = 0, nbf_s = 0;
    bool has_exp, has_nbf;
    if (!la_is_ok(la_jwt_time(p->jwt, "exp", &has_exp, &exp_s)) ||
        !la_is_ok(la_jwt_time(p->jwt, "nbf", &has_nbf, &nbf_s)))
        return la_error(LA_DPOP_CLAIMS);
    if (p->iat_s < demand->now_s - demand->lifetime_s || p->iat_s > newest_s)
        return la_error(LA_DPOP_TIME);
    if ((has_exp && exp_s <= demand->now_s) || (has_nbf && nbf_s > newest_s))
        return la_error(LA_DPOP_TIME);
    return la_ok();
}

static la_result check_claims(const la_proof *p, const la_dpop_demand *demand)
{
    if (!la_slice_equal(p->htm, demand->method))
        return la_error(LA_DPOP_METHOD);
    if (!is_target(p->htu, demand))
        return la_error(LA_DPOP_TARGET);
    LA_TRY(check_times(p, demand));
    if (demand->access_token.p && !is_digest_of(p->ath, demand->access_token))
        return la_error(LA_DPOP_ACCESS_TOKEN);
    return la_ok();
}

/* The one place where a key that a token brings along is used: it proves nothing but that the sender has it (RFC 9449 4.3 items 6, 7). */
static la_result verify(la_proof *p, la_key_cache *cache)
{
    la_public_key *key = NULL;
    la_result r = cache ? la_key_cache_embedded(cache, p->jwt, &key) : la_jwt_embedded_key(p->jwt, &key);
    if (!la_is_ok(r))
        return r.code == LA_NO_MEMORY ? r : la_error(LA_DPOP_KEY);
    if (!la_public_key_fits(key, la_jwt_algorithm(p->jwt)))
        r = la_error(LA_DPOP_KEY);
    else if (!la_is_ok(r = la_jwt_verify(p->jwt, key)))
        r = r.code == LA_INVALID ? la_error(LA_DPOP_SIGNATURE) : la_error(LA_SERVER_ERROR);
    else
        memcpy(p->jkt, la_public_key_thumbprint(key), LA_THUMBPRINT_BYTES);
    la_public_key_free(key);
    return r;
}

la_result la_proof_check(la_slice field, unsigned n_lines, const la_dpop_demand *demand, la_key_cache *cache,
                         la_proof *ret)
{
    *ret = (la_proof){0};
    LA_TRY(read_form(field, n_lines, demand->fapi, &ret->jwt));
    LA_TRY(read_claims(ret));
    LA_TRY(check_claims(ret, demand));
    return verify(ret, cache);
}

void la_proof_done(la_proof *p)
{
    p->jwt = la_jwt_free(p->jwt);
}
