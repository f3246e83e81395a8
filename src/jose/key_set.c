/* JWK sets. Knows which keys of one are ours to use, and which of them a token names; must not know where a set comes from. */
#include "jose/key_set.h"

#include "jose/jwk.h"
#include "jose/jws.h"
#include "jose/public_key_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

struct la_key_set {
    atomic_uint references;
    size_t n;
    la_public_key *keys[]; /* up to as many as the text had */
};

/* Names a key of a set to whoever registers it: by its place, and its kid where that can be shown. */
static la_result fail_key(la_result r, size_t i, const json_t *jwk)
{
    la_slice kid = la_jwk_text(jwk, "kid");
    if (kid.p && kid.n <= LA_JWS_KID_MAX && la_is_vschar(kid))
        return la_fail_context(r, "key %zu of the set (kid %.*s): ", i + 1, LA_FMT(kid));
    return la_fail_context(r, "key %zu of the set: ", i + 1);
}

static la_result check_kid_once(const la_key_set *s, const la_public_key *k)
{
    la_slice kid = la_public_key_id(k);
    for (size_t i = 0; kid.p && i < s->n; i++)
        if (la_slice_equal(la_public_key_id(s->keys[i]), kid))
            return la_fail(LA_INVALID, "another key has the same kid");
    return la_ok();
}

static la_result add_key(la_key_set *s, const json_t *jwk, la_key_set_mode mode)
{
    bool strict = mode == LA_KEY_SET_REGISTERED;
    la_public_key *k = NULL;
    if (json_is_object(jwk) && !la_is_ok(la_jwk_check_use(jwk)))
        return la_ok();
    la_result r = la_public_key_read(jwk, LA_JWK_CERTIFICATE | (strict ? LA_JWK_THOROUGH : 0), &k);
    if (la_is_ok(r) && strict)
        r = check_kid_once(s, k);
    if (la_is_ok(r))
        s->keys[s->n++] = k;
    else
        la_public_key_free(k);
    return r.code == LA_INVALID && !strict ? la_ok() : r;
}

static la_result read_keys(const json_t *keys, la_key_set_mode mode, la_key_set **ret)
{
    size_t i, n = json_array_size(keys);
    json_t *jwk;
    if (!json_is_array(keys))
        return la_fail(LA_INVALID, "the key set has no array keys");
    if (n > LA_KEY_SET_KEYS_MAX)
        return la_fail(LA_TOO_LARGE, "the key set has more than %d keys", LA_KEY_SET_KEYS_MAX);
    la_key_set *s = calloc(1, sizeof *s + n * sizeof s->keys[0]);
    if (!s)
        return la_fail(LA_NO_MEMORY, "out of memory for a key set");
    atomic_init(&s->references, 1);
    la_result r = la_ok();
    json_array_foreach(keys, i, jwk)
    {
        r = add_key(s, jwk, mode);
        if (!la_is_ok(r)) {
            r = fail_key(r, i, jwk);
            break;
        }
    }
    if (la_is_ok(r) && s->n == 0)
        r = la_fail(LA_INVALID, "the key set has no key that can verify a signature");
    if (la_is_ok(r))
        *ret = s;
    else
        la_key_set_free(s);
    return r;
}

la_result la_key_set_parse(la_slice text, la_key_set_mode mode, la_key_set **ret)
{
    json_t *value = NULL;
    if (text.n > LA_KEY_SET_TEXT_MAX)
        return la_fail(LA_TOO_LARGE, "the key set has more than %d bytes", LA_KEY_SET_TEXT_MAX);
    la_result r = la_jws_read_json(text, 0, &value);
    if (!la_is_ok(r) || !json_is_object(value)) {
        json_decref(value);
        return r.code == LA_NO_MEMORY ? la_fail(LA_NO_MEMORY, "out of memory for a key set")
                                      : la_fail(LA_INVALID, "the key set is not a JSON object with each member once");
    }
    r = read_keys(json_object_get(value, "keys"), mode, ret);
    json_decref(value);
    return r;
}

la_key_set *la_key_set_hold(const la_key_set *s)
{
    la_key_set *held = (la_key_set *)(uintptr_t)s; /* only the count changes */
    if (held)
        atomic_fetch_add_explicit(&held->references, 1, memory_order_relaxed);
    return held;
}

la_key_set *la_key_set_free(la_key_set *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1)
        return NULL;
    for (size_t i = 0; i < s->n; i++)
        la_public_key_free(s->keys[i]);
    free(s);
    return NULL;
}

size_t la_key_set_count(const la_key_set *s)
{
    return s->n;
}

const la_public_key *la_key_set_at(const la_key_set *s, size_t i)
{
    return i < s->n ? s->keys[i] : NULL;
}

static bool is_named(const la_public_key *k, la_slice kid)
{
    la_slice own = la_public_key_id(k);
    return own.p ? la_slice_equal(own, kid) : la_slice_is(kid, la_public_key_thumbprint_text(k));
}

la_result la_key_set_verify(const la_key_set *s, const la_jwt *t, const la_public_key **ret_key)
{
    la_slice kid = la_jwt_kid(t);
    la_result r = la_error(LA_NOT_FOUND);
    unsigned attempts = 0;
    for (size_t i = 0; i < s->n; i++) {
        const la_public_key *k = s->keys[i];
        if ((kid.p && !is_named(k, kid)) || !la_public_key_fits(k, la_jwt_algorithm(t)))
            continue;
        if (attempts++ == LA_KEY_SET_ATTEMPTS_MAX)
            return la_fail(LA_TOO_LARGE, "more than %d keys of the set fit the token", LA_KEY_SET_ATTEMPTS_MAX);
        r = la_jwt_verify(t, k);
        if (la_is_ok(r))
            *ret_key = k;
        if (r.code != LA_INVALID)
            return r;
    }
    if (!attempts)
        return la_fail(LA_NOT_FOUND, kid.p ? "no key of the set has the header's kid and fits its alg"
                                           : "no key of the set fits the header's alg");
    return r;
}
