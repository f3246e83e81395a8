/* Base64 and base64url (RFC 4648 4, 5). Decoding is strict: no whitespace, no wrong padding, no spare bits. */
#ifndef LA_BASE_BASE64URL_H
#define LA_BASE_BASE64URL_H

#include "base/buffer.h"

/* Characters of the base64url text, without padding, of `bytes` bytes. */
#define LA_BASE64URL_CHARS(bytes) (((bytes)*4 + 2) / 3)

/* Writes LA_BASE64URL_CHARS(n) characters, no padding, no zero byte. */
void la_base64url_encode(const void *from, size_t n, char *ret);
void la_buffer_add_base64url(la_buffer *b, const void *from, size_t n);

/* Decodes base64url without padding into at most `max` bytes. INVALID on any other character or length. */
la_result la_base64url_decode(la_slice text, void *ret, size_t max, size_t *ret_n);

/* Decodes standard base64 (RFC 7617 uses it); padding must be right, or absent. */
la_result la_base64_decode(la_slice text, void *ret, size_t max, size_t *ret_n);

#endif
