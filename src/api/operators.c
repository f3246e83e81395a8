/* Operators: who may use the dashboard. The rules are the commands'; here is how they are asked for and shown. */
#include "api/etag.h"
#include "api/operator_json.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/who.h"
#include "base/secret.h"

static json_t *environments_json(const la_operator_row *o)
{
    if (o->all_environments)
        return json_null();
    json_t *list = json_array();
    for (unsigned i = 0; i < o->n_environments; i++) {
        if (json_array_append_new(list, json_string(o->environments[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *la_api_operator_json(const la_operator_row *o)
{
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:b, s:b, s:I, s:b, s:o, s:o, s:I}", "operator_id",
                     la_api_json_id(o->operator_id), "email", la_api_json_text(la_slice_of(o->email)), "name",
                     la_api_json_text(la_slice_of(o->name)), "role", la_role_name(o->role), "environments",
                     environments_json(o), "enabled", o->enabled, "totp", o->totp_enabled, "recovery_codes_left",
                     (json_int_t)o->recovery_codes_left, "must_change_password", o->must_change_password, "created_at",
                     la_api_json_time(o->created_at_s), "last_login_at", la_api_json_time(o->last_login_at_s),
                     "version", (json_int_t)o->version);
}

la_result la_api_find_operator(la_api_call *c, la_slice operator_id, la_operator_row *ret)
{
    unsigned long long number;
    /* The command takes an email too; here only the number is a name. */
    if (!la_slice_to_u64(operator_id, INT64_MAX, &number) || operator_id.p[0] == '0')
        return la_fail(LA_NOT_FOUND, "there is no such operator");
    la_result r = la_command_find_operator(c->commands, operator_id, ret);
    if (r.code == LA_NOT_FOUND)
        return la_fail(LA_NOT_FOUND, "there is no such operator");
    return r;
}

static la_result take_operator(void *self, const la_operator_row *o)
{
    return la_api_page_take_numbered(self, la_api_operator_json(o), o->operator_id);
}

la_result la_api_operators_list(la_api_call *c)
{
    la_api_page page;
    LA_TRY(la_api_page_begin(c, &page));
    la_result r = la_api_check(c);
    if (la_is_ok(r))
        r = la_store_list_operators(c->commands->store, la_api_page_after_number(&page), la_api_page_wanted(&page),
                                    take_operator, &page);
    return la_api_page_end(c, &page, r);
}

static la_result reply_operator(la_api_call *c, la_operator_row *o)
{
    la_result r = la_api_etag_add(c, o->version);
    if (la_is_ok(r))
        r = la_api_reply(c, 200, la_api_operator_json(o));
    la_wipe(o, sizeof *o);
    return r;
}

la_result la_api_operators_show(la_api_call *c)
{
    la_operator_row o;
    LA_TRY(la_api_find_operator(c, c->parameters[0], &o));
    return reply_operator(c, &o);
}

static void read_role(la_api_call *c, la_api_need need, la_role *ret, bool *ret_given)
{
    la_slice text = la_api_body_text(c, "role", need);
    *ret_given = text.p && la_role_parse(text, ret);
    if (text.p && !*ret_given)
        la_api_blame(c, "role", "admin, developer or auditor is expected");
}

/* null: all of them. Gives whether it was sent at all. */
static bool read_environments(la_api_call *c, la_slice ret[LA_ENVIRONMENTS_MAX], unsigned *ret_n, bool *ret_all)
{
    *ret_n = 0;
    *ret_all = la_api_body_is_null(c, "environments");
    if (*ret_all)
        return true;
    if (!la_api_body_texts(c, "environments", ret, LA_ENVIRONMENTS_MAX, ret_n))
        return false;
    for (unsigned i = 0; i < *ret_n; i++)
        if (!la_config_environment(c->api->config, ret[i]))
            la_api_blame(c, "environments", "there is no environment of the name that stands at %u", i);
    return true;
}

static la_result reply_created(la_api_call *c, const la_operator_row *o, const char *password)
{
    char id[24];
    la_buffer text;
    la_buffer_init_fixed(&text, id, sizeof id);
    la_buffer_add_u64(&text, o->operator_id);
    LA_TRY(la_api_add_location(c, (const la_slice[]){LA_SLICE("operators"), la_buffer_slice(&text)}, 2));
    LA_TRY(la_api_etag_add(c, o->version));
    return la_api_reply(c, 201, json_pack("{s:o, s:s}", "operator", la_api_operator_json(o), "password", password));
}

la_result la_api_operators_create(la_api_call *c)
{
    la_slice environments[LA_ENVIRONMENTS_MAX];
    la_operator_row row;
    char password[LA_GENERATED_PASSWORD_BYTES];
    bool has_role, all;
    la_new_operator o = {.role = LA_ROLE_AUDITOR, .environments = environments, .password = LA_NO_SLICE};
    o.email = la_api_body_text(c, "email", LA_API_REQUIRED);
    o.name = la_api_body_text(c, "name", LA_API_OPTIONAL);
    read_role(c, LA_API_REQUIRED, &o.role, &has_role);
    if (!read_environments(c, environments, &o.n_environments, &all) && !la_api_body_has(c, "environments"))
        la_api_blame(c, "environments", "is missing: null for all, or a list of names");
    o.all_environments = all;
    if (!o.name.p)
        o.name = LA_SLICE("");
    LA_TRY(la_api_check(c));
    la_result r = la_command_add_operator(c->commands, &o, &row, password);
    LA_TRY(r);
    r = reply_created(c, &row, password);
    la_wipe(password, sizeof password);
    la_wipe(&row, sizeof row);
    return r;
}

la_result la_api_operators_update(la_api_call *c)
{
    la_slice environments[LA_ENVIRONMENTS_MAX];
    la_operator_row o;
    la_role role;
    bool has_role, enabled;
    LA_TRY(la_api_find_operator(c, c->parameters[0], &o));
    la_operator_edit edit = {.name = la_api_body_text(c, "name", LA_API_OPTIONAL), .environments = environments};
    read_role(c, LA_API_OPTIONAL, &role, &has_role);
    edit.role = has_role ? &role : NULL;
    la_api_body_flag(c, "enabled", &edit.enabled, &enabled);
    edit.set_environments = read_environments(c, environments, &edit.n_environments, &edit.all_environments);
    LA_TRY(la_api_check(c));
    LA_TRY(la_api_etag_check(c, o.version));
    LA_TRY(la_command_update_operator(c->commands, &o, &edit, &o));
    return reply_operator(c, &o);
}

la_result la_api_operators_delete(la_api_call *c)
{
    la_operator_row o;
    LA_TRY(la_api_find_operator(c, c->parameters[0], &o));
    la_result r = la_api_etag_check(c, o.version);
    if (la_is_ok(r))
        r = la_command_delete_operator(c->commands, &o);
    la_wipe(&o, sizeof o);
    LA_TRY(r);
    return la_api_reply_nothing(c);
}

la_result la_api_operators_reset_password(la_api_call *c)
{
    la_operator_row o;
    char password[LA_GENERATED_PASSWORD_BYTES];
    LA_TRY(la_api_find_operator(c, c->parameters[0], &o));
    la_result r = la_command_reset_password(c->commands, &o, password);
    la_wipe(&o, sizeof o);
    LA_TRY(r);
    r = la_api_reply(c, 200, json_pack("{s:s}", "password", password));
    la_wipe(password, sizeof password);
    return r;
}

la_result la_api_operators_reset_totp(la_api_call *c)
{
    la_operator_row o;
    LA_TRY(la_api_find_operator(c, c->parameters[0], &o));
    la_result r = la_command_reset_totp(c->commands, &o);
    la_wipe(&o, sizeof o);
    LA_TRY(r);
    return la_api_reply_nothing(c);
}
