/* HMAC signatures (RFC 7518 3.2), for client_secret_jwt alone. */
#ifndef LA_JOSE_HMAC_H
#define LA_JOSE_HMAC_H

#include "jose/algorithm.h"

/* Checks a MAC; the key is the octets of `secret` (OpenID Connect Core 10.1). INVALID where it is wrong, the algorithm is no HMAC, or
 * the secret is shorter than the hash. The comparison takes a time of its own. CRYPTO, NO_MEMORY. */
la_result la_hmac_verify(const la_algorithm *a, la_slice secret, la_slice input, la_slice mac);

#endif
