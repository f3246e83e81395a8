#include "server/tls/tls_set.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { LOOK_EVERY_US = 1000000, WARN_EVERY_S = 86400 };

/* ---- files ---- */

static la_file_stamp stamp_of(const la_tls_files *files)
{
    la_file_stamp stamp = {0};
    la_file_stamp_add(&stamp, files->certificate);
    la_file_stamp_add(&stamp, files->key);
    return stamp;
}

static void warn_of_mode(const char *name, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
        return;
    la_log_begin(LA_LOG_WARN, "key_readable");
    la_log_text("certificate", la_slice_of(name));
    la_log_text("message", LA_SLICE("others than the owner have rights on the file of the private key; use chmod 600"));
    la_log_text("path", la_slice_of(path));
    la_log_end();
}

/* ---- slots ---- */

static const la_tls_slot *find_slot(const la_tls_set *s, const char *name)
{
    for (unsigned i = 0; s && i < s->n_slots; i++)
        if (strcmp(s->slots[i].name, name) == 0)
            return &s->slots[i];
    return NULL;
}

static bool same_files(const la_tls_files *a, const la_tls_files *b)
{
    return strcmp(a->certificate, b->certificate) == 0 && strcmp(a->key, b->key) == 0;
}

static void note_loaded(const la_tls_slot *slot, la_tls_shared *shared)
{
    char until[LA_CLOCK_RFC3339_BYTES];
    atomic_fetch_add(&shared->loaded, 1);
    warn_of_mode(slot->name, slot->files.key);
    la_clock_format_rfc3339(la_certificate_not_after_s(slot->certificate), until);
    la_log_begin(LA_LOG_INFO, "certificate_loaded");
    la_log_text("certificate", la_slice_of(slot->name));
    la_log_text("not_after", la_slice_of(until));
    la_log_end();
}

static la_result keep_former(const la_tls_slot *former, la_tls_slot *slot, la_tls_shared *shared)
{
    slot->certificate = la_certificate_hold(former->certificate);
    atomic_fetch_add(&shared->refused, 1);
    la_log_begin(LA_LOG_ERROR, "certificate_refused");
    la_log_text("certificate", la_slice_of(slot->name));
    la_log_text("message", la_slice_of(la_detail()));
    la_log_text("outcome", LA_SLICE("the former certificate stays"));
    la_log_end();
    return la_ok();
}

static la_result fill_slot(const la_tls_files *files, const la_tls_set *former_set, la_tls_shared *shared,
                           la_tls_slot *slot)
{
    const la_tls_slot *former = find_slot(former_set, slot->name);
    slot->files.certificate = strdup(files->certificate);
    slot->files.key = strdup(files->key);
    if (!slot->files.certificate || !slot->files.key)
        return la_fail(LA_NO_MEMORY, "out of memory");
    slot->stamp = stamp_of(files);
    if (former && !same_files(&former->files, files))
        former = NULL;
    if (former && la_file_stamp_equal(&former->stamp, &slot->stamp)) {
        slot->certificate = la_certificate_hold(former->certificate);
        return la_ok();
    }
    la_result r = la_certificate_load(files, &slot->certificate);
    if (!la_is_ok(r))
        return former && r.code != LA_NO_MEMORY ? keep_former(former, slot, shared) : r;
    note_loaded(slot, shared);
    return la_ok();
}

static la_result add_slot(la_tls_set *s, const la_tls_files *files, const char *name, const la_tls_set *former,
                          la_tls_shared *shared)
{
    if (!files->certificate)
        return la_ok();
    la_tls_slot *slot = &s->slots[s->n_slots++];
    snprintf(slot->name, sizeof slot->name, "%s", name);
    return fill_slot(files, former, shared, slot);
}

static void environment_slot_name(const la_environment_config *e, char ret[LA_TLS_NAME_CHARS])
{
    snprintf(ret, LA_TLS_NAME_CHARS, "environments.%.*s", LA_FMT(e->name));
}

static la_result fill_slots(const la_config *c, const la_tls_set *former, la_tls_shared *shared, la_tls_set *s)
{
    char name[LA_TLS_NAME_CHARS];
    LA_TRY(add_slot(s, &c->tls, "tls", former, shared));
    LA_TRY(add_slot(s, &c->admin_tls, "admin.tls", former, shared));
    for (unsigned i = 0; i < c->n_environments; i++) {
        environment_slot_name(&c->environments[i], name);
        LA_TRY(add_slot(s, &c->environments[i].tls, name, former, shared));
    }
    return la_ok();
}

static la_certificate *certificate_of(const la_tls_set *s, const char *name)
{
    const la_tls_slot *slot = find_slot(s, name);
    return slot ? slot->certificate : NULL;
}

static la_certificate *environment_certificate(const la_tls_set *s, const la_environment_config *e)
{
    char name[LA_TLS_NAME_CHARS];
    environment_slot_name(e, name);
    return certificate_of(s, name);
}

/* ---- contexts ---- */

static unsigned collect_hosts(const la_config *c, const la_tls_set *s, la_tls_host *ret)
{
    unsigned n = 0;
    for (unsigned i = 0; i < c->n_environments; i++) {
        const la_environment_config *e = &c->environments[i];
        la_certificate *certificate = environment_certificate(s, e);
        for (unsigned h = 0; certificate && h < e->n_hosts; h++)
            ret[n++] = (la_tls_host){e->hosts[h], certificate};
    }
    return n;
}

/* Where Host decides: the certificate of everybody, else that of the environment that answers for unknown hosts. */
static la_certificate *default_certificate(const la_config *c, const la_tls_set *s)
{
    la_certificate *found = certificate_of(s, "tls");
    for (unsigned i = 0; !found && i < c->n_environments; i++)
        if (c->environments[i].is_default)
            found = environment_certificate(s, &c->environments[i]);
    return found;
}

static la_result make_shared_contexts(const la_config *c, la_tls_shared *shared, la_tls_set *s, la_tls_host *hosts)
{
    la_tls_options options = {
        .certificate = default_certificate(c, s),
        .hosts = hosts,
        .n_hosts = collect_hosts(c, s, hosts),
        .min_version = c->tls_min_version,
        .tickets = shared->tickets,
    };
    if (!options.certificate && options.n_hosts == 0) {
        if (c->listen.tls || c->mtls_listen.address)
            return la_fail(LA_INVALID, "there is no certificate for the addresses that speak TLS until a restart");
        return la_ok();
    }
    LA_TRY(la_tls_context_new(&options, &s->listen));
    options.asks_for_certificate = true;
    return la_tls_context_new(&options, &s->mtls);
}

/* The environment of an address of its own is known before any host is named. */
static la_result make_environment_context(const la_config *c, unsigned i, la_tls_shared *shared, la_tls_set *s)
{
    const la_environment_config *e = &c->environments[i];
    la_tls_options options = {
        .certificate = environment_certificate(s, e),
        .min_version = c->tls_min_version,
        .tickets = shared->tickets,
    };
    if (!options.certificate)
        options.certificate = certificate_of(s, "tls");
    if (!options.certificate || !e->listen.address)
        return la_ok();
    return la_tls_context_new(&options, &s->environments[i]);
}

static la_result make_admin_context(const la_config *c, la_tls_shared *shared, la_tls_set *s)
{
    la_tls_options options = {
        .certificate = certificate_of(s, "admin.tls"),
        .min_version = c->tls_min_version,
        .tickets = shared->tickets,
    };
    if (options.certificate)
        return la_tls_context_new(&options, &s->admin);
    if (c->admin.tls)
        return la_fail(LA_INVALID, "admin.tls: the address speaks TLS until a restart, and has no certificate");
    return la_ok();
}

static la_result make_contexts(const la_config *c, la_tls_shared *shared, la_tls_set *s)
{
    unsigned n_hosts = 0;
    for (unsigned i = 0; i < c->n_environments; i++)
        n_hosts += c->environments[i].n_hosts;
    la_tls_host *hosts = calloc(n_hosts ? n_hosts : 1, sizeof *hosts);
    s->environments = calloc(c->n_environments ? c->n_environments : 1, sizeof *s->environments);
    if (!hosts || !s->environments) {
        free(hosts);
        return la_fail(LA_NO_MEMORY, "out of memory");
    }
    s->n_environments = c->n_environments;
    la_result r = make_shared_contexts(c, shared, s, hosts);
    free(hosts);
    for (unsigned i = 0; i < c->n_environments && la_is_ok(r); i++)
        r = make_environment_context(c, i, shared, s);
    return la_is_ok(r) ? make_admin_context(c, shared, s) : r;
}

/* ---- a set ---- */

static void warn_of_names(const la_config *c, const la_tls_set *s, const la_tls_set *former)
{
    for (unsigned i = 0; i < c->n_environments; i++) {
        const la_environment_config *e = &c->environments[i];
        la_certificate *certificate = environment_certificate(s, e);
        if (!certificate || certificate == environment_certificate(former, e))
            continue;
        for (unsigned h = 0; h < e->n_hosts; h++) {
            if (la_certificate_covers(certificate, e->hosts[h]))
                continue;
            la_log_begin(LA_LOG_WARN, "certificate_name");
            la_log_text("environment", e->name);
            la_log_text("message", LA_SLICE("the certificate does not name a host of its environment"));
            la_log_text("host", e->hosts[h]);
            la_log_end();
        }
    }
}

la_result la_tls_set_new(const la_config *config, la_tls_set *former, la_tls_shared *shared, la_tls_set **ret)
{
    unsigned most = config->n_environments + 2;
    la_tls_set *s = calloc(1, sizeof *s + most * sizeof s->slots[0]);
    if (!s)
        return la_fail(LA_NO_MEMORY, "out of memory");
    atomic_init(&s->references, 1);
    la_result r = fill_slots(config, former, shared, s);
    if (la_is_ok(r))
        r = make_contexts(config, shared, s);
    if (!la_is_ok(r)) {
        la_tls_set_release(s);
        return r;
    }
    warn_of_names(config, s, former);
    *ret = s;
    return la_ok();
}

la_tls_set *la_tls_set_hold(la_tls_set *s)
{
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    return s;
}

void la_tls_set_release(la_tls_set *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1)
        return;
    la_tls_context_release(s->listen);
    la_tls_context_release(s->mtls);
    la_tls_context_release(s->admin);
    for (unsigned i = 0; i < s->n_environments; i++)
        la_tls_context_release(s->environments[i]);
    free(s->environments);
    for (unsigned i = 0; i < s->n_slots; i++) {
        la_certificate_release(s->slots[i].certificate);
        free(s->slots[i].files.certificate);
        free(s->slots[i].files.key);
    }
    free(s);
}

/* ---- the watch ---- */

bool la_tls_set_is_current(const la_tls_set *s)
{
    for (unsigned i = 0; i < s->n_slots; i++) {
        la_file_stamp now = stamp_of(&s->slots[i].files);
        if (!la_file_stamp_equal(&now, &s->slots[i].stamp))
            return false;
    }
    return true;
}

bool la_tls_watch_look(la_tls_watch *w, const la_tls_set *s, int64_t now_us)
{
    la_file_stamp now = {0};
    if (!s || s->n_slots == 0 || now_us < w->next_look_us)
        return false;
    w->next_look_us = now_us + LOOK_EVERY_US;
    for (unsigned i = 0; i < s->n_slots; i++) {
        la_file_stamp_add(&now, s->slots[i].files.certificate);
        la_file_stamp_add(&now, s->slots[i].files.key);
    }
    bool lasted = la_file_stamp_equal(&now, &w->seen);
    w->seen = now;
    return lasted && !la_tls_set_is_current(s);
}

void la_tls_watch_warn(la_tls_watch *w, const la_tls_set *s, int64_t now_s)
{
    if (!s || (s == w->warned_of && now_s < w->next_warning_s))
        return;
    w->warned_of = s;
    w->next_warning_s = now_s + WARN_EVERY_S;
    for (unsigned i = 0; i < s->n_slots; i++) {
        const la_certificate *c = s->slots[i].certificate;
        int64_t left_s = la_certificate_not_after_s(c) - now_s;
        if (left_s > LA_TLS_WARN_S && la_certificate_not_before_s(c) <= now_s)
            continue;
        la_log_begin(LA_LOG_WARN, left_s > LA_TLS_WARN_S ? "certificate_not_yet_valid" : "certificate_expires");
        la_log_text("certificate", la_slice_of(s->slots[i].name));
        la_log_int("expires_in_s", left_s);
        la_log_text("path", la_slice_of(s->slots[i].files.certificate));
        la_log_end();
    }
}
