/*
 * The registered subject of tls_client_auth (RFC 8705 2.1, 2.1.2): checked when it is registered, compared with a certificate.
 * Never a prefix, a pattern or a wildcard: the certificate has exactly what is registered. Says nothing of the chain (trust.h).
 */
#ifndef LA_X509_SUBJECT_H
#define LA_X509_SUBJECT_H

#include "model/registration.h"
#include "x509/x509.h"

/*
 * What may be registered, LA_SUBJECT_MAX bytes at most. INVALID with a sentence that says what to write instead.
 *   DN     RFC 4514 text, the last RDN of the certificate first: "CN=core,O=Bank\, Ltd."
 *   DNS    ASCII letters, digits, hyphens, underscores in labels; no wildcard, no dot at the end (internationalised: A-labels)
 *   URI    a scheme, a colon, and characters of RFC 3986
 *   IP     IPv4 or IPv6, no prefix length, no zone
 *   EMAIL  one address (RFC 5280 4.2.1.6), ASCII
 */
la_result la_subject_check(la_subject_kind kind, la_slice value);

/* Which one of the five is registered, by kind (p NULL: not there). INVALID where it is none, more than one, or not valid. */
la_result la_subject_choose(const la_slice values[LA_SUBJECT_KIND_COUNT], la_subject_kind *ret);

/*
 * OK where the certificate has that subject: the DN as a whole by distinguishedNameMatch (RFC 4517 4.2.15), or one of its
 * subject alternative names of that kind: DNS without regard to ASCII case, URI octet by octet, IP by its octets, EMAIL
 * with its domain without regard to ASCII case (RFC 5280 7). INVALID with the reason where it has not; NO_MEMORY.
 */
la_result la_subject_match(la_subject_kind kind, la_slice value, const la_x509 *certificate);

#endif
