/*
 * What of a client certificate names its application (RFC 8705 2.1.2): the one registered subject of tls_client_auth.
 * Plain data; x509/subject.h checks and compares it.
 */
#ifndef LA_MODEL_SUBJECT_H
#define LA_MODEL_SUBJECT_H

#include "base/slice.h"

#define LA_SUBJECT_VALUE_MAX 1024 /* bytes of UTF-8 */

typedef enum la_subject_kind {
    LA_SUBJECT_NONE = 0,
    LA_SUBJECT_DN, /* RFC 4514 text */
    LA_SUBJECT_DNS,
    LA_SUBJECT_URI,
    LA_SUBJECT_IP, /* IPv4 or IPv6 as text */
    LA_SUBJECT_EMAIL,
    LA_SUBJECT_KIND_COUNT
} la_subject_kind;

/* The member of the client's metadata that holds it: "tls_client_auth_subject_dn", …; "" for NONE. */
const char *la_subject_kind_member(la_subject_kind kind);

#endif
