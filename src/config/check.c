/* Checks between options. Each option by itself was checked before (shape.c). */
#include "config/check.h"

#include <stdarg.h>
#include <stdio.h>

/* Fails at the line of environments[i].OPTION. */
__attribute__((format(printf, 4, 5))) static la_result refuse(const la_config_document *d, unsigned i, const char *option,
                                                              const char *format, ...)
{
    char path[128], message[320];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    snprintf(path, sizeof path, "environments[%u].%s", i, option);
    return la_config_document_fail(d, la_config_document_line(d, path), path, "%s", message);
}

static bool same_endpoint(const la_endpoint *a, const la_endpoint *b)
{
    return a->address && b->address && a->port == b->port && strcmp(a->address, b->address) == 0;
}

/* Two environments that answer at one host are told apart by their issuers' paths. */
static la_result check_hosts(const la_config_document *d, const la_config *c, unsigned i, unsigned j)
{
    const la_environment_config *a = &c->environments[i], *b = &c->environments[j];
    if (!la_slice_equal(a->path, b->path))
        return la_ok();
    for (unsigned x = 0; x < a->n_hosts; x++)
        for (unsigned y = 0; y < b->n_hosts; y++)
            if (la_slice_equal(a->hosts[x], b->hosts[y]))
                return refuse(d, i, "hosts", "expected a host of its own; found %.*s, which environments[%u] has too",
                              LA_FMT(a->hosts[x]), j);
    return la_ok();
}

static la_result check_pair(const la_config_document *d, const la_config *c, unsigned i, unsigned j)
{
    const la_environment_config *a = &c->environments[i], *b = &c->environments[j];
    if (la_slice_equal(a->name, b->name))
        return refuse(d, i, "name", "expected a name of its own; found %.*s, which environments[%u] has too", LA_FMT(a->name), j);
    if (la_slice_equal(a->issuer, b->issuer))
        return refuse(d, i, "issuer", "expected an issuer of its own; found that of environments[%u]", j);
    if (a->is_default && b->is_default)
        return refuse(d, i, "default", "expected at most one default; environments[%u] is it already", j);
    if (same_endpoint(&a->listen, &b->listen))
        return refuse(d, i, "listen", "expected an address of its own; found that of environments[%u]", j);
    return check_hosts(d, c, i, j);
}

static la_result check_audience(const la_config_document *d, const la_environment_config *e, unsigned i, const char *option,
                                la_slice audience)
{
    char endpoint[1024];
    la_slice base = e->issuer;
    if (base.n && base.p[base.n - 1] == '/')
        base.n--;
    snprintf(endpoint, sizeof endpoint, "%.*s/oauth2/token", LA_FMT(base));
    if (la_slice_is(audience, endpoint))
        return refuse(d, i, option, "expected the audience of a resource server; found this server's token endpoint");
    return la_ok();
}

static la_result check_scopes(const la_config_document *d, const la_environment_config *e, unsigned i)
{
    for (unsigned s = 0; s < e->n_scopes; s++) {
        char option[48];
        snprintf(option, sizeof option, "scopes[%u].audience", s);
        LA_TRY(check_audience(d, e, i, option, e->scopes[s].audience));
        if (la_slice_equal(e->scopes[s].audience, e->customer.audience))
            return refuse(d, i, option, "expected another audience than that of customer tokens");
        for (unsigned t = 0; t < s; t++)
            if (la_slice_equal(e->scopes[s].name, e->scopes[t].name)) {
                snprintf(option, sizeof option, "scopes[%u].name", s);
                return refuse(d, i, option, "expected a name of its own; found that of scopes[%u]", t);
            }
    }
    return la_ok();
}

static la_result check_environment(const la_config_document *d, const la_config *c, unsigned i)
{
    const la_environment_config *e = &c->environments[i];
    LA_TRY(check_audience(d, e, i, "api.audience", e->api.audience));
    LA_TRY(check_audience(d, e, i, "customer.audience", e->customer.audience));
    if (la_slice_equal(e->api.audience, e->customer.audience))
        return refuse(d, i, "customer.audience", "expected another audience than that of api: the two must never mix");
    LA_TRY(check_scopes(d, e, i));
    uint64_t shortest = (uint64_t)e->jwks_max_age_s + e->key_publish_margin_s + 1;
    if (e->key_rotate_every_s && e->key_rotate_every_s < shortest)
        return refuse(d, i, "keys.rotate_every_s",
                      "expected 0, or at least %llu (jwks_max_age_s + keys.publish_margin_s + 1); found %u",
                      (unsigned long long)shortest, e->key_rotate_every_s);
    if (same_endpoint(&e->listen, &c->listen))
        return refuse(d, i, "listen", "expected an address of its own; found that of all environments");
    if (same_endpoint(&e->listen, &c->admin))
        return refuse(d, i, "listen", "expected an address of its own; found that of admin");
    for (unsigned j = 0; j < i; j++)
        LA_TRY(check_pair(d, c, i, j));
    return la_ok();
}

la_result la_config_check(const la_config_document *d, const la_config *c)
{
    if (same_endpoint(&c->listen, &c->admin))
        return la_config_document_fail(d, la_config_document_line(d, "admin"), "admin", "expected another address than that of listen");
    for (unsigned i = 0; i < c->n_environments; i++)
        LA_TRY(check_environment(d, c, i));
    return la_ok();
}
