/* Applications: who may ask for tokens, and for which scopes. */
#include "admin/commands.h"

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
    la_result r = store_created(c, index, trimmed, la_slice_of(checked_scopes), method, &created);
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
    la_application_filter f = *filter;
    f.environment_id = 0;
    if (environment.p) {
        unsigned index;
        LA_TRY(la_rule_environment(c->config, environment, &index));
        f.environment_id = c->environment_ids[index];
    }
    return la_store_list_applications(c->store, &f, limit, each, self);
}

la_result la_command_update_application(la_commands *c, const la_application_row *a, const la_application_edit *edit,
                                        la_application_row *ret)
{
    unsigned index;
    la_slice name = LA_NO_SLICE, scopes = LA_NO_SLICE;
    char checked_scopes[LA_SCOPES_MAX + 1];
    la_auth_method method;
    LA_TRY(la_rule_environment(c->config, la_slice_of(a->environment), &index));
    if (edit->name.p)
        LA_TRY(la_rule_name(edit->name, &name));
    if (edit->scopes.p) {
        LA_TRY(la_rule_scopes(&c->config->environments[index], edit->scopes, checked_scopes));
        scopes = la_slice_of(checked_scopes);
    }
    if (edit->auth_method.p)
        LA_TRY(la_rule_auth_method(edit->auth_method, &method));
    la_application_change change = {name, scopes, edit->auth_method.p ? &method : NULL, edit->enabled};
    LA_TRY(la_store_update_application(c->store, a->application_id, a->version, &change, la_clock_now_s()));
    return la_store_find_application(c->store, a->environment_id, la_slice_of(a->client_id), ret);
}

la_result la_command_delete_application(la_commands *c, const la_application_row *a)
{
    return la_store_delete_application(c->store, a->application_id);
}
