/* Defaults and copies. The getters are generated from options.def, so that a default stands there and nowhere else. */
#include "config/fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAPPING(mapping)
#define NUMBER(mapping, option, fallback, least, most)                          \
    [[maybe_unused]] static uint32_t mapping##_##option(const raw_##mapping *r) \
    {                                                                           \
        return r->o_##option ? *r->o_##option : (fallback);                     \
    }
#define NEEDED_NUMBER(mapping, option, least, most) NUMBER(mapping, option, 0, least, most)
#define FLAG(mapping, option, fallback)                     \
    static bool mapping##_##option(const raw_##mapping *r)  \
    {                                                       \
        return r->o_##option ? *r->o_##option : (fallback); \
    }
#define CHOICE(mapping, option, fallback, choices)                                                 \
    static int mapping##_##option(const raw_##mapping *r)                                          \
    {                                                                                              \
        return r->o_##option ? *r->o_##option : la_choices_value(&la_choices_##choices, fallback); \
    }
#define TEXT(mapping, option, fallback, kind)                                      \
    [[maybe_unused]] static const char *mapping##_##option(const raw_##mapping *r) \
    {                                                                              \
        return r->o_##option ? r->o_##option : (fallback);                         \
    }
#define NEEDED_TEXT(mapping, option, kind) TEXT(mapping, option, "", kind)
#define OPTIONAL_TEXT(mapping, option, kind) TEXT(mapping, option, NULL, kind)
#define TEXTS(mapping, option, kind, least, most)
#define MAP(mapping, option, of)
#define NEEDED_MAP(mapping, option, of)
#define MAPS(mapping, option, of, most)
#define NEEDED_MAPS(mapping, option, of, most)
#define END(mapping)
#include "config/options.def"

static la_result no_memory(void)
{
    return la_fail(LA_NO_MEMORY, "out of memory");
}

static la_result copy(const char *text, char **ret)
{
    *ret = strdup(text);
    return *ret ? la_ok() : no_memory();
}

/* Relative paths start at the folder of the file. */
static la_result resolve(const la_config *c, const char *path, char **ret)
{
    if (path[0] == '/')
        return copy(path, ret);
    return asprintf(ret, "%s/%s", c->directory, path) < 0 ? (*ret = NULL, no_memory()) : la_ok();
}

static la_result fill_endpoint(const char *address, uint32_t port, bool tls, la_endpoint *ret)
{
    ret->port = (uint16_t)port;
    ret->tls = tls;
    return copy(address, &ret->address);
}

/* The check has something to say where only one of them is there. */
static la_result fill_tls_files(const la_config *c, const char *certificate, const char *key, la_tls_files *ret)
{
    if (!certificate || !key)
        return la_ok();
    LA_TRY(resolve(c, certificate, &ret->certificate));
    return resolve(c, key, &ret->key);
}

static void fill_limits(const raw_limits *r, la_limits_config *ret)
{
    *ret = (la_limits_config){
        .header_bytes = limits_header_bytes(r),
        .body_bytes = limits_body_bytes(r),
        .connections = limits_connections(r),
        .connections_per_address = limits_connections_per_address(r),
        .request_timeout_s = limits_request_timeout_s(r),
        .idle_timeout_s = limits_idle_timeout_s(r),
        .drain_timeout_s = limits_drain_timeout_s(r),
        .failed_auth_per_minute = limits_failed_auth_per_minute(r),
        .failed_auth_per_address_per_minute = limits_failed_auth_per_address_per_minute(r),
    };
}

/* A host name in lower case, as it is compared; owned by the configuration. */
static la_result lower_copy(la_slice text, la_slice *ret)
{
    char *p = malloc(text.n ? text.n : 1);
    if (!p)
        return no_memory();
    for (size_t i = 0; i < text.n; i++)
        p[i] = (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] | 0x20 : text.p[i]);
    *ret = (la_slice){p, text.n};
    return la_ok();
}

/* Whoever names a host in mtls_url wants it answered. */
static la_result add_mtls_host(la_environment_config *ret)
{
    la_issuer_parts url = {0};
    if (!ret->mtls_url.p || la_issuer_parse(ret->mtls_url, &url))
        return la_ok();
    for (unsigned i = 0; i < ret->n_hosts; i++)
        if (la_slice_equal_nocase(ret->hosts[i], url.host))
            return la_ok();
    return lower_copy(url.host, &ret->hosts[ret->n_hosts++]);
}

static la_result fill_hosts(const raw_environment *r, la_slice issuer_host, la_environment_config *ret)
{
    unsigned n = r->n_hosts ? r->n_hosts : 1;
    ret->hosts = calloc(n + 1, sizeof *ret->hosts);
    if (!ret->hosts)
        return no_memory();
    for (; ret->n_hosts < n; ret->n_hosts++) {
        la_slice host = r->n_hosts ? la_slice_of(r->o_hosts[ret->n_hosts]) : issuer_host;
        LA_TRY(lower_copy(host, &ret->hosts[ret->n_hosts]));
    }
    return add_mtls_host(ret);
}

/* As configured, or the issuer's host at the address that asks for certificates. */
static la_result fill_mtls_url(const la_config *c, const raw_environment *r, const la_issuer_parts *issuer,
                               la_environment_config *ret)
{
    char port[8] = "", *url;
    if (environment_mtls_url(r)) {
        LA_TRY(copy(environment_mtls_url(r), &url));
    } else if (c->mtls_listen.address) {
        if (c->mtls_listen.port != 443)
            snprintf(port, sizeof port, ":%u", (unsigned)c->mtls_listen.port);
        if (asprintf(&url, "https://%.*s%s%.*s", LA_FMT(issuer->host), port, LA_FMT(issuer->path)) < 0)
            return no_memory();
    } else {
        return la_ok();
    }
    ret->mtls_url = la_slice_of(url);
    if (ret->mtls_url.p[ret->mtls_url.n - 1] == '/')
        ret->mtls_url.n--;
    return la_ok();
}

static la_result fill_resources(char **texts, uint32_t n, la_scope_policy *ret)
{
    ret->resources = calloc(n ? n : 1, sizeof *ret->resources);
    if (!ret->resources)
        return no_memory();
    for (; ret->n_resources < n; ret->n_resources++)
        ret->resources[ret->n_resources] = la_slice_of(texts[ret->n_resources]);
    return la_ok();
}

/* Room for the two of the admin API, and for one that stays empty, behind the last. */
static la_result fill_scopes(const raw_environment *r, la_environment_config *ret)
{
    ret->scopes = calloc(r->n_scopes + 3, sizeof *ret->scopes);
    if (!ret->scopes)
        return no_memory();
    for (; ret->n_scopes < r->n_scopes; ret->n_scopes++) {
        const raw_scope *s = &r->o_scopes[ret->n_scopes];
        ret->scopes[ret->n_scopes] = (la_scope_policy){.name = la_slice_of(scope_name(s)),
                                                       .audience = la_slice_of(scope_audience(s)),
                                                       .lifetime_s = scope_lifetime_s(s)};
        LA_TRY(fill_resources(s->o_resources, s->n_resources, &ret->scopes[ret->n_scopes]));
    }
    return la_ok();
}

static la_result fill_classes(const raw_environment *r, la_environment_config *ret)
{
    const raw_api *api = &r->o_api;
    const raw_customer *customer = &r->o_customer;
    ret->api = (la_scope_policy){
        .name = LA_SLICE("api"), .audience = la_slice_of(api_audience(api)), .lifetime_s = api_lifetime_s(api)};
    ret->customer = (la_scope_policy){.name = LA_SLICE("customer"),
                                      .audience = la_slice_of(customer_audience(customer)),
                                      .lifetime_s = customer_lifetime_s(customer)};
    ret->customer_policy = (la_customer_policy)customer_policy(customer);
    ret->customer_id_format = (la_customer_id_format)customer_id_format(customer);
    LA_TRY(fill_resources(api->o_resources, api->n_resources, &ret->api));
    return fill_resources(customer->o_resources, customer->n_resources, &ret->customer);
}

static la_result fill_mtls(const la_config *c, const raw_mtls *r, la_mtls_config *ret)
{
    ret->own_authority = mtls_own_authority(r);
    ret->certificate_lifetime_s = mtls_certificate_lifetime_s(r);
    ret->warn_before_s = mtls_warn_before_s(r);
    if (mtls_trust_anchors(r))
        LA_TRY(resolve(c, mtls_trust_anchors(r), &ret->trust_anchors));
    return mtls_crl(r) ? resolve(c, mtls_crl(r), &ret->crl) : la_ok();
}

static la_result fill_environment(const la_config *c, const raw_environment *r, la_environment_config *ret)
{
    la_issuer_parts issuer = {0};
    ret->name = la_slice_of(environment_name(r));
    ret->issuer = la_slice_of(environment_issuer(r));
    const char *expected = la_issuer_parse(ret->issuer, &issuer);
    if (expected) /* the shape check has asked already */
        return la_fail(LA_INVALID, "the issuer: expected %s", expected);
    ret->path = issuer.path;
    ret->is_default = environment_default(r);
    ret->test = environment_test(r);
    ret->algorithm = la_slice_of(la_choices_algorithms.names[environment_algorithm(r)].str);
    ret->profile = (la_token_profile)environment_profile(r);
    ret->allow_origin = environment_allow_origin(r);
    ret->fapi = environment_fapi(r);
    ret->assertion_lifetime_max_s = assertion_lifetime_max_s(&r->o_assertion);
    ret->dpop = (la_dpop_config){
        .nonce = (la_dpop_nonce)dpop_nonce(&r->o_dpop),
        .nonce_lifetime_s = dpop_nonce_lifetime_s(&r->o_dpop),
        .proof_lifetime_s = dpop_proof_lifetime_s(&r->o_dpop),
    };
    ret->sees_certificates = c->mtls_listen.address || c->proxies.certificate != LA_PROXY_CERTIFICATE_NONE;
    ret->status_list = environment_status_list(r);
    ret->status_list_ttl_s = environment_status_list_ttl_s(r);
    ret->token_reuse_s = environment_token_reuse_s(r);
    ret->requests_per_minute = environment_requests_per_minute(r);
    ret->request_burst = environment_request_burst(r);
    ret->secrets_per_application = environment_secrets_per_application(r);
    ret->jwks_max_age_s = environment_jwks_max_age_s(r);
    ret->key_rotate_every_s = keys_rotate_every_s(&r->o_keys);
    ret->key_publish_margin_s = keys_publish_margin_s(&r->o_keys);
    LA_TRY(fill_classes(r, ret));
    if (r->o_listen.o_address)
        LA_TRY(fill_endpoint(environment_listen_address(&r->o_listen), environment_listen_port(&r->o_listen),
                             environment_listen_tls(&r->o_listen), &ret->listen));
    LA_TRY(fill_tls_files(c, r->o_tls.o_certificate, r->o_tls.o_key, &ret->tls));
    LA_TRY(fill_mtls_url(c, r, &issuer, ret));
    LA_TRY(fill_mtls(c, &r->o_mtls, &ret->mtls));
    LA_TRY(fill_hosts(r, issuer.host, ret));
    return fill_scopes(r, ret);
}

static la_result fill_workers(const raw_root *raw, la_config *ret)
{
    ret->workers = root_workers(raw);
    if (ret->workers == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        ret->workers = cores < 1 ? 1 : cores > 256 ? 256 : (unsigned)cores;
    }
    return la_ok();
}

static la_result fill_tls(const raw_root *raw, la_config *ret)
{
    const raw_tls *tls = &raw->o_tls;
    const raw_certificate *admin = &raw->o_admin.o_tls;
    const raw_mtls_listen *mtls = &raw->o_mtls_listen;
    ret->tls_min_version = (la_tls_version)tls_min_version(tls);
    LA_TRY(fill_tls_files(ret, tls_certificate(tls), tls_key(tls), &ret->tls));
    LA_TRY(fill_tls_files(ret, admin->o_certificate, admin->o_key, &ret->admin_tls));
    if (!mtls->o_address)
        return la_ok();
    return fill_endpoint(mtls_listen_address(mtls), mtls_listen_port(mtls), true, &ret->mtls_listen);
}

static la_result fill_proxies(const raw_proxies *r, la_proxies_config *ret)
{
    static const char *const usual[] = {"", "client-cert", "x-ssl-client-cert", "x-forwarded-client-cert"};
    const char *header = proxies_client_certificate_header(r);
    ret->certificate = (la_proxy_certificate)proxies_client_certificate(r);
    ret->forwarded_for = proxies_forwarded_for(r);
    LA_TRY(lower_copy(la_slice_of(header ? header : usual[ret->certificate]), &ret->certificate_header));
    ret->addresses = calloc(r->n_addresses ? r->n_addresses : 1, sizeof *ret->addresses);
    if (!ret->addresses)
        return no_memory();
    for (; ret->n_addresses < r->n_addresses; ret->n_addresses++)
        if (!la_address_range_parse(la_slice_of(r->o_addresses[ret->n_addresses]), &ret->addresses[ret->n_addresses]))
            return la_fail(LA_INVALID, "proxies.addresses: expected addresses"); /* the shape check has asked already */
    return la_ok();
}

/* Scopes like others, so that the token path needs no word about them. */
static void add_admin_scopes(la_config *c, la_environment_config *e)
{
    e->scopes[e->n_scopes++] = (la_scope_policy){
        .name = LA_SLICE("admin:read"), .audience = c->admin_audience, .lifetime_s = c->admin_token_lifetime_s};
    e->scopes[e->n_scopes++] = (la_scope_policy){
        .name = LA_SLICE("admin:write"), .audience = c->admin_audience, .lifetime_s = c->admin_token_lifetime_s};
    e->n_admin_scopes = 2;
}

/* After the environments. One that does not exist is left to the checks. */
static la_result fill_admin(const raw_admin *r, la_config *ret)
{
    ret->admin_environment = -1;
    ret->admin_audience = la_slice_of(admin_audience(r));
    ret->admin_token_lifetime_s = admin_token_lifetime_s(r);
    ret->admin_require_totp = admin_require_totp(r);
    ret->admin_session_idle_s = admin_session_idle_s(r);
    ret->admin_session_max_s = admin_session_max_s(r);
    if (admin_origin(r))
        LA_TRY(copy(admin_origin(r), &ret->admin_origin));
    for (unsigned i = 0; admin_environment(r) && i < ret->n_environments; i++)
        if (la_slice_is(ret->environments[i].name, admin_environment(r)) && ret->admin_environment < 0) {
            ret->admin_environment = (int)i;
            add_admin_scopes(ret, &ret->environments[i]);
        }
    return fill_endpoint(admin_address(r), admin_port(r), ret->admin_tls.certificate != NULL, &ret->admin);
}

static void fill_usage(const raw_usage *r, la_config *ret)
{
    ret->usage_flush_s = usage_flush_s(r);
    ret->usage_keep_minutes_s = usage_keep_minutes_s(r);
    ret->usage_keep_hours_s = usage_keep_hours_s(r);
    ret->usage_keep_days_s = usage_keep_days_s(r);
}

static la_result fill_jwks_fetch(const la_config *c, const raw_jwks_fetch *r, la_jwks_fetch_config *ret)
{
    const char *anchors = jwks_fetch_trust_anchors(r);
    ret->timeout_s = jwks_fetch_timeout_s(r);
    ret->max_bytes = jwks_fetch_max_bytes(r);
    ret->min_refresh_s = jwks_fetch_min_refresh_s(r);
    if (anchors)
        LA_TRY(resolve(c, anchors, &ret->trust_anchors));
    ret->allowed = calloc(r->n_allow_addresses ? r->n_allow_addresses : 1, sizeof *ret->allowed);
    if (!ret->allowed)
        return no_memory();
    for (; ret->n_allowed < r->n_allow_addresses; ret->n_allowed++)
        if (!la_address_range_parse(la_slice_of(r->o_allow_addresses[ret->n_allowed]), &ret->allowed[ret->n_allowed]))
            return la_fail(LA_INVALID, "jwks_fetch.allow_addresses: expected addresses"); /* as for proxies */
    return la_ok();
}

la_result la_fill(const raw_root *raw, la_config *ret)
{
    LA_TRY(fill_endpoint(listen_address(&raw->o_listen), listen_port(&raw->o_listen), listen_tls(&raw->o_listen),
                         &ret->listen));
    LA_TRY(fill_tls(raw, ret));
    LA_TRY(fill_proxies(&raw->o_proxies, &ret->proxies));
    LA_TRY(fill_workers(raw, ret));
    LA_TRY(resolve(ret, store_sqlite(&raw->o_store), &ret->sqlite_path));
    LA_TRY(resolve(ret, registry_path(&raw->o_registry), &ret->registry_path));
    LA_TRY(resolve(ret, root_master_key(raw), &ret->master_key_path));
    ret->last_used_flush_s = store_last_used_flush_s(&raw->o_store);
    ret->ready_max_stale_s = registry_ready_max_stale_s(&raw->o_registry);
    ret->log_level = log_level(&raw->o_log);
    ret->log_requests = (la_request_log)log_requests(&raw->o_log);
    fill_limits(&raw->o_limits, &ret->limits);
    ret->replay_max_entries = replay_max_entries(&raw->o_replay);
    LA_TRY(fill_jwks_fetch(ret, &raw->o_jwks_fetch, &ret->jwks_fetch));
    fill_usage(&raw->o_usage, ret);
    ret->environments = calloc(raw->n_environments, sizeof *ret->environments);
    if (!ret->environments)
        return no_memory();
    for (unsigned i = 0; i < raw->n_environments; i++) {
        ret->n_environments = i + 1; /* so that a half-filled one is freed */
        LA_TRY(fill_environment(ret, &raw->o_environments[i], &ret->environments[i]));
    }
    return fill_admin(&raw->o_admin, ret);
}

static void free_tls_files(la_tls_files *files)
{
    free(files->certificate);
    free(files->key);
}

void la_fill_done(la_config *c)
{
    for (unsigned i = 0; i < c->n_environments; i++) {
        la_environment_config *e = &c->environments[i];
        for (unsigned h = 0; h < e->n_hosts; h++)
            free((char *)(uintptr_t)e->hosts[h].p);
        free(e->hosts);
        for (unsigned s = 0; e->scopes && s <= e->n_scopes; s++)
            free(e->scopes[s].resources); /* one more: of a scope that was half filled */
        free(e->scopes);
        free(e->api.resources);
        free(e->customer.resources);
        free(e->listen.address);
        free_tls_files(&e->tls);
        free(e->mtls.trust_anchors);
        free(e->mtls.crl);
        free((char *)(uintptr_t)e->mtls_url.p);
    }
    free(c->environments);
    free(c->listen.address);
    free(c->mtls_listen.address);
    free(c->admin.address);
    free_tls_files(&c->tls);
    free_tls_files(&c->admin_tls);
    free(c->jwks_fetch.allowed);
    free(c->jwks_fetch.trust_anchors);
    free(c->proxies.addresses);
    free((char *)(uintptr_t)c->proxies.certificate_header.p);
    free(c->admin_origin);
    free(c->sqlite_path);
    free(c->registry_path);
    free(c->master_key_path);
}
