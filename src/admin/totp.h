/* Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, steps of 30 seconds, as every authenticator app has them. liboath. */
#ifndef LA_ADMIN_TOTP_H
#define LA_ADMIN_TOTP_H

#include "admin/operators.h"

#define LA_TOTP_BYTES 20 /* of a secret: 160 bits, as RFC 4226 4 recommends */

/* Base32 without padding, zero-terminated. NO_MEMORY. */
la_result la_totp_base32(const uint8_t secret[LA_TOTP_BYTES], char ret[LA_TOTP_SECRET_BYTES]);

/* otpauth://totp/…; `account` is what the app shows. */
void la_totp_uri(const char *base32, la_slice issuer, la_slice account, char ret[LA_TOTP_URI_BYTES]);

/* The step that a code belongs to: this one, the one before (a slow hand) or the one after (a slow clock). False where it belongs to none.
 * Blanks in the code do not count. */
bool la_totp_check(const uint8_t secret[LA_TOTP_BYTES], la_slice code, int64_t now_s, int64_t *ret_step);

#endif
