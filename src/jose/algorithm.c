/*
 * The algorithm table. It knows names, curves and digests; it must not know keys.
 */
#include "jose/algorithm.h"

#define OURS (LA_ALGORITHMS_SIGNING | LA_ALGORITHMS_ASYMMETRIC)
#define FAPI LA_ALGORITHMS_FAPI
#define THEIRS LA_ALGORITHMS_ASYMMETRIC
#define HMAC LA_ALGORITHMS_HMAC

static const la_algorithm algorithms[] = {
    {"ES256", LA_KEY_EC, "EC", "P-256", "prime256v1", "SHA256", 32, false, OURS | FAPI},
    {"RS256", LA_KEY_RSA, "RSA", NULL, NULL, "SHA256", 0, false, OURS},
    {"PS256", LA_KEY_RSA, "RSA", NULL, NULL, "SHA256", 0, true, OURS | FAPI},
    {"ES384", LA_KEY_EC, "EC", "P-384", "secp384r1", "SHA384", 48, false, OURS},
    {"EdDSA", LA_KEY_OKP, "OKP", "Ed25519", NULL, NULL, 32, false, OURS | FAPI},

    {"Ed25519", LA_KEY_OKP, "OKP", "Ed25519", NULL, NULL, 32, false, THEIRS | FAPI}, /* RFC 9864 2.2: the full name */
    {"ES512", LA_KEY_EC, "EC", "P-521", "secp521r1", "SHA512", 66, false, THEIRS},
    {"RS384", LA_KEY_RSA, "RSA", NULL, NULL, "SHA384", 0, false, THEIRS},
    {"RS512", LA_KEY_RSA, "RSA", NULL, NULL, "SHA512", 0, false, THEIRS},
    {"PS384", LA_KEY_RSA, "RSA", NULL, NULL, "SHA384", 0, true, THEIRS},
    {"PS512", LA_KEY_RSA, "RSA", NULL, NULL, "SHA512", 0, true, THEIRS},

    {"HS256", LA_KEY_OCT, "oct", NULL, NULL, "SHA256", 32, false, HMAC},
    {"HS384", LA_KEY_OCT, "oct", NULL, NULL, "SHA384", 48, false, HMAC},
    {"HS512", LA_KEY_OCT, "oct", NULL, NULL, "SHA512", 64, false, HMAC},
};

#define ALL (sizeof algorithms / sizeof algorithms[0])

const la_algorithm *la_algorithm_find_in(la_slice name, unsigned sets)
{
    for (size_t i = 0; i < ALL; i++)
        if (algorithms[i].sets & sets && la_slice_is(name, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

const la_algorithm *la_algorithm_at_in(unsigned sets, size_t i)
{
    for (size_t at = 0; at < ALL; at++)
        if (algorithms[at].sets & sets && i-- == 0)
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
