/*
 * Distinguished names: RFC 4514 text to OpenSSL's object and back, and distinguishedNameMatch (RFC 4517 4.2.15). For the files
 * of this folder.
 */
#ifndef LA_X509_DN_H
#define LA_X509_DN_H

#include "base/buffer.h"

#include <openssl/x509.h>

/* Strict: the grammar of RFC 4514 3, no blanks around separators, no attribute type twice in an RDN, no NUL, not empty. An attribute
 * type is a short name (any case) or an OID. INVALID with a sentence that names the place; NO_MEMORY. */
la_result la_dn_parse(la_slice text, X509_NAME **ret);

/* RFC 4514 2; what it writes la_dn_parse() reads, but for attributes that are no text. */
void la_dn_write(const X509_NAME *name, la_buffer *ret);

/* RDNs in the same order, the attributes of each in any; values without regard to case of ASCII letters, to blanks that are
 * not significant, and to their kind of string. Attributes whose matching rule is not known here compare exactly. */
bool la_dn_equal(const X509_NAME *a, const X509_NAME *b);

/* No attribute of it has a NUL, which ends a name for one reader and not for another. */
bool la_dn_is_free_of_nul(const X509_NAME *name);

#endif
