/* The structure of DER (X.690 10.1), which OpenSSL's parser takes more loosely. Pure. */
#ifndef LA_X509_STRICT_DER_H
#define LA_X509_STRICT_DER_H

#include "base/slice.h"

/* True where `der` is exactly one element, a SEQUENCE, and all elements in it have definite lengths of the shortest form and
 * fill their parents, 32 levels deep at most. What octet and bit strings hold is not looked into. */
bool la_der_is_strict(la_slice der);

#endif
