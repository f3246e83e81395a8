/*
 * Client certificates of applications: issued by the environment's own authority, or registered as they are. The authority is made with
 * the first certificate; its private key is wrapped by the master key, as signing keys are.
 */
#ifndef LA_ADMIN_CERTIFICATES_H
#define LA_ADMIN_CERTIFICATES_H

#include "admin/commands.h"
#include "store/certificates.h"
#include "x509/x509.h"

/* What a new certificate is given out as: the only time that the key is there. Done with la_issued_certificate_done, which wipes it. */
typedef struct la_issued_certificate {
    la_certificate_row row;
    la_buffer certificate; /* PEM */
    la_buffer key;         /* PEM; empty where a request brought the key */
    la_buffer chain;       /* PEM of the authority */
} la_issued_certificate;
void la_issued_certificate_done(la_issued_certificate *i);

/* Issues one. `request`: PEM of a PKCS #10 request; absent: a key is made. `lifetime_s` 0: as the environment says. CONFLICT where as many are
 * live as secrets may be. Done with *ret also after a failure. */
la_result la_command_issue_certificate(la_commands *c, const la_application_row *a, la_slice request,
                                       int64_t lifetime_s, la_issued_certificate *ret);

/* Registers one that somebody else made, as PEM, for self_signed_tls_client_auth. */
la_result la_command_register_certificate(la_commands *c, const la_application_row *a, la_slice pem,
                                          la_certificate_row *ret);

la_result la_command_list_certificates(la_commands *c, const la_application_row *a, la_certificate_fn each, void *self);
const char *la_certificate_state(const la_certificate_row *row, int64_t now_s); /* "live", "expired", "revoked" */
la_result la_command_revoke_certificate(la_commands *c, const la_application_row *a, uint64_t certificate_id);

/* Appends the PEM of the certificate, or of the environment's authority. NOT_FOUND. */
la_result la_command_read_certificate(la_commands *c, const la_application_row *a, uint64_t certificate_id,
                                      la_buffer *ret_pem);
la_result la_command_read_authority(la_commands *c, la_slice environment, la_buffer *ret_pem);

/* Signs the CRLs that are due: after a revocation, and once a day. Cheap where none is. */
la_result la_command_keep_crls(la_commands *c, int64_t now_s);

#endif
