/* The status list that a token names (draft-ietf-oauth-status-list 8.3), as a resource server checks it. */
#ifndef LA_CLI_VERIFY_STATUS_H
#define LA_CLI_VERIFY_STATUS_H

#include "base/result.h"
#include "base/slice.h"

#include <jansson.h>

/* Fetches the list, checks it against the issuer's keys, and looks at the token's place. INVALID with a detail that says which check failed,
 * the token's being revoked among them; IO where there was no list. */
la_result la_verify_status(const json_t *claims, const json_t *jwks, la_slice issuer, int64_t now_s);

#endif
