/* Applications of an environment. */
#include "admin/rules.h"
#include "api/etag.h"
#include "api/page.h"
#include "api/reply.h"
#include "api/request.h"
#include "api/secret_json.h"
#include "api/who.h"
#include "base/secret.h"

#define SCOPES_MOST 64

static json_t *application_json(const la_application_row *a)
{
    return json_pack("{s:s, s:s, s:o, s:b, s:o, s:s, s:o, s:o, s:I, s:I, s:o}", "environment", a->environment,
                     "client_id", a->client_id, "name", la_api_json_text(la_slice_of(a->name)), "enabled", a->enabled,
                     "scopes", la_api_json_words(la_slice_of(a->scopes)), "auth_method",
                     la_auth_method_name(a->auth_method), "created_at", la_api_json_time(a->created_at_s), "updated_at",
                     la_api_json_time(a->updated_at_s), "version", (json_int_t)a->version, "live_secrets",
                     (json_int_t)a->live_secrets, "last_used_at", la_api_json_time(a->last_used_at_s));
}

static la_result reply_application(la_api_call *c, const la_application_row *a)
{
    LA_TRY(la_api_etag_add(c, a->version));
    return la_api_reply(c, 200, application_json(a));
}

static la_result take_application(void *self, const la_application_row *a)
{
    return la_api_page_take_numbered(self, application_json(a), a->application_id);
}

la_result la_api_applications_list(la_api_call *c)
{
    la_api_page page;
    LA_TRY(la_api_page_begin(c, &page));
    la_application_filter filter = {
        .after_id = la_api_page_after_number(&page),
        .search = la_api_query_text(c, "q"),
        .enabled = la_api_query_flag(c, "enabled"),
    };
    la_result r = la_api_check(c);
    if (la_is_ok(r))
        r = la_command_list_applications(c->commands, la_api_environment(c)->name, &filter, la_api_page_wanted(&page),
                                         take_application, &page);
    return la_api_page_end(c, &page, r);
}

la_result la_api_applications_show(la_api_call *c)
{
    la_application_row a;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    return reply_application(c, &a);
}

/* What create and update have in common: members that were sent, checked so that each wrong one is named. */
typedef struct wanted {
    la_slice name, scopes, auth_method;
    la_auth_method method;
    char scope_memory[LA_SCOPES_MAX + 1];
} wanted;

static void read_scopes(la_api_call *c, const la_environment_config *e, wanted *ret)
{
    la_slice list[SCOPES_MOST];
    unsigned n;
    la_buffer joined;
    char checked[LA_SCOPES_MAX + 1];
    if (!la_api_body_texts(c, "scopes", list, SCOPES_MOST, &n))
        return;
    if (n == 0) {
        la_api_blame(c, "scopes", "an application has at least one scope");
        return;
    }
    la_buffer_init_fixed(&joined, ret->scope_memory, sizeof ret->scope_memory);
    for (unsigned i = 0; i < n; i++) {
        if (list[i].n == 0 || memchr(list[i].p, ' ', list[i].n)) {
            la_api_blame(c, "scopes", "each string is the name of one scope");
            return;
        }
        la_buffer_add(&joined, i ? LA_SLICE(" ") : LA_SLICE(""));
        la_buffer_add(&joined, list[i]);
    }
    if (!la_buffer_ok(&joined)) {
        la_api_blame(c, "scopes", "the list is longer than %d bytes", LA_SCOPES_MAX);
        return;
    }
    ret->scopes = la_buffer_slice(&joined);
    la_api_blame_result(c, "scopes", la_rule_scopes(e, ret->scopes, checked));
}

static void read_wanted(la_api_call *c, const la_environment_config *e, la_api_need name_need, wanted *ret)
{
    la_slice trimmed;
    ret->name = la_api_body_text(c, "name", name_need);
    if (ret->name.p)
        la_api_blame_result(c, "name", la_rule_name(ret->name, &trimmed));
    read_scopes(c, e, ret);
    ret->method = LA_AUTH_CLIENT_SECRET;
    ret->auth_method = la_api_body_text(c, "auth_method", LA_API_OPTIONAL);
    if (ret->auth_method.p)
        la_api_blame_result(c, "auth_method", la_rule_auth_method(ret->auth_method, &ret->method));
}

static la_result reply_created(la_api_call *c, const la_created_application *created)
{
    const la_slice segments[] = {
        LA_SLICE("environments"),
        la_slice_of(created->row.environment),
        LA_SLICE("applications"),
        la_slice_of(created->row.client_id),
    };
    json_t *secret = NULL;
    LA_TRY(la_api_newest_secret(c, &created->row, &secret));
    la_result r = la_api_add_location(c, segments, sizeof segments / sizeof segments[0]);
    if (la_is_ok(r))
        r = la_api_etag_add(c, created->row.version);
    if (la_is_ok(r))
        return la_api_reply(c, 201,
                            json_pack("{s:o, s:o, s:s}", "application", application_json(&created->row), "secret",
                                      secret, "client_secret", created->client_secret));
    json_decref(secret);
    return r;
}

la_result la_api_applications_create(la_api_call *c)
{
    wanted w = {0};
    la_created_application created;
    const la_environment_config *e = la_api_environment(c);
    read_wanted(c, e, LA_API_REQUIRED, &w);
    LA_TRY(la_api_check(c));
    LA_TRY(la_api_guard_scopes(c, w.scopes));
    LA_TRY(la_command_create_application(c->commands, e->name, w.name, w.scopes.p ? w.scopes : LA_SLICE(""), w.method,
                                         &created));
    la_result r = reply_created(c, &created);
    la_wipe(&created, sizeof created);
    return r;
}

la_result la_api_applications_update(la_api_call *c)
{
    la_application_row a;
    wanted w = {0};
    const bool *enabled;
    bool enabled_memory;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_guard_scopes(c, la_slice_of(a.scopes)));
    read_wanted(c, la_api_environment(c), LA_API_OPTIONAL, &w);
    la_api_body_flag(c, "enabled", &enabled, &enabled_memory);
    LA_TRY(la_api_check(c));
    LA_TRY(la_api_guard_scopes(c, w.scopes));
    LA_TRY(la_api_etag_check(c, a.version));
    la_application_edit edit = {.name = w.name, .scopes = w.scopes, .auth_method = w.auth_method, .enabled = enabled};
    LA_TRY(la_command_update_application(c->commands, &a, &edit, &a));
    return reply_application(c, &a);
}

la_result la_api_applications_delete(la_api_call *c)
{
    la_application_row a;
    LA_TRY(la_api_find_application(c, c->parameters[1], &a));
    LA_TRY(la_api_guard_scopes(c, la_slice_of(a.scopes)));
    LA_TRY(la_api_etag_check(c, a.version));
    LA_TRY(la_command_delete_application(c->commands, &a));
    return la_api_reply_nothing(c);
}
