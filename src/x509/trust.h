/*
 * Which certificates are trusted: a chain to one of the configured anchors, or to an authority of our own (RFC 5280 6).
 * Immutable, so threads may share it; each verification has a context of its own. The time is an argument.
 */
#ifndef LA_X509_TRUST_H
#define LA_X509_TRUST_H

#include "x509/x509.h"

#define LA_TRUST_ANCHORS_MAX 512
#define LA_TRUST_ANCHORS_MAX_BYTES (1 << 20)
#define LA_TRUST_CRLS_MAX 64
#define LA_TRUST_CRLS_MAX_BYTES (16 << 20)
#define LA_TRUST_OWN_MAX 8
#define LA_TRUST_CHAIN_MAX 8 /* certificates that a client may send behind its own */

typedef struct la_trust la_trust;

/* All of it is copied. */
typedef struct la_trust_source {
    la_slice anchors;    /* PEM, certificates of CAs only; p NULL: none */
    la_slice crls;       /* PEM, or one CRL in DER; p NULL: revocation is not checked. Only for chains to `anchors` */
    const la_slice *own; /* DER of our own authorities: today's and those whose certificates are still valid */
    size_t n_own;
} la_trust_source;

/* What a verification found. */
typedef struct la_trust_verdict {
    bool is_own; /* the chain ends in one of `own`: whether that certificate is still live is the caller's to check */
    int64_t
        valid_until_s; /* the last second at which the same verdict holds: the first end of a certificate of the chain or of
                            * a CRL. Until then it may be kept by thumbprint, with this la_trust; only acceptances may */
} la_trust_verdict;

/* INVALID with a sentence ("trust anchor 2: …") where a block is no certificate, or no CA's, or weak; where a CRL has no
 * nextUpdate; past the limits. NO_MEMORY. Expired ones are taken: time is judged in each verification. */
la_result la_trust_new(const la_trust_source *source, la_trust **ret);
la_trust *la_trust_free(la_trust *t); /* takes NULL; returns NULL */

/* What to say of it at start: numbers of anchors and CRLs, and the first end of a CRL's validity (INT64_MAX: there is none). */
size_t la_trust_anchors(const la_trust *t);
size_t la_trust_crls(const la_trust *t);
int64_t la_trust_crls_until_s(const la_trust *t);

/*
 * Verifies a client's certificate for TLS client authentication at `now_s`. `chain` has what came behind it in the
 * handshake or from a proxy, in any order (may be empty: an intermediate that is among the anchors is found there). INVALID with the reason:
 * no chain to an anchor, expired or not yet valid, an extended key usage without clientAuth, a CA as client, a signature
 * with SHA-1, more than 4 CAs between it and an anchor, revoked, or a CRL that is missing or out of date where CRLs are configured (each CA but the anchor
 * itself needs its issuer's). NO_MEMORY.
 */
la_result la_trust_verify(const la_trust *t, const la_x509 *leaf, const la_slice *chain, size_t n_chain, int64_t now_s,
                          la_trust_verdict *ret);

#endif
