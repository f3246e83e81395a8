/* Verification of our own tokens. Knows published keys; must not know claims, nor which environment it is for. */
#include "jose/verifier.h"

#include <stdatomic.h>
#include <stdlib.h>

struct la_verifier {
    atomic_uint references;
    size_t n;
    la_public_key *keys[];
};

la_result la_verifier_new(const la_slice *public_jwks, size_t n, la_verifier **ret)
{
    la_verifier *v = calloc(1, sizeof *v + n * sizeof v->keys[0]);
    if (!v)
        return la_fail(LA_NO_MEMORY, "out of memory for a verifier");
    atomic_init(&v->references, 1);
    for (size_t i = 0; i < n; i++) {
        la_result r = la_public_key_parse(public_jwks[i], 0, &v->keys[v->n]);
        if (la_is_ok(r)) {
            v->n++;
        } else if (r.code != LA_INVALID) {
            la_verifier_free(v);
            return r;
        }
    }
    *ret = v;
    return la_ok();
}

la_verifier *la_verifier_hold(const la_verifier *v)
{
    la_verifier *held = (la_verifier *)(uintptr_t)v; /* only the count changes */
    if (held)
        atomic_fetch_add_explicit(&held->references, 1, memory_order_relaxed);
    return held;
}

la_verifier *la_verifier_free(la_verifier *v)
{
    if (!v || atomic_fetch_sub_explicit(&v->references, 1, memory_order_acq_rel) != 1)
        return NULL;
    for (size_t i = 0; i < v->n; i++)
        la_public_key_free(v->keys[i]);
    free(v);
    return NULL;
}

static const la_public_key *find(const la_verifier *v, la_slice kid)
{
    for (size_t i = 0; kid.p && i < v->n; i++)
        if (la_slice_equal(la_public_key_id(v->keys[i]), kid))
            return v->keys[i];
    return NULL;
}

la_result la_verifier_check(const la_verifier *v, la_slice compact, bool spring, la_jwt **ret)
{
    la_jwt *t = NULL;
    LA_TRY(la_jwt_read(compact, LA_ALGORITHMS_SIGNING, &t));
    const la_public_key *k = find(v, la_jwt_kid(t));
    la_result r;
    if (spring ? la_jwt_typ(t).p && !la_jwt_has_type(t, "JWT") : !la_jwt_has_type(t, "at+jwt"))
        r = la_fail(LA_INVALID, "it is another kind of token than an access token");
    else if (!k)
        r = la_fail(LA_INVALID, "no published key has the header's kid");
    else
        r = la_jwt_verify(t, k);
    if (la_is_ok(r))
        *ret = t;
    else
        la_jwt_free(t);
    return r;
}
