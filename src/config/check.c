/* See check.h. One function a rule; what one value alone must be is said in value.c and options.def. */
#include "config/check.h"

#include "config/value.h"

#include <stdarg.h>
#include <stdio.h>

#define PATH_BYTES 128

/* The path of an option of environment `i`. */
typedef struct path {
    char text[PATH_BYTES];
} path;

static path path_of(unsigned i, const char *format, ...) __attribute__((format(printf, 2, 3)));
static path path_of(unsigned i, const char *format, ...)
{
    path p;
    int n = snprintf(p.text, sizeof p.text, "environments[%u].", i);
    va_list args;
    va_start(args, format);
    vsnprintf(p.text + n, sizeof p.text - (size_t)n, format, args);
    va_end(args);
    return p;
}

#define WRONG(d, where, ...) la_document_fail(d, la_document_line(d, (where).text), (where).text, __VA_ARGS__)

/* ---- names, issuers and hosts ---- */

static la_slice without_slash(la_slice issuer)
{
    if (issuer.n && issuer.p[issuer.n - 1] == '/')
        issuer.n--;
    return issuer;
}

static la_result check_names(const la_document *d, const la_config *c, unsigned i, unsigned j)
{
    const la_environment_config *a = &c->environments[i], *b = &c->environments[j];
    if (la_slice_equal(a->name, b->name))
        return WRONG(d, path_of(i, "name"), "expected a name that no other environment has; environments[%u] is %.*s too", j,
                     LA_FMT(a->name));
    if (la_slice_equal(without_slash(a->issuer), without_slash(b->issuer)))
        return WRONG(d, path_of(i, "issuer"), "expected an issuer that no other environment has; %.*s has it too",
                     LA_FMT(b->name));
    if (a->is_default && b->is_default)
        return WRONG(d, path_of(i, "default"), "expected at most one default environment; %.*s is it too", LA_FMT(b->name));
    return la_ok();
}

/* The path that the operator has to change: hosts, or the issuer that it comes from. */
static path host_path(const la_document *d, unsigned i, unsigned host)
{
    path p = path_of(i, "hosts[%u]", host);
    return la_document_has(d, p.text) ? p : path_of(i, "issuer");
}

/* Requests are told apart by host and path, so two environments may share a host only with different issuer paths. */
static la_result check_hosts(const la_document *d, const la_config *c, unsigned i, unsigned j)
{
    const la_environment_config *a = &c->environments[i], *b = &c->environments[j];
    if (i != j && !la_slice_equal(a->path, b->path))
        return la_ok();
    for (unsigned k = 0; k < a->n_hosts; k++)
        for (unsigned l = 0; l < (i == j ? k : b->n_hosts); l++)
            if (la_slice_equal(a->hosts[k], b->hosts[l]))
                return WRONG(d, host_path(d, i, k), "expected a host that is claimed once; %.*s has %.*s already%s",
                             LA_FMT(b->name), LA_FMT(b->hosts[l]), i == j ? "" : " and the same issuer path");
    return la_ok();
}

/* ---- listen addresses ---- */

static bool is_any(const uint8_t *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (bytes[i])
            return false;
    return true;
}

/* True where a connection could belong to both: the same address, or one of them stands for all (:: for IPv4 too). */
static bool overlap(const la_endpoint *a, const la_endpoint *b)
{
    uint8_t x[16], y[16];
    unsigned nx, ny;
    if (!a->address || !b->address || a->port != b->port)
        return false;
    if (!la_address_parse(a->address, x, &nx) || !la_address_parse(b->address, y, &ny))
        return false;
    if ((nx == 16 && is_any(x, nx)) || (ny == 16 && is_any(y, ny)))
        return true;
    return nx == ny && (is_any(x, nx) || is_any(y, ny) || memcmp(x, y, nx) == 0);
}

static la_result check_listen(const la_document *d, const la_config *c, unsigned i)
{
    const la_endpoint *a = &c->environments[i].listen;
    const char *other = overlap(a, &c->listen) ? "listen" : overlap(a, &c->admin) ? "admin" : NULL;
    path p;
    for (unsigned j = 0; j < i && !other; j++) {
        if (overlap(a, &c->environments[j].listen)) {
            p = path_of(j, "listen");
            other = p.text;
        }
    }
    if (other)
        return WRONG(d, path_of(i, "listen"), "expected an address and port of its own; %s has %s port %u already", other,
                     a->address, a->port);
    return la_ok();
}

/* ---- scopes ---- */

static bool is_token_endpoint(la_slice audience, la_slice issuer)
{
    la_slice base = without_slash(issuer), rest = LA_SLICE("/oauth2/token");
    return audience.n == base.n + rest.n && la_slice_starts(audience, base) &&
           la_slice_equal((la_slice){audience.p + base.n, rest.n}, rest);
}

static la_result check_audience(const la_document *d, const la_environment_config *e, la_slice audience, path p)
{
    if (is_token_endpoint(audience, e->issuer))
        return WRONG(d, p, "expected the resource server that takes the tokens; found the token endpoint of the issuer");
    return la_ok();
}

static la_result check_scopes(const la_document *d, const la_environment_config *e, unsigned i)
{
    LA_TRY(check_audience(d, e, e->api.audience, path_of(i, "api.audience")));
    LA_TRY(check_audience(d, e, e->customer.audience, path_of(i, "customer.audience")));
    if (la_slice_equal(e->api.audience, e->customer.audience))
        return WRONG(d, path_of(i, "customer.audience"),
                     "expected another audience than that of api: a token for the one must be worth nothing to the other");
    for (unsigned k = 0; k < e->n_scopes; k++) {
        LA_TRY(check_audience(d, e, e->scopes[k].audience, path_of(i, "scopes[%u].audience", k)));
        for (unsigned l = 0; l < k; l++)
            if (la_slice_equal(e->scopes[k].name, e->scopes[l].name))
                return WRONG(d, path_of(i, "scopes[%u].name", k), "expected a name that no other scope has; scopes[%u] is %.*s too",
                             l, LA_FMT(e->scopes[l].name));
    }
    return la_ok();
}

/* ---- keys ---- */

/* A key that is followed before its successor may sign would leave no key that everybody knows. */
static la_result check_rotation(const la_document *d, const la_environment_config *e, unsigned i)
{
    uint32_t least = e->jwks_max_age_s + e->key_publish_margin_s + 1;
    if (e->key_rotate_every_s != 0 && e->key_rotate_every_s < least)
        return WRONG(d, path_of(i, "keys.rotate_every_s"),
                     "expected 0, or at least %u (jwks_max_age_s + keys.publish_margin_s + 1); found %u", least,
                     e->key_rotate_every_s);
    return la_ok();
}

la_result la_config_check(const la_document *d, const la_config *c)
{
    if (overlap(&c->admin, &c->listen))
        return la_document_fail(d, la_document_line(d, "admin"), "admin",
                                "expected another address or port than that of listen (%s port %u)", c->listen.address,
                                c->listen.port);
    for (unsigned i = 0; i < c->n_environments; i++) {
        const la_environment_config *e = &c->environments[i];
        for (unsigned j = 0; j < i; j++) {
            LA_TRY(check_names(d, c, i, j));
            LA_TRY(check_hosts(d, c, i, j));
        }
        LA_TRY(check_hosts(d, c, i, i));
        LA_TRY(check_listen(d, c, i));
        LA_TRY(check_scopes(d, e, i));
        LA_TRY(check_rotation(d, e, i));
    }
    return la_ok();
}
