/* Applications: who may ask for tokens, and for which scopes. */
#include "admin/commands.h"

#include "admin/audit.h"
#include "admin/detail.h"
#include "admin/registration.h"
#include "admin/revocations.h"
#include "admin/rules.h"
#include "admin/secrets.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/uuid.h"

/* Its first secret, where its method has any, and the row. */
static la_result store_created(la_commands *c, la_new_application *a, bool test, la_created_application *ret)
{
    la_made_secret secret;
    LA_TRY(la_secret_make(c, a->auth_method, test, a->client_id, &secret));
    if (la_auth_method_has_secrets(a->auth_method))
        a->secret = &secret.stored;
    la_result r = la_store_create_application(c->store, a, la_clock_now_s());
    if (la_is_ok(r))
        r = la_store_find_application(c->store, a->environment_id, a->client_id, &ret->row);
    if (la_is_ok(r))
        memcpy(ret->client_secret, secret.text, sizeof secret.text);
    la_wipe(&secret, sizeof secret);
    return r;
}

static la_result create(la_commands *c, la_new_application *a, bool test, la_created_application *ret)
{
    la_change change;
    char client_id[LA_UUID_CHARS];
    la_random random = {0};
    la_uuid_new(&random, client_id);
    la_wipe(&random, sizeof random);
    a->client_id = (la_slice){client_id, sizeof client_id};
    LA_TRY(la_change_begin(c, &change));
    la_result r = store_created(c, a, test, ret);
    return la_change_end_application(c, &change, r, "application.create", &ret->row,
                                     la_is_ok(r) ? la_detail_of(NULL, la_detail_application(&ret->row)) : NULL);
}

la_result la_command_create_application(la_commands *c, const la_application_plan *plan, la_created_application *ret)
{
    unsigned index;
    char scopes[LA_SCOPES_MAX + 1], registration[LA_REGISTRATION_MAX];
    la_buffer b;
    la_new_application a = {.auth_method = plan->auth_method, .enabled = true};
    la_buffer_init_fixed(&b, registration, sizeof registration);
    LA_TRY(la_rule_environment(c->config, plan->environment, &index));
    const la_environment_config *e = &c->config->environments[index];
    LA_TRY(la_rule_name(plan->name, &a.name));
    LA_TRY(la_rule_scopes(e, plan->scopes, scopes));
    la_registration_wish wish = {.environment = e, .method = plan->auth_method, .change = plan->registration};
    LA_TRY(la_registration_check(&wish, &b));
    a.environment_id = c->environment_ids[index];
    a.scopes = la_slice_of(scopes);
    a.registration = la_buffer_slice(&b);
    la_created_application created = {0};
    la_result r = create(c, &a, e->test, &created);
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
    char registration[LA_REGISTRATION_MAX + 1];
} wanted;

/* Left as it is where neither it nor the method is to change, whatever the rules have become since. */
static la_result check_registration(const la_commands *c, const la_application_row *row,
                                    const la_application_edit *edit, wanted *ret)
{
    unsigned index;
    la_buffer b;
    char text[LA_REGISTRATION_MAX];
    bool method_changes = ret->method != row->auth_method;
    if (!edit->registration && !method_changes)
        return la_ok();
    LA_TRY(la_rule_environment(c->config, la_slice_of(row->environment), &index));
    la_registration_wish wish = {
        .environment = &c->config->environments[index],
        .method = ret->method,
        .method_changes = method_changes,
        .before = la_slice_of(row->registration),
        .change = edit->registration,
    };
    la_buffer_init_fixed(&b, text, sizeof text);
    LA_TRY(la_registration_check(&wish, &b));
    memcpy(ret->registration, text, b.n);
    ret->registration[b.n] = 0;
    return la_ok();
}

static la_result check_edit(const la_commands *c, const la_application_row *row, const la_application_edit *edit,
                            wanted *ret)
{
    unsigned index;
    *ret = (wanted){.name = la_slice_of(row->name), .method = row->auth_method, .enabled = row->enabled};
    memcpy(ret->scopes, row->scopes, sizeof ret->scopes);
    memcpy(ret->registration, row->registration, sizeof ret->registration);
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
    return check_registration(c, row, edit, ret);
}

static la_result put_edit(la_commands *c, const la_application_row *before, const wanted *w, la_application_row *ret)
{
    la_application_change change = {
        .name = w->name,
        .scopes = la_slice_of(w->scopes),
        .auth_method = w->method != before->auth_method ? &w->method : NULL,
        .enabled = &w->enabled,
        .registration = la_slice_of(w->registration),
    };
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
                     w.method == before->auth_method && strcmp(w.registration, before->registration) == 0;
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
