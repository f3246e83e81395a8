/* Applications: who may ask for tokens, and for which scopes. */
#include "admin/commands.h"

#include "admin/audit.h"
#include "admin/detail.h"
#include "admin/revocations.h"
#include "admin/rules.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/uuid.h"

static la_result store_created(la_commands *c, unsigned index, la_slice name, la_slice scopes, la_auth_method method,
                               la_created_application *ret)
{
    la_random random = {0};
    char client_id[LA_UUID_CHARS], hint[LA_SECRET_HINT_BYTES];
    la_uuid_new(&random, client_id);
    la_wipe(&random, sizeof random);
    la_secret_generate(c->config->environments[index].test, ret->client_secret);
    la_slice secret_text = la_slice_of(ret->client_secret);
    la_secret_hint(secret_text, hint);
    la_new_secret secret = {.kind = LA_SECRET_KEYED, .hint = la_slice_of(hint)};
    la_hasher_digest(c->hasher, secret_text, secret.digest);
    la_new_application a = {
        .environment_id = c->environment_ids[index],
        .client_id = {client_id, sizeof client_id},
        .name = name,
        .scopes = scopes,
        .auth_method = method,
        .enabled = true,
        .secret = &secret,
    };
    LA_TRY(la_store_create_application(c->store, &a, la_clock_now_s()));
    return la_store_find_application(c->store, a.environment_id, a.client_id, &ret->row);
}

la_result la_command_create_application(la_commands *c, la_slice environment, la_slice name, la_slice scopes,
                                        la_auth_method method, la_created_application *ret)
{
    unsigned index;
    la_slice trimmed;
    char checked_scopes[LA_SCOPES_MAX + 1];
    LA_TRY(la_rule_environment(c->config, environment, &index));
    LA_TRY(la_rule_name(name, &trimmed));
    LA_TRY(la_rule_scopes(&c->config->environments[index], scopes, checked_scopes));
    la_created_application created = {0};
    la_change change;
    LA_TRY(la_change_begin(c, &change));
    la_result r = store_created(c, index, trimmed, la_slice_of(checked_scopes), method, &created);
    r = la_change_end_application(c, &change, r, "application.create", &created.row,
                                  la_detail_of(NULL, la_detail_application(&created.row)));
    if (la_is_ok(r))
        *ret = created;
    la_wipe(&created, sizeof created);
    return r;
}

la_result la_command_find_application(la_commands *c, la_slice environment, la_slice client_id, la_application_row *ret)
{
    char shown[LA_RULE_SHOWN_BYTES];
    uint16_t environment_id = 0;
    if (environment.p) {
        unsigned index;
        LA_TRY(la_rule_environment(c->config, environment, &index));
        environment_id = c->environment_ids[index];
    }
    la_result r = la_store_find_application(c->store, environment_id, client_id, ret);
    if (r.code == LA_NOT_FOUND && environment.p)
        return la_fail(LA_NOT_FOUND, "environment %.*s has no application with the client_id \"%s\"",
                       LA_FMT(environment), la_rule_show(client_id, shown));
    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_NOT_FOUND, "there is no application with the client_id \"%s\"",
                       la_rule_show(client_id, shown));
    if (r.code == LA_CONFLICT)
        return la_fail(LA_CONFLICT,
                       "several environments have an application with the client_id \"%s\": name the environment",
                       la_rule_show(client_id, shown));
    return r;
}

la_result la_command_list_applications(la_commands *c, la_slice environment, const la_application_filter *filter,
                                       unsigned limit, la_application_fn each, void *self)
{
    la_application_filter of_environment = *filter;
    of_environment.environment_id = 0;
    if (environment.p) {
        unsigned index;
        LA_TRY(la_rule_environment(c->config, environment, &index));
        of_environment.environment_id = c->environment_ids[index];
    }
    return la_store_list_applications(c->store, &of_environment, limit, each, self);
}

/* ---- update ---- */

/* What an edit makes of a row: checked, and in the form that is stored. */
typedef struct wanted {
    la_slice name;
    char scopes[LA_SCOPES_MAX + 1];
    la_auth_method method;
    bool enabled;
} wanted;

static la_result check_edit(const la_commands *c, const la_application_row *row, const la_application_edit *edit,
                            wanted *ret)
{
    unsigned index;
    *ret = (wanted){.name = la_slice_of(row->name), .method = row->auth_method, .enabled = row->enabled};
    memcpy(ret->scopes, row->scopes, sizeof ret->scopes);
    if (edit->name.p)
        LA_TRY(la_rule_name(edit->name, &ret->name));
    if (edit->scopes.p) {
        LA_TRY(la_rule_environment(c->config, la_slice_of(row->environment), &index));
        LA_TRY(la_rule_scopes(&c->config->environments[index], edit->scopes, ret->scopes));
    }
    if (edit->auth_method.p)
        LA_TRY(la_rule_auth_method(edit->auth_method, &ret->method));
    if (edit->enabled)
        ret->enabled = *edit->enabled;
    return la_ok();
}

static la_result put_edit(la_commands *c, const la_application_row *before, const wanted *w, la_application_row *ret)
{
    la_application_change change = {w->name, la_slice_of(w->scopes), &w->method, &w->enabled};
    LA_TRY(la_store_update_application(c->store, before->application_id, before->version, &change, la_clock_now_s()));
    return la_store_find_application(c->store, before->environment_id, la_slice_of(before->client_id), ret);
}

static la_result update(la_commands *c, const la_change *change, const la_application_row *before,
                        const la_application_edit *edit, la_application_row *ret)
{
    wanted w;
    la_application_row after;
    la_result r = check_edit(c, before, edit, &w);
    bool same_rest = la_slice_is(w.name, before->name) && strcmp(w.scopes, before->scopes) == 0 &&
                     w.method == before->auth_method;
    const char *action = !same_rest ? "application.update" : w.enabled ? "application.enable" : "application.disable";
    if (!la_is_ok(r) || (same_rest && w.enabled == before->enabled))
        return la_change_end(c, change, r, NULL);
    r = put_edit(c, before, &w, &after);
    if (!la_is_ok(r))
        return la_change_end(c, change, r, NULL);
    r = la_change_end_application(c, change, r, action, &after,
                                  la_detail_of(la_detail_application(before), la_detail_application(&after)));
    if (la_is_ok(r))
        *ret = after;
    return r;
}

la_result la_command_update_application(la_commands *c, const la_application_row *a, const la_application_edit *edit,
                                        la_application_row *ret)
{
    la_change change;
    la_application_row before;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_store_find_application(c->store, a->environment_id, la_slice_of(a->client_id), &before);
    if (r.code == LA_NOT_FOUND)
        r = la_fail(LA_NOT_FOUND, "application %s is gone", a->client_id);
    if (!la_is_ok(r))
        return la_change_end(c, &change, r, NULL);
    bool stale = before.application_id != a->application_id || before.version != a->version;
    *ret = before; /* may be the same as *a */
    if (stale)
        r = la_fail(LA_STALE, "application %s has been changed in the meantime", before.client_id);
    if (!la_is_ok(r))
        return la_change_end(c, &change, r, NULL);
    return update(c, &change, &before, edit, ret);
}

la_result la_command_delete_application(la_commands *c, const la_application_row *a)
{
    la_change change;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_command_revoke_with(c, a);
    if (la_is_ok(r))
        r = la_store_delete_application(c->store, a->application_id);
    return la_change_end_application(c, &change, r, "application.delete", a,
                                     la_detail_of(la_detail_application(a), NULL));
}
