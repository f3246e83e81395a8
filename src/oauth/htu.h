/*
 * Target URIs as DPoP proofs name them (RFC 9449 4.2 htu), in a form in which equal ones have equal bytes. Pure; knows no
 * configuration.
 */
#ifndef LA_OAUTH_HTU_H
#define LA_OAUTH_HTU_H

#include "base/slice.h"

#define LA_HTU_MAX 2048 /* bytes of one, as it comes and in normal form */

/*
 * Writes scheme, authority and path in the normal form of RFC 3986 6.2.2 and 6.2.3; query and fragment are left out (RFC 9449 4.3
 * item 9). False where it is no absolute http or https URI, names a user, holds an octet that no URI has, or is too long.
 */
bool la_htu_normalise(la_slice uri, char ret[LA_HTU_MAX], size_t *ret_n);

#endif
