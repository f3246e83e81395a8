/*
 * What a server remembers of proofs: their nonces, and which jti was used. Nothing is remembered of a proof whose signature has not been
 * verified: a jti is used up only by a proof that is right in everything else.
 */
#include "oauth/dpop.h"

#include "oauth/issuer.h"

/* After everything else but the jti, so that a client that only lacks a nonce learns it with the next one (RFC 9449 8). */
static la_result check_nonce(const la_token_context *context, const la_proof *p, const la_dpop_demand *demand,
                             la_slice *ret_nonce)
{
    if (!demand->nonce_required)
        return la_ok();
    la_dpop_nonce_state state = la_dpop_nonce_check(context, p->nonce, demand->is_resource);
    if (state == LA_NONCE_FRESH)
        return la_ok();
    *ret_nonce = la_dpop_nonce_new(context, demand->is_resource);
    if (!ret_nonce->p)
        return la_error(LA_NO_MEMORY);
    return state == LA_NONCE_AGING ? la_ok() : la_error(LA_DPOP_NONCE);
}

/* RFC 9449 11.1: until its iat alone would have it refused. */
static la_result use_once(const la_token_context *context, const la_proof *p, const la_dpop_demand *demand)
{
    const la_replay_query *replay = &context->replay;
    if (!replay->use)
        return la_error(LA_SERVER_ERROR);
    la_result r = replay->use(replay->self, LA_REPLAY_DPOP, la_issuer_environment_id(context->issuer),
                              demand->client_id, (la_slice){(const char *)p->jkt, sizeof p->jkt}, p->jti,
                              p->iat_s + demand->lifetime_s + 1, context->now_s);
    return r.code == LA_REPLAYED ? la_error(LA_DPOP_REPLAYED) : r;
}

la_result la_dpop_check(const la_token_context *context, la_slice field, unsigned n_lines, const la_dpop_demand *demand,
                        uint8_t ret_jkt[LA_THUMBPRINT_BYTES], la_slice *ret_nonce)
{
    la_proof p;
    la_dpop_demand timed = *demand;
    timed.now_s = context->now_s;
    timed.lifetime_s = la_issuer_environment(context->issuer)->dpop.proof_lifetime_s;
    la_result r = la_proof_check(field, n_lines, &timed, context->key_cache, &p);
    if (la_is_ok(r))
        r = check_nonce(context, &p, demand, ret_nonce);
    if (la_is_ok(r))
        r = use_once(context, &p, &timed);
    if (la_is_ok(r))
        memcpy(ret_jkt, p.jkt, LA_THUMBPRINT_BYTES);
    la_proof_done(&p);
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
