/*
 * Applications in bulk: every row is checked by the same rules as a single command, and the whole file is one
 * transaction of the store. Knows the rows' meaning; not their form, and not what becomes of the credentials that it gives out.
 */
#include "admin/commands.h"

#include "admin/audit.h"
#include "admin/registration.h"
#include "admin/rows.h"
#include "admin/rules.h"
#include "admin/secrets.h"
#include "base/clock.h"
#include "base/uuid.h"

#include <stdio.h>

#define PROGRESS_EVERY 1000

typedef struct import {
    la_commands *c;
    const la_import_hooks *hooks;
    la_slice environment; /* absent: each row names one */
    la_rows *rows;
    la_random random;
    int64_t now_s;
    uint64_t count;
    uint64_t of_environment[LA_ENVIRONMENTS_MAX];
} import;

static la_result find_row_environment(const import *im, const la_row *row, unsigned *ret_index)
{
    la_slice name = row->values[LA_COLUMN_ENVIRONMENT];
    if (name.n == 0 && !im->environment.p)
        return la_fail(LA_INVALID, "the row names no environment");
    if (name.n && im->environment.p && !la_slice_equal(name, im->environment)) {
        char shown[LA_RULE_SHOWN_BYTES];
        return la_fail(LA_INVALID, "the row is of environment \"%s\", but the import is into %.*s",
                       la_rule_show(name, shown), LA_FMT(im->environment));
    }
    return la_rule_environment(im->c->config, name.n ? name : im->environment, ret_index);
}

/* What the row brings, for a method and a registration that were checked. */
static la_result take_given(const import *im, const la_row *row, const la_new_application *a, la_made_secret *ret)
{
    la_slice plain = row->values[LA_COLUMN_CLIENT_SECRET], hash = row->values[LA_COLUMN_SECRET_HASH];
    bool jwt = a->auth_method == LA_AUTH_CLIENT_SECRET_JWT;
    size_t least;
    la_buffer b;
    if (hash.n && jwt)
        return la_fail(LA_INVALID, "client_secret_jwt needs the secret itself: give a client_secret, no secret_hash");
    if (hash.n) {
        LA_TRY(la_rule_slow_hash(hash));
        ret->stored = (la_new_secret){.kind = LA_SECRET_SLOW, .slow_hash = hash, .hint = LA_SLICE("imported")};
        return la_ok();
    }
    LA_TRY(la_rule_client_secret(plain));
    la_secret_hint(plain, ret->hint);
    ret->stored = (la_new_secret){.kind = LA_SECRET_KEYED, .hint = la_slice_of(ret->hint)};
    la_hasher_digest(im->c->hasher, plain, ret->stored.digest);
    if (!jwt)
        return la_ok();
    LA_TRY(la_registration_secret_least(a->auth_method, a->registration, &least));
    if (plain.n < least)
        return la_fail(LA_INVALID, "the client_secret has %zu octets; its algorithm needs %zu (RFC 7518 3.2)", plain.n,
                       least);
    la_buffer_init_fixed(&b, ret->wrapped, sizeof ret->wrapped);
    LA_TRY(la_command_wrap_secret(im->c, a->client_id, plain, &b));
    ret->stored.kind = LA_SECRET_WRAPPED;
    ret->stored.wrapped = la_buffer_slice(&b);
    return la_ok();
}

static la_result take_secret(const import *im, const la_row *row, bool test, la_new_application *a, la_made_secret *ret)
{
    bool plain = row->values[LA_COLUMN_CLIENT_SECRET].n, hash = row->values[LA_COLUMN_SECRET_HASH].n;
    if (plain && hash)
        return la_fail(LA_INVALID, "the row has both a client_secret and a secret_hash; give one of them");
    if ((plain || hash) && !la_auth_method_has_secrets(a->auth_method))
        return la_fail(LA_INVALID, "the row has a secret, but the method %s has none",
                       la_auth_method_name(a->auth_method));
    LA_TRY(plain || hash ? take_given(im, row, a, ret)
                         : la_secret_make(im->c, a->auth_method, test, a->client_id, ret));
    a->secret = la_auth_method_has_secrets(a->auth_method) ? &ret->stored : NULL;
    return la_ok();
}

/* Most rows have none, and a plain method: nothing is made for them. */
static la_result take_registration(const la_environment_config *e, const la_row *row, la_buffer *memory,
                                   la_new_application *a)
{
    if (!row->registration && la_auth_method_has_secrets(a->auth_method) && !e->fapi)
        return la_ok();
    la_registration_wish wish = {.environment = e, .method = a->auth_method, .change = row->registration};
    LA_TRY(la_registration_check(&wish, memory));
    a->registration = la_buffer_slice(memory);
    return la_ok();
}

static la_result take_enabled(la_slice text, bool *ret)
{
    *ret = !la_slice_is(text, "false");
    if (text.n && *ret && !la_slice_is(text, "true"))
        return la_fail(LA_INVALID, "\"enabled\" must be true or false");
    return la_ok();
}

static la_result add_application(import *im, const la_row *row, unsigned index, la_made_secret *secret)
{
    const la_environment_config *e = &im->c->config->environments[index];
    char made_id[LA_UUID_CHARS], scopes[LA_SCOPES_MAX + 1], registration[LA_REGISTRATION_MAX];
    la_buffer b;
    la_new_application a = {
        .environment_id = im->c->environment_ids[index],
        .client_id = row->values[LA_COLUMN_CLIENT_ID],
        .auth_method = LA_AUTH_CLIENT_SECRET,
    };
    la_buffer_init_fixed(&b, registration, sizeof registration);
    LA_TRY(la_rule_name(row->values[LA_COLUMN_NAME], &a.name));
    LA_TRY(la_rule_scopes(e, row->values[LA_COLUMN_SCOPES], scopes));
    a.scopes = la_slice_of(scopes);
    if (row->values[LA_COLUMN_AUTH_METHOD].n)
        LA_TRY(la_rule_auth_method(row->values[LA_COLUMN_AUTH_METHOD], &a.auth_method));
    LA_TRY(take_enabled(row->values[LA_COLUMN_ENABLED], &a.enabled));
    if (a.client_id.n) {
        LA_TRY(la_rule_client_id(a.client_id));
    } else {
        la_uuid_new(&im->random, made_id);
        a.client_id = (la_slice){made_id, sizeof made_id};
    }
    LA_TRY(take_registration(e, row, &b, &a));
    LA_TRY(take_secret(im, row, e->test, &a, secret));
    LA_TRY(la_store_import_add(im->c->store, &a, im->now_s));
    im->of_environment[index]++;
    la_slice generated = secret->text[0] ? la_slice_of(secret->text) : LA_NO_SLICE;
    return im->hooks->created ? im->hooks->created(im->hooks->self, e->name, a.client_id, generated, a.name) : la_ok();
}

static la_result import_row(import *im, const la_row *row)
{
    unsigned index;
    la_made_secret secret = {0};
    LA_TRY(find_row_environment(im, row, &index));
    la_result r = add_application(im, row, index, &secret);
    la_wipe(&secret, sizeof secret);
    return r;
}

static void report(const import *im)
{
    la_import_progress p = {la_rows_bytes_done(im->rows), la_rows_bytes_total(im->rows), im->count};
    if (im->hooks->progress)
        im->hooks->progress(im->hooks->self, &p);
}

static la_result import_rows(import *im, const char *path)
{
    for (;;) {
        la_row row;
        bool end;
        la_result r = la_rows_next(im->rows, &row, &end);
        if (la_is_ok(r) && end)
            return la_ok();
        if (la_is_ok(r))
            r = import_row(im, &row);
        if (!la_is_ok(r))
            return la_fail_context(r, "%s:%llu: ", path, (unsigned long long)la_rows_line(im->rows));
        if (++im->count % PROGRESS_EVERY == 0)
            report(im);
    }
}

/* One event for all of them: the file's name, and how many came into which environment. */
static la_result note_import(import *im, const char *path)
{
    const char *slash = strrchr(path, '/');
    const la_config *config = im->c->config;
    json_t *environments = json_object();
    la_audit_event event = {
        .environment = im->environment,
        .action = "applications.import",
        .target_kind = "file",
        .target_name = la_slice_of(slash ? slash + 1 : path),
    };
    for (unsigned i = 0; i < config->n_environments; i++) {
        char name[LA_ENVIRONMENT_NAME_MAX + 1];
        snprintf(name, sizeof name, "%.*s", LA_FMT(config->environments[i].name));
        if (im->of_environment[i])
            json_object_set_new(environments, name, json_integer((json_int_t)im->of_environment[i]));
    }
    event.detail = json_pack("{s:I, s:o}", "applications", (json_int_t)im->count, "environments", environments);
    return la_audit_note(im->c, &event);
}

static la_result import_file(import *im, const char *path)
{
    LA_TRY(la_store_import_begin(im->c->store));
    la_result r = import_rows(im, path);
    if (la_is_ok(r) && im->count)
        r = note_import(im, path);
    if (la_is_ok(r) && im->hooks->before_commit)
        r = im->hooks->before_commit(im->hooks->self);
    if (!la_is_ok(r)) {
        la_store_import_abort(im->c->store);
        return r;
    }
    LA_TRY(la_store_import_commit(im->c->store));
    report(im);
    return r;
}

la_result la_command_import(la_commands *c, const char *path, la_slice environment, const la_import_hooks *hooks,
                            uint64_t *ret_count)
{
    static const la_import_hooks no_hooks;
    unsigned index;
    if (environment.p)
        LA_TRY(la_rule_environment(c->config, environment, &index));
import im = {.c = c, .hooks = hooks ? hooks: & no_hooks, .environment = environment, .now_s = la_clock_now_s() };
    LA_TRY(la_rows_open(path, &im.rows));
    la_result r = import_file(&im, path);
    if (la_is_ok(r))
        *ret_count = im.count;
    la_rows_free(im.rows);
    la_wipe(&im.random, sizeof im.random);
    return r;
}
