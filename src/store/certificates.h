/*
 * Client certificates of applications, and the certificate authority of each environment. As store.h: every operation is one
 * transaction, and can fail with what stands there.
 */
#ifndef LA_STORE_CERTIFICATES_H
#define LA_STORE_CERTIFICATES_H

#include "base/buffer.h"
#include "store/store.h"

#define LA_SERIAL_MAX 42                /* hexadecimal digits of a serial number */
#define LA_CERTIFICATE_SUBJECT_MAX 1024 /* bytes of a subject, RFC 4514; a longer one is cut */
#define LA_CRL_MAX (1 << 20)            /* bytes of a CRL that nodes serve */

typedef struct la_new_certificate {
    bool issued; /* by our own authority; otherwise it was registered */
    const uint8_t *thumbprint;
    la_slice serial, subject, der;
    int64_t not_before_s, not_after_s;
} la_new_certificate;

typedef struct la_certificate_row {
    uint64_t certificate_id;
    uint64_t application_id;
    bool issued;
    uint8_t thumbprint[LA_THUMBPRINT_BYTES];
    char serial[LA_SERIAL_MAX + 1];
    char subject[LA_CERTIFICATE_SUBJECT_MAX + 1];
    int64_t not_before_s, not_after_s;
    int64_t created_at_s;
    int64_t revoked_at_s;   /* 0: not */
    int64_t last_used_at_s; /* 0: never */
} la_certificate_row;

/* CONFLICT where `most` are live (neither revoked nor over) already, EXISTS where the application has that one, revoked or not. */
la_result la_store_add_certificate(la_store *s, uint64_t application_id, const la_new_certificate *certificate,
                                   unsigned most, int64_t now_s, uint64_t *ret_certificate_id);
typedef la_result (*la_certificate_fn)(void *self, const la_certificate_row *row);
la_result la_store_list_certificates(la_store *s, uint64_t application_id, la_certificate_fn each, void *self);
la_result la_store_find_certificate(la_store *s, uint64_t application_id, uint64_t certificate_id,
                                    la_certificate_row *ret); /* NOT_FOUND */
/* Appends its DER. NOT_FOUND. */
la_result la_store_read_certificate(la_store *s, uint64_t application_id, uint64_t certificate_id, la_buffer *ret);
/* NOT_FOUND; revoking twice keeps the first time. One that our authority issued is on its CRL from the next one on. */
la_result la_store_revoke_certificate(la_store *s, uint64_t application_id, uint64_t certificate_id, int64_t now_s);

/* Live ones of all applications that end before `before_s`, by their end, at most `most`; `client_id` of each lives as long as the
 * call. */
typedef la_result (*la_expiring_fn)(void *self, const la_certificate_row *row, const char *environment,
                                    const char *client_id);
la_result la_store_list_expiring_certificates(la_store *s, int64_t now_s, int64_t before_s, unsigned most,
                                              la_expiring_fn each, void *self);

typedef struct la_certificate_use {
    uint64_t certificate_id;
    int64_t at_s;
} la_certificate_use;
/* Never moves a time backwards; unknown ids are passed over. Adds nothing to the feed. */
la_result la_store_put_certificate_uses(la_store *s, const la_certificate_use *uses, size_t n);

/* ---- authorities ---- */
typedef struct la_authority_row {
    la_buffer certificate;     /* DER */
    la_buffer wrapped_private; /* la_wrap with the purpose "authority" and the environment's name */
    int64_t created_at_s;
    uint64_t crl_number;
    int64_t crl_next_update_s; /* 0: a new CRL is due */
} la_authority_row;

/* Done with la_authority_row_done, also after a failure. NOT_FOUND. */
la_result la_store_get_authority(la_store *s, uint16_t environment_id, la_authority_row *ret);
void la_authority_row_done(la_authority_row *row);
/* EXISTS where another node was faster. */
la_result la_store_put_authority(la_store *s, uint16_t environment_id, la_slice certificate, la_slice wrapped_private,
                                 int64_t now_s);

/* What the next CRL has to list: revoked, and not over yet. */
typedef la_result (*la_revoked_serial_fn)(void *self, la_slice serial, int64_t revoked_at_s);
la_result la_store_list_revoked_serials(la_store *s, uint16_t environment_id, int64_t now_s, la_revoked_serial_fn each,
                                        void *self);
/* STALE where the present number is not `expected`: another node was faster. */
la_result la_store_put_crl(la_store *s, uint16_t environment_id, uint64_t expected, la_slice crl,
                           int64_t next_update_s);

#endif
