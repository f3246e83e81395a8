/*
 * The algorithm table. It knows names, curves and digests; it must not know keys.
 */
#include "jose/algorithm.h"

/* First what this server signs with, then what is only verified. */
#define SIGNING 5

static const la_algorithm algorithms[] = {
    {"ES256", "EC", "P-256", "prime256v1", "SHA256", 32, false},
    {"RS256", "RSA", NULL, NULL, "SHA256", 0, false},
    {"PS256", "RSA", NULL, NULL, "SHA256", 0, true},
    {"ES384", "EC", "P-384", "secp384r1", "SHA384", 48, false},
    {"EdDSA", "OKP", "Ed25519", NULL, NULL, 32, false},

    {"Ed25519", "OKP", "Ed25519", NULL, NULL, 32, false}, /* RFC 9864 2.2: the same under its full name */
    {"ES512", "EC", "P-521", "secp521r1", "SHA512", 66, false},
    {"RS384", "RSA", NULL, NULL, "SHA384", 0, false},
    {"RS512", "RSA", NULL, NULL, "SHA512", 0, false},
    {"PS384", "RSA", NULL, NULL, "SHA384", 0, true},
    {"PS512", "RSA", NULL, NULL, "SHA512", 0, true},
};

#define ALL (sizeof algorithms / sizeof algorithms[0])

static const la_algorithm *find(la_slice name, size_t among)
{
    for (size_t i = 0; i < among; i++)
        if (la_slice_is(name, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

const la_algorithm *la_algorithm_find(la_slice name)
{
    return find(name, SIGNING);
}

const la_algorithm *la_algorithm_at(size_t i)
{
    return i < SIGNING ? &algorithms[i] : NULL;
}

const la_algorithm *la_algorithm_find_verifiable(la_slice name)
{
    return find(name, ALL);
}
