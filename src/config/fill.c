/* See fill.h. */
#include "config/fill.h"

#include <sched.h>
#include <string.h>

#define WORKERS_MAX 256

/*
 * listen_port(raw), environment_test(raw), …: what the file says, or the default of options.def. An option that nothing reads is
 * an unused function, and the compiler says so.
 */
#define MAPPING(mapping)
#define NUMBER(mapping, option, fallback, least, most)                                                                 \
    static uint32_t mapping##_##option(const raw_##mapping *raw)                                                       \
    {                                                                                                                  \
        return raw->o_##option ? *raw->o_##option : (fallback);                                                        \
    }
#define FLAG(mapping, option, fallback)                                                                                \
    static bool mapping##_##option(const raw_##mapping *raw)                                                           \
    {                                                                                                                  \
        return raw->o_##option ? *raw->o_##option : (fallback);                                                        \
    }
#define CHOICE(mapping, option, fallback, choices)                                                                     \
    static int mapping##_##option(const raw_##mapping *raw)                                                            \
    {                                                                                                                  \
        return raw->o_##option ? *raw->o_##option : la_choices_value(&la_choices_##choices, fallback);                 \
    }
#define TEXT(mapping, option, fallback, kind)                                                                          \
    static const char *mapping##_##option(const raw_##mapping *raw)                                                    \
    {                                                                                                                  \
        return raw->o_##option ? raw->o_##option : (fallback);                                                         \
    }
#define NEEDED_NUMBER(mapping, option, least, most)
#define NEEDED_TEXT(mapping, option, kind)
#define TEXTS(mapping, option, kind, least, most)
#define MAP(mapping, option, of)
#define NEEDED_MAP(mapping, option, of)
#define MAPS(mapping, option, of, most)
#define NEEDED_MAPS(mapping, option, of, most)
#define END(mapping)
#include "config/options.def"

/* Exhausted memory is remembered, and asked for once at the end. */
typedef struct filler {
    la_arena *arena;
    bool failed;
} filler;

static void *take(filler *f, size_t bytes)
{
    void *p = la_arena_take(f->arena, bytes);
    f->failed |= !p;
    return p;
}

static char *keep_text(filler *f, la_slice a, la_slice b)
{
    char *p = take(f, a.n + b.n + 1);
    if (!p)
        return NULL;
    memcpy(p, a.p, a.n);
    memcpy(p + a.n, b.p, b.n);
    p[a.n + b.n] = 0;
    return p;
}

static la_slice keep(filler *f, la_slice s)
{
    la_slice copy = la_arena_copy(f->arena, s);
    f->failed |= !copy.p;
    return copy;
}

static la_slice keep_lower(filler *f, la_slice s)
{
    char *p = take(f, s.n);
    if (!p)
        return LA_NO_SLICE;
    for (size_t i = 0; i < s.n; i++)
        p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
    return (la_slice){p, s.n};
}

/* Relative paths start at the folder of the file. */
static char *keep_path(filler *f, const char *directory, const char *path)
{
    la_slice base = la_slice_of(directory);
    if (path[0] == '/' || !directory)
        return keep_text(f, la_slice_of(path), LA_SLICE(""));
    char *start = base.n && base.p[base.n - 1] == '/' ? keep_text(f, base, LA_SLICE("")) : keep_text(f, base, LA_SLICE("/"));
    return start ? keep_text(f, la_slice_of(start), la_slice_of(path)) : NULL;
}

static char *keep_directory(filler *f, const char *file)
{
    const char *slash = strrchr(file, '/');
    if (!slash)
        return keep_text(f, LA_SLICE("."), LA_SLICE(""));
    size_t n = slash == file ? 1 : (size_t)(slash - file);
    return keep_text(f, (la_slice){file, n}, LA_SLICE(""));
}

/* Processors that this process may use, which in a container are fewer than the machine has. */
static unsigned processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static la_endpoint endpoint(filler *f, const char *address, uint32_t port)
{
    return (la_endpoint){.address = keep_text(f, la_slice_of(address), LA_SLICE("")), .port = (uint16_t)port};
}

static la_limits_config limits(const raw_limits *raw)
{
    return (la_limits_config){
        .header_bytes = limits_header_bytes(raw),
        .body_bytes = limits_body_bytes(raw),
        .connections = limits_connections(raw),
        .connections_per_address = limits_connections_per_address(raw),
        .request_timeout_s = limits_request_timeout_s(raw),
        .idle_timeout_s = limits_idle_timeout_s(raw),
        .drain_timeout_s = limits_drain_timeout_s(raw),
        .failed_auth_per_minute = limits_failed_auth_per_minute(raw),
        .failed_auth_per_address_per_minute = limits_failed_auth_per_address_per_minute(raw),
    };
}

/* ---- an environment ---- */

static la_scope_policy scope_policy(filler *f, la_slice name, const char *audience, uint32_t lifetime_s)
{
    return (la_scope_policy){.name = name, .audience = keep(f, la_slice_of(audience)), .lifetime_s = lifetime_s};
}

static void fill_scopes(filler *f, const raw_environment *raw, la_environment_config *e)
{
    e->scopes = raw->n_scopes ? take(f, raw->n_scopes * sizeof *e->scopes) : NULL;
    if (!e->scopes)
        return;
    for (unsigned i = 0; i < raw->n_scopes; i++) {
        const raw_scope *s = &raw->o_scopes[i];
        e->scopes[i] = scope_policy(f, keep(f, la_slice_of(s->o_name)), s->o_audience, scope_lifetime_s(s));
    }
    e->n_scopes = raw->n_scopes;
}

static void fill_hosts(filler *f, const raw_environment *raw, la_slice issuer_host, la_environment_config *e)
{
    unsigned n = raw->n_hosts ? raw->n_hosts : 1;
    e->hosts = take(f, n * sizeof *e->hosts);
    if (!e->hosts)
        return;
    for (unsigned i = 0; i < n; i++)
        e->hosts[i] = keep_lower(f, raw->n_hosts ? la_slice_of(raw->o_hosts[i]) : issuer_host);
    e->n_hosts = n;
}

static void fill_issuer(filler *f, const raw_environment *raw, la_environment_config *e)
{
    la_issuer_parts parts = {.path = LA_SLICE("")};
    e->issuer = keep(f, la_slice_of(raw->o_issuer));
    if (e->issuer.p && la_issuer_parse(e->issuer, &parts)) /* la_shape_check refused that */
        f->failed = true;
    e->path = parts.path;
    fill_hosts(f, raw, parts.host, e);
}

static void fill_environment(filler *f, const raw_environment *raw, la_environment_config *e)
{
    *e = (la_environment_config){
        .name = keep(f, la_slice_of(raw->o_name)),
        .is_default = environment_default(raw),
        .test = environment_test(raw),
        .algorithm = la_slice_of(la_choices_algorithms.names[environment_algorithm(raw)].str),
        .profile = (la_token_profile)environment_profile(raw),
        .api = scope_policy(f, LA_SLICE("api"), raw->o_api.o_audience, api_lifetime_s(&raw->o_api)),
        .customer = scope_policy(f, LA_SLICE("customer"), raw->o_customer.o_audience, customer_lifetime_s(&raw->o_customer)),
        .customer_policy = (la_customer_policy)customer_policy(&raw->o_customer),
        .customer_id_format = (la_customer_id_format)customer_id_format(&raw->o_customer),
        .allow_origin = environment_allow_origin(raw),
        .secrets_per_application = environment_secrets_per_application(raw),
        .jwks_max_age_s = environment_jwks_max_age_s(raw),
        .key_rotate_every_s = keys_rotate_every_s(&raw->o_keys),
        .key_publish_margin_s = keys_publish_margin_s(&raw->o_keys),
    };
    if (raw->o_listen.o_address && raw->o_listen.o_port)
        e->listen = endpoint(f, raw->o_listen.o_address, *raw->o_listen.o_port);
    fill_issuer(f, raw, e);
    fill_scopes(f, raw, e);
}

static void fill_environments(filler *f, const raw_root *raw, la_config *c)
{
    c->environments = take(f, raw->n_environments * sizeof *c->environments);
    if (!c->environments)
        return;
    for (unsigned i = 0; i < raw->n_environments; i++)
        fill_environment(f, &raw->o_environments[i], &c->environments[i]);
    c->n_environments = raw->n_environments;
}

la_result la_config_fill(const char *file, const raw_root *raw, la_arena *arena, la_config *ret)
{
    filler f = {.arena = arena};
    char *directory = keep_directory(&f, file);
    la_config c = {
        .file = keep_text(&f, la_slice_of(file), LA_SLICE("")),
        .directory = directory,
        .listen = endpoint(&f, listen_address(&raw->o_listen), listen_port(&raw->o_listen)),
        .admin = endpoint(&f, admin_address(&raw->o_admin), admin_port(&raw->o_admin)),
        .workers = root_workers(raw) ? root_workers(raw) : processors(),
        .sqlite_path = keep_path(&f, directory, store_sqlite(&raw->o_store)),
        .last_used_flush_s = store_last_used_flush_s(&raw->o_store),
        .registry_path = keep_path(&f, directory, registry_path(&raw->o_registry)),
        .master_key_path = keep_path(&f, directory, root_master_key(raw)),
        .log_level = log_level(&raw->o_log),
        .log_requests = (la_request_log)log_requests(&raw->o_log),
        .ready_max_stale_s = registry_ready_max_stale_s(&raw->o_registry),
        .limits = limits(&raw->o_limits),
    };
    fill_environments(&f, raw, &c);
    if (f.failed)
        return la_fail(LA_NO_MEMORY, "%s: out of memory", file);
    *ret = c;
    return la_ok();
}
