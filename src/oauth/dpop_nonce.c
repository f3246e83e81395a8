/*
 * Nonces of DPoP (RFC 9449 8, 9) without any memory of them: the time at which it was made, and a MAC under the pepper, which all
 * nodes with the same store have. So a nonce of one node is good at the next, nobody else can make one, and none can be told
 * ahead of its second.
 */
#include "base/base64url.h"
#include "oauth/dpop.h"
#include "oauth/issuer.h"

#define TIME_BYTES 8
#define MAC_BYTES 16
#define NONCE_BYTES (TIME_BYTES + MAC_BYTES)
#define AHEAD_S 10 /* what another node's clock may be ahead */

_Static_assert(LA_BASE64URL_CHARS(NONCE_BYTES) == LA_DPOP_NONCE_CHARS, "a nonce's length");

/* No client secret begins with a zero byte, so this is the digest of none (RFC 6749 A.2). */
#define PURPOSE "\0leanauth dpop nonce\0"

static void put_number(uint8_t *to, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static void make(const la_token_context *context, bool is_resource, uint64_t made_at_s, uint8_t ret[NONCE_BYTES])
{
    uint8_t input[sizeof PURPOSE - 1 + 1 + 2 + TIME_BYTES], digest[LA_DIGEST_BYTES];
    uint8_t *p = input;
    memcpy(p, PURPOSE, sizeof PURPOSE - 1);
    p += sizeof PURPOSE - 1;
    *p++ = is_resource ? 'r' : 't';
    put_number(p, 2, la_issuer_environment_id(context->issuer));
    put_number(p + 2, TIME_BYTES, made_at_s);
    la_hasher_digest(context->hasher, (la_slice){(const char *)input, sizeof input}, digest);
    put_number(ret, TIME_BYTES, made_at_s);
    memcpy(ret + TIME_BYTES, digest, MAC_BYTES);
}

la_slice la_dpop_nonce_new(const la_token_context *context, bool is_resource)
{
    uint8_t nonce[NONCE_BYTES];
    char *text = la_arena_take(context->arena, LA_DPOP_NONCE_CHARS);
    if (!text)
        return LA_NO_SLICE;
    make(context, is_resource, (uint64_t)context->now_s, nonce);
    la_base64url_encode(nonce, sizeof nonce, text);
    return (la_slice){text, LA_DPOP_NONCE_CHARS};
}

la_dpop_nonce_state la_dpop_nonce_check(const la_token_context *context, la_slice nonce, bool is_resource)
{
    uint8_t bytes[NONCE_BYTES], expected[NONCE_BYTES];
    size_t n = 0;
    uint64_t made_at_s = 0;
    int64_t lifetime_s = la_issuer_environment(context->issuer)->dpop.nonce_lifetime_s;
    if (nonce.n != LA_DPOP_NONCE_CHARS || !la_is_ok(la_base64url_decode(nonce, bytes, sizeof bytes, &n)) ||
        n != sizeof bytes)
        return LA_NONCE_INVALID;
    for (unsigned i = 0; i < TIME_BYTES; i++)
        made_at_s = made_at_s << 8 | bytes[i];
    make(context, is_resource, made_at_s, expected);
    if (!la_equal_ct(bytes, expected, sizeof bytes) || made_at_s > INT64_MAX)
        return LA_NONCE_INVALID;
    int64_t age_s = context->now_s - (int64_t)made_at_s;
    if (age_s < -AHEAD_S || age_s > lifetime_s)
        return LA_NONCE_INVALID;
    return age_s > lifetime_s / 2 ? LA_NONCE_AGING : LA_NONCE_FRESH;
}
