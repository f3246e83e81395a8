/*
 * The algorithm table. It knows names, curves, digests, and which of them the linked OpenSSL has; it must not know keys.
 */
#include "jose/algorithm.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdatomic.h>

#define OURS (LA_ALGORITHMS_SIGNING | LA_ALGORITHMS_ASYMMETRIC)
#define FAPI LA_ALGORITHMS_FAPI
#define THEIRS LA_ALGORITHMS_ASYMMETRIC
#define HMAC LA_ALGORITHMS_HMAC

static const la_algorithm algorithms[] = {
    {"ES256", LA_KEY_EC, "EC", "P-256", "prime256v1", "SHA256", 32, 0, false, OURS | FAPI},
    {"RS256", LA_KEY_RSA, "RSA", NULL, NULL, "SHA256", 0, 0, false, OURS},
    {"PS256", LA_KEY_RSA, "RSA", NULL, NULL, "SHA256", 0, 0, true, OURS | FAPI},
    {"ES384", LA_KEY_EC, "EC", "P-384", "secp384r1", "SHA384", 48, 0, false, OURS},
    {"EdDSA", LA_KEY_OKP, "OKP", "Ed25519", NULL, NULL, 32, 0, false, OURS | FAPI},

    {"ML-DSA-44", LA_KEY_AKP, "AKP", NULL, NULL, NULL, 1312, 2420, false, OURS},
    {"ML-DSA-65", LA_KEY_AKP, "AKP", NULL, NULL, NULL, 1952, 3309, false, OURS},
    {"ML-DSA-87", LA_KEY_AKP, "AKP", NULL, NULL, NULL, 2592, LA_SIGNATURE_MAX, false, OURS},

    {"Ed25519", LA_KEY_OKP, "OKP", "Ed25519", NULL, NULL, 32, 0, false,
     THEIRS | FAPI}, /* RFC 9864 2.2: the full name */
    {"ES512", LA_KEY_EC, "EC", "P-521", "secp521r1", "SHA512", 66, 0, false, THEIRS},
    {"RS384", LA_KEY_RSA, "RSA", NULL, NULL, "SHA384", 0, 0, false, THEIRS},
    {"RS512", LA_KEY_RSA, "RSA", NULL, NULL, "SHA512", 0, 0, false, THEIRS},
    {"PS384", LA_KEY_RSA, "RSA", NULL, NULL, "SHA384", 0, 0, true, THEIRS},
    {"PS512", LA_KEY_RSA, "RSA", NULL, NULL, "SHA512", 0, 0, true, THEIRS},

    {"HS256", LA_KEY_OCT, "oct", NULL, NULL, "SHA256", 32, 0, false, HMAC},
    {"HS384", LA_KEY_OCT, "oct", NULL, NULL, "SHA384", 48, 0, false, HMAC},
    {"HS512", LA_KEY_OCT, "oct", NULL, NULL, "SHA512", 64, 0, false, HMAC},
};

#define ALL (sizeof algorithms / sizeof algorithms[0])

/* Only ML-DSA depends on the OpenSSL that is there; its providers are asked once. Threads that ask at once get the same answer. */
static bool is_available(const la_algorithm *a)
{
    enum { NOT_ASKED = 0, YES, NO };
    static atomic_int answers[ALL];
    if (a->kind != LA_KEY_AKP)
        return true;
    atomic_int *answer = &answers[a - algorithms];
    int known = atomic_load_explicit(answer, memory_order_relaxed);
    if (known == NOT_ASKED) {
        EVP_KEYMGMT *found = EVP_KEYMGMT_fetch(NULL, a->name, NULL);
        known = found ? YES : NO;
        EVP_KEYMGMT_free(found);
        ERR_clear_error();
        atomic_store_explicit(answer, known, memory_order_relaxed);
    }
    return known == YES;
}

static const la_algorithm *find(la_slice name, unsigned sets)
{
    for (size_t i = 0; i < ALL; i++)
        if (algorithms[i].sets & sets && la_slice_is(name, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

const la_algorithm *la_algorithm_find_in(la_slice name, unsigned sets)
{
    const la_algorithm *a = find(name, sets);
    return a && is_available(a) ? a : NULL;
}

bool la_algorithm_is_missing(la_slice name, unsigned sets)
{
    const la_algorithm *a = find(name, sets);
    return a && !is_available(a);
}

const la_algorithm *la_algorithm_at_in(unsigned sets, size_t i)
{
    for (size_t at = 0; at < ALL; at++)
        if (algorithms[at].sets & sets && is_available(&algorithms[at]) && i-- == 0)
            return &algorithms[at];
    return NULL;
}

const la_algorithm *la_algorithm_find(la_slice name)
{
    return la_algorithm_find_in(name, LA_ALGORITHMS_SIGNING);
}

const la_algorithm *la_algorithm_at(size_t i)
{
    return la_algorithm_at_in(LA_ALGORITHMS_SIGNING, i);
}

const la_algorithm *la_algorithm_find_verifiable(la_slice name)
{
    return la_algorithm_find_in(name, LA_ALGORITHMS_ASYMMETRIC);
}
