/*
 * The form of a compact JWS (RFC 7515 7.1): split, decoded, its header read and checked. For the files of this folder: others have
 * jwt.h and verify.h.
 */
#ifndef LA_JOSE_JWS_H
#define LA_JOSE_JWS_H

#include "base/slice.h"
#include "jose/algorithm.h"

#include <jansson.h>

#define LA_JWS_KID_MAX 256 /* bytes of a header's kid, or of a key's */

typedef struct la_jws_parts {
    la_slice header_text;  /* encoded, as it came */
    la_slice signed_input; /* header.payload as they came (RFC 7515 5.2) */
    la_slice payload;      /* decoded, as is the signature */
    la_slice signature;
    json_t *header; /* owned by the caller after success */
    const la_algorithm *algorithm;
    la_slice kid; /* of the header; absent where it has none, as is the typ */
    la_slice typ;
} la_jws_parts;

/*
 * Strict (RFC 8725 3): nothing but base64url and two dots, the header an object with each member once, alg exactly one of
 * `algorithms` (LA_ALGORITHMS_…), no crit, no b64, kid and typ strings. jwk, jku, x5u and x5c are passed over. `decoded` has room for
 * compact.n bytes and lives as long as the parts. INVALID with a detail, NO_MEMORY; the caller bounds compact.n.
 */
la_result la_jws_read(la_slice compact, unsigned algorithms, uint8_t *decoded, la_jws_parts *ret);

/* Any JSON text with no member twice. INVALID, NO_MEMORY. */
la_result la_jws_read_json(la_slice text, size_t flags, json_t **ret);

#endif
