#include "prover.h"

#include "base/base64url.h"

#define USED_MAX 64

static struct {
    unsigned n;
    char entries[USED_MAX][512];
} used;

void prover_init(prover *p, const char *algorithm)
{
    la_buffer jwk;
    size_t n = 0;
    memset(p, 0, sizeof *p);
    assert_ok(la_key_generate(la_algorithm_find(la_slice_of(algorithm)), &p->key));
    assert_ok(la_signer_new(p->key, &p->signer));
    assert_ok(la_base64url_decode(la_slice_of(la_key_id(p->key)), p->jkt, sizeof p->jkt, &n));
    la_buffer_init_fixed(&jwk, p->jwk, sizeof p->jwk);
    la_key_write_jwk(p->key, &jwk);
    la_buffer_text(&jwk);
}

void prover_done(prover *p)
{
    la_signer_free(p->signer);
    la_key_free(p->key);
}

la_slice prover_sign(prover *p, const char *header, const char *claims)
{
    uint8_t signature[LA_SIGNATURE_MAX];
    la_buffer b;
    la_buffer_init_fixed(&b, p->proof, sizeof p->proof);
    la_buffer_add_base64url(&b, header, strlen(header));
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, claims, strlen(claims));
    assert_ok(la_signer_sign(p->signer, la_buffer_slice(&b), signature));
    la_buffer_add_char(&b, '.');
    la_buffer_add_base64url(&b, signature, la_signer_signature_bytes(p->signer));
    assert_true(la_buffer_ok(&b));
    return la_buffer_slice(&b);
}

la_slice prover_proof(prover *p, const char *jti, int64_t iat_s, const char *more)
{
    char header[LA_JWK_MAX + 100], claims[1024];
    snprintf(header, sizeof header, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%s}", la_key_algorithm(p->key)->name,
             p->jwk);
    snprintf(claims, sizeof claims, "{\"jti\":\"%s\",\"htm\":\"POST\",\"htu\":\"" TOKEN_URL "\",\"iat\":%lld%s}", jti,
             (long long)iat_s, more);
    return prover_sign(p, header, claims);
}

static la_result use(void *self, la_replay_kind kind, uint16_t environment_id, la_slice client_id, la_slice issuer,
                     la_slice jti, int64_t expires_at_s, int64_t now_s)
{
    char entry[512], issuer_text[LA_BASE64URL_CHARS(LA_CLIENT_ID_MAX) + 1] = {0};
    (void)self;
    assert_true(client_id.n > 0);
    assert_true(expires_at_s > now_s);
    assert_true(kind == LA_REPLAY_DPOP || la_slice_equal(client_id, issuer));
    assert_true(issuer.n > 0 && issuer.n <= LA_CLIENT_ID_MAX);
    assert_true(kind == LA_REPLAY_ASSERTION || issuer.n == LA_THUMBPRINT_BYTES);
    la_base64url_encode(issuer.p, issuer.n, issuer_text);
    snprintf(entry, sizeof entry, "%d %d %s %.*s", (int)kind, environment_id, issuer_text, LA_FMT(jti));
    for (unsigned i = 0; i < used.n; i++)
        if (strcmp(used.entries[i], entry) == 0)
            return la_error(LA_REPLAYED);
    if (used.n == USED_MAX)
        return la_error(LA_OVERLOADED);
    memcpy(used.entries[used.n++], entry, sizeof entry);
    return la_ok();
}

void prover_remember(la_token_context *context)
{
    used.n = 0;
    context->replay = (la_replay_query){use, NULL};
}
