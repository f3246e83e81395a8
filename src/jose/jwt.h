/*
 * JWTs from outside (RFC 7519): read strictly first, verified then, so that whoever asks can choose the key by what the token says
 * (kid, iss) and never by what it brings along. Nothing of an unverified token is to be believed but that it is well-formed.
 */
#ifndef LA_JOSE_JWT_H
#define LA_JOSE_JWT_H

#include "base/result.h"
#include "base/slice.h"
#include "jose/algorithm.h"
#include "jose/public_key.h"

#include <stdint.h>

#define LA_JWT_MAX 16384                      /* bytes of a compact JWT */
#define LA_JWT_TIME_MAX INT64_C(253402300799) /* the end of the year 9999: no arithmetic with times overflows */

typedef struct la_jwt la_jwt;

/*
 * Reads a compact JWT whose alg is one of `algorithms` (LA_ALGORITHMS_…). INVALID with a detail: other characters than base64url and two
 * dots, a header or claims that are no JSON object or have a member twice, alg of another set or case, crit, b64, kid or typ that are no
 * strings. TOO_LARGE, NO_MEMORY. Borrows `compact`.
 */
la_result la_jwt_read(la_slice compact, unsigned algorithms, la_jwt **ret);
la_jwt *la_jwt_free(la_jwt *t); /* wipes; takes NULL; returns NULL */

/* The header. */
const la_algorithm *la_jwt_algorithm(const la_jwt *t);
la_slice la_jwt_kid(const la_jwt *t); /* absent where there is none */
la_slice la_jwt_typ(const la_jwt *t);
la_slice la_jwt_header_text(const la_jwt *t); /* encoded, as it came */

/* Whether its typ is this media type, "at+jwt": without case, and with application/ or without (RFC 7515 4.1.9). False where there is none. */
bool la_jwt_has_type(const la_jwt *t, const char *type);

/* The public key that the header brings along as jwk. For DPoP proofs alone (RFC 9449 4.2): it proves possession and nothing else.
 * INVALID where there is none, or it is no public key (la_public_key_parse). */
la_result la_jwt_embedded_key(const la_jwt *t, la_public_key **ret);

/*
 * Verification. With a key: INVALID where the signature is wrong or the key does not fit the header's alg. With a secret (HS256, HS384,
 * HS512): INVALID, too, where it is shorter than the hash (RFC 7518 3.2). Without access to a timing of the comparison.
 */
la_result la_jwt_verify(const la_jwt *t, const la_public_key *k);
la_result la_jwt_verify_mac(const la_jwt *t, la_slice secret);

/*
 * Claims. Each gives an absent value (p NULL, false) where the claim is not there, and INVALID, with a detail, where it is of another
 * type. Slices live as long as the token.
 */
la_result la_jwt_text(const la_jwt *t, const char *claim, la_slice *ret); /* a string, UTF-8 without U+0000 */

/* NumericDate (RFC 7519 2): a whole number or a fraction, which is cut, from 0 to LA_JWT_TIME_MAX. */
la_result la_jwt_time(const la_jwt *t, const char *claim, bool *ret_present, int64_t *ret);

/* A string member of a claim that is an object: "cnf", "jkt". */
la_result la_jwt_member_text(const la_jwt *t, const char *claim, const char *member, la_slice *ret);

/* status.status_list of a token that is on a status list (draft-ietf-oauth-status-list): its uri and idx; false where it has none, or not both. */
bool la_jwt_status(const la_jwt *t, la_slice *ret_uri, int64_t *ret_index);

/* aud (RFC 7519 4.1.3): a string or an array of strings. How many there are, whether it was an array, and each of them. */
la_result la_jwt_audiences(const la_jwt *t, size_t *ret_n, bool *ret_array);
la_slice la_jwt_audience_at(const la_jwt *t, size_t i); /* absent past the end */

/* A claim that is an array of strings, such as scope in the Spring profile; the same for any claim. */
la_result la_jwt_list(const la_jwt *t, const char *claim, size_t *ret_n, bool *ret_array);
la_slice la_jwt_list_at(const la_jwt *t, const char *claim, size_t i);

/* All claims, as the JSON text that was signed. */
la_slice la_jwt_payload(const la_jwt *t);

#endif
