/*
 * The records that the store keeps and the registry mirrors, as both and the protocol see them.
 * Plain data; slices point into memory of whoever gave the record out.
 */
#ifndef LA_MODEL_MODEL_H
#define LA_MODEL_MODEL_H

#include "base/slice.h"

#include <stdint.h>

/* Limits of what can be stored; the bounds of every buffer that holds it. */
#define LA_CLIENT_ID_MAX 128     /* characters, VSCHAR (RFC 6749 A.1) */
#define LA_CLIENT_SECRET_MAX 256 /* characters, VSCHAR (RFC 6749 A.2) */
#define LA_NAME_MAX 200          /* bytes of UTF-8 */
#define LA_SCOPES_MAX 1024       /* bytes of an application's scope list */
#define LA_SECRETS_MAX 8         /* live secrets of one application */
#define LA_CUSTOMER_ID_MAX 64    /* characters */
#define LA_ENVIRONMENTS_MAX 64
#define LA_ENVIRONMENT_NAME_MAX 40
#define LA_SLOW_HASH_MAX 200 /* characters of an imported password hash */
#define LA_DIGEST_BYTES 32
#define LA_KID_CHARS 43 /* RFC 7638 SHA-256 thumbprint in base64url */
#define LA_ALG_MAX 16
#define LA_THUMBPRINT_BYTES 32    /* SHA-256 of a certificate's DER (RFC 8705 3.1), or of a JWK (RFC 7638) */
#define LA_CERTIFICATES_MAX 8     /* live certificates of one application */
#define LA_CERTIFICATE_MAX 8192   /* bytes of one, DER */
#define LA_JWKS_INLINE_MAX 8192   /* bytes of a key set that is registered inline */
#define LA_JWKS_URI_MAX 512       /* characters */
#define LA_SUBJECT_MAX 512        /* bytes of a registered certificate subject, of whatever kind */
#define LA_AUDIENCES_MAX 1024     /* bytes of a list of audiences */
#define LA_REGISTRATION_MAX 12288 /* bytes of a registration as the store keeps it */
#define LA_WRAPPED_SECRET_MAX 320 /* bytes of a wrapped client secret */
#define LA_SECRET_WRAP_PURPOSE "client-secret"
#define LA_STATUS_LIST_ID_BYTES 32 /* see oauth/status.h */
#define LA_JTI_MAX 64              /* characters */
#define LA_CUSTOMER_DIGEST_BYTES 6

/* How an application authenticates (RFC 7591 2, token_endpoint_auth_method). One per application. */
typedef enum la_auth_method {
    LA_AUTH_CLIENT_SECRET = 0,   /* client_secret_basic or client_secret_post */
    LA_AUTH_CLIENT_SECRET_BASIC, /* only that */
    LA_AUTH_CLIENT_SECRET_POST,
    LA_AUTH_CLIENT_SECRET_JWT, /* an assertion, its MAC by the secret (RFC 7523 2.2, OpenID Connect Core 9) */
    LA_AUTH_PRIVATE_KEY_JWT,   /* an assertion, signed */
    LA_AUTH_TLS_CLIENT,        /* a certificate of a trusted authority (RFC 8705 2.1) */
    LA_AUTH_SELF_SIGNED_TLS,   /* a certificate that was registered (RFC 8705 2.2) */
    LA_AUTH_METHOD_COUNT
} la_auth_method;

/* "client_secret", "client_secret_basic", …, "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth" */
const char *la_auth_method_name(la_auth_method m);
bool la_auth_method_parse(la_slice name, la_auth_method *ret);

typedef enum la_secret_kind {
    LA_SECRET_KEYED = 0, /* digest = HMAC-SHA-256(pepper, secret): ours, or an imported one after first use */
    LA_SECRET_SLOW,      /* slow_hash = crypt(3) or Argon2id text of an imported secret */
    LA_SECRET_WRAPPED,   /* the secret itself, wrapped, beside its digest: what client_secret_jwt needs */
} la_secret_kind;

typedef struct la_secret_record {
    uint64_t secret_id;
    int64_t expires_at_s; /* 0: never */
    la_secret_kind kind;
    uint8_t digest[LA_DIGEST_BYTES];
    la_slice slow_hash;
    la_slice wrapped; /* la_wrap with LA_SECRET_WRAP_PURPOSE and the client_id as the name */
} la_secret_record;

/* What a certificate must say of its owner (RFC 8705 2.1.2). Exactly one kind for an application. */
typedef enum la_subject_kind {
    LA_SUBJECT_NONE = 0,
    LA_SUBJECT_DN,
    LA_SUBJECT_SAN_DNS,
    LA_SUBJECT_SAN_URI,
    LA_SUBJECT_SAN_IP,
    LA_SUBJECT_SAN_EMAIL,
    LA_SUBJECT_KIND_COUNT
} la_subject_kind;

/* What an application registered beyond its method and scopes (RFC 7591 2, RFC 8705, RFC 9449). All zero: nothing. */
typedef struct la_registration {
    bool fapi;                    /* FAPI 2.0 Security Profile, whatever its environment says */
    bool dpop_bound;              /* dpop_bound_access_tokens */
    bool certificate_bound;       /* tls_client_certificate_bound_access_tokens */
    bool token_endpoint_audience; /* takes the token endpoint's URL as the audience of an assertion, too */
    bool token_exchange;          /* its grant_types have token exchange (RFC 8693) */
    uint32_t requests_per_minute; /* 0: as the environment says */
    la_subject_kind subject_kind;
    la_slice subject;
    la_slice jwks;                    /* a JWK set, as text; absent where there is none */
    la_slice jwks_uri;                /* or where one is; absent where there is none */
    la_slice signing_alg;             /* token_endpoint_auth_signing_alg; absent: any that fits */
    la_slice introspection_audiences; /* space-separated: whose tokens it may ask about; absent: none */
} la_registration;

/* A live certificate of an application. */
typedef struct la_certificate_record {
    uint64_t certificate_id;
    uint8_t thumbprint[LA_THUMBPRINT_BYTES];
    int64_t expires_at_s;
} la_certificate_record;

/* What the token path needs of an application; its name and its revoked or expired secrets stay in the store. */
typedef struct la_application_record {
    uint64_t application_id; /* row of the store; client_id is what the world knows */
    uint16_t environment_id;
    la_slice client_id;
    bool enabled;
    la_auth_method auth_method;
    la_slice scopes; /* space-separated: "api customer payments"; `customer` stands for customer.<id> */
    unsigned n_secrets;
    la_secret_record secrets[LA_SECRETS_MAX];
    la_registration registration;
    uint64_t
        version; /* grows with each change of registration or certificates: what was derived from them is stale then.
                         0 where there are neither */
    int64_t created_at_s;
    unsigned n_certificates;
    la_certificate_record certificates[LA_CERTIFICATES_MAX];
} la_application_record;

/* Whether a token of that client_id was issued to a former application of the same name, which has been deleted: it does not hold for this one.
 * A creation in the future is one by a clock that was wrong, and says nothing. */
bool la_token_is_of_former(int64_t issued_s, int64_t created_at_s, int64_t now_s);

/* Which credential of its application a token was issued to: kind in the upper four bits, below it the number of a secret, or
 * the first 28 bits of the thumbprint of a certificate or of a key. In the jti of the token, so that all that a credential got can be
 * revoked without a list of tokens. */
enum { LA_CREDENTIAL_SECRET = 0, LA_CREDENTIAL_CERTIFICATE = 1, LA_CREDENTIAL_KEY = 2 };
uint32_t la_credential_tag_of_secret(uint64_t secret_id);
uint32_t la_credential_tag_of_thumbprint(unsigned kind, const uint8_t thumbprint[LA_THUMBPRINT_BYTES]);

/* The tag in the jti of a token of RFC 9068's profile; false where it has none, as those of the Spring profile. */
#define LA_JTI_BYTES 20 /* behind its base64url; the last four are the tag, big-endian */
bool la_credential_tag_of_jti(la_slice jti, uint32_t *ret);

/* What stands for a customer_id where there is no room for it: enough that no two customers of one application share it, too little to be
 * kept from who tries all ids. */
void la_customer_digest(la_slice customer_id, uint8_t ret[LA_CUSTOMER_DIGEST_BYTES]);

/* What is revoked: one token until it would have expired, or what was issued up to before_s to a credential, to an
 * application, or to an application for one customer. Kept until expires_at_s, when no such token can be valid any more. */
typedef enum la_revocation_kind {
    LA_REVOKED_TOKEN = 1,
    LA_REVOKED_CREDENTIAL,
    LA_REVOKED_APPLICATION,
    LA_REVOKED_CUSTOMER,
} la_revocation_kind;

typedef struct la_revocation_record {
    uint16_t environment_id;
    la_revocation_kind kind;
    uint64_t application_id;
    uint32_t credential_tag; /* of a credential */
    la_slice jti;            /* of a token */
    int64_t before_s;        /* of all but a token: those with iat <= this */
    int64_t expires_at_s;
    la_slice list; /* the token's status list, LA_STATUS_LIST_ID_BYTES; absent where it has none */
    uint32_t list_index;
    la_slice customer_id; /* of a customer */
} la_revocation_record;

/* The certificate authority of an environment, as far as the token path needs it. */
typedef struct la_authority_record {
    uint16_t environment_id;
    la_slice certificate; /* DER */
    la_slice crl;         /* DER; absent before the first */
} la_authority_record;

typedef struct la_customer_record {
    uint16_t environment_id;
    la_slice customer_id;
    uint64_t application_id; /* the owner */
} la_customer_record;

/*
 * A signing key. All of its life is decided when its successor is made, so a node needs nothing but
 * a clock to know what to do: published at once, signs from activates_at_s until retires_at_s, leaves the
 * JWKS at removed_at_s. 0 means "not yet decided" for the last two.
 */
typedef struct la_key_record {
    uint64_t key_id;
    uint16_t environment_id;
    la_slice algorithm; /* JWA name: "ES256" */
    la_slice kid;       /* LA_KID_CHARS */
    int64_t published_at_s;
    int64_t activates_at_s;
    int64_t retires_at_s;
    int64_t removed_at_s;
    la_slice public_jwk;      /* the JSON object as the JWKS shows it */
    la_slice wrapped_private; /* la_wrap output; see jose/wrap.h */
} la_key_record;

typedef struct la_environment_record {
    uint16_t environment_id; /* from 1 */
    la_slice name;
} la_environment_record;

/* One step of the change feed: what the registry must now hold, or hold no longer. */
typedef enum la_feed_kind {
    LA_FEED_PUT_ENVIRONMENT,
    LA_FEED_PUT_PEPPER, /* wrapped */
    LA_FEED_PUT_APPLICATION,
    LA_FEED_DELETE_APPLICATION, /* application.environment_id and .client_id are set */
    LA_FEED_PUT_CUSTOMER,
    LA_FEED_DELETE_CUSTOMER,
    LA_FEED_PUT_KEY,
    LA_FEED_DELETE_KEY, /* key.environment_id and .kid are set */
    LA_FEED_PUT_REVOCATION,
    LA_FEED_DELETE_REVOCATION, /* all but the times are set */
    LA_FEED_PUT_AUTHORITY,
} la_feed_kind;

typedef struct la_feed_item {
    la_feed_kind kind;
    union {
        la_environment_record environment;
        la_slice pepper;
        la_application_record application;
        la_customer_record customer;
        la_key_record key;
        la_revocation_record revocation;
        la_authority_record authority;
    };
} la_feed_item;

/* Where a registry stands in the feed. `tag` is random to each change, so that a restored or another
 * database is noticed even where the numbers agree; `store` names the database. */
typedef struct la_feed_position {
    uint64_t sequence;
    uint64_t tag;
    uint8_t store[16];
} la_feed_position;

/* One or more characters %x20-7E (RFC 6749 A: VSCHAR), as client_id and client_secret must be. */
bool la_is_vschar(la_slice s);

/* True where space-separated `list` has exactly `name`. */
bool la_scope_list_has(la_slice list, la_slice name);

#endif
