/*
 * Certificates that were accepted lately, by thumbprint, so that a client on a kept-alive connection does not have its chain verified
 * for every token. One thread's, one la_trust's: make a new one with each. Only acceptances are kept, until the first end of a
 * validity that they rest on; refusals are judged anew. Bounded: a newer one takes an older one's place.
 */
#ifndef LA_X509_VERDICTS_H
#define LA_X509_VERDICTS_H

#include "base/secret.h"
#include "x509/trust.h"

typedef struct la_verdicts la_verdicts;

la_verdicts *la_verdicts_new(void);            /* NULL: no memory */
la_verdicts *la_verdicts_free(la_verdicts *v); /* takes NULL; returns NULL */

/* What was said of the certificate; false where it was not asked, or no longer holds. */
bool la_verdicts_find(const la_verdicts *v, const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES], int64_t now_s,
                      la_trust_verdict *ret);
void la_verdicts_keep(la_verdicts *v, const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES], int64_t now_s,
                      const la_trust_verdict *verdict);

/*
 * That the certificate has what an application registered, too: `subject` is a digest of the registration, and all of it, so that nobody
 * finds a registration that reads like another's. So a match of names is made once for a certificate, not for a token.
 */
bool la_verdicts_has_subject(const la_verdicts *v, const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES],
                             const uint8_t subject[LA_SHA256_BYTES]);
void la_verdicts_note_subject(la_verdicts *v, const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES],
                              const uint8_t subject[LA_SHA256_BYTES]);

#endif
