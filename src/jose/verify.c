/*
 * Verification of a compact JWS with a key set as JSON. Knows how a key of it is chosen; must not know claims, nor fetch anything:
 * jwk, jku, x5u and x5c of a header are never looked at (RFC 8725 3.10).
 */
#include "jose/verify.h"

#include "jose/jwk.h"
#include "jose/jws.h"
#include "jose/public_key_internal.h"

la_result la_jwks_parse(la_slice text, json_t **ret)
{
    if (text.n > LA_JWKS_MAX)
        return la_fail(LA_TOO_LARGE, "the key set has more than %d bytes", LA_JWKS_MAX);
    json_t *value = NULL;
    if (!la_is_ok(la_jws_read_json(text, 0, &value)) || !json_is_object(value)) {
        json_decref(value);
        return la_fail(LA_INVALID, "the key set is not a JSON object with each member once");
    }
    *ret = value;
    return la_ok();
}

/* Whether the key may be used for this header at all. */
static la_result check_fit(const json_t *jwk, const la_jws_parts *t)
{
    LA_TRY(la_jwk_check_fit(jwk, t->algorithm));
    return la_jwk_check_use(jwk);
}

static la_result verify_with(const json_t *jwk, const la_jws_parts *t)
{
    la_public_key *k = NULL;
    LA_TRY(la_public_key_read(jwk, 0, &k));
    la_result r = la_public_key_verify(k, t->algorithm, t->signed_input, t->signature);
    la_public_key_free(k);
    return r;
}

static bool has_kid(const json_t *jwk, la_slice kid)
{
    return la_slice_equal(la_jwk_text(jwk, "kid"), kid) && json_is_string(json_object_get(jwk, "kid"));
}

static la_result verify_with_set(const json_t *keys, const la_jws_parts *t)
{
    if (json_array_size(keys) > LA_JWKS_KEYS_MAX)
        return la_fail(LA_TOO_LARGE, "the key set has more than %d keys", LA_JWKS_KEYS_MAX);
    la_result r = la_ok();
    unsigned attempts = 0, named = 0;
    size_t i;
    json_t *jwk;
    json_array_foreach(keys, i, jwk)
    {
        if (t->kid.p && !has_kid(jwk, t->kid))
            continue;
        named++;
        la_result fit = check_fit(jwk, t);
        if (!la_is_ok(fit)) {
            if (!attempts)
                r = fit;
            continue;
        }
        if (attempts++ == LA_JWKS_ATTEMPTS_MAX)
            return la_fail(LA_TOO_LARGE, "more than %d keys of the set fit the token", LA_JWKS_ATTEMPTS_MAX);
        r = verify_with(jwk, t);
        if (r.code != LA_INVALID)
            return r;
    }
    if (!named)
        return la_fail(LA_INVALID, t->kid.p ? "no key of the set has the header's kid" : "the key set is empty");
    return r;
}

static la_result verify_signature(const json_t *jwks, const la_jws_parts *t)
{
    if (!json_is_object(jwks))
        return la_fail(LA_INVALID, "the key set is not a JSON object");
    const json_t *keys = json_object_get(jwks, "keys");
    if (keys)
        return json_is_array(keys) ? verify_with_set(keys, t)
                                   : la_fail(LA_INVALID, "the member keys of the key set is not an array");
    if (t->kid.p && json_object_get(jwks, "kid") && !has_kid(jwks, t->kid))
        return la_fail(LA_INVALID, "the key does not have the header's kid");
    LA_TRY(check_fit(jwks, t));
    return verify_with(jwks, t);
}

la_result la_jws_verify(la_slice compact, const json_t *jwks, la_jws *ret)
{
    if (compact.n > LA_JWS_MAX)
        return la_fail(LA_TOO_LARGE, "the token has more than %d bytes", LA_JWS_MAX);
    uint8_t decoded[LA_JWS_MAX];
    la_jws_parts t;
    json_t *payload = NULL;
    LA_TRY(la_jws_read(compact, LA_ALGORITHMS_ASYMMETRIC, decoded, &t));
    la_result r = verify_signature(jwks, &t);
    if (!la_is_ok(r)) {
        json_decref(t.header);
        return r;
    }
    LA_IGNORE(la_jws_read_json(t.payload, JSON_DECODE_ANY, &payload)); /* NULL where it is not JSON */
    *ret = (la_jws){t.header, payload};
    return la_ok();
}
