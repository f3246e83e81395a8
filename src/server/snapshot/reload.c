#include "server/snapshot/reload.h"

#include "base/log.h"

static void not_taken(const char *option, la_slice environment)
{
    la_log_begin(LA_LOG_WARN, "config_not_taken");
    la_log_text("option", la_slice_of(option));
    if (environment.p)
        la_log_text("environment", environment);
    la_log_text("message", LA_SLICE("this change needs a restart; the former value stays"));
    la_log_end();
}

static bool same_endpoint(const la_endpoint *a, const la_endpoint *b)
{
    if (!a->address || !b->address)
        return a->address == b->address;
    return a->port == b->port && a->tls == b->tls && strcmp(a->address, b->address) == 0;
}

static void keep_endpoint(const char *option, const la_endpoint *kept, la_endpoint *e)
{
    if (!same_endpoint(kept, e))
        not_taken(option, LA_NO_SLICE);
    *e = *kept;
}

static void keep_path(const char *option, char *kept, char **path)
{
    if (strcmp(kept, *path) != 0)
        not_taken(option, LA_NO_SLICE);
    *path = kept;
}

static void keep_number(const char *option, uint32_t kept, uint32_t *n)
{
    if (kept != *n)
        not_taken(option, LA_NO_SLICE);
    *n = kept;
}

static bool same_jwks_fetch(const la_jwks_fetch_config *a, const la_jwks_fetch_config *b)
{
    const char *a_anchors = a->trust_anchors ? a->trust_anchors : "",
               *b_anchors = b->trust_anchors ? b->trust_anchors : "";

    return a->timeout_s == b->timeout_s && a->max_bytes == b->max_bytes && a->min_refresh_s == b->min_refresh_s &&
           a->n_allowed == b->n_allowed && memcmp(a->allowed, b->allowed, a->n_allowed * sizeof *a->allowed) == 0 &&
           strcmp(a_anchors, b_anchors) == 0;
}

/* An environment's own address is bound at the start as well; those that come later are reached by Host. */
static void check_environments(const la_config *started_with, const la_config *c)
{
    static const la_endpoint none = {0};

    for (unsigned i = 0; i < c->n_environments; i++) {
        const la_environment_config *e = &c->environments[i];
        const la_environment_config *former = la_config_environment(started_with, e->name);

        if (!same_endpoint(former ? &former->listen : &none, &e->listen))
            not_taken("environments.listen", e->name);
    }
}

la_result la_reload(const char *path, const la_shared_config *started_with, la_shared_config **ret)
{
    const la_config *kept = &started_with->config;
    la_config *loaded = NULL;
    la_shared_config *shared;
    la_config *c;

    LA_TRY(la_config_load(path, &loaded));
    shared = la_shared_config_new(loaded);
    if (!shared)
        return la_fail(LA_NO_MEMORY, "out of memory");
    c = &shared->config;
    keep_endpoint("listen", &kept->listen, &c->listen);
    keep_endpoint("mtls_listen", &kept->mtls_listen, &c->mtls_listen);
    keep_endpoint("admin", &kept->admin, &c->admin);
    if (c->workers != kept->workers)
        not_taken("workers", LA_NO_SLICE);
    c->workers = kept->workers;
    keep_path("store.sqlite", kept->sqlite_path, &c->sqlite_path);
    keep_path("registry.path", kept->registry_path, &c->registry_path);
    keep_path("master_key", kept->master_key_path, &c->master_key_path);
    keep_number("store.last_used_flush_s", kept->last_used_flush_s, &c->last_used_flush_s);
    keep_number("limits.connections", kept->limits.connections, &c->limits.connections);
    keep_number("replay.max_entries", kept->replay_max_entries, &c->replay_max_entries);
    if (!same_jwks_fetch(&kept->jwks_fetch, &c->jwks_fetch))
        not_taken("jwks_fetch", LA_NO_SLICE);
    c->jwks_fetch = kept->jwks_fetch;
    check_environments(kept, c);
    *ret = shared;
    return la_ok();
}
