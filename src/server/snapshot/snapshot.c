#include "server/snapshot/snapshot.h"

#include "admin/commands.h"
#include "base/log.h"
#include "base/secret.h"
#include "jose/schedule.h"
#include "oauth/token.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS_MAX 64 /* of one environment; rotation keeps two or three */
#define WRAPPED_PEPPER_MAX 256

struct la_shared_hasher {
    atomic_uint references;
    la_hasher *hasher;
    uint8_t wrapped[WRAPPED_PEPPER_MAX]; /* by which another one is noticed */
    size_t n_wrapped;
};

la_shared_config *la_shared_config_new(la_config *loaded)
{
    la_shared_config *c = calloc(1, sizeof *c);

    if (!c) {
        la_config_free(loaded);
        return NULL;
    }
    atomic_init(&c->references, 1);
    c->loaded = loaded;
    c->config = *loaded;
    return c;
}

la_shared_config *la_shared_config_hold(la_shared_config *c)
{
    atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
    return c;
}

void la_shared_config_release(la_shared_config *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1)
        return;
    la_config_free(c->loaded);
    free(c);
}

static void release_hasher(la_shared_hasher *h)
{
    if (!h || atomic_fetch_sub_explicit(&h->references, 1, memory_order_acq_rel) != 1)
        return;
    la_hasher_free(h->hasher);
    free(h);
}

static la_result unwrap_pepper(const la_master_key *master_key, la_slice wrapped, la_hasher **ret)
{
    uint8_t *pepper = la_secret_alloc(LA_PEPPER_BYTES);
    la_result r;

    if (!pepper)
        return la_fail(LA_NO_MEMORY, "there is no locked memory for the pepper");
    r = la_pepper_unwrap(master_key, wrapped, pepper);
    if (la_is_ok(r)) {
        *ret = la_hasher_new(pepper);
        r = *ret ? la_ok() : la_fail(LA_NO_MEMORY, "there is no locked memory for the pepper");
    } else {
        r = la_fail_context(r, "the pepper of the client secrets: ");
    }
    la_secret_free(pepper);
    return r;
}

static la_result find_hasher(const la_snapshot_source *source, la_shared_hasher **ret)
{
    la_shared_hasher *former = source->previous ? source->previous->hasher : NULL;
    la_shared_hasher *h;
    la_slice wrapped;
    la_result r = la_registry_find_pepper(source->view, &wrapped);

    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_NOT_FOUND, "the registry has no pepper for client secrets");
    LA_TRY(r);
    if (wrapped.n > WRAPPED_PEPPER_MAX)
        return la_fail(LA_CORRUPT, "the pepper of the client secrets has a wrong size");
    if (former && la_slice_equal(wrapped, (la_slice){(const char *)former->wrapped, former->n_wrapped})) {
        atomic_fetch_add_explicit(&former->references, 1, memory_order_relaxed);
        *ret = former;
        return la_ok();
    }
    h = calloc(1, sizeof *h);
    if (!h)
        return la_error(LA_NO_MEMORY);
    r = unwrap_pepper(source->master_key, wrapped, &h->hasher);
    if (!la_is_ok(r)) {
        free(h);
        return r;
    }
    atomic_init(&h->references, 1);
    memcpy(h->wrapped, wrapped.p, wrapped.n);
    h->n_wrapped = wrapped.n;
    *ret = h;
    return la_ok();
}

/* The environment's keys as the registry has them; slices point into the map. */
typedef struct key_list {
    unsigned n;
    la_key_record keys[KEYS_MAX];
} key_list;

static la_result collect_key(void *self, const la_key_record *key)
{
    key_list *list = self;

    if (list->n == KEYS_MAX)
        return la_fail(LA_TOO_LARGE, "an environment has more than %d signing keys", KEYS_MAX);
    list->keys[list->n++] = *key;
    return la_ok();
}

static const la_snapshot_environment *former_environment(const la_snapshot *previous, uint16_t environment_id)
{
    for (unsigned i = 0; previous && i < previous->n_environments; i++)
        if (previous->environments[i].environment_id == environment_id)
            return &previous->environments[i];
    return NULL;
}

static la_result find_key(const la_snapshot_source *source, const la_key_record *record, uint16_t environment_id,
                          la_shared_key **ret)
{
    const la_snapshot_environment *former = former_environment(source->previous, environment_id);
    la_shared_key *key = former ? former->key : NULL;
    la_result r;

    if (key && la_slice_is(record->kid, la_key_id(la_shared_key_get(key)))) {
        *ret = la_shared_key_hold(key);
        return la_ok();
    }
    r = la_shared_key_load(source->master_key, record, ret);
    if (la_is_ok(r) || source->strict)
        return r;
    la_log(LA_LOG_ERROR, "key_unusable", "%s; %s", la_detail(),
           key ? "the former key goes on signing" : "no tokens are issued in its environment");
    *ret = la_shared_key_hold(key);
    return la_ok();
}

/* When another key takes over from the one that signs. */
static int64_t next_rotation_s(const la_key_record *signing, uint32_t rotate_every_s)
{
    if (signing->retires_at_s)
        return signing->retires_at_s;
    return rotate_every_s ? signing->activates_at_s + rotate_every_s : INT64_MAX;
}

static la_result choose_key(const la_snapshot_source *source, const key_list *list, la_snapshot_environment *e)
{
    size_t signing = la_schedule_signing(list->keys, list->n, source->now_s);

    e->next_change_s = INT64_MAX;
    if (signing < list->n) {
        e->next_change_s = next_rotation_s(&list->keys[signing], e->config->key_rotate_every_s);
        return find_key(source, &list->keys[signing], e->environment_id, &e->key);
    }
    if (source->strict)
        return la_fail(LA_NOT_FOUND, "the environment %.*s has no signing key", LA_FMT(e->config->name));
    la_log(LA_LOG_ERROR, "key_missing", "the environment %.*s has no signing key", LA_FMT(e->config->name));
    return la_ok();
}

static la_result write_documents(const la_snapshot_source *source, const key_list *list, la_snapshot_environment *e)
{
    la_slice published[KEYS_MAX];
    size_t n = 0;

    for (unsigned i = 0; i < list->n; i++)
        if (la_schedule_is_published(&list->keys[i], source->now_s))
            published[n++] = list->keys[i].public_jwk;
    LA_TRY(la_verifier_new(published, n, &e->verifier));
    la_oauth_write_jwks(published, n, &e->documents[LA_DOCUMENT_JWKS].body);
    LA_TRY(la_document_seal(&e->documents[LA_DOCUMENT_JWKS], e->config->jwks_max_age_s));
    la_oauth_write_metadata(e->config, &e->documents[LA_DOCUMENT_METADATA].body);
    return la_document_seal(&e->documents[LA_DOCUMENT_METADATA], e->config->jwks_max_age_s);
}

/* Whose client certificates count. */
static la_result find_trust(const la_snapshot_source *source, la_snapshot_environment *e)
{
    const la_snapshot_environment *former = former_environment(source->previous, e->environment_id);
    la_authority_record authority = {0};
    la_result r = la_registry_find_authority(source->view, e->environment_id, &authority);

    if (!la_is_ok(r) && r.code != LA_NOT_FOUND)
        return r;
    return la_client_trust_load(e->config, authority.certificate, former ? former->trust : NULL, source->strict,
                                &e->trust);
}

static la_result fill_environment(const la_snapshot_source *source, la_snapshot_environment *e, int64_t *next_change_s)
{
    key_list list = {0};
    int64_t next_s;
    la_result r = la_registry_find_environment(source->view, e->config->name, &e->environment_id);

    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_NOT_FOUND, "the registry does not know the environment %.*s", LA_FMT(e->config->name));
    LA_TRY(r);
    e->metrics_slot = la_metrics_slot(source->metrics, e->config->name);
    snprintf(
        e->refusal_headers, sizeof e->refusal_headers,
        "Cache-Control: no-store\r\nPragma: no-cache\r\nWWW-Authenticate: Basic realm=\"%.*s\", charset=\"UTF-8\"\r\n",
        LA_FMT(e->config->name));
    LA_TRY(la_registry_each_key(source->view, e->environment_id, collect_key, &list));
    LA_TRY(choose_key(source, &list, e));
    LA_TRY(find_trust(source, e));
    next_s = la_schedule_next_change_s(list.keys, list.n, source->now_s);
    if (next_s < *next_change_s)
        *next_change_s = next_s;
    return write_documents(source, &list, e);
}

static la_result fill_hosts(la_snapshot *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->n_environments; i++)
        n += s->environments[i].config->n_hosts;
    s->hosts = calloc(n ? n : 1, sizeof *s->hosts);
    if (!s->hosts)
        return la_error(LA_NO_MEMORY);
    for (unsigned i = 0; i < s->n_environments; i++) {
        const la_environment_config *e = s->environments[i].config;

        for (unsigned h = 0; h < e->n_hosts; h++)
            s->hosts[s->n_hosts++] = (la_snapshot_host){e->hosts[h], i};
        if (e->is_default)
            s->default_environment = (int)i;
    }
    return la_ok();
}

static la_result make_tls(const la_snapshot_source *source, la_snapshot *s)
{
    la_tls_set *former = source->previous ? source->previous->tls : NULL;

    if (!source->tls)
        return la_ok();
    if (former && source->previous->config == source->config && la_tls_set_is_current(former)) {
        s->tls = la_tls_set_hold(former);
        return la_ok();
    }
    return la_tls_set_new(&source->config->config, former, source->tls, &s->tls);
}

la_result la_snapshot_new(const la_snapshot_source *source, la_snapshot **ret)
{
    unsigned n = source->config->config.n_environments;
    la_snapshot *s = calloc(1, sizeof *s + n * sizeof s->environments[0]);
    la_result r = la_ok();

    if (!s)
        return la_error(LA_NO_MEMORY);
    atomic_init(&s->references, 1);
    s->config = la_shared_config_hold(source->config);
    s->next_change_s = INT64_MAX;
    s->default_environment = -1;
    s->n_environments = n;
    for (unsigned i = 0; i < n; i++) {
        s->environments[i].config = &s->config->config.environments[i];
        for (unsigned d = 0; d < LA_DOCUMENT_KINDS; d++)
            la_document_init(&s->environments[i].documents[d]);
    }
    r = find_hasher(source, &s->hasher);
    for (unsigned i = 0; i < n && la_is_ok(r); i++) {
        r = fill_environment(source, &s->environments[i], &s->next_change_s);
        s->environment_ids[i] = s->environments[i].environment_id;
    }
    if (la_is_ok(r))
        r = fill_hosts(s);
    if (la_is_ok(r))
        r = make_tls(source, s);
    if (!la_is_ok(r)) {
        la_snapshot_release(s);
        return r;
    }
    *ret = s;
    return la_ok();
}

la_snapshot *la_snapshot_hold(la_snapshot *s)
{
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    return s;
}

void la_snapshot_release(la_snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1)
        return;
    for (unsigned i = 0; i < s->n_environments; i++) {
        la_shared_key_release(s->environments[i].key);
        la_verifier_free(s->environments[i].verifier);
        la_client_trust_release(s->environments[i].trust);
        for (unsigned d = 0; d < LA_DOCUMENT_KINDS; d++)
            la_document_done(&s->environments[i].documents[d]);
    }
    free(s->hosts);
    release_hasher(s->hasher);
    la_tls_set_release(s->tls);
    la_shared_config_release(s->config);
    free(s);
}

const la_hasher *la_snapshot_hasher(const la_snapshot *s)
{
    return s->hasher->hasher;
}

#define LOOK_EVERY_US 1000000

bool la_trust_watch_look(la_trust_watch *w, const la_snapshot *s, int64_t now_us)
{
    la_file_stamp now = {0};
    bool changed = false, lasted;

    if (now_us < w->next_look_us)
        return false;
    w->next_look_us = now_us + LOOK_EVERY_US;
    for (unsigned i = 0; i < s->n_environments; i++) {
        const la_snapshot_environment *e = &s->environments[i];
        la_file_stamp stamp = la_client_trust_stamp(e->config);

        changed = changed || !la_file_stamp_equal(&stamp, &e->trust->files);
        la_file_stamp_add(&now, e->config->mtls.trust_anchors);
        la_file_stamp_add(&now, e->config->mtls.crl);
    }
    lasted = la_file_stamp_equal(&now, &w->seen);
    w->seen = now;
    return changed && lasted;
}
