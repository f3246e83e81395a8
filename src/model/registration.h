/*
 * The members of a registration as the store keeps it and the administration writes it: one JSON object with the names of RFC 7591 2,
 * RFC 8705, RFC 9449 and our own, only what differs from the default.
 */
#ifndef LA_MODEL_REGISTRATION_H
#define LA_MODEL_REGISTRATION_H

#include "model/model.h"

#define LA_MEMBER_JWKS "jwks"
#define LA_MEMBER_JWKS_URI "jwks_uri"
#define LA_MEMBER_SIGNING_ALG "token_endpoint_auth_signing_alg"
#define LA_MEMBER_DPOP_BOUND "dpop_bound_access_tokens"
#define LA_MEMBER_CERTIFICATE_BOUND "tls_client_certificate_bound_access_tokens"
#define LA_MEMBER_FAPI "fapi"
#define LA_MEMBER_TOKEN_ENDPOINT_AUDIENCE "allow_token_endpoint_audience"
#define LA_MEMBER_GRANT_TYPES "grant_types"
#define LA_MEMBER_INTROSPECTION_AUDIENCES "introspection_audiences"
#define LA_MEMBER_REQUESTS_PER_MINUTE "requests_per_minute"

#define LA_GRANT_TOKEN_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"

/* The member that holds a certificate subject: "tls_client_auth_subject_dn", …; "" for NONE. */
const char *la_subject_kind_member(la_subject_kind kind);

/* Whether the method is one with client secrets. */
bool la_auth_method_has_secrets(la_auth_method m);

#endif
