/*
 * The configuration: what leanauth.yaml may say, checked and with its defaults filled in.
 * Immutable once loaded; everybody reads it, nobody writes it. docs/configuration.md says what each
 * option does, and ./dev lint compares the two.
 */
#ifndef LA_CONFIG_CONFIG_H
#define LA_CONFIG_CONFIG_H

#include "base/result.h"
#include "base/slice.h"
#include "model/model.h"

#include <stdint.h>

typedef enum la_token_profile { LA_PROFILE_RFC9068, LA_PROFILE_SPRING } la_token_profile;
typedef enum la_customer_policy { LA_CUSTOMERS_ANY, LA_CUSTOMERS_REGISTERED } la_customer_policy;

/* uuid: la_uuid_is. digits: 1 to 20 digits. opaque: 1 to 64 of A-Z a-z 0-9 _ -. */
typedef enum la_customer_id_format {
    LA_CUSTOMER_ID_UUID,
    LA_CUSTOMER_ID_DIGITS,
    LA_CUSTOMER_ID_OPAQUE
} la_customer_id_format;

typedef enum la_request_log { LA_REQUEST_LOG_ALL, LA_REQUEST_LOG_REFUSED, LA_REQUEST_LOG_NONE } la_request_log;

typedef enum la_dpop_nonce { LA_DPOP_NONCE_OFF, LA_DPOP_NONCE_REQUIRED } la_dpop_nonce;

/* How proofs of DPoP are judged (RFC 9449). */
typedef struct la_dpop_config {
    la_dpop_nonce nonce;
    uint32_t nonce_lifetime_s;
    uint32_t proof_lifetime_s; /* from its iat */
} la_dpop_config;

/* No option sets a longer lifetime of a token: how long a retired key can still be needed follows from it. */
#define LA_TOKEN_LIFETIME_MAX_S 86400

typedef struct la_scope_policy {
    la_slice name;
    la_slice audience;
    uint32_t lifetime_s;
    unsigned n_resources; /* audiences that `resource` may name (RFC 8707), besides `audience` */
    la_slice *resources;
} la_scope_policy;

typedef struct la_endpoint {
    char *address; /* numeric IPv4 or IPv6, or unix:/path; zero-terminated; NULL: none */
    uint16_t port; /* nothing to a unix socket */
    bool tls;      /* it speaks HTTPS, and nothing else */
} la_endpoint;

#define LA_UNIX_PREFIX "unix:"

/* Paths of PEM files; NULL: none, and then both. */
typedef struct la_tls_files {
    char *certificate; /* the leaf, then its chain */
    char *key;
} la_tls_files;

typedef enum la_tls_version { LA_TLS_1_2, LA_TLS_1_3, LA_TLS_VERSIONS } la_tls_version;

/* Addresses that proxies have; n_bytes 0 stands for every unix socket that this server listens on. */
typedef struct la_address_range {
    uint8_t bytes[16]; /* network order */
    uint8_t n_bytes;   /* 4, 16 or 0 */
    uint8_t n_bits;    /* of the prefix */
} la_address_range;

/* How a proxy says which certificate its client showed. */
typedef enum la_proxy_certificate {
    LA_PROXY_CERTIFICATE_NONE,
    LA_PROXY_CERTIFICATE_CLIENT_CERT, /* RFC 9440 */
    LA_PROXY_CERTIFICATE_ESCAPED_PEM, /* nginx: $ssl_client_escaped_cert */
    LA_PROXY_CERTIFICATE_XFCC         /* Envoy: X-Forwarded-Client-Cert */
} la_proxy_certificate;

typedef struct la_proxies_config {
    unsigned n_addresses;
    la_address_range *addresses;
    la_proxy_certificate certificate;
    la_slice certificate_header; /* lower case */
    bool forwarded_for;          /* X-Forwarded-For says whose request it is */
} la_proxies_config;

/* Whose client certificates count for tls_client_auth (RFC 8705 2.1). */
typedef struct la_mtls_config {
    char *trust_anchors;             /* path of a PEM file; NULL: none */
    char *crl;                       /* path of their CRLs; NULL: revocation by them is not asked */
    bool own_authority;              /* those that this environment's own authority issued, too */
    uint32_t certificate_lifetime_s; /* of those that it issues */
    uint32_t warn_before_s;          /* how long before a client's certificate ends it is warned of */
} la_mtls_config;

/* Whether the address, 4 or 16 bytes in network order, is in the range. */
bool la_address_range_has(const la_address_range *range, const uint8_t *bytes, unsigned n_bytes);

/* How key sets of clients are fetched (RFC 7591 2 jwks_uri). */
typedef struct la_jwks_fetch_config {
    uint32_t timeout_s;
    uint32_t max_bytes;
    uint32_t min_refresh_s; /* the same URI is not asked again before */
    unsigned n_allowed;
    la_address_range *allowed; /* besides all that are public */
    char *trust_anchors;       /* a file in PEM; NULL: those of the system */
} la_jwks_fetch_config;

/* One walled-off environment. */
typedef struct la_environment_config {
    la_slice name;   /* 1 to 40 of a-z 0-9 - */
    la_slice issuer; /* exactly as tokens and metadata say it */
    la_slice path;   /* path of the issuer without a trailing slash; "" mostly (RFC 8414 3.1) */
    unsigned n_hosts;
    la_slice *hosts;    /* lower case, without port; default: the issuer's host */
    bool is_default;    /* answers for unknown hosts */
    la_endpoint listen; /* an address of its own; address NULL where it has none */
    la_tls_files tls;   /* for its hosts, by SNI */
    la_slice
        mtls_url; /* base URL of the endpoints that ask for a certificate (RFC 8705 5); absent where there are none */
    la_mtls_config mtls;
    bool test; /* sandbox: secrets are las_test_… rather than las_live_… */
    la_slice
        algorithm; /* ES256, RS256, PS256, ES384, EdDSA, ML-DSA-44, ML-DSA-65, ML-DSA-87: one that this build has */
    la_token_profile profile;
    la_scope_policy api;      /* name "api" */
    la_scope_policy customer; /* name "customer", stands for customer.<customer_id> */
    la_customer_policy customer_policy;
    la_customer_id_format customer_id_format;
    unsigned n_scopes; /* further plain scopes, and behind them those of the admin API where this is its environment */
    unsigned n_admin_scopes; /* the last ones of them; not in the metadata */
    la_scope_policy *scopes;
    bool allow_origin;
    bool fapi;                         /* all of its applications follow the FAPI 2.0 Security Profile */
    uint32_t assertion_lifetime_max_s; /* that an assertion of a client may be valid for */
    la_dpop_config dpop;
    bool sees_certificates;           /* of clients: by TLS of our own, or by the word of a proxy */
    uint32_t requests_per_minute;     /* of an application that has no limit of its own; 0: no limit */
    uint32_t request_burst;           /* at once; 0: as many as in a minute */
    bool status_list;                 /* tokens name a place in a status list */
    uint32_t status_list_ttl_s;       /* for so long a list may be kept */
    uint32_t token_reuse_s;           /* the same request gets the same token for so long; 0: never */
    unsigned secrets_per_application; /* live at the same time; 2 */
    uint32_t jwks_max_age_s;
    uint32_t key_rotate_every_s;   /* 0: only by hand */
    uint32_t key_publish_margin_s; /* on top of jwks_max_age_s before a new key signs */
} la_environment_config;

typedef struct la_limits_config {
    uint32_t header_bytes;
    uint32_t body_bytes;
    uint32_t connections;
    uint32_t connections_per_address;
    uint32_t request_timeout_s;                  /* for a whole request, from its first byte */
    uint32_t idle_timeout_s;                     /* between requests of a connection */
    uint32_t drain_timeout_s;                    /* from SIGTERM to exit */
    uint32_t failed_auth_per_minute;             /* per address and client; 0: no limit */
    uint32_t failed_auth_per_address_per_minute; /* 0: no limit */
} la_limits_config;

typedef struct la_config {
    char *file;      /* path as given */
    char *directory; /* of the file; relative paths start here */
    la_endpoint listen;
    la_endpoint mtls_listen; /* asks for client certificates; address NULL: none */
    la_endpoint admin;
    la_tls_files tls; /* where no environment has one of its own */
    la_tls_files admin_tls;
    la_tls_version tls_min_version;
    la_proxies_config proxies;
    char *admin_origin;      /* "https://leanauth.example.com" of the dashboard, as a browser writes it; NULL: none */
    int admin_environment;   /* index of the one whose applications may get admin:read and admin:write; -1: none */
    la_slice admin_audience; /* of those tokens */
    uint32_t admin_token_lifetime_s;
    bool admin_require_totp;
    uint32_t admin_session_idle_s;
    uint32_t admin_session_max_s;
    unsigned workers; /* event loops; never 0 here */
    char *sqlite_path;
    uint32_t last_used_flush_s;
    char *registry_path; /* a directory */
    char *master_key_path;
    int log_level; /* la_log_level */
    la_request_log log_requests;
    uint32_t ready_max_stale_s; /* /readyz fails when the registry is staler; 0: never */
    la_limits_config limits;
    uint32_t replay_max_entries; /* jtis of assertions and proofs that are remembered at a time */
    la_jwks_fetch_config jwks_fetch;
    uint32_t usage_flush_s;
    uint32_t usage_keep_minutes_s;
    uint32_t usage_keep_hours_s;
    uint32_t usage_keep_days_s; /* 0: for ever */
    unsigned n_environments;
    la_environment_config *environments;
} la_config;

/*
 * Reads and checks the file. On failure (INVALID with "FILE:LINE: what was expected", IO, NO_MEMORY) there is
 * a detail and *ret is untouched. The caller frees it with la_config_free.
 */
la_result la_config_load(const char *path, la_config **ret);
la_config *la_config_free(la_config *c); /* takes NULL; returns NULL */

/* An absolute URI (RFC 3986 4.3), as audiences are. */
bool la_audience_is_valid(la_slice text);

/* Whether tokens of the scope may be for that audience. */
bool la_policy_allows(const la_scope_policy *p, la_slice audience);

/* NULL where there is none of that name. */
const la_environment_config *la_config_environment(const la_config *c, la_slice name);

#endif
