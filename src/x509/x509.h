/*
 * A certificate (RFC 5280), read strictly from bytes that a stranger sent. Immutable once it is read, so threads may share it.
 * Whether to trust it is trust.h's question, whom it names subject.h's.
 */
#ifndef LA_X509_X509_H
#define LA_X509_X509_H

#include "base/buffer.h"
#include "model/model.h"

#define LA_X509_DER_MAX LA_CERTIFICATE_MAX
#define LA_X509_PEM_MAX 16384     /* bytes of a certificate's PEM, with whatever text is around it */
#define LA_X509_SUBJECT_MAX 32768 /* bytes that la_x509_write_subject may take */
#define LA_X509_THUMBPRINT_BYTES LA_THUMBPRINT_BYTES
#define LA_X509_THUMBPRINT_CHARS 43
#define LA_X509_SERIAL_CHARS 41 /* a sign and twenty octets */

typedef struct la_x509 la_x509;

/*
 * Exactly one certificate in DER; `der` is copied. INVALID, with a sentence, where it is anything else: too large, bytes
 * behind it, lengths that are not DER, NUL in a name, an extension twice or broken, times that RFC 5280 4.1.2.5 does not allow, a
 * weak or unknown key (RSA under 2048 or over 4096 bits; EC but on P-256, P-384, P-521; others but Ed25519). NO_MEMORY.
 * Signature and validity are not checked.
 */
la_result la_x509_parse(la_slice der, la_x509 **ret);

/* The same from PEM (RFC 7468): exactly one CERTIFICATE block. */
la_result la_x509_parse_pem(la_slice pem, la_x509 **ret);

la_x509 *la_x509_free(la_x509 *c); /* takes NULL; returns NULL */

la_slice la_x509_der(const la_x509 *c);

/* Appends it in PEM: at most LA_X509_PEM_MAX bytes. */
void la_x509_write_pem(const la_x509 *c, la_buffer *ret);

/* x5t#S256 (RFC 8705 3.1): SHA-256 of the DER, as 32 octets and as base64url (zero-terminated). */
const uint8_t *la_x509_thumbprint(const la_x509 *c);
const char *la_x509_thumbprint_text(const la_x509 *c);

/* The first and the last second of its validity (RFC 5280 4.1.2.5: both belong to it; OpenSSL, and so la_trust_verify(), leaves the
 * last one out). */
int64_t la_x509_not_before_s(const la_x509 *c);
int64_t la_x509_not_after_s(const la_x509 *c);

/* Hexadecimal, lower case, two digits an octet, zero-terminated. */
const char *la_x509_serial(const la_x509 *c);

/* Appends the subject as RFC 4514 text, which la_subject_match() takes back; nothing for an empty one. */
void la_x509_write_subject(const la_x509 *c, la_buffer *ret);
void la_x509_write_issuer(const la_x509 *c, la_buffer *ret);

/* Its public key: SubjectPublicKeyInfo in DER (inside la_x509_der), and as RFC 7638 thumbprint, the same as
 * la_jwk_thumbprint() of that key's JWK (zero-terminated). CRYPTO, NO_MEMORY. */
la_slice la_x509_spki(const la_x509 *c);
la_result la_x509_key_thumbprint(const la_x509 *c, char ret[LA_X509_THUMBPRINT_CHARS + 1]);

/* Signed with the key that it holds, by the name that it names. A certificate of a CA is none, however short its chain. */
bool la_x509_is_self_signed(const la_x509 *c);

/* Basic constraints say that it is a CA. */
bool la_x509_is_ca(const la_x509 *c);

#endif
