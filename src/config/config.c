/* Loading: the file, its shape, its values, and what they are to each other. See config.h. */
#include "config/config.h"

#include "config/check.h"
#include "config/fill.h"
#include "config/shape.h"

#include <stdlib.h>

/* What a configuration borrows its texts from goes with it. */
typedef struct loaded {
    la_config config; /* first: la_config_free gets its address */
    raw_root *raw;
} loaded;

static la_result set_paths(const char *path, la_config *c)
{
    const char *slash = strrchr(path, '/');
    c->file = strdup(path);
    c->directory = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    return c->file && c->directory ? la_ok() : la_fail(LA_NO_MEMORY, "out of memory");
}

static la_result load(const char *path, la_config_document *d, loaded *l)
{
    LA_TRY(set_paths(path, &l->config));
    LA_TRY(la_config_document_read(path, d));
    LA_TRY(la_shape_check(d));
    LA_TRY(la_schema_load(path, (la_slice){d->text, d->text_bytes}, &l->raw));
    LA_TRY(la_fill(l->raw, &l->config));
    return la_config_check(d, &l->config);
}

la_result la_config_load(const char *path, la_config **ret)
{
    la_config_document document = {0};
    loaded *l = calloc(1, sizeof *l);
    if (!l)
        return la_fail(LA_NO_MEMORY, "out of memory");
    la_result r = load(path, &document, l);
    la_config_document_done(&document);
    if (la_is_ok(r))
        *ret = &l->config;
    else
        la_config_free(&l->config);
    return r;
}

la_config *la_config_free(la_config *c)
{
    if (!c)
        return NULL;
    loaded *l = (loaded *)(void *)c;
    la_fill_done(c);
    free(c->file);
    free(c->directory);
    if (l->raw)
        la_schema_free(l->raw);
    free(l);
    return NULL;
}

const la_environment_config *la_config_environment(const la_config *c, la_slice name)
{
    for (unsigned i = 0; i < c->n_environments; i++)
        if (la_slice_equal(c->environments[i].name, name))
            return &c->environments[i];
    return NULL;
}

bool la_policy_allows(const la_scope_policy *p, la_slice audience)
{
    bool allows = la_slice_equal(p->audience, audience);
    for (unsigned r = 0; r < p->n_resources; r++)
        allows = allows || la_slice_equal(p->resources[r], audience);
    return allows;
}
