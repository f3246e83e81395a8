/* ECDSA signatures: OpenSSL's DER (RFC 3279 2.2.3) and JWS's raw R||S (RFC 7518 3.4). */
#ifndef LA_JOSE_DER_H
#define LA_JOSE_DER_H

#include "base/result.h"
#include "base/slice.h"

#include <stdint.h>

#define LA_DER_SIGNATURE_MAX 141 /* P-521: a SEQUENCE of 138, two INTEGERs of 66 bytes and a header each */

/* Writes 2 * width bytes. CRYPTO where `der` is not exactly two unsigned numbers of at most `width` bytes. */
la_result la_der_to_raw(la_slice der, size_t width, uint8_t *ret);

/* Writes the DER of 2 * width raw bytes (width <= 66) and gives its length. */
size_t la_der_from_raw(const uint8_t *raw, size_t width, uint8_t ret[LA_DER_SIGNATURE_MAX]);

#endif
