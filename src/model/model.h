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

/* How an application authenticates (RFC 7591 2, token_endpoint_auth_method). One per application. */
typedef enum la_auth_method {
    LA_AUTH_CLIENT_SECRET = 0,   /* client_secret_basic or client_secret_post */
    LA_AUTH_CLIENT_SECRET_BASIC, /* only that */
    LA_AUTH_CLIENT_SECRET_POST,
    LA_AUTH_METHOD_COUNT
} la_auth_method;

/* "client_secret", "client_secret_basic", … */
const char *la_auth_method_name(la_auth_method m);
bool la_auth_method_parse(la_slice name, la_auth_method *ret);

typedef enum la_secret_kind {
    LA_SECRET_KEYED = 0, /* digest = HMAC-SHA-256(pepper, secret): ours, or an imported one after first use */
    LA_SECRET_SLOW,      /* slow_hash = crypt(3) or Argon2id text of an imported secret */
} la_secret_kind;

typedef struct la_secret_record {
    uint64_t secret_id;
    int64_t expires_at_s; /* 0: never */
    la_secret_kind kind;
    uint8_t digest[LA_DIGEST_BYTES];
    la_slice slow_hash;
} la_secret_record;

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
} la_application_record;

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
} la_feed_kind;

typedef struct la_feed_item {
    la_feed_kind kind;
    union {
        la_environment_record environment;
        la_slice pepper;
        la_application_record application;
        la_customer_record customer;
        la_key_record key;
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
