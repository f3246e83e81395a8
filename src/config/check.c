/* Checks between options. Each option by itself was checked before (shape.c). */
#include "config/check.h"

#include "config/value.h"
#include "jose/algorithm.h"

#include <stdarg.h>
#include <stdio.h>

/* Fails at the line of environments[i].OPTION. */
__attribute__((format(printf, 4, 5))) static la_result refuse(const la_config_document *d, unsigned i,
                                                              const char *option, const char *format, ...)
{
    char path[128], message[320];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    snprintf(path, sizeof path, "environments[%u].%s", i, option);
    return la_config_document_fail(d, la_config_document_line(d, path), path, "%s", message);
}

static bool is_any(const uint8_t *address, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (address[i])
            return false;
    return true;
}

/* True where a connection could belong to both: the same address however it is written, or one that stands for all (:: for
 * IPv4 too). With SO_REUSEPORT the system would not refuse that, but deal connections out. */
static bool overlap(const la_endpoint *a, const la_endpoint *b)
{
    uint8_t x[16], y[16];
    unsigned nx, ny;
    if (!a->address || !b->address)
        return false;
    if (strncmp(a->address, LA_UNIX_PREFIX, strlen(LA_UNIX_PREFIX)) == 0)
        return strcmp(a->address, b->address) == 0;
    if (a->port != b->port)
        return false;
    if (!la_address_parse(a->address, x, &nx) || !la_address_parse(b->address, y, &ny))
        return false;
    if ((nx == 16 && is_any(x, nx)) || (ny == 16 && is_any(y, ny)))
        return true;
    return nx == ny && (is_any(x, nx) || is_any(y, ny) || memcmp(x, y, nx) == 0);
}

static la_slice without_slash(la_slice issuer)
{
    if (issuer.n && issuer.p[issuer.n - 1] == '/')
        issuer.n--;
    return issuer;
}

/* Points at what has to be changed: the host, or the issuer that it comes from. */
static la_result refuse_host(const la_config_document *d, const la_environment_config *e, unsigned i, unsigned host,
                             unsigned other)
{
    char path[64], option[32];
    snprintf(path, sizeof path, "environments[%u].hosts[%u]", i, host);
    if (host > 0 && !la_config_document_has(d, path))
        snprintf(option, sizeof option, "mtls_url");
    else if (la_config_document_has(d, path))
        snprintf(option, sizeof option, "hosts[%u]", host);
    else
        snprintf(option, sizeof option, "issuer");
    return refuse(d, i, option, "expected a host of its own; found %.*s, which environments[%u] has too",
                  LA_FMT(e->hosts[host]), other);
}

/* Two environments that answer at one host are told apart by their issuers' paths. With i == j: no host twice. */
static la_result check_hosts(const la_config_document *d, const la_config *c, unsigned i, unsigned j)
{
    const la_environment_config *a = &c->environments[i], *b = &c->environments[j];
    if (!la_slice_equal(a->path, b->path))
        return la_ok();
    for (unsigned x = 0; x < a->n_hosts; x++)
        for (unsigned y = 0; y < (i == j ? x : b->n_hosts); y++)
            if (la_slice_equal(a->hosts[x], b->hosts[y]))
                return refuse_host(d, a, i, x, j);
    return la_ok();
}

static la_result check_pair(const la_config_document *d, const la_config *c, unsigned i, unsigned j)
{
    const la_environment_config *a = &c->environments[i], *b = &c->environments[j];
    if (la_slice_equal(a->name, b->name))
        return refuse(d, i, "name", "expected a name of its own; found %.*s, which environments[%u] has too",
                      LA_FMT(a->name), j);
    if (la_slice_equal(without_slash(a->issuer), without_slash(b->issuer)))
        return refuse(d, i, "issuer", "expected an issuer of its own; found that of environments[%u]", j);
    if (a->is_default && b->is_default)
        return refuse(d, i, "default", "expected at most one default; environments[%u] is it already", j);
    if (overlap(&a->listen, &b->listen))
        return refuse(d, i, "listen", "expected an address of its own; found that of environments[%u]", j);
    return check_hosts(d, c, i, j);
}

static la_result check_audience(const la_config_document *d, const la_environment_config *e, unsigned i,
                                const char *option, la_slice audience)
{
    char endpoint[1024];
    snprintf(endpoint, sizeof endpoint, "%.*s/oauth2/token", LA_FMT(without_slash(e->issuer)));
    if (la_slice_is(audience, endpoint))
        return refuse(d, i, option, "expected the audience of a resource server; found this server's token endpoint");
    return la_ok();
}

/* Tokens of the two classes, and of any scope and the customer's, must never have an audience in common. */
static la_result check_resources(const la_config_document *d, const la_environment_config *e, unsigned i,
                                 const char *option, const la_scope_policy *p)
{
    bool is_customer = p == &e->customer;
    for (unsigned r = 0; r < p->n_resources; r++) {
        char path[64];
        snprintf(path, sizeof path, "%s.resources[%u]", option, r);
        LA_TRY(check_audience(d, e, i, path, p->resources[r]));
        for (unsigned s = 0; is_customer && s < e->n_scopes; s++)
            if (la_policy_allows(&e->scopes[s], p->resources[r]))
                return refuse(d, i, path, "expected no audience of scopes[%u]: customer tokens mix with none", s);
        if (la_policy_allows(is_customer ? &e->api : &e->customer, p->resources[r]))
            return refuse(d, i, path, "expected no audience of %s: the two must never mix",
                          is_customer ? "api" : "customer tokens");
        if (memchr(p->resources[r].p, '#', p->resources[r].n))
            return refuse(d, i, path, "expected an absolute URI without a fragment");
    }
    return la_ok();
}

static la_result check_scopes(const la_config_document *d, const la_environment_config *e, unsigned i)
{
    for (unsigned s = 0; s < e->n_scopes - e->n_admin_scopes; s++) {
        char option[48];
        snprintf(option, sizeof option, "scopes[%u].audience", s);
        LA_TRY(check_audience(d, e, i, option, e->scopes[s].audience));
        if (la_policy_allows(&e->customer, e->scopes[s].audience))
            return refuse(d, i, option, "expected another audience than that of customer tokens");
        snprintf(option, sizeof option, "scopes[%u]", s);
        LA_TRY(check_resources(d, e, i, option, &e->scopes[s]));
        for (unsigned t = 0; t < s; t++)
            if (la_slice_equal(e->scopes[s].name, e->scopes[t].name)) {
                snprintf(option, sizeof option, "scopes[%u].name", s);
                return refuse(d, i, option, "expected a name of its own; found that of scopes[%u]", t);
            }
    }
    return la_ok();
}

static la_result check_mtls_url(const la_config_document *d, const la_environment_config *e, unsigned i)
{
    la_issuer_parts url = {0};
    if (!e->mtls_url.p || la_issuer_parse(e->mtls_url, &url))
        return la_ok();
    if (!url.https)
        return refuse(d, i, "mtls_url", "expected a URL that starts with https://");
    if (!la_slice_equal(url.path, e->path))
        return refuse(d, i, "mtls_url", "expected the path of the issuer (%.*s) behind the host; found %.*s",
                      e->path.n ? (int)e->path.n : 4, e->path.n ? e->path.p : "none", url.path.n ? (int)url.path.n : 4,
                      url.path.n ? url.path.p : "none");
    return la_ok();
}

/* FAPI 2.0 Security Profile 5.4.1. */
static la_result check_fapi(const la_config_document *d, const la_environment_config *e, unsigned i)
{
    if (!e->fapi || la_slice_is(e->algorithm, "ES256") || la_slice_is(e->algorithm, "PS256") ||
        la_slice_is(e->algorithm, "EdDSA"))
        return la_ok();
    return refuse(d, i, "algorithm", "expected ES256, PS256 or EdDSA, as fapi wants it; found %.*s",
                  LA_FMT(e->algorithm));
}

static la_result check_environment(const la_config_document *d, const la_config *c, unsigned i)
{
    const la_environment_config *e = &c->environments[i];
    if (la_algorithm_is_missing(e->algorithm, LA_ALGORITHMS_SIGNING))
        return refuse(d, i, "algorithm",
                      "%.*s needs OpenSSL 3.5 or later (Debian 13), and this system has an older one",
                      LA_FMT(e->algorithm));
    LA_TRY(check_audience(d, e, i, "api.audience", e->api.audience));
    LA_TRY(check_audience(d, e, i, "customer.audience", e->customer.audience));
    if (la_slice_equal(e->api.audience, e->customer.audience))
        return refuse(d, i, "customer.audience", "expected another audience than that of api: the two must never mix");
    LA_TRY(check_resources(d, e, i, "api", &e->api));
    LA_TRY(check_resources(d, e, i, "customer", &e->customer));
    LA_TRY(check_scopes(d, e, i));
    uint64_t shortest = (uint64_t)e->jwks_max_age_s + e->key_publish_margin_s + 1;
    if (e->key_rotate_every_s && e->key_rotate_every_s < shortest)
        return refuse(d, i, "keys.rotate_every_s",
                      "expected 0, or at least %llu (jwks_max_age_s + keys.publish_margin_s + 1); found %u",
                      (unsigned long long)shortest, e->key_rotate_every_s);
    if (overlap(&e->listen, &c->listen))
        return refuse(d, i, "listen", "expected an address of its own; found that of all environments");
    if (overlap(&e->listen, &c->mtls_listen))
        return refuse(d, i, "listen", "expected an address of its own; found that of mtls_listen");
    if (e->listen.tls && !e->tls.certificate && !c->tls.certificate)
        return refuse(d, i, "listen.tls", "expected environments[].tls or tls: there is no certificate for it");
    LA_TRY(check_mtls_url(d, e, i));
    LA_TRY(check_fapi(d, e, i));
    if (e->mtls.crl && !e->mtls.trust_anchors)
        return refuse(d, i, "mtls.crl", "expected mtls.trust_anchors, too: a CRL is of an authority that is trusted");
    if (overlap(&e->listen, &c->admin))
        return refuse(d, i, "listen", "expected an address of its own; found that of admin");
    for (unsigned j = 0; j < i; j++)
        LA_TRY(check_pair(d, c, i, j));
    return check_hosts(d, c, i, i);
}

static la_result refuse_at(const la_config_document *d, const char *path, const char *message)
{
    return la_config_document_fail(d, la_config_document_line(d, path), path, "%s", message);
}

/* Whoever is a proxy says which certificate its client has, and nobody asks for its key: so not half of the internet. The widest
 * range that somebody may have is fc00::/7 (RFC 4193). */
static la_result check_proxies(const la_config_document *d, const la_config *c)
{
    enum { BITS_LEAST = 7 };
    if (c->proxies.certificate == LA_PROXY_CERTIFICATE_NONE)
        return la_ok();
    if (c->proxies.n_addresses == 0)
        return refuse_at(d, "proxies.client_certificate", "expected proxies.addresses: whose word is taken for it");
    for (unsigned i = 0; i < c->proxies.n_addresses; i++)
        if (c->proxies.addresses[i].n_bytes && c->proxies.addresses[i].n_bits < BITS_LEAST)
            return refuse_at(d, "proxies.addresses",
                             "expected the addresses of proxies: with client_certificate, everybody in so wide a range "
                             "could authenticate as any application that has a certificate");
    return la_ok();
}

static la_result check_tls(const la_config_document *d, const la_config *c)
{
    bool has_certificate = c->tls.certificate != NULL;
    if (la_config_document_has(d, "tls.certificate") != la_config_document_has(d, "tls.key"))
        return refuse_at(d, "tls", "expected certificate and key together");
    for (unsigned i = 0; i < c->n_environments; i++)
        has_certificate = has_certificate || c->environments[i].tls.certificate;
    if (c->listen.tls && !has_certificate)
        return refuse_at(d, "listen.tls", "expected tls, or environments[].tls: there is no certificate for it");
    if (c->mtls_listen.address && !has_certificate)
        return refuse_at(d, "mtls_listen", "expected tls, or environments[].tls: there is no certificate for it");
    if (overlap(&c->mtls_listen, &c->listen))
        return refuse_at(d, "mtls_listen", "expected another address than that of listen");
    if (overlap(&c->mtls_listen, &c->admin))
        return refuse_at(d, "mtls_listen", "expected another address than that of admin");
    return check_proxies(d, c);
}

static la_result refuse_admin(const la_config_document *d, const char *option, const char *message)
{
    char path[64];
    snprintf(path, sizeof path, "admin.%s", option);
    return la_config_document_fail(d, la_config_document_line(d, path), path, "%s", message);
}

/* A token for one of them must be nothing to the other: neither an API's for the admin API, nor the other way round. */
static la_result check_admin_audience(const la_config_document *d, const la_config *c)
{
    const la_environment_config *e = &c->environments[c->admin_environment];
    bool taken = la_slice_equal(c->admin_audience, e->api.audience) ||
                 la_slice_equal(c->admin_audience, e->customer.audience);
    for (unsigned i = 0; i < e->n_scopes - e->n_admin_scopes; i++)
        taken |= la_slice_equal(c->admin_audience, e->scopes[i].audience);
    return taken ? refuse_admin(d, "audience",
                                "expected an audience of its own; found one that its environment issues "
                                "tokens for")
                 : la_ok();
}

static la_result check_admin(const la_config_document *d, const la_config *c)
{
    if (c->admin_session_idle_s > c->admin_session_max_s)
        return refuse_admin(d, "session_idle_s", "expected at most admin.session_max_s");
    if (c->admin_environment < 0 && la_config_document_has(d, "admin.environment"))
        return refuse_admin(d, "environment", "expected the name of one of the environments");
    return c->admin_environment < 0 ? la_ok() : check_admin_audience(d, c);
}

la_result la_config_check(const la_config_document *d, const la_config *c)
{
    LA_TRY(check_tls(d, c));
    LA_TRY(check_admin(d, c));
    if (overlap(&c->listen, &c->admin))
        return la_config_document_fail(d, la_config_document_line(d, "admin"), "admin",
                                       "expected another address than that of listen");
    for (unsigned i = 0; i < c->n_environments; i++)
        LA_TRY(check_environment(d, c, i));
    return la_ok();
}
